"""The catalogue of indicators: dated, with its legal basis, and checked as a whole before anything is scored by it.

A file is named, with entry, key and mend, for each mistake; a catalogue with one is not used at all. What nobody
published stays 未配置: it has a name and perhaps a cap, scores nothing, and the sheet says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.points.bounds import WIDEST_POINTS, range_of
from nbcase.points.facts import FactDefinition, parse_facts
from nbcase.points.language import Expression, Fact, Mistake, Ref, hundredths, parse, walk, whole
from nbcase.points.rules import evaluate
from nbcase.points.tables import Table, parse_tables

FOLDER = Path(__file__).parent / "schemes"
BLOCKS = ("province", "city", "deduction", "district")


class CatalogueError(UserError):
    """A catalogue file that cannot be used; `mistakes` holds one line each."""

    def __init__(self, what: str, *, safe: str = "", do: str = "", mistakes: Sequence[str] = ()) -> None:
        super().__init__(what, safe=safe, do=do)
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A worked example: these facts (all others at their least) give these points."""

    say: str
    facts: Mapping[str, int]
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One indicator's rule from a day on, up to `until_on` (not included); `rule` is None where it is 未配置."""

    from_on: date
    until_on: date | None = None
    rule: Expression | None = None
    basis: str
    note: str = ""
    examples: tuple[Example, ...] = ()

    def holds_on(self, day: date) -> bool:
        """Whether this version is the one of that day."""
        return self.from_on <= day and (self.until_on is None or day < self.until_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One line of the sheet. `cap` in hundredths, None where it is not known; `district_code` only in a district's block."""

    code: str
    name: str
    block: str
    district_code: str = ""
    unit: str
    cap: int | None
    versions: tuple[Version, ...]

    def version_on(self, day: date) -> Version | None:
        """The version of that day; None when the indicator does not exist then."""
        return next((version for version in self.versions if version.holds_on(day)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of the sheet with a cap over its sum, in hundredths."""

    code: str
    name: str
    cap: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsCatalogue:
    """Everything that a score depends on besides records and the day; `hash` names exactly this content."""

    code: str
    name: str
    tables: Mapping[str, Table]
    facts: Mapping[str, FactDefinition]
    blocks: Mapping[str, Block]
    indicators: tuple[Indicator, ...]
    hash: str = field(default="", compare=False)

    def on(self, day: date, district_code: str = "") -> list[tuple[Indicator, Version]]:
        """The lines of the sheet on a day in a district, in an order in which each comes after those that it refers to."""
        lines = []
        for indicator in self.indicators:
            version = indicator.version_on(day)
            if version is not None and indicator.district_code in ("", district_code):
                lines.append((indicator, version))
        return _in_order(lines)


def load_points_catalogue(folder: Path = FOLDER) -> PointsCatalogue:
    """The catalogue of a folder: ``scheme.yaml`` and one file for each block and district. Raises `CatalogueError` with every mistake."""
    from nbcase.domain.action import canonical

    mistakes: list[str] = []
    scheme = _read(folder / "scheme.yaml", mistakes)
    if not scheme:
        raise _refused(mistakes)
    reader = _Reader(mistakes)
    catalogue = reader.scheme("scheme.yaml", scheme)
    contents = {"scheme.yaml": scheme}
    for path in sorted(path for path in folder.rglob("*.yaml") if path.name != "scheme.yaml"):
        name = path.relative_to(folder).as_posix()
        plain = _read(path, mistakes)
        if plain:
            contents[name] = plain
            reader.block_file(name, plain)
    if catalogue is None or mistakes:
        raise _refused(mistakes)
    whole_catalogue = reader.finished(catalogue)
    if mistakes:
        raise _refused(mistakes)
    import hashlib

    digest = hashlib.sha256(canonical(_plain(contents))).hexdigest()
    return PointsCatalogue(
        code=whole_catalogue.code,
        name=whole_catalogue.name,
        tables=whole_catalogue.tables,
        facts=whole_catalogue.facts,
        blocks=whole_catalogue.blocks,
        indicators=whole_catalogue.indicators,
        hash=digest,
    )


def _refused(mistakes: Sequence[str]) -> CatalogueError:
    return CatalogueError(
        tr("积分目录有 {n} 处错误：{first}").format(n=len(mistakes), first=mistakes[0]),
        safe=tr("现在使用的目录没有改动。"),
        do=tr("请逐条改好后再导入。"),
        mistakes=mistakes,
    )


def _plain(value: Any) -> Any:
    """YAML values as JSON values: dates as text, keys as text."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def _read(path: Path, mistakes: list[str]) -> dict[str, Any]:
    try:
        plain = yaml.safe_load(path.read_text("utf-8-sig"))
    except OSError as error:
        mistakes.append(tr("{file}：文件打不开：{text}").format(file=path.name, text=error.strerror or error))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        mistakes.append(tr("{file}：不是 UTF-8 的 YAML：{text}").format(file=path.name, text=" ".join(str(error).split())))
    else:
        if isinstance(plain, dict):
            return plain
        mistakes.append(tr("{file}：文件是空的，或不是“键: 值”。").format(file=path.name))
    return {}


class _Reader:
    """Reads block files against the scheme, collecting every mistake instead of stopping at the first."""

    def __init__(self, mistakes: list[str]) -> None:
        self._mistakes = mistakes
        self._catalogue: PointsCatalogue | None = None
        self._indicators: dict[str, tuple[str, Indicator]] = {}

    def scheme(self, file: str, plain: Mapping[str, Any]) -> PointsCatalogue | None:
        """Tables, facts and blocks."""
        try:
            _known(plain, ("code", "name", "tables", "facts", "blocks"), "")
            tables = parse_tables(_need(plain, "tables", ""), "tables")
            facts = parse_facts(_need(plain, "facts", ""), tables, "facts")
            blocks = {
                str(code): Block(code=str(code), name=str(inner["name"]), cap=_cap(inner, f"blocks.{code}"))
                for code, inner in _need(plain, "blocks", "").items()
            }
            for code in blocks:
                if code not in BLOCKS:
                    raise Mistake(f"blocks.{code}", tr("没有“{code}”这个部分。").format(code=code), "、".join(BLOCKS))
            code, name = str(_need(plain, "code", "")), str(_need(plain, "name", ""))
            self._catalogue = PointsCatalogue(code=code, name=name, tables=tables, facts=facts, blocks=blocks, indicators=())
        except Mistake as mistake:
            self._note(file, mistake)
        return self._catalogue

    def block_file(self, file: str, plain: Mapping[str, Any]) -> None:
        """The indicators of one block, or of one district."""
        if self._catalogue is None:
            return
        try:
            _known(plain, ("block", "district", "district_name", "indicators"), "")
            block = str(_need(plain, "block", ""))
            if block not in self._catalogue.blocks:
                raise Mistake("block", tr("没有“{code}”这个部分。").format(code=block), "、".join(self._catalogue.blocks))
            district = str(plain.get("district", ""))
            if (block == "district") != bool(district):
                raise Mistake("district", tr("区县指标要写 district，其他部分不写。"))
        except Mistake as mistake:
            self._note(file, mistake)
            return
        for number, inner in enumerate(plain.get("indicators") or []):
            place = f"indicators[{number}]"
            try:
                self._indicator(file, inner, block, district, place)
            except Mistake as mistake:
                self._note(file, mistake)

    def _indicator(self, file: str, plain: Any, block: str, district: str, place: str) -> None:
        if not isinstance(plain, dict):
            raise Mistake(place, tr("这里要写成“键: 值”。"))
        place = f"{place}({plain.get('code', '?')})"
        _known(plain, ("code", "name", "unit", "cap", "versions"), place)
        code, cap = str(_need(plain, "code", place)), _cap(plain, place)
        if code in self._indicators:
            what = tr("“{code}”在 {file} 里已有。").format(code=code, file=self._indicators[code][0])
            raise Mistake(f"{place}.code", what, tr("请换一个编码。"))
        versions = []
        for number, inner in enumerate(_need(plain, "versions", place)):
            versions.append(self._version(inner, f"{place}.versions[{number}]"))
        versions.sort(key=lambda version: version.from_on)
        for one, other in pairwise(versions):
            if one.until_on is None or one.until_on > other.from_on:
                what = tr("{one} 起的一版与 {other} 起的一版日期重叠。").format(one=one.from_on, other=other.from_on)
                raise Mistake(f"{place}.versions", what, tr("请给前一版写上 until。"))
        if not versions:
            raise Mistake(f"{place}.versions", tr("一版也没有。"))
        self._indicators[code] = (
            file,
            Indicator(
                code=code,
                name=str(_need(plain, "name", place)),
                block=block,
                district_code=district,
                unit=str(plain.get("unit", "")),
                cap=cap,
                versions=tuple(versions),
            ),
        )

    def _version(self, plain: Any, place: str) -> Version:
        if not isinstance(plain, dict):
            raise Mistake(place, tr("这里要写成“键: 值”。"))
        _known(plain, ("from", "until", "basis", "note", "rule", "examples"), place)
        basis = plain.get("basis")
        if not isinstance(basis, str) or not basis.strip():
            raise Mistake(f"{place}.basis", tr("缺少法律或文件依据。"), tr("请写明文号；不知道就不要配置这一版。"))
        from_on, until_on = _day(plain, "from", place), _day(plain, "until", place) if "until" in plain else None
        if from_on is None or (until_on is not None and until_on <= from_on):
            raise Mistake(place, tr("from 要有，until 要晚于 from。"))
        written = _need(plain, "rule", place)
        rule = None if written == "未配置" else parse(written, f"{place}.rule")
        examples = tuple(_example(inner, f"{place}.examples[{number}]") for number, inner in enumerate(plain.get("examples") or []))
        if rule is not None and not examples:
            raise Mistake(f"{place}.examples", tr("配置了规则，却没有一个算例。"), tr("请至少写一个。"))
        return Version(from_on=from_on, until_on=until_on, rule=rule, basis=basis, note=str(plain.get("note", "")), examples=examples)

    def finished(self, catalogue: PointsCatalogue) -> PointsCatalogue:
        """The whole, after the checks that need all of it: names, cycles, ranges, caps, examples."""
        indicators = tuple(indicator for _, indicator in self._indicators.values())
        try:
            _check_names(catalogue, self._indicators.values())
            _in_order([(indicator, version) for indicator in indicators for version in indicator.versions])
        except Mistake as mistake:
            self._note("", mistake)
        else:
            ranges: dict[str, tuple[int, int]] = {}
            files = {indicator.code: file for file, indicator in self._indicators.values()}
            for indicator, version in _in_order([(one, version) for one in indicators for version in one.versions]):
                try:
                    span = _check_version(catalogue, indicator, version, ranges)
                    known = ranges.get(indicator.code, span)
                    ranges[indicator.code] = (min(known[0], span[0]), max(known[1], span[1]))
                except Mistake as mistake:
                    self._note(files[indicator.code], mistake)
                    ranges.setdefault(indicator.code, (0, 0))
        return PointsCatalogue(
            code=catalogue.code,
            name=catalogue.name,
            tables=catalogue.tables,
            facts=catalogue.facts,
            blocks=catalogue.blocks,
            indicators=tuple(sorted(indicators, key=lambda one: BLOCKS.index(one.block))),
        )

    def _note(self, file: str, mistake: Mistake) -> None:
        where = tr("{file} 的 {entry}：").format(file=file, entry=mistake.place) if mistake.place else f"{file}："
        self._mistakes.append(f"{where if file else mistake.place + '：'}{mistake.what}{mistake.mend}")


def _check_names(catalogue: PointsCatalogue, indicators: Iterable[tuple[str, Indicator]]) -> None:
    found = list(indicators)
    codes = {indicator.code: indicator for _, indicator in found}
    for file, indicator in found:
        for version in indicator.versions:
            for node in walk(version.rule) if version.rule is not None else ():
                place = f"{file} {indicator.code}"
                if isinstance(node, Fact) and node.name not in catalogue.facts:
                    mend = tr("可用：{names}。").format(names="、".join(catalogue.facts))
                    raise Mistake(place, tr("没有“{name}”这个事实。").format(name=node.name), mend)
                if isinstance(node, Ref) and node.code not in codes:
                    raise Mistake(place, tr("没有“{name}”这个指标。").format(name=node.code))
                if isinstance(node, Ref) and codes[node.code].district_code not in ("", indicator.district_code):
                    raise Mistake(place, tr("不能引用别的区县的指标“{name}”。").format(name=node.code))


def _in_order(lines: Sequence[tuple[Indicator, Version]]) -> list[tuple[Indicator, Version]]:
    """The lines so that each comes after all that it refers to; raises `Mistake` for a circle."""
    waiting, placed, ordered = list(lines), set[str](), list[tuple[Indicator, Version]]()
    all_codes = {indicator.code for indicator, _ in lines}
    while waiting:
        ready = [line for line in waiting if _needs(line[1]) & all_codes <= placed]
        if not ready:
            codes = " → ".join(sorted({indicator.code for indicator, _ in waiting}))
            raise Mistake(codes, tr("这些指标互相引用，绕成一圈。"), tr("请去掉其中一处 ref。"))
        ordered += ready
        waiting = [line for line in waiting if line not in ready]
        placed = {indicator.code for indicator, _ in ordered} - {indicator.code for indicator, _ in waiting}
    return ordered


def _needs(version: Version) -> set[str]:
    return {node.code for node in walk(version.rule) if isinstance(node, Ref)} if version.rule is not None else set()


def _check_version(
    catalogue: PointsCatalogue, indicator: Indicator, version: Version, refs: Mapping[str, tuple[int, int]]
) -> tuple[int, int]:
    if version.rule is None:
        return 0, 0
    place = f"{indicator.code}({version.from_on}).rule"
    ranges = {name: (fact.low, fact.high) for name, fact in catalogue.facts.items()}
    low, high = range_of(version.rule, ranges, refs, place)
    if indicator.cap is None:
        raise Mistake(f"{indicator.code}.cap", tr("配置了规则，却没有上限。"), tr("请写 cap。"))
    if max(-low, high) > WIDEST_POINTS or max(-low, high) > indicator.cap:
        what = tr("最高可到 {high} 分，超过上限 {cap} 分。").format(high=show(max(-low, high)), cap=show(indicator.cap))
        raise Mistake(place, what, tr("请改表，或在外面加 at_most。"))
    for number, example in enumerate(version.examples):
        _check_example(catalogue, version.rule, example, f"{indicator.code}({version.from_on}).examples[{number}]")
    return low, high


def _check_example(catalogue: PointsCatalogue, rule: Expression, example: Example, place: str) -> None:
    for name, value in example.facts.items():
        fact = catalogue.facts.get(name)
        if fact is None:
            raise Mistake(place, tr("没有“{name}”这个事实。").format(name=name))
        if not fact.low <= value <= fact.high:
            what = tr("{name}={value} 不在它的范围 {low}–{high} 里。")
            raise Mistake(place, what.format(name=name, value=value, low=fact.low, high=fact.high))
    facts = {name: example.facts.get(name, max(fact.low, 0)) for name, fact in catalogue.facts.items()}
    if any(isinstance(node, Ref) for node in walk(rule)):
        raise Mistake(place, tr("引用别的指标的规则不能只凭事实写算例。"))
    found = evaluate(rule, facts, {})
    if found != example.points:
        what = tr("算例“{say}”写的是 {wanted} 分，规则算得 {found} 分。")
        raise Mistake(place, what.format(say=example.say, wanted=show(example.points), found=show(found)))


def _example(plain: Any, place: str) -> Example:
    if not isinstance(plain, dict):
        raise Mistake(place, tr("这里要写成“键: 值”。"))
    _known(plain, ("say", "facts", "points"), place)
    facts = _need(plain, "facts", place)
    if not isinstance(facts, dict):
        raise Mistake(f"{place}.facts", tr("这里要写成“键: 值”。"))
    return Example(
        say=str(_need(plain, "say", place)),
        facts={str(name): whole(value, f"{place}.facts.{name}") for name, value in facts.items()},
        points=hundredths(_need(plain, "points", place), f"{place}.points"),
    )


def show(points: int) -> str:
    """Points as written on a sheet: no more decimals than needed."""
    sign, whole_part, rest = "-" if points < 0 else "", abs(points) // 100, abs(points) % 100
    return f"{sign}{whole_part}" + (f".{rest:02d}".rstrip("0") if rest else "")


def _cap(plain: Mapping[str, Any], place: str) -> int | None:
    written = plain.get("cap")
    return None if written in (None, "未配置") else hundredths(written, f"{place}.cap")


def _day(plain: Mapping[str, Any], key: str, place: str) -> date | None:
    written = plain.get(key)
    if type(written) is not date:
        raise Mistake(f"{place}.{key}", tr("这里要写日期，例如 2022-05-01。"))
    return written


def _known(plain: Mapping[str, Any], keys: Sequence[str], place: str) -> None:
    for key in plain:
        if key not in keys:
            mend = tr("可用：{names}。").format(names="、".join(keys))
            raise Mistake(f"{place}.{key}".lstrip("."), tr("不认识的键“{key}”。").format(key=key), mend)


def _need(plain: Mapping[str, Any], key: str, place: str) -> Any:
    if plain.get(key) is None:
        raise Mistake(place or key, tr("缺少“{key}”。").format(key=key), tr("请补上这一项。"))
    return plain[key]
