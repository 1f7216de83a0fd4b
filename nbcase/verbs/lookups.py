"""Verbs that look something up at this computer: numbers, days, cards, pictures, what is missing."""

from pathlib import Path

from nbcase import __version__
from nbcase.domain.words import mark, tr
from nbcase.verbs import NO, OK, Arguments, Parser, Verbs, count, day, declare_folder, declare_json, say


def check_number(arguments: Arguments) -> int:
    """A number of an identity document: what it says, what is wrong with it."""
    from nbcase.devices.contract import as_plain
    from nbcase.domain.identity import DocumentKind
    from nbcase.domain.identity import check_number as check

    found = check(arguments.number, DocumentKind(arguments.kind))
    lines = [problem.text for problem in (*found.problems, *found.notices)]
    if found.valid:
        sex = {"1": tr("男"), "2": tr("女")}.get(found.sex_code or "", "")
        lines.insert(0, " ".join(part for part in (found.number, tr("正确"), found.origin, str(found.birth_on or ""), sex) if part))
    value = as_plain(found)
    assert isinstance(value, dict)
    say(arguments, value, "\n".join(lines))
    return OK if found.valid else NO


def _check_number(parser: Parser) -> None:
    parser.add_argument("number")
    kinds = ("citizen", "hmt_residence", "foreigner_2023", "foreigner_2017", "hk_macao_pass", "taiwan_pass", "passport")
    parser.add_argument("--kind", choices=kinds, default="citizen")
    declare_json(parser)


def deadline(arguments: Arguments) -> int:
    """The last day in time."""
    from nbcase.domain.workdays import WorkingCalendar

    calendar = WorkingCalendar.load(arguments.calendar)
    if arguments.working_days is not None:
        found = calendar.add_working_days(arguments.start, arguments.working_days)
    else:
        found = calendar.calendar_days(arguments.start, arguments.calendar_days)
    value = {
        "from": arguments.start.isoformat(),
        "due_on": found.due_on.isoformat(),
        "is_provisional": found.is_provisional,
        "days": [day.isoformat() for day in found.days],
    }
    say(arguments, value, f"{found.due_on.isoformat()}{tr('（暂定：该年节假日尚未公布）') if found.is_provisional else ''}")
    return OK


def _deadline(parser: Parser) -> None:
    parser.add_argument("--from", dest="start", type=day, required=True, metavar="YYYY-MM-DD")
    unit = parser.add_mutually_exclusive_group(required=True)
    unit.add_argument("--working-days", type=count)
    unit.add_argument("--calendar-days", type=count)
    parser.add_argument("--calendar", type=Path, help=tr("另一份节假日文件"))
    declare_json(parser)


def read_card(arguments: Arguments) -> int:
    """Read the card on a serial reader."""
    from nbcase.devices.card_reader import SerialCardReader
    from nbcase.devices.contract import as_plain

    reader = SerialCardReader(arguments.port, baud=arguments.baud)
    card = reader.read(deadline_s=arguments.seconds, fingers=arguments.fingers)
    value = as_plain(card)
    assert isinstance(value, dict)
    say(arguments, value, "\n".join(f"{key}: {entry}" for key, entry in value.items() if entry))
    return OK


def _read_card(parser: Parser) -> None:
    parser.add_argument("--port", required=True, help="COM3, /dev/ttyUSB0 …")
    parser.add_argument("--baud", type=int, default=115200, choices=(9600, 19200, 38400, 57600, 115200))
    parser.add_argument("--seconds", type=float, default=3.0, help=tr("最多等几秒"))
    parser.add_argument("--fingers", action="store_true", help=tr("连指纹一起读（JSON 里只有大小和摘要）"))
    declare_json(parser)


def read_document(arguments: Arguments) -> int:
    """Read the identity document in a picture: what is printed, how sure that is, what was held against what."""
    from nbcase.devices.contract import DocumentType, as_plain
    from nbcase.devices.document_reader import DocumentReader
    from nbcase.domain.clock import SystemClock, local_date
    from nbcase.domain.errors import UserError

    reader = DocumentReader()
    document = reader.read(arguments.picture, local_date(SystemClock().now()))
    if document.type is DocumentType.UNKNOWN:
        what = " ".join(problem.text.partition("。")[0] + "。" for problem in document.problems if problem.key == "not_recognised")
        do = tr("请把整张证件放平、四边拍全后重拍，或改为手工录入。")
        raise UserError(what or tr("图片里没有认出证件。"), safe=tr("文件没有改动，什么也没有存。"), do=do)
    value = as_plain(document)
    assert isinstance(value, dict)
    name = document.fields.get("name")
    if name is not None:
        value["fields"]["name"]["read_again"], value["fields"]["name"]["confidence_again"] = reader.read_again(document.picture, name.box)
    lines = [f"{key}: {reading.text}{'  ← ' + reading.why if reading.needs_look else ''}" for key, reading in document.fields.items()]
    signs = {True: "✓", False: "✗", None: "–"}
    lines += [f"{signs[check.passed]} {check.name}  {check.why}".rstrip() for check in document.checks]
    lines += [*document.text, *(problem.text for problem in document.problems)]
    say(arguments, value, "\n".join(lines))
    return OK


def _read_document(parser: Parser) -> None:
    parser.add_argument("picture", type=Path)
    declare_json(parser)


def read_codes(arguments: Arguments) -> int:
    """Read the QR and bar codes in a picture."""
    from nbcase.devices.codes_in_picture import read_codes as codes_of

    found = codes_of(arguments.picture)
    value = {"codes": [{"kind": code.kind, "text": code.text, "box": code.box} for code in found]}
    say(arguments, value, "\n".join(f"{code.kind}: {code.text}" for code in found) or tr("图片里没有二维码或条码。"))
    return OK if found else NO


def doctor(arguments: Arguments) -> int:
    """Everything a desk needs, looked at once: green, amber or red, without personal data."""
    from nbcase.bootstrap.errands import doctor_report

    report = doctor_report(arguments.folder)
    signs = {"passed": "✓", "look": "!", "failed": "✗", "absent": "–"}
    text = "\n".join(f"{signs.get(row['state'], '?')} {row['name']}  {row['detail']}" for row in report)
    failed = any(row["state"] == "failed" for row in report)
    say(arguments, {"version": __version__, "checks": report, "ok": not failed}, text)
    return NO if failed else OK


def _doctor(parser: Parser) -> None:
    declare_folder(parser)
    declare_json(parser)


VERBS: Verbs = {
    "check-number": (check_number, mark("核对证件号码"), _check_number),
    "deadline": (deadline, mark("算到期日"), _deadline),
    "read-card": (read_card, mark("读证件"), _read_card),
    "read-document": (read_document, mark("识别证件图片"), _read_document),
    "read-codes": (read_codes, mark("识别二维码和条码"), _read_document),
    "doctor": (doctor, mark("检查这台电脑"), _doctor),
}
