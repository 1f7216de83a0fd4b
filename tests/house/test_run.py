"""run.py: what it makes, what it leaves alone, and what it says when it cannot go on."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
posix_only = pytest.mark.skipif(os.name != "posix", reason="the programs that stand in for apt are shell scripts")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that asks for no packages, so that its environment is made without a network."""
    folder = tmp_path / "项目 one"
    (folder / "nbcase").mkdir(parents=True)
    (folder / "nbcase" / "__init__.py").write_text("ROOM = 'here'\n")
    (folder / "requirements.lock").write_text("# nothing\n")
    shutil.copy(ROOT / "run.py", folder)
    return folder


@pytest.fixture
def run(project: Path) -> ModuleType:
    """That project's run.py as a module."""
    spec = importlib.util.spec_from_file_location("run_of_a_project", project / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of programs on the path: what a test puts there is what the machine has."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def put(folder: Path, name: str, script: str) -> None:
    """Make a shell script a program of that folder."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_an_environment_is_kept_when_finished_and_made_anew_when_not(
    run: ModuleType, project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run.prepare_environment()
    found = subprocess.run(
        [run.PYTHON, "-P", "-c", "import nbcase; print(nbcase.ROOM)"], cwd=project.parent, capture_output=True, text=True
    )
    assert found.stdout == "here\n"

    left_behind = project / ".venv" / "left-behind"
    left_behind.touch()
    run.prepare_environment()
    assert left_behind.exists()

    run.STAMP.unlink()
    run.prepare_environment()
    assert not left_behind.exists()
    assert "made anew" in capfd.readouterr().out


def test_a_changed_lock_file_makes_the_environment_stale(run: ModuleType) -> None:
    before = run.recipe()
    run.LOCK.write_text("# something else\n")
    assert run.recipe() != before


@posix_only
def test_a_package_that_another_provides_is_not_missing(run: ModuleType, programs: Path) -> None:
    rows = [r"installed\tlibglib2.0-0t64\tlibglib2.0-0 (= 2.80), libgio", r"installed\tlibgl1\t", r"config-files\tlibegl1\t"]
    put(programs, "dpkg-query", "printf '" + r"\n".join(rows) + r"\n'")
    assert run.missing_packages(["libglib2.0-0", "libgl1", "libegl1", "libxcb-cursor0"]) == ["libegl1", "libxcb-cursor0"]


@posix_only
def test_without_root_the_line_to_type_is_printed_and_nothing_installed(
    run: ModuleType, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    put(programs, "dpkg-query", "true")
    put(programs, "apt-get", f"touch '{programs}/was-run'")
    put(programs, "sudo", "echo a password is required >&2; exit 1")
    with pytest.raises(run.Trouble, match=r"sudo apt-get update && sudo apt-get install --no-install-recommends .*libegl1 poppler-utils"):
        run.prepare_system(["libegl1", "poppler-utils"])
    assert not (programs / "was-run").exists()


@posix_only
def test_package_lists_are_fetched_only_when_the_first_try_fails(run: ModuleType, programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    calls = programs / "calls"
    put(programs, "env", 'shift; exec "$@"')
    put(
        programs,
        "apt-get",
        f"echo $3 >> '{calls}'; [ $3 = update ] || [ -e '{programs}/lists' ] || {{ : > '{programs}/lists'; exit 100; }}",
    )
    run.install_packages(["libegl1"])
    assert calls.read_text().split() == ["install", "update", "install"]
    run.install_packages(["libegl1"])
    assert calls.read_text().split()[3:] == ["install"]


@posix_only
def test_what_apt_said_last_is_shown_when_it_fails(run: ModuleType, programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    put(programs, "env", 'shift; exec "$@"')
    put(programs, "apt-get", "echo E: Temporary failure resolving; exit 100")
    with pytest.raises(run.Trouble, match=r"(?s)E: Temporary failure resolving.*apt could not install"):
        run.install_packages(["libegl1"])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Failed to establish a new connection: [Errno -3] Temporary failure in name resolution", "no network"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the one that requirements.lock names"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: No matching distribution found for pyside6-essentials==6.11.3", "no build for this system"),
        ("Max retries exceeded (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "certificate"),
        ("ERROR: something new", "its last lines stand above"),
    ],
)
def test_pip_s_reason_is_said_in_words(run: ModuleType, line: str, words: str) -> None:
    trouble = str(run.pip_trouble([f"line {number}" for number in range(40)] + [line]))
    assert words in trouble
    assert line in trouble
    assert "made anew next time" in trouble
    assert "line 3\n" not in trouble


def test_an_old_python_is_refused_with_words() -> None:
    pretend = f"import sys, runpy; sys.version_info = (3, 9, 2, 'final', 0); runpy.run_path({str(ROOT / 'run.py')!r}, run_name='__main__')"
    result = subprocess.run([sys.executable, "-c", pretend, "setup"], capture_output=True, text=True)
    assert result.returncode == 3
    assert "needs Python 3.11 or later; this is Python 3.9" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["no-such-verb"], 2), (["--help"], 0)])
def test_without_a_known_verb_the_usage_is_shown(arguments: list[str], code: int) -> None:
    result = subprocess.run([sys.executable, ROOT / "run.py", *arguments], capture_output=True, text=True)
    assert result.returncode == code
    assert "python3 run.py demo" in result.stdout + result.stderr


def test_continuous_integration_runs_what_a_person_runs() -> None:
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == "exec python3 run.py test"
