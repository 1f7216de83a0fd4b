"""The verdict matrix: every fate of a paper, told rightly, from the lists alone."""

import json
import subprocess
import zlib
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from nbcase.documents.render import pages_as_png
from nbcase.domain.clock import local_date
from nbcase.domain.ids import new_id
from nbcase.domain.resources import resource_path
from nbcase.proof.claims import Claims, read_code
from nbcase.proof.examination import MOST_BYTES, examine, examine_apart
from nbcase.proof.pdf_signature import Seal, check_pdf
from nbcase.proof.trust import MARK_BYTES, is_marked, mark_of, pack_marks
from nbcase.proof.verdict import Answer, Verdict, judge_code, judge_file
from tests.parts.papers import NOW, issuing, paper, photographed, scenes, trust


def judged(asked: str | bytes, at: date | None = None) -> Verdict:
    lists, at = trust(), at or local_date(NOW)
    if isinstance(asked, str):
        return judge_code(asked, lists, at=at, now=NOW)
    return judge_file(examine(asked, lists.authorities, lists.certificates), lists, at=at, now=NOW)


@pytest.mark.parametrize("name", scenes())
def test_every_fate_of_a_paper_gets_its_verdict(name: str) -> None:
    scene = scenes()[name]
    verdict = judged(scene.asked)
    assert (verdict.answer, verdict.reason, verdict.scope) == (scene.answer, scene.reason, scene.scope)
    assert verdict.is_proven == bool(scene.scope)


def test_no_byte_of_a_signed_file_can_be_changed() -> None:
    pdf, lists = paper().pdf, trust()
    places = {*range(0, len(pdf), len(pdf) // 40), *range(10), *range(len(pdf) - 12, len(pdf))}
    start = pdf.index(b"/Contents <") + 11
    places |= {*range(start, start + 2_400, 61), *range(start + 2_400, pdf.index(b">", start), 997)}
    found = {}
    for place in sorted(places):
        spoilt = pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1 :]
        found[place] = check_pdf(spoilt, list(lists.authorities), lists.certificates).seal
    assert [place for place, seal in found.items() if seal is Seal.INTACT] == []
    assert set(found.values()) <= {Seal.CHANGED, Seal.FORGED, Seal.UNKNOWN}


@pytest.mark.parametrize("place", [0, 3, 40_000, -20])
def test_a_changed_byte_is_told_as_an_alteration(place: int) -> None:
    pdf = bytearray(paper().pdf)
    pdf[place] ^= 1
    assert judged(bytes(pdf)).answer is Answer.ALTERED


def test_no_sign_of_a_code_can_be_changed() -> None:
    text = paper().text
    for place in range(4, len(text)):
        spoilt = text[:place] + ("7" if text[place] != "7" else "8") + text[place + 1 :]
        assert judged(spoilt).answer in (Answer.ALTERED, Answer.FORGED, Answer.UNKNOWN_ISSUER), place


def test_an_old_list_is_no_plain_yes() -> None:
    text = paper().text
    fresh = judge_code(text, trust(), at=local_date(NOW), now=NOW)
    assert (fresh.is_yes, fresh.is_list_old, fresh.list_age_days) == (True, False, 2)
    old = judge_code(text, trust(NOW - timedelta(days=45)), at=local_date(NOW), now=NOW)
    assert (old.answer, old.is_yes, old.is_list_old, old.list_age_days) == (Answer.VALID, False, True, 45)
    none = judge_code(text, replace(trust(), as_of=None, marks={}), at=local_date(NOW), now=NOW)
    assert (none.answer, none.is_yes, none.list_at) == (Answer.VALID, False, None)


def test_a_paper_is_judged_as_of_the_day_that_is_asked_for() -> None:
    text = paper(valid_until_on=date(2026, 11, 23)).text
    assert judged(text).answer is Answer.EXPIRED
    assert judged(text, date(2026, 11, 23)).answer is Answer.VALID
    assert judged(text, date(2026, 11, 1)).reason == "not_yet_made"


def test_a_specimen_is_never_a_yes() -> None:
    verdict = judged(paper(specimen=True).pdf)
    assert (verdict.answer, verdict.is_yes) == (Answer.VALID, False)


def test_whose_code_was_moved_is_told() -> None:
    verdict = judged(scenes()["code moved onto another paper, photographed"].asked)
    assert verdict.claims is not None
    assert (verdict.claims.name, verdict.scope) == ("李𬭎", "code")


def test_a_copy_tells_its_number_and_later_fates_are_told() -> None:
    copy = judged(paper(copy_number=2).text)
    assert copy.claims is not None
    assert copy.claims.copy_number == 2
    assert judged(paper(name="核对者", is_provisional=True).text).is_confirmed


@pytest.mark.parametrize(
    "layout",
    [
        "acceptance-receipt",
        "acceptance-receipt-80",
        "residence-voucher",
        "permit-confirmation",
        "endorsement-slip",
        "refusal",
        "one-time-notice",
        "permit-recall",
    ],
)
def test_signed_codes_are_read_at_150_dpi(layout: str) -> None:
    made = paper(layout_code=layout, valid_until_on=date(2027, 7, 19), is_provisional=True, specimen=True)
    for page in pages_as_png(made.pdf, 150):
        for found in zxingcpp.read_barcodes(Image.open(BytesIO(page))):
            assert found.text == made.text
            return
    raise AssertionError("no code was read")


def test_poppler_holds_the_signature_for_valid(tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_bytes(paper().pdf)
    said = subprocess.run(["pdfsig", str(tmp_path / "paper.pdf")], capture_output=True, text=True, encoding="utf-8", check=False).stdout
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said


def test_a_list_never_says_no_for_a_withdrawn_paper_and_hits_no_known_other() -> None:
    revoked, others = [new_id() for _ in range(5_000)], [new_id() for _ in range(5_000)]
    marks = pack_marks(revoked, revoked[:10], others)
    assert all(is_marked(marks.revoked, mark_of(each, marks.salt)) for each in revoked)
    assert not any(is_marked(marks.revoked, mark_of(each, marks.salt)) for each in others)
    assert len(marks.revoked) <= 5_000 * MARK_BYTES * 4 / 3 + 4


def test_frozen_codes_are_made_and_read_as_ever() -> None:
    vectors = json.loads(resource_path("proof/vectors.json").read_text("utf-8"))
    for vector in vectors["good"]:
        code = read_code(vector["text"])
        assert code.signed.payload.hex() == vector["payload"]
        assert code.signed.holds(vectors["public_key"])
        assert isinstance(code.claims, Claims)
        assert (code.claims.name, code.claims.number) == (vector["claims"]["name"], vector["claims"]["number"])
    for vector in vectors["bad"]:
        try:
            holds = read_code(vector["text"]).signed.holds(vectors["public_key"])
        except ValueError:
            holds = False
        assert not holds, vector["about"]


def bomb() -> bytes:
    """A PNG that unpacks to four gigabytes, as its head says."""
    buffer = BytesIO()
    Image.new("L", (1, 1)).save(buffer, "PNG")
    head = b"IHDR" + (60_000).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    return buffer.getvalue()[:12] + head + zlib.crc32(head).to_bytes(4, "big") + buffer.getvalue()[33:]


HOSTILE = {
    "a picture that unpacks to a gigabyte": (bomb, "too_large"),
    "too many bytes": (lambda: b"%PDF-1.4\n" + b"0" * MOST_BYTES, "too_large"),
    "a page of ten kilometres": (lambda: _pdf(b"/MediaBox [0 0 30000000 30000000]"), "no_code"),
    "pages within pages without end": (lambda: _pdf(b"/Kids [3 0 R] /Parent 3 0 R /Type /Pages"), "unreadable"),
    "a PDF that is cut off": (lambda: paper().unsigned[:5_000] + b"startxref", "unreadable"),
    "a text": (lambda: b"NB1:" * 1000, "unreadable"),
    "nothing": (lambda: b"", "unreadable"),
}


def _pdf(page: bytes) -> bytes:
    head = b"%PDF-1.4\n1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n2 0 obj <</Type /Pages /Kids [3 0 R] /Count 1>> endobj\n"
    return head + b"3 0 obj <</Type /Page /Parent 2 0 R " + page + b">> endobj\ntrailer <</Root 1 0 R>>\nstartxref\n0\n%%EOF"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_a_reason_within_bounds(name: str) -> None:
    make, reason = HOSTILE[name]
    lists = trust()
    verdict = judge_file(examine_apart(make(), lists.authorities, lists.certificates), lists, at=local_date(NOW), now=NOW)
    assert (verdict.answer, verdict.reason) == (Answer.NOT_OURS, reason)


def test_a_file_that_takes_too_long_is_given_up() -> None:
    assert examine_apart(photographed(paper().unsigned), (), (), seconds=0.01).problem == "too_long"


def test_the_process_apart_finds_the_same() -> None:
    lists = trust()
    for asked in (paper().pdf, photographed(paper().pdf), paper().pdf[:-9] + b"%" + paper().pdf[-8:]):
        assert examine_apart(asked, lists.authorities, lists.certificates) == examine(asked, lists.authorities, lists.certificates)


def test_the_issuer_of_a_file_is_its_station() -> None:
    verdict = judged(paper().pdf)
    assert verdict.issuer is not None
    assert verdict.issuer.public_key == issuing("desk").signer.public_key
