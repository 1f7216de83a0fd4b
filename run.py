"""One command for a fresh machine: makes what the project needs beside this file, then does what was asked.

    python3 run.py demo [--headless] [--out DIR]   the counter with its centre, synthetic people and simulated devices
    python3 run.py test [pytest arguments]         the checks and all tests; with arguments only pytest with these
    python3 run.py nbcase VERB ...                 any verb of the command line
    python3 run.py setup                           only the preparation

Preparation: system packages by apt on Debian's family where that is allowed (otherwise the line to type is printed), and `.venv`
from requirements.lock. What is there already is left alone. Exit code 3: the machine lacks something that a person has to mend.
"""

import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

if sys.version_info < (3, 11):  # noqa: UP036 (an older Python gets this far, and would stop below at newer type hints with a traceback)
    sys.stderr.write("nbcase needs Python 3.11 or later; this is Python {}.{} ({}).\n".format(*sys.version_info[:2], sys.executable))
    sys.stderr.write("Nothing was changed. Run the same line with a newer one, such as: python3.11 run.py demo\n")
    sys.exit(3)

ROOT = Path(__file__).resolve().parent
LOCK = ROOT / "requirements.lock"
VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "made-from.txt"
"""Written last: names what the environment was made from. Without it an environment is half-made and not trusted."""

DEMO_PACKAGES = {
    "libegl1": "QtGui is linked to it, without a screen too",
    "libgl1": "QtGui is linked to it, without a screen too",
    "libglib2.0-0": "QtCore is linked to it",
    "libdbus-1-3": "QtGui is linked to it",
    "libfontconfig1": "QtGui is linked to it",
    "libxkbcommon0": "QtGui is linked to it",
    "libxkbcommon-x11-0": "window on an X display: keyboard",
    "libxcb-cursor0": "window on an X display: pointer",
    "libxcb-icccm4": "window on an X display: window manager",
    "libxcb-image0": "window on an X display: pictures",
    "libxcb-keysyms1": "window on an X display: keys",
    "libxcb-render-util0": "window on an X display: drawing",
    "libxcb-shape0": "window on an X display: shapes",
    "fonts-hanazono": "characters of rare names that the shipped fonts lack",
}
TEST_PACKAGES = DEMO_PACKAGES | {
    "chromium": "tests go through the centre's page for checking papers",
    "cups-client": "tests print through a print server of their own",
    "cups-daemon": "tests print through a print server of their own",
    "cups-filters": "tests print through a print server of their own",
    "fonts-ocr-b": "the face of machine-readable zones on sample pages",
    "sane-utils": "tests scan from SANE's test devices",
    "poppler-utils": "tests read the printed papers back",
}
"""Debian packages and why the programs need them."""

CHECKS = {
    "import layers": [str(SCRIPTS / "lint-imports")],
    "ruff": [str(PYTHON), "-m", "ruff", "check", "."],
    "mypy": [str(PYTHON), "-m", "mypy"],
}

PIP_TROUBLES = {
    ("No space left on device",): ("The disk is full.", "Free about 2 GB and type the same command again."),
    ("DO NOT MATCH THE HASHES",): (
        "A downloaded package is not the one that requirements.lock names; it was not installed.",
        "Try again; if it stays so, do not go round it: look at the network or the index that pip is set to.",
    ),
    ("CERTIFICATE_VERIFY_FAILED",): (
        "This machine does not trust the certificate of the package index; nothing was fetched from it.",
        "Tell pip which certificate to trust (pip config set global.cert FILE), then type the same command again.",
    ),
    ("Failed to establish a new connection", "timed out", "Max retries exceeded", "ProxyError"): (
        "The Python packages could not be fetched: no network, or the package index does not answer.",
        "Connect this machine (or set pip to an index or a folder of wheels that it reaches) and type the same command again.",
    ),
    ("No matching distribution found",): (
        "One of the packages has no build for this system and Python; pip's last lines name it.",
        "Use 64-bit Windows or Linux with Python 3.11 or later (on ARM with glibc 2.39 or later).",
    ),
    ("",): ("pip could not install the packages; its last lines stand above.", "Mend that and type the same command again."),
}
"""Signs in pip's output, weightiest first, at the end one that is in every output: what happened, what to do."""


class Trouble(Exception):
    """Something foreseeable that a person has to mend: what happened, what is safe, what to do, the last words of what failed."""

    def __init__(self, what: str, *, safe: str, do: str, output: list[str] | None = None) -> None:
        super().__init__("\n".join([*(f"    {line}" for line in (output or [])[-15:]), what, safe, do]))


def environment() -> dict[str, str]:
    """Of every program started here: UTF-8 whatever the console says (Windows code pages, a bare C locale)."""
    return os.environ | {"PYTHONUTF8": "1"}


def quietly(title: str, command: list[str]) -> tuple[int, list[str]]:
    """Run a program, its output kept back: exit code and lines. Prints the title and the seconds, on a terminal also what it is at."""
    on_terminal = sys.stdout.isatty()
    begun = time.monotonic()
    print(f"{title} ...", end="", flush=True)
    lines = []
    nothing, pipe, joined = subprocess.DEVNULL, subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(command, stdin=nothing, stdout=pipe, stderr=joined, cwd=ROOT, env=environment()) as process:
        try:
            for line in process.stdout or ():
                lines.append(line.decode(errors="replace").rstrip())
                if on_terminal:
                    print(f"\r{title} ... {lines[-1][:60]:60}", end="", flush=True)
        except KeyboardInterrupt:
            process.terminate()
            raise
    if on_terminal:
        print(f"\r{title} ...{'':61}\r{title} ...", end="")
    print(f" {time.monotonic() - begun:.1f} s", flush=True)
    return process.returncode, lines


def hand_over(command: list[str], env: dict[str, str]) -> NoReturn:
    """Become another program, so that signals and its exit code pass straight through; on Windows wait for it instead."""
    sys.stdout.flush()
    if os.name == "posix":
        os.execve(command[0], command, env)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The program gets the same Ctrl+C and ends in its own way.
    sys.exit(subprocess.call(command, env=env))


def missing_packages(wanted: list[str]) -> list[str]:
    """Which of the Debian packages are not installed, under their own name or as another's `Provides` (libglib2.0-0t64)."""
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}\t${Package}\t${Provides}\n"]
    installed: set[str] = set()
    for line in subprocess.run(query, capture_output=True, encoding="utf-8", check=True).stdout.splitlines():
        status, package, provides = line.split("\t")
        if status == "installed":
            installed.update([package], (part.split()[0] for part in provides.split(",") if part.strip()))
    return [name for name in wanted if name not in installed]


def as_root() -> list[str] | None:
    """What to put before a command to run it as root without being asked anything; None where that is not possible."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True).returncode == 0:
        return [sudo, "-n"]
    return None


def install_packages(packages: list[str]) -> None:
    """Install by apt without a question."""
    by_hand = f"sudo apt-get update && sudo apt-get install --no-install-recommends {' '.join(packages)}"
    before = as_root()
    if before is None:
        raise Trouble(
            f"These system packages are missing: {', '.join(packages)}.",
            safe="Nothing was changed; installing them needs root.",
            do=f"Type this line, then the same command again:\n    {by_hand}",
        )
    apt = [*before, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=300"]
    install = [*apt, "install", "-y", "--no-install-recommends", *packages]
    # Package lists are fetched only when the first try fails: absent or out of date.
    print(f"System packages that are missing: {', '.join(packages)}")
    code, lines = quietly("Install them by apt", install)
    if code:
        quietly("Fetch package lists", [*apt, "update"])
        code, lines = quietly("Install them by apt", install)
    if code:
        raise Trouble(
            "apt could not install the system packages; its last lines stand above.",
            safe="The environment in .venv was not touched.",
            do=f"Mend what apt complains about (often: no network), or try by hand, then type the same command again:\n    {by_hand}",
            output=lines,
        )


def prepare_system(packages: Iterable[str]) -> None:
    """See that the system's part is there. Outside Debian's family only Python's own part can be checked."""
    has_ensurepip = importlib.util.find_spec("ensurepip") is not None
    if shutil.which("dpkg-query") and shutil.which("apt-get"):
        venv = [] if has_ensurepip else ["python{}.{}-venv".format(*sys.version_info)]
        missing = missing_packages([*venv, *packages])
        if missing:
            install_packages(missing)
    elif not has_ensurepip:
        raise Trouble(
            f"This Python ({sys.executable}) comes without ensurepip, so it cannot make an environment.",
            safe="Nothing was changed.",
            do="Install your system's package for it (often python3-venv), then type the same command again.",
        )


def recipe() -> str:
    """What an environment is made from: the lock file's digest and the Python's version."""
    return "requirements.lock sha256 {}, Python {}.{}\n".format(hashlib.sha256(LOCK.read_bytes()).hexdigest(), *sys.version_info)


def prepare_environment() -> None:
    """Make `.venv`, unless one is there that was finished from the same lock file and Python."""
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == recipe():
        return
    if VENV.exists():
        print("The environment in .venv is half-made or from another lock file: made anew.")
        shutil.rmtree(VENV)
    # Not sys.executable: that may be the python inside the folder just removed.
    base = getattr(sys, "_base_executable", None) or sys.executable
    code, lines = quietly("Environment .venv", [base, "-m", "venv", str(VENV)])
    if code:
        raise Trouble("Python could not make .venv; its last lines stand above.", safe="", do="", output=lines)
    pip = [str(PYTHON), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    locked = ["--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)]
    code, lines = quietly("Python packages from requirements.lock (some 400 MB at first)", pip + locked)
    if code:
        raise pip_trouble(lines)
    add_project_to_path()
    STAMP.write_text(recipe())


def pip_trouble(lines: list[str]) -> Trouble:
    """The reason why pip gave up, in words."""
    text = "\n".join(lines)
    what, do = next(words for signs, words in PIP_TROUBLES.items() if any(sign in text for sign in signs))
    safe = "Nothing was changed outside .venv, which is half-made and will be made anew next time."
    return Trouble(what, safe=safe, do=do, output=lines)


def add_project_to_path() -> None:
    """Let the environment import the project where it lies.

    A path file, not an editable install: needs no build back end. Relative, so ASCII: Python 3.11 reads it in the console's code page.
    """
    command = [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(command, capture_output=True, encoding="utf-8", check=True, env=environment()).stdout.strip())
    (packages / "nbcase.pth").write_text(os.path.relpath(ROOT, packages) + "\n", encoding="ascii")


def prepare(packages: Iterable[str]) -> None:
    """Everything that must be there before a program of the project can run."""
    prepare_system(packages)
    prepare_environment()


def setup(_arguments: list[str]) -> None:
    """Prepare for everything."""
    prepare(TEST_PACKAGES)
    print("Ready.")


def demo(arguments: list[str]) -> None:
    """Show the counter."""
    prepare(DEMO_PACKAGES)
    hand_over([str(PYTHON), "-P", "-m", "ui.demo", *arguments], environment())


def nbcase(arguments: list[str]) -> None:
    """Run a verb of the command line."""
    prepare(DEMO_PACKAGES)
    hand_over([str(PYTHON), "-P", "-m", "nbcase", *arguments], environment())


def test(arguments: list[str]) -> None:
    """Run the checks (unless pytest's arguments are given), then pytest, whose summary stays the last line."""
    prepare(TEST_PACKAGES)
    failed = []
    for title, command in () if arguments else CHECKS.items():
        code, lines = quietly(f"Check: {title}", command)
        if code:
            print("\n".join(lines))
            failed.append(title)
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}. pytest was not started.")
    os.chdir(ROOT)
    # Windows are drawn in memory: the tests need no display and leave the one that is there alone.
    hand_over([str(PYTHON), "-m", "pytest", *arguments], {"QT_QPA_PLATFORM": "offscreen"} | environment())


VERBS = {"demo": demo, "test": test, "nbcase": nbcase, "setup": setup}


def main(arguments: list[str]) -> None:
    """Do what the first word asks for."""
    if not arguments or arguments[0] not in VERBS:
        asked = arguments[:1] in (["-h"], ["--help"])
        print(__doc__, file=sys.stdout if asked else sys.stderr)
        sys.exit(0 if asked else 2)
    try:
        VERBS[arguments[0]](arguments[1:])
    except (Trouble, OSError) as trouble:
        print(trouble, file=sys.stderr)
        sys.exit(3)
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing half-made is used: type the same command to begin anew.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    # A console that lacks a sign of another program's output shows a question mark instead of stopping.
    for stream in (sys.stdout, sys.stderr):
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    main(sys.argv[1:])
