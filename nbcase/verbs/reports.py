"""The verb for what landlords, employers and agents hand in as a table."""

import csv
import io
from pathlib import Path

from nbcase.domain.words import mark, tr
from nbcase.verbs import NO, OK, Arguments, Parser, Verbs, ask_password, declare_folder, declare_json, say, write_private


def import_report(arguments: Arguments) -> int:
    """Register everybody of a table who can be; say of every other row why not."""
    from nbcase.bootstrap.errands import import_report as take_in
    from nbcase.operations.reports import RowState, faulty_table

    reporter = None if arguments.check else arguments.reporter
    done = take_in(arguments.folder, arguments.login, ask_password(), arguments.file, reporter)
    faulty = [row for row in done.rows if row.state is RowState.FAULTY]
    if arguments.faulty is not None and faulty:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(faulty_table(done))
        write_private(arguments.faulty, text.getvalue().encode("utf-8-sig"))
    counts = {state.value: done.count(state) for state in RowState}
    problems = [{"row": row.number, "column": problem.key, "what": problem.text} for row in faulty for problem in row.problems]
    words = tr("共 {n} 行：受理 {accepted}，可受理 {ready}，已在册 {known}，要改 {faulty}").format(n=len(done.rows), **counts)
    lines = [words, *(tr("第 {n} 行：{reason}").format(n=row.number, reason=row.reason) for row in faulty)]
    if done.unknown:
        lines.append(tr("没有用到的列：{names}").format(names=tr("、").join(done.unknown)))
    say(arguments, {**counts, "rows": len(done.rows), "problems": problems, "unknown_columns": list(done.unknown)}, "\n".join(lines))
    return NO if faulty else OK


def _import_report(parser: Parser) -> None:
    parser.add_argument("file", type=Path, help=tr("CSV 或 xlsx，第一行是登记表的栏目"))
    parser.add_argument("--login", required=True)
    purpose = parser.add_mutually_exclusive_group(required=True)
    purpose.add_argument("--reporter", help=tr("谁申报的：房东、单位或中介的名称"))
    purpose.add_argument("--check", action="store_true", help=tr("只检查，不受理"))
    parser.add_argument("--faulty", type=Path, help=tr("要改的行写到这个新文件，改好可再导入；其中有个人信息"))
    declare_folder(parser)
    declare_json(parser)


VERBS: Verbs = {"import-report": (import_report, mark("成批受理房东、单位、中介的申报"), _import_report)}
