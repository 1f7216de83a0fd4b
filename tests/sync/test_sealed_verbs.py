"""The verbs of rescue and stick, told as an administrator would use them."""

import json
import os
import subprocess
import sys
from pathlib import Path

from nbcase.operations.sign_in import DATABASE_NAME
from tests.parts.centres import PASSWORD
from tests.parts.desks import MakeDesk, WorkingDesk


def said(*words: str, code: int = 0, password: str = PASSWORD) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "nbcase", *words, "--json"],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env={**os.environ, "NBCASE_PASSWORD": password},
        check=False,
    )
    assert done.returncode == code, done.stderr
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def closed(desk: WorkingDesk) -> WorkingDesk:
    desk.sealed_log.close()
    desk.client.close()
    desk.engine.dispose()
    return desk


def test_a_damaged_desk_is_rescued_exports_and_another_desk_brings_it(make_desk: MakeDesk, tmp_path: Path) -> None:
    desk, other = make_desk("li"), closed(make_desk("sun"))
    desk.act(desk.resident("样一"), files=(os.urandom(3000),))
    closed(desk)
    folder = str(desk.folder)
    (desk.folder / DATABASE_NAME).write_bytes(os.urandom(90_000))
    copied = said("export-sealed", "--folder", folder, "--out", str(tmp_path))
    assert copied["count"] is None
    report = said("rescue", "--folder", folder, "--login", "li")
    assert (report["unsent"], report["only_in_log"], report["files"], report["is_whole"]) == (1, [1], 1, True)
    done = said("export-sealed", "--folder", folder, "--login", "li", "--out", str(tmp_path / "u.nbseal"))
    assert (done["count"], done["files"]) == (1, 1)
    for path, known in ((done["path"], 0), (copied["path"], 1)):
        receipt = said("import-sealed", str(path), "--folder", str(other.folder), "--login", "sun")
        assert (receipt["count"], receipt["known"], receipt["left"]) == (1, known, 0)


def test_a_wrong_password_rescues_nothing(make_desk: MakeDesk) -> None:
    desk = closed(make_desk("li"))
    before = sorted(desk.folder.glob("*"))
    error = said("rescue", "--folder", str(desk.folder), "--login", "li", code=3, password="wrong")["error"]
    assert error["what"] == "登录名或密码不对。"  # type: ignore[index]
    assert {path.name for path in desk.folder.glob("*")} - {path.name for path in before} <= {"lockout.json"}
