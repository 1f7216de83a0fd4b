"""Three-way merge by field."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nbcase.domain.action import Change
from nbcase.domain.merge import Collision, lay_over, merge


def change(fields: dict[str, tuple[Any, Any]], base_version: int = 1) -> Change:
    return Change(record_type="resident", record_id="r", base_version=base_version, fields=fields)


def test_a_field_that_nobody_else_touched_is_set() -> None:
    assert merge({"phone": "1", "name": "样一"}, change({"phone": ("1", "2")})) == ({"phone": "2", "name": "样一"}, ())


def test_the_same_value_from_both_sides_is_no_collision() -> None:
    assert merge({"phone": "2"}, change({"phone": ("1", "2")})) == ({"phone": "2"}, ())


def test_two_different_values_are_kept_both_and_the_other_fields_still_apply() -> None:
    merged, collisions = merge({"phone": "3", "name": "样一"}, change({"phone": ("1", "2"), "name": ("样一", "样二")}))
    assert merged == {"phone": "3", "name": "样二"}
    assert collisions == (Collision(field="phone", before="1", theirs="3", yours="2"),)


def test_lists_from_the_wire_equal_tuples_and_true_is_not_one() -> None:
    assert merge({"grounds": ["study"]}, change({"grounds": (("study",), ("employment",))}))[1] == ()
    assert merge({"is_tenant": 1}, change({"is_tenant": (True, False)}))[1] != ()


def test_two_creations_of_one_record_leave_it_to_the_first_station() -> None:
    second = change({"name": (None, "样一"), "station_code": (None, "b")}, base_version=0)
    assert merge({"name": "样一", "station_code": "a"}, second) == ({"name": "样一", "station_code": "a"}, ())
    assert merge({"station_code": "c"}, replace(change({"station_code": ("a", "b")}), base_version=3))[1] != ()


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.lists(st.integers(), max_size=2))
RECORDS = st.dictionaries(st.sampled_from("abcdefgh"), VALUES, min_size=8, max_size=8)


@given(
    record=RECORDS,
    edits=st.lists(VALUES, min_size=8, max_size=8),
    owners=st.lists(st.integers(0, 2), min_size=8, max_size=8),
    data=st.data(),
)
def test_edits_of_different_fields_give_one_record_in_any_order(
    record: dict[str, Any], edits: list[Any], owners: list[int], data: st.DataObject
) -> None:
    wanted = dict(zip("abcdefgh", edits, strict=True))
    desks = [
        change({name: (record[name], wanted[name]) for place, name in enumerate("abcdefgh") if owners[place] == desk}) for desk in range(3)
    ]
    merged = record
    for edit in data.draw(st.permutations(desks)):
        merged, collisions = merge(merged, edit)
        assert collisions == ()
    assert merged == wanted


@given(record=RECORDS, before=RECORDS, after=RECORDS)
def test_no_value_is_ever_lost(record: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> None:
    edit = change({name: (before[name], after[name]) for name in before})
    merged, collisions = merge(record, edit)
    collided = {collision.field: collision for collision in collisions}
    for name in record:
        if name in collided:
            assert (merged[name], collided[name].theirs, collided[name].yours) == (record[name], record[name], after[name])
        else:
            assert merged[name] == after[name]
    assert lay_over(record, edit) == after
