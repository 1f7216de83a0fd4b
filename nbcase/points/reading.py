"""The catalogue from its files: read and checked as a whole before anything is scored by it.

A file is named, with entry, key and mend, for each mistake; a catalogue with one is not used at all.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from nbcase.domain.action import canonical
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.points.catalogue import BLOCKS, Block, Example, Indicator, PointsCatalogue, Version
from nbcase.points.checking import mistakes_of
from nbcase.points.facts import parse_facts
from nbcase.points.language import Mistake, fields, hundredths, parse, whole
from nbcase.points.tables import parse_tables

FOLDER = Path(__file__).parent / "schemes"
SCHEME = "scheme.yaml"


class CatalogueError(UserError):
    """A catalogue file that cannot be used; `mistakes` holds one line each."""

    def __init__(self, what: str, *, safe: str = "", do: str = "", mistakes: Sequence[str] = ()) -> None:
        super().__init__(what, safe=safe, do=do)
        self.mistakes = tuple(mistakes)


def load_points_catalogue(folder: Path = FOLDER) -> PointsCatalogue:
    """The catalogue of a folder: ``scheme.yaml`` and one file for each block and district. Raises `CatalogueError` with every mistake."""
    mistakes: list[str] = []
    return catalogue_from(read_contents(mistakes, folder), mistakes)


def read_contents(mistakes: list[str], folder: Path = FOLDER) -> dict[str, Any]:
    """What the files of a folder say, by their names; a file that cannot be read says nothing and is a mistake more."""
    others = sorted(path for path in folder.rglob("*.yaml") if path.name != SCHEME)
    return {path.relative_to(folder).as_posix(): _read(path, mistakes) for path in (folder / SCHEME, *others)}


def catalogue_from(contents: Mapping[str, Any], mistakes: Sequence[str] = ()) -> PointsCatalogue:
    """The catalogue from what its files say, by their names; `mistakes` are those that were made in reading them."""
    reader = _Reader(mistakes)
    catalogue = reader.scheme(SCHEME, contents[SCHEME])
    for name, plain in contents.items():
        if name != SCHEME:
            reader.block_file(name, plain)
    if catalogue is not None and not reader.mistakes:
        catalogue = reader.finished(catalogue)
    if catalogue is None or reader.mistakes:
        raise unusable(reader.mistakes)
    return replace(catalogue, hash=hashlib.sha256(canonical(_plain(contents))).hexdigest())


def unusable(mistakes: Sequence[str]) -> CatalogueError:
    """The refusal of a catalogue with these mistakes, one at least."""
    return CatalogueError(
        tr("积分目录有 {n} 处错误：{first}").format(n=len(mistakes), first=mistakes[0]),
        safe=tr("现在使用的目录没有改动。"),
        do=tr("请逐条改好后再导入。"),
        mistakes=mistakes,
    )


def _read(path: Path, mistakes: list[str]) -> dict[str, Any]:
    """What a file says; nothing after a mistake."""
    try:
        plain = yaml.safe_load(path.read_text("utf-8-sig"))
    except OSError as error:
        mistakes.append(tr("{file}：文件打不开：{text}").format(file=path.name, text=error.strerror or error))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        mistakes.append(tr("{file}：不是 UTF-8 的 YAML：{text}").format(file=path.name, text=" ".join(str(error).split())))
    else:
        if isinstance(plain, dict) and plain:
            return plain
        mistakes.append(tr("{file}：文件是空的，或不是“键: 值”。").format(file=path.name))
    return {}


def _plain(value: Any) -> Any:
    """YAML values as JSON values: dates as text, keys as text."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


class _Reader:
    """Reads block files against the scheme, collecting every mistake instead of stopping at the first."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = list(mistakes)
        self._blocks: Mapping[str, Block] | None = None
        self._indicators: dict[str, tuple[str, Indicator]] = {}

    def scheme(self, file: str, plain: Mapping[str, Any]) -> PointsCatalogue | None:
        """Tables, facts and blocks."""
        if not plain:
            return None
        try:
            fields(plain, "", ("code", "name", "tables", "facts", "blocks"))
            tables = parse_tables(plain["tables"], "tables")
            facts = parse_facts(plain["facts"], tables, "facts")
            self._blocks = _blocks(plain["blocks"], "blocks")
        except Mistake as mistake:
            self._note(file, mistake)
            return None
        return PointsCatalogue(
            code=str(plain["code"]), name=str(plain["name"]), tables=tables, facts=facts, blocks=self._blocks, indicators=()
        )

    def block_file(self, file: str, plain: Mapping[str, Any]) -> None:
        """The indicators of one block, or of one district."""
        if self._blocks is None or not plain:
            return
        try:
            fields(plain, "", ("block",), ("district", "district_name", "indicators"))
            block, district = str(plain["block"]), str(plain.get("district") or "")
            if block not in self._blocks:
                raise Mistake("block", tr("没有“{code}”这个部分。").format(code=block), "、".join(self._blocks))
            if (block == "district") != bool(district):
                raise Mistake("district", tr("区县指标要写 district，其他部分不写。"))
            written = _rows(plain.get("indicators"), "indicators")
        except Mistake as mistake:
            self._note(file, mistake)
            return
        for number, inner in enumerate(written):
            try:
                self._indicator(file, inner, block, district, f"indicators[{number}]")
            except Mistake as mistake:
                self._note(file, mistake)

    def _indicator(self, file: str, plain: Any, block: str, district: str, place: str) -> None:
        place = f"{place}({plain.get('code', '?')})" if isinstance(plain, dict) else place
        fields(plain, place, ("code", "name", "versions"), ("unit", "cap"))
        code = str(plain["code"])
        if code in self._indicators:
            what = tr("“{code}”在 {file} 里已有。").format(code=code, file=self._indicators[code][0])
            raise Mistake(f"{place}.code", what, tr("请换一个编码。"))
        indicator = Indicator(
            code=code,
            name=str(plain["name"]),
            block=block,
            district_code=district,
            versions=_versions(plain["versions"], f"{place}.versions", str(plain.get("unit") or ""), _cap(plain, place)),
        )
        self._indicators[code] = (file, indicator)

    def finished(self, catalogue: PointsCatalogue) -> PointsCatalogue:
        """The whole, after the checks that need all of it."""
        indicators = sorted((indicator for _, indicator in self._indicators.values()), key=lambda one: BLOCKS.index(one.block))
        found = replace(catalogue, indicators=tuple(indicators))
        for code, mistake in mistakes_of(found):
            self._note(self._indicators[code][0] if code else "", mistake)
        return found

    def _note(self, file: str, mistake: Mistake) -> None:
        where = tr("{file} 的 {entry}：").format(file=file, entry=mistake.place) if mistake.place else f"{file}："
        self.mistakes.append(f"{where if file else mistake.place + '：'}{mistake.what}{mistake.mend}")


def _blocks(plain: Any, place: str) -> dict[str, Block]:
    if not isinstance(plain, dict):
        raise Mistake(place, tr("这里要写成“键: 值”。"))
    for code, inner in plain.items():
        if code not in BLOCKS:
            raise Mistake(f"{place}.{code}", tr("没有“{code}”这个部分。").format(code=code), "、".join(BLOCKS))
        fields(inner, f"{place}.{code}", ("name",), ("cap",))
    return {code: Block(code=code, name=str(inner["name"]), cap=_cap(inner, f"{place}.{code}")) for code, inner in plain.items()}


def _versions(plain: Any, place: str, unit: str, cap: int | None) -> tuple[Version, ...]:
    """The versions in order of their days; one that names no unit or cap of its own has the indicator's."""
    found = [_version(inner, f"{place}[{number}]", unit, cap) for number, inner in enumerate(_rows(plain, place))]
    if not found:
        raise Mistake(place, tr("一版也没有。"))
    found.sort(key=lambda version: version.from_on)
    for one, other in pairwise(found):
        if one.until_on is None or one.until_on > other.from_on:
            what = tr("{one} 起的一版与 {other} 起的一版日期重叠。").format(one=one.from_on, other=other.from_on)
            raise Mistake(place, what, tr("请给前一版写上 until。"))
    return tuple(found)


def _version(plain: Any, place: str, unit: str, cap: int | None) -> Version:
    fields(plain, place, ("rule",), ("from", "until", "basis", "note", "examples", "unit", "cap"))
    basis = plain.get("basis")
    if not isinstance(basis, str) or not basis.strip():
        raise Mistake(f"{place}.basis", tr("缺少法律或文件依据。"), tr("请写明文号；不知道就不要配置这一版。"))
    from_on, until_on = _day(plain, "from", place), _day(plain, "until", place) if "until" in plain else None
    if until_on is not None and until_on <= from_on:
        raise Mistake(place, tr("from 要有，until 要晚于 from。"))
    rule = None if plain["rule"] == "未配置" else parse(plain["rule"], f"{place}.rule")
    written = _rows(plain.get("examples"), f"{place}.examples")
    examples = tuple(_example(inner, f"{place}.examples[{number}]") for number, inner in enumerate(written))
    if rule is not None and not examples:
        raise Mistake(f"{place}.examples", tr("配置了规则，却没有一个算例。"), tr("请至少写一个。"))
    return Version(
        from_on=from_on,
        until_on=until_on,
        rule=rule,
        cap=_cap(plain, place) if "cap" in plain else cap,
        unit=str(plain["unit"] or "") if "unit" in plain else unit,
        basis=basis,
        note=str(plain.get("note") or ""),
        examples=examples,
    )


def _example(plain: Any, place: str) -> Example:
    fields(plain, place, ("say", "facts", "points"), ("lines",))
    facts, lines = plain["facts"], plain.get("lines") or {}
    if not isinstance(facts, dict) or not isinstance(lines, dict):
        raise Mistake(place, tr("这里要写成“键: 值”。"))
    return Example(
        say=str(plain["say"]),
        facts={str(name): whole(value, f"{place}.facts.{name}") for name, value in facts.items()},
        lines={str(code): hundredths(value, f"{place}.lines.{code}") for code, value in lines.items()},
        points=hundredths(plain["points"], f"{place}.points"),
    )


def _cap(plain: Mapping[str, Any], place: str) -> int | None:
    written = plain.get("cap")
    return None if written in (None, "未配置") else hundredths(written, f"{place}.cap")


def _day(plain: Mapping[str, Any], key: str, place: str) -> date:
    written = plain.get(key)
    if type(written) is not date:
        raise Mistake(f"{place}.{key}", tr("这里要写日期，例如 2022-05-01。"))
    return written


def _rows(plain: Any, place: str) -> list[Any]:
    """A list as written; none at all where the key is left out."""
    if plain is not None and not isinstance(plain, list):
        raise Mistake(place, tr("这里要写成一列。"))
    return plain or []
