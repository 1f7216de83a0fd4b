"""Reading reference files: TOML into typed values, mistakes told in the words of the person who keeps the file."""

import re
import tomllib
from pathlib import Path
from typing import TypeVar

import msgspec

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr

T = TypeVar("T")

_PLACE = re.compile(r" - at `\$\.?(?P<place>[^`]*)`")
_UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]*)`")
_MISSING = re.compile(r"missing required field `(?P<key>[^`]*)`")
_EXPECTED = re.compile(r"Expected `(?P<wanted>[^`]*)`, got `(?P<got>[^`]*)`")


def read_reference(path: Path, kind: type[T]) -> T:
    """The file's contents as a `kind` (a msgspec Struct that forbids unknown keys).

    Raises UserError naming file, entry and mend where the file cannot be read, is not TOML or does not fit.
    """
    try:
        plain = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise file_error(path, "", tr("文件打不开：{reason}。").format(reason=error.strerror or error)) from error
    except UnicodeDecodeError as error:
        raise file_error(path, "", tr("文件不是 UTF-8 编码。"), tr("请另存为 UTF-8 编码后再导入。")) from error
    except tomllib.TOMLDecodeError as error:
        raise file_error(path, "", tr("写法不合 TOML 格式：{reason}。").format(reason=error)) from error
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise _misfit(path, str(error)) from error


def file_error(path: Path, entry: str, what: str, do: str = "") -> UserError:
    """What is wrong with an entry of a file, and the mend; the tables in use stay as they were."""
    where = tr("{file} 的 {entry}：").format(file=path.name, entry=entry) if entry else f"{path.name}："
    return UserError(where + what, safe=tr("现在使用的表没有改动。"), do=do or tr("请改好这一处后再导入。"))


def _misfit(path: Path, message: str) -> UserError:
    """Put msgspec's English message into the keeper's words."""
    place = _PLACE.search(message)
    entry = place["place"] if place else ""
    if unknown := _UNKNOWN.search(message):
        what = tr("不认识的键“{key}”。").format(key=unknown["key"])
        return file_error(path, entry, what, tr("请删去它，或改正拼写。"))
    if missing := _MISSING.search(message):
        what = tr("缺少“{key}”。").format(key=missing["key"])
        return file_error(path, entry, what, tr("请补上这一项。"))
    if expected := _EXPECTED.search(message):
        what = tr("应为 {wanted}，写的却是 {got}。").format(wanted=expected["wanted"], got=expected["got"])
        return file_error(path, entry, what)
    return file_error(path, entry, _PLACE.sub("", message))
