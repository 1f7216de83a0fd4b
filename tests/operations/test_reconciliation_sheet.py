"""对账单: its code carries the centre's signature, long lists go on, and no kind of act is without a word."""

import io
from collections.abc import Callable
from datetime import timedelta

import pypdfium2
import zxingcpp
from PIL import Image

from nbcase.crypto.keys import is_signed, new_signing_key
from nbcase.crypto.requests import reconciliation_bytes
from nbcase.documents.render import pages_as_png
from nbcase.domain.action import Outcome
from nbcase.domain.clerk import PERMISSIONS
from nbcase.operations.proof import KIND_WORDS, reconciliation_sheet
from nbcase.operations.retire import KIND
from nbcase.store.desk_database import writing
from nbcase.store.desk_work import set_state
from tests.parts.counter import Counter, counter_for  # noqa: F401 - the fixture
from tests.parts.disputes import answered, changed, disputed
from tests.parts.residents import everybody


def signed_for(counter: Counter, count: int) -> str:
    """A reconciliation as the desk keeps one; answers the centre's public key."""
    key, digest, at = new_signing_key(), "ab" * 32, counter.clock.now().isoformat()
    signature = key.sign(reconciliation_bytes(desk_id=counter.desk.identity.desk_id, count=count, digest=digest, at=at))
    kept = {"count": count, "own_digest": digest, "centre_count": count, "centre_digest": digest}
    with writing(counter.desk.engine) as connection:
        set_state(connection, "reconciliation", {**kept, "at": at, "signature": signature, "is_equal": True})
    return key.public_key


def pages_of(pdf: bytes) -> list[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        return ["".join(page.get_textpage().get_text_bounded().split()) for page in document]


def sheet(counter: Counter) -> bytes:
    return reconciliation_sheet(counter.desk, counter.clerk.record)


def test_the_code_on_it_proves_the_count_to_anybody_with_the_centres_key(counter_for: Callable[..., Counter]) -> None:  # noqa: F811
    counter = counter_for(people=20)
    public_key = signed_for(counter, 0)
    picture = Image.open(io.BytesIO(pages_as_png(sheet(counter), 150)[0]))
    (code,) = zxingcpp.read_barcodes(picture)
    desk_id, rest = code.text.removeprefix("NBCASE:1:reconciliation:").split(":", 1)
    count, rest = rest.split(":", 1)
    at, digest, signature = rest.rsplit(":", 2)
    message = reconciliation_bytes(desk_id=desk_id, count=int(count), digest=digest, at=at)
    assert is_signed(public_key, message, signature)
    assert not is_signed(public_key, reconciliation_bytes(desk_id=desk_id, count=1, digest=digest, at=at), signature)


def test_a_long_day_goes_on_on_further_pages_and_lists_the_oldest_first(counter_for: Callable[..., Counter]) -> None:  # noqa: F811
    counter = counter_for(people=30)
    somebody = everybody(counter)[0]
    for place in range(25):
        changed(counter, somebody, employer=f"样张{place}厂")
    pages = pages_of(sheet(counter))
    assert len(pages) > 1
    assert "共25件，全部列出" in pages[0]
    assert "1变更登记" in pages[0]
    assert "25变更登记" in pages[-1]
    assert "站长签字" in pages[-1]
    assert "站长签字" not in pages[0]


def test_what_waits_for_a_person_is_named_and_a_settled_day_is_not_blamed(counter_for: Callable[..., Counter]) -> None:  # noqa: F811
    counter = counter_for(people=60)
    first, second = [person for person in everybody(counter) if person.employer][:2]
    disputed(counter, first, "employer", "样张一厂", "样张二厂")
    answered(counter, changed(counter, second, employer="样张三厂"), Outcome.QUARANTINED, "中心没有这个人员。")
    signed_for(counter, 2)
    (page,) = pages_of(sheet(counter))
    assert "有2件在冲突或隔离中等人处理" in page
    assert "与中心冲突，两边的值都在" in page
    assert "中心隔离：中心没有这个人员。" in page
    counter.clock.advance(timedelta(days=1))
    (page,) = pages_of(sheet(counter))
    assert "合计00000" in page


def test_a_count_that_differs_is_said_first(counter_for: Callable[..., Counter]) -> None:  # noqa: F811
    counter = counter_for(people=20)
    signed_for(counter, 3)
    with writing(counter.desk.engine) as connection:
        kept = {"count": 0, "own_digest": "cd" * 32, "centre_count": 3, "centre_digest": "ab" * 32, "signature": "00" * 64}
        set_state(connection, "reconciliation", {**kept, "at": counter.clock.now().isoformat(), "is_equal": False})
    (page,) = pages_of(sheet(counter))
    assert "对账不一致：本机0件，中心3件" in page


def test_every_kind_of_act_has_a_word_on_paper() -> None:
    assert set(PERMISSIONS) - {KIND} <= set(KIND_WORDS)
