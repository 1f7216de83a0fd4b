"""The proof that the centre holds a case's acts: from a real reconciliation, checked by somebody who has only the key."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from nbcase.cli import MEND, NO, OK, main
from nbcase.domain.case import CaseState
from nbcase.domain.errors import UserError
from nbcase.domain.workdays import WorkingCalendar
from nbcase.items.catalogue import load_catalogue
from nbcase.operations.desk import Desk
from nbcase.operations.inclusion import InclusionProof, check_proof, prove_case, read_proof
from tests.parts.centres import PASSWORD, STATIONS
from tests.parts.desks import MakeDesk, WorkingDesk


def at_desk(desk: WorkingDesk) -> Desk:
    """The desk as operations take it."""
    return Desk(
        engine=desk.engine,
        identity=desk.enrolment.identity,
        station=STATIONS[0],
        clock=desk.clock,
        calendar=WorkingCalendar.load(None),
        items=load_catalogue(),
    )


@pytest.fixture
def desk(make_desk: MakeDesk) -> WorkingDesk:
    """Five confirmed cases, the third one changed afterwards."""
    desk = make_desk("li")
    cases = [desk.accept(f"JS-26-000000{place}") for place in range(5)]
    desk.act(replace(cases[2], state=CaseState.WITHDRAWN), kind="case.withdraw")
    desk.sync()
    return desk


def test_a_case_with_two_acts_is_proven_to_somebody_who_has_only_the_centres_key(desk: WorkingDesk) -> None:
    proof = prove_case(at_desk(desk), "JS-26-0000002")
    assert [act.action.kind for act in proof.acts] == ["registration.accept", "case.withdraw"]
    read = read_proof(msgspec.json.encode(proof))
    assert check_proof(read, desk.enrolment.centre_public_key) == []


def _with_act(proof: InclusionProof, **changed: object) -> InclusionProof:
    act = proof.acts[0]
    return msgspec.structs.replace(proof, acts=[msgspec.structs.replace(act, **changed)])


def test_whatever_is_changed_in_it_is_found(desk: WorkingDesk) -> None:
    proof = prove_case(at_desk(desk), "JS-26-0000001")
    act, key = proof.acts[0], desk.enrolment.centre_public_key
    forged = {
        "不在中心签过": _with_act(proof, path=act.path[::-1]),
        "内容与校验值不符": _with_act(proof, action=replace(act.action, kind="permit.decide")),
        "属于另一台电脑": _with_act(proof, action=replace(act.action, desk_id="another")),
        "签名不对": msgspec.structs.replace(proof, at="2026-03-01T00:00:00+00:00"),
        "没有任何操作": msgspec.structs.replace(proof, acts=[]),
        "不都是受理号 JS-26-0000003": msgspec.structs.replace(proof, number="JS-26-0000003"),
        "不都是受理号 JS-26-0000001": msgspec.structs.replace(proof, acts=[act, prove_case(at_desk(desk), "JS-26-0000002").acts[1]]),
    }
    for words, wrong in forged.items():
        assert any(words in line for line in check_proof(wrong, key)), words
    assert check_proof(proof, "00" * 32) != []
    assert check_proof(_with_act(proof, path=["zz"]), key) != []


def test_an_act_that_is_not_confirmed_yet_is_not_proven(desk: WorkingDesk) -> None:
    desk.accept("JS-26-0000009")
    with pytest.raises(UserError, match="没有与中心对账"):
        prove_case(at_desk(desk), "JS-26-0000009")
    with pytest.raises(UserError, match="没有受理号"):
        prove_case(at_desk(desk), "JS-26-7777777")


def test_a_file_that_is_no_proof_is_refused_in_words() -> None:
    for content in (b"", b"{}", b"\xff\xfe", b'{"format": "nbcase-inclusion-2"}'):
        with pytest.raises(UserError, match="不是在册证明"):
            read_proof(content)


def test_the_command_line_proves_and_checks(
    desk: WorkingDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NBCASE_PASSWORD", PASSWORD)
    target = tmp_path / "proof.json"
    words = ["prove", "JS-26-0000002", "--login", "li", "--folder", str(desk.folder), "--out", str(target), "--json"]
    assert main(words) == OK
    key = msgspec.json.decode(capsys.readouterr().out)["centre_key"]
    assert target.stat().st_mode & 0o077 == 0
    assert main(["verify-proof", str(target), "--centre-key", key]) == OK
    target.write_bytes(target.read_bytes().replace(b"case.withdraw", b"case.complete"))
    assert main(["verify-proof", str(target), "--centre-key", key, "--json"]) == NO
    assert main(words) == MEND
