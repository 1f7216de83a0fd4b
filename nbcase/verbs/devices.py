"""Verbs for who sets up a desk: a printer's test sheet, what it says, and a file for who helps from afar."""

from pathlib import Path

from nbcase import __version__
from nbcase.domain.words import mark, tr
from nbcase.verbs import NO, OK, Arguments, Parser, Verbs, declare_folder, declare_json, say, write_private


def test_sheet(arguments: Arguments) -> int:
    """Print the sheet on which a scan shows how far the printer is off."""
    from nbcase.bootstrap.devices import print_test_sheet

    where = print_test_sheet(arguments.folder, arguments.queue)
    say(arguments, {"queue": arguments.queue, "job": where}, tr("测试页已送到 {queue}。").format(queue=arguments.queue))
    return OK


def _test_sheet(parser: Parser) -> None:
    parser.add_argument("--queue", required=True, help=tr("打印机的队列名"))
    declare_folder(parser)
    declare_json(parser)


def measure_sheet(arguments: Arguments) -> int:
    """What a scan of the sheet says, from a file or straight from the desk's scanner; kept for the printer with ``--save``."""
    from nbcase.bootstrap.devices import measure_test_sheet

    found = measure_test_sheet(arguments.folder, arguments.queue, arguments.picture, dpi=arguments.dpi, saves=arguments.save)
    words = tr("偏右 {right} 毫米，偏下 {down} 毫米，横 {x}，竖 {y}，歪 {skew} 度。").format(
        right=found["right_mm"], down=found["down_mm"], x=found["stretch_x"], y=found["stretch_y"], skew=found["skew"]
    )
    say(arguments, found, words + (tr("合格。") if found["is_good"] else tr("要校正：加 --save 存下，再打一张看。")))
    return OK if found["is_good"] else NO


def _measure_sheet(parser: Parser) -> None:
    parser.add_argument("picture", type=Path, nargs="?", help=tr("测试页的扫描件；不给则用本机的扫描仪"))
    parser.add_argument("--queue", required=True, help=tr("打印机的队列名"))
    parser.add_argument("--dpi", type=int, default=300, help=tr("扫描件的分辨率"))
    parser.add_argument("--save", action="store_true", help=tr("把校正存给这台打印机"))
    declare_folder(parser)
    declare_json(parser)


def diagnostics(arguments: Arguments) -> int:
    """Everything that helps from afar, without a person in it."""
    from nbcase.bootstrap.errands import diagnostics_bundle

    write_private(arguments.out, diagnostics_bundle(arguments.folder, __version__))
    say(arguments, {"path": str(arguments.out)}, tr("已写到 {path}，里面没有个人信息。").format(path=arguments.out))
    return OK


def _diagnostics(parser: Parser) -> None:
    parser.add_argument("--out", type=Path, required=True, help=tr("写到这个 zip 文件"))
    declare_folder(parser)
    declare_json(parser)


VERBS: Verbs = {
    "test-sheet": (test_sheet, mark("打印测试页"), _test_sheet),
    "measure-sheet": (measure_sheet, mark("量测试页，校正打印机"), _measure_sheet),
    "diagnostics": (diagnostics, mark("写一份给技术人员看的诊断"), _diagnostics),
}
