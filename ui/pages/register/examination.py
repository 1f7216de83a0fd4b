"""What the item's conditions say over a form that is still being filled in."""

from collections.abc import Sequence

from nbcase.domain.words import tr
from nbcase.items.checks import Check, CheckState


def warning_words(checks: Sequence[Check]) -> str:
    """What the conditions found that a person should know; a missing guardian is a gap of the form and said there."""
    noted = [check for check in checks if check.state in (CheckState.FAILED, CheckState.LOOK) and check.key != "guardian"]
    words = (
        tr("请核对“{name}”：{detail}。{missing}").format(name=check.name, detail=check.detail, missing=check.missing) for check in noted
    )
    return tr("；").join(words)
