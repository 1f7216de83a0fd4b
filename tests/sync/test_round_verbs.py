"""A round from the shell of the centre: opened, ranked, and not published without two signatures."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from nbcase.cli import MEND, OK, main
from tests.parts.centres import STATIONS, RunningCentre
from tests.parts.rounds import round_file


def test_a_round_from_the_shell(centre: RunningCentre, centre_database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ("--database-url", centre_database, "--data", str(tmp_path / "centre"), "--json")

    def ask(*words: str) -> dict[str, Any]:
        assert main([*words, *at]) == OK
        found: dict[str, Any] = msgspec.json.decode(capsys.readouterr().out.splitlines()[-1])
        return found

    file = round_file(tmp_path, STATIONS[0].code)
    opened = ask("open-round", str(file))
    assert (opened["stage"], opened["name"]) == ("open", "样轮次")
    assert ask("open-round", str(file))["id"] == opened["id"], "opened again it is the same round"
    assert [one["id"] for one in ask("rank")["rounds"]] == [opened["id"]]
    ranked = ask("rank", opened["id"])
    assert (ranked["applications"], bool(ranked["list_hash"])) == (0, True)
    assert main(["publish-round", opened["id"], *at]) == MEND
    assert "2 人签名" in capsys.readouterr().out
    assert main(["open-round", str(file), *at]) == MEND, "a ranked round does not change any more"
    assert main(["rank", "nothing", *at]) == MEND
    foreign = round_file(tmp_path, "no-station")
    assert main(["open-round", str(foreign), *at]) == MEND
    assert "station" in capsys.readouterr().out
