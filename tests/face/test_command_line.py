"""`nbcase VERB` from a shell: answers, exit codes and three-part errors, as a support technician meets them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nbcase.devices.sample_card import SamplePerson, write_sample
from nbcase.devices.simulated_reader import Fault, SimulatedReader
from tests.parts.newcomer import CARD


def nbcase(*words: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a verb in a process of its own."""
    env = os.environ | {"PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-m", "nbcase", *words], capture_output=True, text=True, encoding="utf-8", timeout=seconds, env=env
    )


def error_of(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    assert done.returncode == 3, done
    assert "Traceback" not in done.stderr
    error: dict[str, str] = json.loads(done.stdout)["error"]
    assert error["what"]
    assert error["do"]
    return error


def test_a_right_number_tells_birth_and_sex() -> None:
    found = json.loads(nbcase("check-number", CARD.number, "--json").stdout)
    assert (found["valid"], found["birth_on"], found["sex_code"]) == (True, "1994-07-12", "1")


def test_a_wrong_check_sign_is_a_no_with_the_reason() -> None:
    done = nbcase("check-number", CARD.number[:-1] + ("1" if CARD.number[-1] != "1" else "2"))
    assert done.returncode == 1
    assert "校验" in done.stdout


def test_the_deadline_over_the_spring_festival() -> None:
    assert nbcase("deadline", "--from", "2026-02-13", "--working-days", "1").stdout.strip() == "2026-02-14"
    assert json.loads(nbcase("deadline", "--from", "2026-12-31", "--working-days", "1", "--json").stdout)["is_provisional"]


@pytest.mark.parametrize("words", [("--from", "2026-13-01", "--working-days", "1"), ("--from", "2026-02-13", "--working-days", "-1"), ()])
def test_wrong_use_is_told_and_is_no_traceback(words: tuple[str, ...]) -> None:
    done = nbcase("deadline", *words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals")
def test_a_card_is_read_over_a_serial_line() -> None:
    with SimulatedReader() as reader:
        reader.place(CARD)
        found = json.loads(nbcase("read-card", "--port", reader.port, "--json").stdout)
    assert (found["name"], found["number"], found["photo"]["size"]) == ("李𬭎", CARD.number, 1024)


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals")
@pytest.mark.parametrize("fault", [Fault.HALF_FRAME, Fault.WRONG_CHECKSUM, Fault.SILENCE, Fault.UNPLUG])
def test_a_reader_that_fails_is_told_apart(fault: Fault) -> None:
    with SimulatedReader() as reader:
        reader.place(CARD)
        reader.break_with(fault)
        error = error_of(nbcase("read-card", "--port", reader.port, "--seconds", "1", "--json"))
    assert error["kind"] == "DeviceError"


def test_an_unplugged_port_is_told() -> None:
    assert "no-such-port" in error_of(nbcase("read-card", "--port", "no-such-port", "--json"))["what"]


def test_a_picture_of_a_card_is_read(tmp_path: Path) -> None:
    person = SamplePerson()
    write_sample(tmp_path / "card.png", person)
    found = json.loads(nbcase("read-document", str(tmp_path / "card.png"), "--json").stdout)
    assert found["fields"]["number"]["value"] == person.number
    assert found["fields"]["name"]["needs_look"]


def test_what_is_no_picture_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "note.jpg").write_text("not a picture")
    assert "图片" in error_of(nbcase("read-document", str(tmp_path / "note.jpg"), "--json"))["what"]
    error_of(nbcase("read-document", str(tmp_path / "nothing.png"), "--json"))


def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    header = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (40_000).to_bytes(4, "big") + (40_000).to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    (tmp_path / "huge.png").write_bytes(header + bytes(100))
    error_of(nbcase("read-document", str(tmp_path / "huge.png"), "--json", seconds=20))


def test_the_doctor_of_a_fresh_computer_finds_what_is_there_and_what_is_not(tmp_path: Path) -> None:
    report = json.loads(nbcase("doctor", "--folder", str(tmp_path), "--json").stdout)
    states = {row["key"]: row["state"] for row in report["checks"]}
    assert (states["enrolment"], states["reader"], states["calendar"], states["disk"]) == ("absent", "absent", "passed", "passed")


def test_a_spoilt_settings_file_is_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("scale = 'big'", encoding="utf-8")
    done = nbcase("doctor", "--folder", str(tmp_path), "--json")
    row = next(row for row in json.loads(done.stdout)["checks"] if row["key"] == "settings")
    assert row["state"] == "failed"
    assert "settings.toml" in row["detail"]
    assert (tmp_path / "settings.toml").read_text(encoding="utf-8") == "scale = 'big'"


def test_demo_people_come_as_json_lines_and_the_same_twice() -> None:
    first = nbcase("demo-data", "--people", "20", "--as-of", "2026-11-24").stdout
    assert first == nbcase("demo-data", "--people", "20", "--as-of", "2026-11-24").stdout
    kinds = [json.loads(line)["record_type"] for line in first.splitlines()]
    assert kinds.count("resident") == 20


def test_a_computer_that_is_no_desk_is_told_how_to_become_one(tmp_path: Path) -> None:
    error = error_of(nbcase("enrol", "--centre", "http://127.0.0.1:9", "--code", "X", "--folder", str(tmp_path), "--json"))
    assert error["kind"] == "Offline"
