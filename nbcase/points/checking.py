"""What can only be checked when the whole catalogue is there: names, circles, ranges, caps, and every worked example."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date

from nbcase.domain.words import tr
from nbcase.points.bounds import WIDEST_POINTS, Range, range_of
from nbcase.points.catalogue import Example, Indicator, PointsCatalogue, Version, in_order, show
from nbcase.points.language import Expression, Fact, Mistake, walk
from nbcase.points.rules import evaluate


def mistakes_of(catalogue: PointsCatalogue) -> Iterator[tuple[str, Mistake]]:
    """Every mistake with the code of its indicator, no code where several are one. Wrong names and circles hide what lies behind them."""
    lines = [(indicator, version) for indicator in catalogue.indicators for version in indicator.versions]
    wrong = [(indicator.code, mistake) for indicator, version in lines for mistake in _wrong_names(catalogue, indicator, version)]
    if wrong:
        yield from wrong
        return
    try:
        ordered = in_order(lines)
    except Mistake as mistake:
        yield "", mistake
        return
    ranges: dict[str, Range] = {}
    for indicator, version in ordered:
        try:
            low, high = _checked_range(catalogue, indicator, version, ranges)
        except Mistake as mistake:
            yield indicator.code, mistake
            low, high = 0, 0
        known = ranges.get(indicator.code, (low, high))
        ranges[indicator.code] = min(known[0], low), max(known[1], high)


def _wrong_names(catalogue: PointsCatalogue, indicator: Indicator, version: Version) -> Iterator[Mistake]:
    place = f"{indicator.code}({version.from_on}).rule"
    for node in walk(version.rule) if version.rule is not None else ():
        if isinstance(node, Fact) and node.name not in catalogue.facts:
            mend = tr("可用：{names}。").format(names="、".join(catalogue.facts))
            yield Mistake(place, tr("没有“{name}”这个事实。").format(name=node.name), mend)
    codes = {one.code: one for one in catalogue.indicators}
    for code in sorted(version.refs):
        if code not in codes:
            yield Mistake(place, tr("没有“{name}”这个指标。").format(name=code))
        elif codes[code].district_code not in ("", indicator.district_code):
            yield Mistake(place, tr("不能引用别的区县的指标“{name}”。").format(name=code))
        elif (day := _day_without_rule(codes[code], version)) is not None:
            yield Mistake(place, tr("“{name}”在 {day} 没有规则，不能引用。").format(name=code, day=day))


def _day_without_rule(indicator: Indicator, version: Version) -> date | None:
    """A day of the version on which the other indicator has no rule: only where one of its versions begins or ends can that change."""
    ends = {end for other in indicator.versions for end in (other.from_on, other.until_on) if end is not None and version.holds_on(end)}
    for day in sorted({version.from_on, *ends}):
        found = indicator.version_on(day)
        if found is None or found.rule is None:
            return day
    return None


def _checked_range(catalogue: PointsCatalogue, indicator: Indicator, version: Version, refs: Mapping[str, Range]) -> Range:
    if version.rule is None:
        return 0, 0
    place = f"{indicator.code}({version.from_on}).rule"
    facts = {name: (fact.low, fact.high) for name, fact in catalogue.facts.items()}
    low, high = range_of(version.rule, facts, refs, place)
    if version.cap is None:
        raise Mistake(f"{indicator.code}.cap", tr("配置了规则，却没有上限。"), tr("请写 cap。"))
    if max(-low, high) > WIDEST_POINTS or max(-low, high) > version.cap:
        what = tr("最高可到 {high} 分，超过上限 {cap} 分。").format(high=show(max(-low, high)), cap=show(version.cap))
        raise Mistake(place, what, tr("请改表，或在外面加 at_most。"))
    used = {code: refs[code] for code in version.refs}
    for number, example in enumerate(version.examples):
        _check_example(version, example, facts, used, f"{indicator.code}({version.from_on}).examples[{number}]")
    return low, high


def _check_example(version: Version, example: Example, facts: Mapping[str, Range], refs: Mapping[str, Range], place: str) -> None:
    assert version.rule is not None
    found = example_points(version.rule, example, facts, refs, place)
    if found != example.points:
        what = tr("算例“{say}”写的是 {wanted} 分，规则算得 {found} 分。")
        raise Mistake(place, what.format(say=example.say, wanted=show(example.points), found=show(found)))


def example_points(rule: Expression, example: Example, facts: Mapping[str, Range], refs: Mapping[str, Range], place: str) -> int:
    """What a rule gives for an example, in hundredths. Raises `Mistake` for a fact or a line that is not there or out of its range."""
    values = _given(example.facts, facts, tr("没有“{name}”这个事实。"), str, place)
    points = _given(example.lines, refs, tr("规则没有引用指标“{name}”。"), show, place)
    return evaluate(rule, values, points)


def _given(given: Mapping[str, int], ranges: Mapping[str, Range], unknown: str, shown: Callable[[int], str], place: str) -> dict[str, int]:
    """What an example says, in its ranges; all that it does not name as of somebody without records."""
    for name, value in given.items():
        if name not in ranges:
            raise Mistake(place, unknown.format(name=name))
        low, high = ranges[name]
        if not low <= value <= high:
            what = tr("{name}={value} 不在它的范围 {low}–{high} 里。")
            raise Mistake(place, what.format(name=name, value=shown(value), low=shown(low), high=shown(high)))
    return {name: given.get(name, min(max(low, 0), high)) for name, (low, high) in ranges.items()}
