"""Papers of real acts at a desk with certified keys: their code and file verify here, with what the desk's own records add."""

import base64
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from nbcase.crypto.certificates import certify, new_authority
from nbcase.documents.printing import FolderQueue
from nbcase.documents.render import pages_as_png
from nbcase.domain.case import HandedIn
from nbcase.domain.clerk import Clerk
from nbcase.domain.document import Document
from nbcase.domain.publication import Publication, PublishedEntry
from nbcase.operations.accept import Request, accept
from nbcase.operations.desk import Desk
from nbcase.operations.issuing import authority_entry, ensure_keys
from nbcase.operations.messages import IssuingAnswer, IssuingRequest
from nbcase.operations.papers import notice_pdf
from nbcase.operations.printing import paper, print_document
from nbcase.operations.verifying import check_at_desk, verdict_words
from nbcase.proof.claims import key_id
from nbcase.proof.examination import examine
from nbcase.proof.trust import AS_OF, ISSUERS, STATES, Issuer
from nbcase.proof.verdict import Answer
from nbcase.store.desk_database import writing
from nbcase.store.desk_work import desk_work
from nbcase.store.publications import write_entries


class Authority:
    """A centre that certifies and nothing else; keeps whom it certified."""

    def __init__(self, desk: Desk, now: datetime) -> None:
        self.desk, self.now = desk, now
        self.root = new_authority("样", now)
        self.entries = authority_entry(self.root.certificate)

    def certify(self, request: IssuingRequest) -> IssuingAnswer:
        until, station = self.now + timedelta(days=365), self.desk.station
        certificate = certify(
            self.root, request.signing_request, station=station.name, desk_id=self.desk.identity.desk_id, now=self.now, until=until
        )
        issuer = Issuer(
            algorithm=request.algorithm,
            public_key=request.public_key,
            certificate=base64.b64encode(certificate).decode(),
            desk_id=self.desk.identity.desk_id,
            station_code=station.code,
            station=station.name,
            since=self.now - timedelta(days=1),
            until=until,
        )
        self.entries[key_id(request.public_key).hex()] = msgspec.to_builtins(issuer)
        return IssuingAnswer(certificate=certificate, authority=self.root.certificate, station=station.name, until=until)


def certified(desk: Desk, algorithm: str) -> Desk:
    """The desk after its first contact."""
    now = desk.clock.now()
    authority = Authority(desk, now)
    ensure_keys(desk.engine, authority, now, algorithm)
    with writing(desk.engine) as connection:
        for name, entries in ((ISSUERS, authority.entries), (STATES, {AS_OF: {"at": now.isoformat()}})):
            head = Publication(name=name, revision=1, checksum="", published_at=now, signature="")
            write_entries(connection, head, [PublishedEntry(key=key, revision=1, value=value) for key, value in entries.items()])
    return replace(desk, specimen=False)


@pytest.fixture(params=["ed25519", "sm2"])
def issuing_desk(desk: Desk, request: pytest.FixtureRequest) -> Desk:
    return certified(desk, request.param)


def registered(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> Document:
    """The voucher of a new registration."""
    materials = (HandedIn(code="identity", how="card"),)
    done = accept(desk, clerk, Request(item_code="residence_registration", situation_code="new", answers=answers, materials=materials))
    return next(document for document in done.documents if document.kind_code == "residence-voucher")


def test_what_the_desk_hands_out_is_proven_to_it_as_file_and_as_code(issuing_desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    desk = issuing_desk
    document = registered(desk, clerk, answers)
    pdf = paper(desk, document.id)
    whole = check_at_desk(desk, pdf)
    assert (whole.verdict.answer, whole.verdict.scope, whole.verdict.is_yes) == (Answer.VALID, "file", True)
    assert whole.document_id == document.id
    (code,) = examine(pages_as_png(pdf, 150)[0], (), ()).codes
    found = check_at_desk(desk, code)
    assert (found.verdict.answer, found.verdict.scope) == (Answer.VALID, "code")
    claims = found.verdict.claims
    assert claims is not None
    assert (claims.name, claims.number, claims.document_tail) == ("李𬭎", document.number, "0312")


def test_the_desk_tells_how_often_it_printed_and_what_it_withdrew_itself(
    desk: Desk, clerk: Clerk, answers: dict[str, str], tmp_path: Path
) -> None:
    desk = certified(desk, "ed25519")
    document = registered(desk, clerk, answers)
    print_document(desk, clerk, FolderQueue(tmp_path), document.id)
    (code,) = examine(pages_as_png(paper(desk, document.id), 150)[0], (), ()).codes
    checked = check_at_desk(desk, code)
    assert checked.printed == 1
    assert ("份数", "第 1 份；记录在案的打印 1 次") in verdict_words(checked.verdict, checked.printed).facts
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        present = work.need(Document, document.id)
        work.put(replace(present, revoked_on=desk.today()))
        work.record("document.print", present)
    assert (check_at_desk(desk, code).verdict.answer, check_at_desk(desk, code).verdict.reason) == (Answer.REVOKED, "record")


def test_a_notice_without_a_record_is_proven_too(desk: Desk, clerk: Clerk) -> None:
    desk = replace(certified(desk, "ed25519"), verify_page="https://verify.example.invalid/verify")
    pdf = notice_pdf(
        desk,
        clerk,
        item_code="residence_permit",
        situation_code="apply",
        person={"name": "李𬭎", "document_number": "330299199407120312"},
        checks=(),
        materials=(),
        problems=("照片不清",),
    )
    (code,) = examine(pages_as_png(pdf, 150)[-1], (), ()).codes
    assert code.startswith("https://verify.example.invalid/verify#NB1:")
    assert check_at_desk(desk, code).verdict.answer is Answer.VALID


def test_a_desk_without_keys_makes_papers_that_say_nothing(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    document = registered(desk, clerk, answers)
    assert check_at_desk(desk, paper(desk, document.id)).verdict.answer is Answer.NOT_OURS
