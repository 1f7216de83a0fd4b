"""`nbcase verify` and the bundle for other verifiers: the verdicts in a shell, without any network."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nbcase.cli import main
from nbcase.crypto.keys import SigningKey
from nbcase.crypto.requests import publication_bytes
from nbcase.domain.action import canonical
from nbcase.domain.publication import Publication, checksum
from nbcase.operations.verifying import TRUST_NAME
from nbcase.proof.trust import ISSUERS, STATES, SignedList, TrustFile
from tests.parts.papers import NOW, issuer_entries, paper, scenes, state_entries

CENTRE = SigningKey(bytes(32))

FILES = ("file as it was issued", "a byte of the file changed", "field replaced, made again", "photocopy", "revoked")


def signed_list(name: str, entries: dict[str, Any]) -> SignedList:
    whole = checksum(entries)
    signature = CENTRE.sign(publication_bytes(name=name, revision=3, checksum=whole))
    return SignedList(head=Publication(name=name, revision=3, checksum=whole, published_at=NOW, signature=signature), entries=entries)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A desk's folder with the lists beside its database, as fresh as today."""
    file = TrustFile(
        centre_public_key=CENTRE.public_key,
        issuers=signed_list(ISSUERS, issuer_entries()),
        states=signed_list(STATES, state_entries(datetime.now(UTC) - timedelta(days=1))),
    )
    (tmp_path / TRUST_NAME).write_bytes(canonical(file))
    return tmp_path


@pytest.mark.parametrize("name", [name for name, scene in scenes().items() if isinstance(scene.asked, str) or name in FILES])
def test_every_fate_of_a_paper_is_told_in_the_shell(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = scenes()[name]
    if isinstance(scene.asked, str):
        words = ["--qr", scene.asked]
    else:
        (folder / "paper").write_bytes(scene.asked)
        words = [str(folder / "paper")]
    code = main(["verify", *words, "--folder", str(folder), "--at", "2026-11-24", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert (said["verdict"], said["reason"]) == (scene.answer.value, scene.reason)
    assert code == (0 if said["is_yes"] else 1)
    if scene.scope:
        assert said["list"]["age_days"] == 1


def test_words_for_people_and_the_date_that_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--qr", paper().text, "--folder", str(folder)]) == 0
    said = capsys.readouterr().out
    for words in ("有效", "李𬭎", "LT-26-0000093", "收回名单", "1 天前"):
        assert words in said


def test_without_lists_or_with_both_questions_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--qr", "NB1:", "--folder", str(tmp_path)]) == 3
    assert "--trust" in capsys.readouterr().err
    assert main(["verify", "x.pdf", "--qr", "NB1:", "--folder", str(tmp_path)]) == 3


NO_NETWORK = """
import socket, sys
def refuse(*_, **__):
    raise AssertionError("the network was used")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from nbcase.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_file_is_verified_with_no_network_at_all(folder: Path) -> None:
    (folder / "paper.pdf").write_bytes(paper().pdf)
    words = ["verify", str(folder / "paper.pdf"), "--folder", str(folder), "--at", "2026-11-24", "--json"]
    command = [sys.executable, "-c", NO_NETWORK, *words]
    if shutil.which("unshare") and not subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode:
        command = ["unshare", "--net", *command]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "valid"


def ask_bundle(bundle: Path, *words: str) -> dict[str, Any]:
    """The script as others run it: nothing of ours can be imported."""
    command = [sys.executable, "-I", str(bundle / "verify.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, cwd=bundle)
    assert done.returncode in (0, 1), done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode == 0) == (said["verdict"] == "valid" and not said["list"]["is_old"] and not said["claims"]["specimen"])
    return said


@pytest.fixture
def bundle(folder: Path, tmp_path: Path) -> Path:
    assert main(["verifier-bundle", "--out", str(tmp_path / "bundle"), "--folder", str(folder), "--json"]) == 0
    return tmp_path / "bundle"


def test_the_bundle_tells_the_same_of_every_code(bundle: Path) -> None:
    found = {}
    for name, scene in scenes().items():
        if isinstance(scene.asked, str):
            found[name] = ask_bundle(bundle, scene.asked, "--at", "2026-11-24")["verdict"]
    expected = {name: scene.answer.value for name, scene in scenes().items() if isinstance(scene.asked, str)}
    assert found == expected


def test_the_bundle_needs_two_packages_and_nothing_of_ours(bundle: Path) -> None:
    text = (bundle / "verify.py").read_text("utf-8")
    imported = {line.split()[1].partition(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imported - set(sys.stdlib_module_names) == {"cbor2", "cryptography"}
    assert {path.name for path in bundle.iterdir()} == {"trust.json", "verify.py", "claims.cddl", "vectors.json"}


def test_the_bundle_refuses_lists_that_were_changed(bundle: Path) -> None:
    path = bundle / "trust.json"
    path.write_bytes(path.read_bytes().replace(b'"lost"', b'"good"'))
    command = [sys.executable, "-I", str(bundle / "verify.py"), paper().text]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 1
    assert "changed" in done.stderr
    assert not done.stdout
