"""What an act changed, field by field in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from nbcase.domain.words import tr
from nbcase.operations.recordwords import field_name, field_place, is_inner, record_name, value_words
from nbcase.operations.transfer import FieldChange


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """A field of an act in words; a heading has only `record`. `theirs` is filled where both sides changed it."""

    record: str = ""
    field: str = ""
    before: str = ""
    after: str = ""
    theirs: str = ""
    has_collided: bool = False

    @property
    def is_heading(self) -> bool:
        """Whether the line only names the record of the next ones."""
        return not self.field


def change_lines(found: Sequence[FieldChange]) -> list[ChangeLine]:
    """Changes under the names of their records, in the order of the forms; those that collided stand first under their own heading.

    The program's own signs are counted, not listed, unless they collided.
    """
    lines: list[ChangeLine] = []
    shown = [change for change in found if change.has_collided or not is_inner(change.field)]
    records = list(dict.fromkeys((change.has_collided, change.record_type) for change in shown))
    for has_collided, record_type in records:
        name = record_name(record_type)
        lines.append(ChangeLine(record=tr("{record}：两边都改了").format(record=name) if has_collided else name))
        own = [change for change in shown if (change.has_collided, change.record_type) == (has_collided, record_type)]
        lines += [_change_line(change) for change in sorted(own, key=lambda change: field_place(record_type, change.field))]
    if inner := len(found) - len(shown):
        lines.append(ChangeLine(record=tr("另有 {n} 项内部编号").format(n=inner)))
    return lines


def _change_line(change: FieldChange) -> ChangeLine:
    return ChangeLine(
        record=record_name(change.record_type),
        field=field_name(change.record_type, change.field),
        before=value_words(change.field, change.before),
        after=value_words(change.field, change.after),
        theirs=value_words(change.field, change.present) if change.has_collided else "",
        has_collided=change.has_collided,
    )
