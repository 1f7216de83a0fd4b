"""Verbs about service items: what there is, whether the files are right, whether the districts agree (五统一)."""

from pathlib import Path

from nbcase.domain.words import mark, tr
from nbcase.verbs import NO, OK, Arguments, Parser, Verbs, declare_json, say


def items(arguments: Arguments) -> int:
    """Every sub-scenario with its items: steps, materials, limits, papers."""
    from nbcase.items.catalogue import load_catalogue
    from nbcase.items.report import lines, overview

    scenes = overview(load_catalogue(arguments.folder))
    say(arguments, {"scenes": scenes}, "\n".join(lines(scenes)))
    return OK


def check_items(arguments: Arguments) -> int:
    """Every mistake of the item files, then of the policies beside them, with its mend."""
    from nbcase.items.catalogue import load_catalogue, mistakes
    from nbcase.items.policy import policy_mistakes

    found = mistakes(arguments.folder) or policy_mistakes(load_catalogue(arguments.folder), arguments.folder)
    rows = [{"what": error.what, "do": error.do} for error in found]
    text = "\n".join(f"{error.what}\n  {error.do}" for error in found) or tr("事项文件没有错。")
    say(arguments, {"mistakes": rows, "ok": not found}, text)
    return NO if found else OK


def compare_districts(arguments: Arguments) -> int:
    """That items, limits, materials, forms and steps are the same in every district, and what a district adds."""
    from nbcase.items.catalogue import load_catalogue
    from nbcase.items.districts import compare, load_districts

    catalogue = load_catalogue(arguments.folder)
    report = compare(catalogue, load_districts(catalogue, arguments.folder))
    head = tr("{n} 个事项，全市一套，校验值 {digest}").format(n=report["items"], digest=report["digest"][:16])
    rows = [f"{row['name']}  {'、'.join(row['adds']) or tr('没有补充')}" for row in report["districts"]]
    say(arguments, report, "\n".join([head, *rows]))
    return OK


def _declare(parser: Parser) -> None:
    parser.add_argument("--folder", type=Path, help=tr("另一个事项文件夹"))
    declare_json(parser)


VERBS: Verbs = {
    "items": (items, mark("列出全部事项"), _declare),
    "check-items": (check_items, mark("检查事项文件"), _declare),
    "compare-districts": (compare_districts, mark("核对五统一"), _declare),
}
