"""The verbs of the command line by area, and what they share. Each asks an operation and tells what it answered."""

import argparse
import getpass
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr

OK, NO, MEND = 0, 1, 3
"""Done; the answer is no; something that a person has to mend. 2 is wrong use, told by argparse."""

Parser = argparse.ArgumentParser
Arguments = argparse.Namespace
Verb = Callable[[Arguments], int]
Verbs = dict[str, tuple[Verb, str, Callable[[Parser], None]]]
"""By name: what it does, its help text, and how its arguments are declared."""


def print_json(value: object) -> None:
    """One line, keys sorted."""
    print(msgspec.json.encode(value, order="sorted").decode(), flush=True)


def say(arguments: Arguments, value: dict[str, Any], text: str) -> None:
    """The answer as it was asked for: one JSON line, or words."""
    if arguments.json:
        print_json(value)
    else:
        print(text, flush=True)


def declare_json(parser: Parser) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help=tr("一行 JSON"))


def declare_folder(parser: Parser) -> None:
    """``--folder`` of a desk."""
    # argparse gives the default, a text, to the type as well: only a verb that has the argument asks where desks are kept.
    parser.add_argument("--folder", type=_desk_folder, default="", help=tr("本机数据的文件夹"))


def _desk_folder(text: str) -> Path:
    from nbcase.settings import default_desk_folder

    return Path(text) if text else default_desk_folder()


def declare_centre(parser: Parser) -> None:
    """``--data`` and ``--database-url`` of a centre."""
    parser.add_argument("--data", type=Path, default=Path("centre-data"), help=tr("中心的文件夹，密钥在其中"))
    parser.add_argument("--database-url", help=tr("已有的 PostgreSQL；不写则用内置的"))


def day(text: str) -> date:
    """A date argument."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(tr("{text} 不是日期，请写成 2026-02-13").format(text=text)) from None


def count(text: str) -> int:
    """A whole number argument that is no slip of the pen."""
    if text.isascii() and text.isdigit() and int(text) <= 3660:
        return int(text)
    raise argparse.ArgumentTypeError(tr("{text} 应为 0 到 3660 的整数").format(text=text))


def ask_password() -> str:
    """Out of NBCASE_PASSWORD, else asked for without an echo."""
    return os.environ.get("NBCASE_PASSWORD") or getpass.getpass(tr("密码："))


def write_private(path: Path, content: bytes) -> None:
    """A new file that only its owner reads; an existing one is never replaced."""
    try:
        with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content)
    except OSError as error:
        raise UserError(
            tr("写不了文件 {path}：{text}").format(path=path, text=error.strerror or error),
            safe=tr("已有的文件没有改动。"),
            do=tr("请换一个文件名或文件夹。"),
        ) from error
