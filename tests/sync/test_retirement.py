"""停用本机: only with proof that nothing unsent remains, and only then are the keys gone; the sheet of the day beside it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from nbcase.cli import MEND, OK, main
from nbcase.domain import crashpoints
from nbcase.domain.clock import SetClock
from nbcase.domain.errors import NotAllowed, Offline, UserError
from nbcase.domain.retirement import RetirementProof, read_retirement
from nbcase.operations.drafts import save_draft
from nbcase.operations.messages import RetireAnswer, RetireRequest
from nbcase.operations.retire import is_right, obstacles, retire, retirement_checks
from nbcase.operations.sign_in import is_enrolled, sign_in
from tests.parts.atwork import at_work
from tests.parts.centres import PASSWORD, RunningCentre
from tests.parts.desks import MakeDesk, WorkingDesk


def go(desk: WorkingDesk, centre: object = None) -> RetirementProof:
    """The supervisor retires the desk."""
    return retire(
        at_work(desk),
        desk.clerk,
        centre or desk.client,  # type: ignore[arg-type]
        centre_public_key=desk.enrolment.centre_public_key,
        folder=desk.folder,
        vault=desk.vault,
    )


def standing_in_the_way(desk: WorkingDesk) -> list[str]:
    return [check.key for check in obstacles(retirement_checks(at_work(desk)))]


def test_a_desk_with_everything_at_the_centre_goes_with_a_signed_proof_and_without_keys(make_desk: MakeDesk, centre: RunningCentre) -> None:
    desk = make_desk("qian")
    desk.act(desk.resident(), files=(b"\x89PNG\r\n\x1a\n scan",))
    desk.sync()
    proof = go(desk)
    assert proof.count == 1
    assert is_right(proof, desk.enrolment.centre_public_key)
    assert not is_right(replace(proof, count=2), desk.enrolment.centre_public_key)
    assert read_retirement(desk.folder) == proof
    assert (desk.folder / "retired.pdf").read_bytes().startswith(b"%PDF-")
    assert not is_enrolled(desk.folder, desk.vault)
    with pytest.raises(NotAllowed):
        sign_in(desk.folder, desk.vault, "qian", PASSWORD, desk.clock.now())
    status = desk.sync()
    assert status.problem is not None
    assert "停用" in status.problem.what


def test_whatever_is_unsent_stands_in_the_way_with_its_way_out(make_desk: MakeDesk) -> None:
    desk = make_desk("qian")
    assert standing_in_the_way(desk) == ["reconciliation"]
    desk.sync()
    assert standing_in_the_way(desk) == []
    desk.act(desk.resident(), files=(b"\x89PNG\r\n\x1a\n scan",))
    save_draft(at_work(desk), desk.clerk, "draft-1", "residence_registration", "new", {"name": "样二"})
    assert standing_in_the_way(desk) == ["unsent", "files", "drafts", "reconciliation"]
    with pytest.raises(UserError) as refused:
        go(desk)
    assert "1 件没有上传" in refused.value.what
    assert "样二" in refused.value.what
    assert "U 盘" in refused.value.do
    assert is_enrolled(desk.folder, desk.vault)
    desk.sync()
    assert standing_in_the_way(desk) == ["drafts"]


def test_only_a_supervisor_retires_a_desk(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    desk.sync()
    with pytest.raises(NotAllowed):
        go(desk)
    with pytest.raises(NotAllowed):
        desk.client.retire(RetireRequest(count=0, digest="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))


def test_an_old_reconciliation_is_not_enough(make_desk: MakeDesk, clock: SetClock) -> None:
    desk = make_desk("qian")
    desk.sync()
    clock.advance(timedelta(minutes=11))
    assert standing_in_the_way(desk) == ["reconciliation"]


class LosesTheAnswer:
    """A line that carries the question and loses the answer."""

    def __init__(self, desk: WorkingDesk) -> None:
        self._desk = desk

    def retire(self, request: RetireRequest) -> RetireAnswer:
        self._desk.client.retire(request)
        raise Offline("连不上中心。")


def test_a_lost_answer_is_given_again_and_the_keys_stay_until_then(make_desk: MakeDesk, clock: SetClock) -> None:
    desk = make_desk("qian")
    desk.act(desk.resident())
    desk.sync()
    with pytest.raises(Offline):
        go(desk, LosesTheAnswer(desk))
    assert is_enrolled(desk.folder, desk.vault)
    clock.advance(timedelta(minutes=30))
    desk.client.sign_in("qian", desk.signed_in.key)
    assert go(desk).count == 1
    assert not is_enrolled(desk.folder, desk.vault)


class PowerCut(BaseException):
    """Ends a retirement without any cleaning up."""


@pytest.mark.parametrize(("moment", "has_keys"), [("desk.keys.before", True), ("desk.keys.after", False)])
def test_a_desk_that_dies_before_its_keys_go_has_its_proof_and_can_be_asked_again(make_desk: MakeDesk, moment: str, has_keys: bool) -> None:
    desk = make_desk("qian")
    desk.act(desk.resident())
    desk.sync()

    def cut(name: str) -> None:
        if name == moment:
            raise PowerCut

    crashpoints.install(cut)
    try:
        with pytest.raises(PowerCut):
            go(desk)
    finally:
        crashpoints.install(None)
    proof = read_retirement(desk.folder)
    assert proof is not None
    assert is_right(proof, desk.enrolment.centre_public_key)
    assert is_enrolled(desk.folder, desk.vault) is has_keys
    assert go(desk) == proof
    assert not is_enrolled(desk.folder, desk.vault)


class Liar:
    """Signs for something else."""

    def retire(self, request: RetireRequest) -> RetireAnswer:
        return RetireAnswer(count=request.count, digest=request.digest, at="2026-03-02T01:00:00+00:00", signature="00" * 64)


def test_a_centre_that_cannot_sign_destroys_no_keys(make_desk: MakeDesk) -> None:
    desk = make_desk("qian")
    desk.sync()
    with pytest.raises(UserError, match="签字不对"):
        go(desk, Liar())
    assert is_enrolled(desk.folder, desk.vault)
    assert read_retirement(desk.folder) is None


def test_the_command_line_writes_the_sheet_of_the_day_and_never_over_a_file(
    make_desk: MakeDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk("li")
    desk.sealed_log.close()
    monkeypatch.setenv("NBCASE_PASSWORD", PASSWORD)
    target = tmp_path / "sheet.pdf"
    words = ["reconciliation-sheet", "--login", "li", "--folder", str(desk.folder), "--out", str(target), "--json"]
    assert main(words) == OK
    assert target.read_bytes().startswith(b"%PDF-")
    assert main(words) == MEND


def test_the_centre_refuses_a_count_that_is_not_its_own_and_the_desk_stays_in_service(make_desk: MakeDesk) -> None:
    desk = make_desk("qian")
    desk.act(desk.resident())
    status = desk.sync()
    for count, digest in ((2, status.centre_digest), (1, "ab" * 32)):
        with pytest.raises(UserError, match="对不上"):
            desk.client.retire(RetireRequest(count=count, digest=digest))
    assert desk.sync().is_equal
