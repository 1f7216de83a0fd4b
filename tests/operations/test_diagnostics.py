"""The file for who helps from afar: what is wrong with the desk is in it, no person is."""

import io
import json
import zipfile
from pathlib import Path

from nbcase.bootstrap.errands import diagnostics_bundle
from nbcase.operations.diagnostics import bundle
from nbcase.settings import Settings

NUMBER = "330299199001010317"


def members(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name).decode() for name in file.namelist()}


def test_states_faults_and_versions_are_in_it_and_nobodys_name_or_number(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    lines = [
        {"event": "driver_ended", "level": "warning", "driver": "nbcase.devices.card_reader", "fault": "hung", "timestamp": "2026-11-24"},
        {"event": "refused", "what": "已为样小卡新开一份登记。", "kind": "UserError", "number": NUMBER},
    ]
    (tmp_path / "log" / "desk-2026-11.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n{torn")
    (tmp_path / "desk.db").write_bytes(NUMBER.encode())
    report = [{"key": "reader", "name": "读卡器", "state": "failed", "detail": f"样小卡 {NUMBER}"}]
    settings = Settings(print_folder="D:/样小卡/papers", reader_port="COM3")
    found = members(bundle(report, settings, tmp_path, "0.1.0"))
    assert set(found) == {"checks.json", "settings.json", "system.json", "log.jsonl"}
    assert json.loads(found["checks.json"]) == [{"key": "reader", "state": "failed"}]
    assert json.loads(found["settings.json"])["reader_port"] == "COM3"
    assert json.loads(found["system.json"])["packages"]["pyserial"]
    logged = [json.loads(line) for line in found["log.jsonl"].splitlines()]
    assert [(line["event"], line.get("fault")) for line in logged] == [("driver_ended", "hung"), ("refused", None)]
    everything = "".join(found.values())
    assert NUMBER not in everything
    assert "样小卡" not in everything


def test_a_desk_that_was_never_enrolled_has_one_too(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("theme = 7")
    checks = {row["key"]: row["state"] for row in json.loads(members(diagnostics_bundle(tmp_path, "0.1.0"))["checks.json"])}
    assert checks["settings"] == "failed"
