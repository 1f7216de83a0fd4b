"""Every kind of act has a name in a history, on the sheet of the day and in both languages."""

import pytest

from nbcase.domain.clerk import PERMISSIONS
from nbcase.operations.proof import KIND_WORDS
from ui.casewords import action_words


@pytest.mark.parametrize("kind", PERMISSIONS)
def test_a_kind_of_act_is_told_in_words(kind: str) -> None:
    assert action_words(kind) != kind
    assert kind in KIND_WORDS
