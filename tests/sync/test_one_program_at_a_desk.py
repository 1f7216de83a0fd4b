"""Two programs at one desk: the second is told so before it touches anything, and the lock ends with its process."""

import subprocess
import sys
from pathlib import Path

import pytest

from nbcase.bootstrap.counter import Counter, open_counter
from nbcase.domain.errors import UserError
from nbcase.operations.seal import log_paths
from nbcase.operations.sign_in import sign_in
from nbcase.store.desk_lock import hold_desk
from tests.parts.centres import PASSWORD
from tests.parts.desks import MakeDesk, WorkingDesk
from tests.sync.test_sealed_verbs import said

HOLDER = """
import sys
from pathlib import Path
from nbcase.store.desk_lock import hold_desk
lock = hold_desk(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def opened(desk: WorkingDesk) -> Counter:
    """The desk as the window has it."""
    desk.sealed_log.close()
    return open_counter(desk.folder, desk.vault, desk.signed_in, clock=desk.clock)


@pytest.mark.parametrize("verb", [("sync",), ("rescue",), ("export-sealed", "--out", "u.nbseal"), ("import-sealed", "none.nbseal")])
def test_a_writing_verb_is_refused_while_the_window_is_open(make_desk: MakeDesk, verb: tuple[str, ...], tmp_path: Path) -> None:
    desk = make_desk("li")
    counter = opened(desk)
    desk.act(desk.resident(), files=(b"scan",))
    before = {path: path.read_bytes() for path in log_paths(desk.folder)}
    words = [str(tmp_path / word) if word.endswith(".nbseal") else word for word in verb]
    error = said(*words, "--folder", str(desk.folder), "--login", "li", code=3)["error"]
    assert isinstance(error, dict)
    if verb[0] == "import-sealed":
        assert error["what"] != "这台电脑的本机数据正由另一个程序使用。"
    else:
        assert error["what"] == "这台电脑的本机数据正由另一个程序使用。"
        assert error["safe"] == "没有改动任何数据。"
        assert "退出窗口" in error["do"]
    assert {path: path.read_bytes() for path in log_paths(desk.folder)} == before
    counter.close()


def test_what_only_reads_goes_on_beside_the_window(make_desk: MakeDesk, tmp_path: Path) -> None:
    desk = make_desk("li")
    counter = opened(desk)
    desk.act(desk.resident())
    paths = log_paths(desk.folder)
    folder = str(desk.folder)
    sheet = said("reconciliation-sheet", "--folder", folder, "--login", "li", "--out", str(tmp_path / "sheet.pdf"))
    assert (tmp_path / "sheet.pdf").stat().st_size == sheet["bytes"]
    copied = said("export-sealed", "--folder", folder, "--out", str(tmp_path))
    assert Path(str(copied["path"])).stat().st_size == copied["bytes"]
    assert log_paths(desk.folder) == paths
    desk.act(desk.resident())
    counter.close()


def test_the_desk_is_free_again_when_the_window_closes_and_when_opening_it_failed(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    counter = opened(desk)
    second = sign_in(desk.folder, desk.vault, "li", PASSWORD, desk.clock.now())
    with pytest.raises(UserError, match="另一个程序"):
        open_counter(desk.folder, desk.vault, second)
    counter.close()
    (desk.folder / "settings.toml").write_text("no = such setting", encoding="utf-8")
    with pytest.raises(UserError):
        open_counter(desk.folder, desk.vault, second)
    hold_desk(desk.folder).release()


def test_the_lock_of_a_killed_program_is_gone(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    desk.sealed_log.close()
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(desk.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(UserError, match="另一个程序"):
            hold_desk(desk.folder)
        holder.kill()
        holder.wait()
        counter = opened(desk)
        counter.close()
