"""Completion of an address: the same through the index, beside it and after it; those that begin so come first."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from nbcase.domain.dwelling import Dwelling
from nbcase.operations.desk import Desk
from nbcase.operations.residents import complete_address
from nbcase.store import search as searching
from nbcase.store.desk_database import reading, writing
from nbcase.store.search import catch_up, note_changed
from nbcase.store.shelf import Shelf
from tests.parts.counter import Counter, counter_for  # noqa: F401 - a fixture

TYPED = ("街道", "骆", "骆驼街道", "小区", "1幢", "101室", "骆驼 101", "1 幢 单元", "松风路", "没有", "没", "%", '"', "'", "AND")


@pytest.fixture
def desk(counter_for: Callable[..., Counter]) -> Desk:  # noqa: F811
    return counter_for(people=60).desk


def by_scan(desk: Desk, text: str) -> set[str]:
    """Every address that holds all parts."""
    with reading(desk.engine) as connection:
        return {one.address for one in Shelf(connection).find(Dwelling) if all(part in one.address for part in text.split())}


def completed(desk: Desk, text: str) -> list[str]:
    return [hit.dwelling.address for hit in complete_address(desk, text, 100)]


@pytest.mark.parametrize("state", ["noted", "indexed", "far behind", "cut off"])
def test_nothing_is_missed_that_a_scan_finds(desk: Desk, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if state == "far behind":
        monkeypatch.setattr(searching, "MOST_NOTED", 0)
    if state == "cut off":
        monkeypatch.setattr(searching, "MOST_TERMS", 2)
        catch_up(desk.engine)
    if state in ("noted", "far behind"):
        with writing(desk.engine) as connection:
            note_changed(connection, Shelf(connection).find(Dwelling))
    # A single part whose trigrams were cut off gives enough to choose from, not all there is.
    for text in (text for text in TYPED if state != "cut off" or " " in text):
        found = completed(desk, text)
        assert len(found) == len(set(found))
        assert set(found) == by_scan(desk, text), text


def test_what_begins_so_comes_before_what_only_holds_it(desk: Desk) -> None:
    catch_up(desk.engine)
    with writing(desk.engine) as connection:
        for place, address in enumerate(("样甲路样乙村1号", "样乙村2号")):
            Shelf(connection).write(Dwelling(id=f"d{place}", address=address, division_code="330211", station_code="33021101"))
            note_changed(connection, [Dwelling(id=f"d{place}", address=address, division_code="330211", station_code="33021101")])
    assert completed(desk, "样乙村") == ["样乙村2号", "样甲路样乙村1号"]
    catch_up(desk.engine)
    assert completed(desk, "样乙村") == ["样乙村2号", "样甲路样乙村1号"]


def test_an_address_that_changed_is_found_as_it_is_now_only(desk: Desk) -> None:
    catch_up(desk.engine)
    former = complete_address(desk, "街道")[0].dwelling
    with writing(desk.engine) as connection:
        Shelf(connection).write(replace(former, address="样改路1号"))
        note_changed(connection, [former])
    assert completed(desk, "样改路") == ["样改路1号"]
    assert former.address not in completed(desk, former.address)
