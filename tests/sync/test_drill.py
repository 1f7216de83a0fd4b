"""断网演练: nothing goes over the line, and it comes back by itself whatever the desk's clock says."""

from collections.abc import Mapping

import pytest

from nbcase.domain.errors import Offline
from nbcase.sync.client import Reply
from nbcase.sync.drill import DrillLine


class CountingLine:
    """A line that answers everything."""

    def __init__(self) -> None:
        self.carried = 0
        self.is_closed = False

    def carry(self, method: str, url: str, body: bytes, headers: Mapping[str, str], answer_s: float) -> Reply:
        self.carried += 1
        return Reply(status=200, headers={}, content=b"{}")

    def close(self) -> None:
        self.is_closed = True


def test_a_cut_line_carries_nothing_and_says_that_it_was_meant() -> None:
    seconds, real = [0.0], CountingLine()
    line = DrillLine(real, lambda: seconds[0])
    line.carry("GET", "http://127.0.0.1/", b"", {}, 1.0)
    line.begin(60)
    with pytest.raises(Offline, match="演练") as cut:
        line.carry("GET", "http://127.0.0.1/", b"", {}, 1.0)
    assert "自动上传" in cut.value.do
    assert (real.carried, line.left_s) == (1, 60)


def test_it_ends_by_itself_or_when_told() -> None:
    seconds, real = [0.0], CountingLine()
    line = DrillLine(real, lambda: seconds[0])
    line.begin(60)
    seconds[0] = 59.9
    with pytest.raises(Offline):
        line.carry("GET", "http://127.0.0.1/", b"", {}, 1.0)
    seconds[0] = 60
    line.carry("GET", "http://127.0.0.1/", b"", {}, 1.0)
    line.begin(60)
    line.end()
    line.carry("GET", "http://127.0.0.1/", b"", {}, 1.0)
    assert (real.carried, line.left_s) == (2, 0)
    line.close()
    assert real.is_closed
