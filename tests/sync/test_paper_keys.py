"""Keys that sign papers, from their certificate to their end, and the list of withdrawn papers: over a real centre and real desks."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa

from nbcase.documents.layout import load_layout
from nbcase.domain.clock import SetClock
from nbcase.domain.document import Document
from nbcase.domain.errors import Offline, UserError
from nbcase.domain.ids import new_id
from nbcase.operations.issuing import About, end_keys, ensure_keys, finished_paper
from nbcase.operations.messages import IssuingAnswer, IssuingRequest
from nbcase.operations.paper_states import publish_states
from nbcase.operations.verifying import known_trust, trust_file, verify_file
from nbcase.proof.trust import read_trust
from nbcase.proof.verdict import Answer
from nbcase.store.desk_database import reading
from tests.parts.centres import RunningCentre
from tests.parts.desks import MakeDesk, WorkingDesk

SAMPLE = load_layout("residence-voucher")


def paper_at(desk: WorkingDesk, *, is_provisional: bool = False, document_id: str | None = None) -> bytes:
    """A voucher made at this desk."""
    about = About(
        document_id=document_id or new_id(),
        number="JS-26-0000001",
        name="样一",
        document_number="330299199001010001",
        made_at=desk.clock.now(),
        is_provisional=is_provisional,
    )
    with reading(desk.engine) as connection:
        return finished_paper(
            connection, SAMPLE, SAMPLE.samples(), about, station_code=desk.enrolment.identity.station_code, specimen=False
        )


def verdict_at(desk: WorkingDesk, pdf: bytes) -> Answer:
    with reading(desk.engine) as connection:
        return verify_file(known_trust(connection), pdf, desk.clock.now()).answer


def kept_paper(desk: WorkingDesk, **changes: object) -> tuple[Document, bytes]:
    """A paper of an accepted case with its record, at the desk and after the next contact at the centre."""
    case = desk.accept(f"JS-26-{new_id()[-7:]}")
    document = Document(
        id=new_id(),
        case_id=case.id,
        resident_id=case.resident_id,
        kind_code="residence-voucher",
        number=case.number,
        content_hash="0" * 64,
        made_at=desk.clock.now(),
        made_by=desk.clerk.id,
        station_code=case.station_code,
    )
    document = replace(document, **changes)  # type: ignore[arg-type]
    desk.act(document, kind="registration.change")
    return document, paper_at(desk, document_id=document.id, is_provisional=document.is_provisional)


def publish_now(centre: RunningCentre) -> bool:
    with centre.centre.engine.begin() as connection:
        return publish_states(connection, centre.centre.key, centre.clock.now())


def test_a_desk_gets_certified_keys_at_its_first_contact_and_others_know_them(make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("sun")
    assert b"ETSI.CAdES" not in paper_at(first)
    assert first.sync().problem is None
    pdf = paper_at(first)
    assert verdict_at(first, pdf) is Answer.VALID
    assert verdict_at(second, pdf) is Answer.UNKNOWN_ISSUER
    assert second.sync().problem is None
    assert verdict_at(second, pdf) is Answer.VALID


def test_keys_are_asked_for_once_and_anew_before_they_end(centre: RunningCentre, make_desk: MakeDesk, clock: SetClock) -> None:
    desk = make_desk("li")
    desk.sync()
    old = paper_at(desk)
    assert not ensure_keys(desk.engine, desk.client, clock.now())
    clock.advance(timedelta(days=340))
    assert ensure_keys(desk.engine, desk.client, clock.now())
    new = paper_at(desk)
    desk.sync()
    assert verdict_at(desk, old) is Answer.VALID
    assert verdict_at(desk, new) is Answer.VALID
    with reading(desk.engine) as connection:
        assert len(known_trust(connection).issuers) == 2


def test_an_answer_that_got_lost_is_given_again(make_desk: MakeDesk) -> None:
    desk = make_desk("li")

    class Cut:
        def certify(self, request: IssuingRequest) -> IssuingAnswer:
            desk.client.certify(request)
            raise Offline("cut")

    with pytest.raises(Offline):
        ensure_keys(desk.engine, Cut(), desk.clock.now())
    assert ensure_keys(desk.engine, desk.client, desk.clock.now())
    desk.sync()
    with reading(desk.engine) as connection:
        assert len(known_trust(connection).issuers) == 1


def test_a_key_of_another_desk_and_a_false_request_are_refused(make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("sun")
    asked: list[IssuingRequest] = []

    class Listening:
        def certify(self, request: IssuingRequest) -> IssuingAnswer:
            asked.append(request)
            return first.client.certify(request)

    ensure_keys(first.engine, Listening(), first.clock.now())
    with pytest.raises(UserError, match="另一台"):
        second.client.certify(asked[0])
    spoilt = bytearray(asked[0].signing_request)
    spoilt[-5] ^= 1
    with pytest.raises(UserError, match="不合格式"):
        second.client.certify(msgspec.structs.replace(asked[0], public_key="11" * 32, signing_request=bytes(spoilt)))


def test_nothing_is_believed_of_a_key_that_was_lost(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk, other = make_desk("li"), make_desk("sun")
    desk.sync()
    pdf = paper_at(desk)
    with centre.centre.engine.begin() as connection:
        assert end_keys(connection, centre.centre.key, desk.enrolment.identity.desk_id, centre.clock.now(), is_lost=True) == 1
    other.sync()
    assert verdict_at(other, pdf) is Answer.UNKNOWN_ISSUER


def test_papers_of_a_desk_out_of_service_hold_and_new_ones_do_not(centre: RunningCentre, make_desk: MakeDesk, clock: SetClock) -> None:
    desk, other = make_desk("li"), make_desk("sun")
    desk.sync()
    before = paper_at(desk)
    clock.advance(timedelta(hours=1))
    with centre.centre.engine.begin() as connection:
        end_keys(connection, centre.centre.key, desk.enrolment.identity.desk_id, clock.now())
    clock.advance(timedelta(hours=1))
    after = paper_at(desk)
    other.sync()
    assert (verdict_at(other, before), verdict_at(other, after)) == (Answer.VALID, Answer.FORGED)


def test_a_withdrawn_paper_is_known_everywhere_after_a_contact(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk, other = make_desk("li"), make_desk("sun")
    desk.sync()
    document, pdf = kept_paper(desk)
    good, good_pdf = kept_paper(desk)
    desk.sync()
    publish_now(centre)
    other.sync()
    assert verdict_at(other, pdf) is Answer.VALID
    desk.act(replace(document, version=1, revoked_on=desk.clock.now().date()), kind="registration.change")
    desk.sync()
    assert publish_now(centre)
    other.sync()
    assert verdict_at(other, pdf) is Answer.REVOKED
    assert verdict_at(other, good_pdf) is Answer.VALID
    assert good.revoked_on is None


def test_a_provisional_paper_is_confirmed_by_its_case(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk, other = make_desk("li"), make_desk("sun")
    desk.sync()
    document, pdf = kept_paper(desk, is_provisional=True)
    with reading(desk.engine) as connection:
        from nbcase.domain.case import Case
        from nbcase.store.shelf import Shelf

        case = Shelf(connection).need(Case, document.case_id)
    desk.act(replace(case, is_provisional=True), kind="registration.change")
    desk.sync()
    publish_now(centre)
    other.sync()
    assert verdict_at(other, pdf) is Answer.PROVISIONAL
    present = desk.get(Case, case.id)
    assert present is not None
    desk.act(replace(present, is_provisional=False), kind="registration.change")
    desk.sync()
    publish_now(centre)
    other.sync()
    assert verdict_at(other, pdf) is Answer.VALID


def test_the_list_says_anew_that_it_is_complete(centre: RunningCentre, make_desk: MakeDesk, clock: SetClock) -> None:
    desk = make_desk("li")
    desk.sync()
    assert not publish_now(centre)
    clock.advance(timedelta(hours=7))
    assert publish_now(centre)
    desk.sync()
    with reading(desk.engine) as connection:
        assert known_trust(connection).as_of == clock.now()


def test_a_trust_file_that_was_changed_is_refused(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    desk.sync()
    with reading(desk.engine) as connection:
        content = trust_file(connection, desk.enrolment.centre_public_key)
    assert len(read_trust(content).issuers) == 1
    for changed in (content.replace(b'"good"', b'"lost"'), content.replace(b"202", b"203", 1), content[:-2], b"{}x"):
        with pytest.raises(UserError, match="核验资料"):
            read_trust(changed)


def test_the_private_keys_stay_at_the_desk(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    desk.sync()
    with reading(desk.engine) as connection:
        kept = connection.execute(sa.text("SELECT value FROM desk_state WHERE key = 'paper_keys'")).scalar_one()
    with centre.centre.engine.begin() as connection:
        published = str(connection.execute(sa.text("SELECT value FROM published_entry")).all())
    private = msgspec.json.decode(kept)["present"]
    assert private["code_key"] not in published
    assert private["pdf_key"] not in published
