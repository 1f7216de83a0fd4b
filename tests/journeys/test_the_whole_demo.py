"""The main job as a newcomer sees it run: PostgreSQL, centre and desk as processes, the window by keys, the plug pulled in the middle."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest

ROOT = Path(__file__).parents[2]


def text_of(path: Path) -> str:
    with pypdfium2.PdfDocument(path) as document:
        return "".join(page.get_textpage().get_text_bounded() for page in document)


@pytest.mark.timeout(300)
def test_from_the_card_to_receipt_and_permit_with_the_network_up_and_down(tmp_path: Path) -> None:
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "ui.demo", "--headless", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=env, timeout=280)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]

    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["actions"]["sent"] == report["actions"]["confirmed"] > 10
    assert report["actions"]["conflicts"] == report["actions"]["quarantined"] == 0
    assert report["offline_waiting"] >= 2
    assert report["digests"]["equal"]
    assert report["digests"]["desk"] == report["digests"]["centre"]
    assert report["keystrokes"]["register"] <= 25
    assert report["keystrokes"]["endorse"] <= 10

    receipt = text_of(tmp_path / "receipt.pdf")
    assert "李𬭎" in receipt
    assert "样张" in receipt
    assert "浙江省居住证确认单" in text_of(tmp_path / "permit-confirmation.pdf").replace(" ", "")
    assert "待中心核对" in text_of(tmp_path / "permit-confirmation-provisional.pdf")
    assert "待中心核对" not in text_of(tmp_path / "permit-confirmation.pdf")
    pictures = {path.stem for path in (tmp_path / "screens").glob("*.png")}
    for page in ("home", "register", "cases", "residents", "printing", "sync", "settings", "review"):
        assert {f"{page}-light", f"{page}-dark", f"{page}-200-light", f"{page}-200-dark"} <= pictures
