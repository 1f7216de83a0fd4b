"""The program without a screen: `nbcase VERB … [--json]`. A face like the window: it asks, operations answer.

Exit codes: 0 done, 1 the answer is no (a wrong number, a check that failed), 2 wrong use, 3 something that a person has to mend.
"""

import argparse
import getpass
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from nbcase import __version__
from nbcase.domain.errors import UserError
from nbcase.domain.words import mark, tr, use_language
from nbcase.verbs import points

OK, NO, MEND = 0, 1, 3

Parser = argparse.ArgumentParser
Arguments = argparse.Namespace
Verb = Callable[[Arguments], int]


def main(words: Sequence[str] | None = None) -> int:
    """Run one verb; what a person can mend is told in three parts on stderr, or as JSON."""
    use_language(_language_of(sys.argv[1:] if words is None else words))
    arguments = _parser().parse_args(words)
    if arguments.verb in LOGGING:
        from nbcase.logs import configure_logs

        configure_logs()
    try:
        verb: Verb = arguments.verb
        return verb(arguments)
    except UserError as error:
        if getattr(arguments, "json", False):
            _print_json({"error": {"kind": type(error).__name__, "what": error.what, "safe": error.safe, "do": error.do}})
        else:
            print("\n".join(part for part in (error.what, error.safe, error.do) if part), file=sys.stderr)
        return MEND
    except BrokenPipeError:
        # The reader of our output has seen enough (`nbcase … | head`); a second error at exit is avoided.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _language_of(words: Sequence[str]) -> str:
    """The language that is asked for: known before the help texts are made."""
    first = Parser(add_help=False, allow_abbrev=False)
    first.add_argument("--language", default=os.environ.get("NBCASE_LANGUAGE", "zh"))
    language = first.parse_known_args(words)[0].language
    return language if language in LANGUAGES else "zh"


LANGUAGES = ("zh", "en")


def _parser() -> Parser:
    parser = Parser(prog="nbcase", description=tr("新居民办件：没有屏幕也能用的部分"))
    parser.add_argument("--version", action="version", version=f"nbcase {__version__}")
    parser.add_argument("--language", choices=LANGUAGES, default="zh")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for name, (verb, text, declare) in VERBS.items():
        each = verbs.add_parser(name, help=tr(text), description=tr(text))
        each.set_defaults(verb=verb)
        declare(each)
    return parser


def _print_json(value: object) -> None:
    print(msgspec.json.encode(value, order="sorted").decode(), flush=True)


def _say(arguments: Arguments, value: dict[str, Any], text: str) -> None:
    if arguments.json:
        _print_json(value)
    else:
        print(text, flush=True)


def _json(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help=tr("一行 JSON"))


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
    _say(arguments, value, "\n".join(lines))
    return OK if found.valid else NO


def _check_number(parser: Parser) -> None:
    parser.add_argument("number")
    kinds = ("citizen", "hmt_residence", "foreigner_2023", "foreigner_2017", "hk_macao_pass", "taiwan_pass", "passport")
    parser.add_argument("--kind", choices=kinds, default="citizen")
    _json(parser)


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
    _say(arguments, value, f"{found.due_on.isoformat()}{tr('（暂定：该年节假日尚未公布）') if found.is_provisional else ''}")
    return OK


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(tr("{text} 不是日期，请写成 2026-02-13").format(text=text)) from None


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 3660:
        return int(text)
    raise argparse.ArgumentTypeError(tr("{text} 应为 0 到 3660 的整数").format(text=text))


def _deadline(parser: Parser) -> None:
    parser.add_argument("--from", dest="start", type=_day, required=True, metavar="YYYY-MM-DD")
    unit = parser.add_mutually_exclusive_group(required=True)
    unit.add_argument("--working-days", type=_count)
    unit.add_argument("--calendar-days", type=_count)
    parser.add_argument("--calendar", type=Path, help=tr("另一份节假日文件"))
    _json(parser)


def read_card(arguments: Arguments) -> int:
    """Read the card on a serial reader."""
    from nbcase.devices.card_reader import SerialCardReader
    from nbcase.devices.contract import as_plain

    card = SerialCardReader(arguments.port, baud=arguments.baud).read(deadline_s=arguments.seconds)
    value = as_plain(card)
    assert isinstance(value, dict)
    _say(arguments, value, "\n".join(f"{key}: {entry}" for key, entry in value.items() if entry))
    return OK


def _read_card(parser: Parser) -> None:
    parser.add_argument("--port", required=True, help="COM3, /dev/ttyUSB0 …")
    parser.add_argument("--baud", type=int, default=115200, choices=(9600, 19200, 38400, 57600, 115200))
    parser.add_argument("--seconds", type=float, default=3.0, help=tr("最多等几秒"))
    _json(parser)


def read_document(arguments: Arguments) -> int:
    """Read the identity card in a picture."""
    from nbcase.devices.contract import as_plain
    from nbcase.devices.document_reader import DocumentReader

    document = DocumentReader().read(arguments.picture)
    value = as_plain(document)
    assert isinstance(value, dict)
    lines = [f"{key}: {reading.text}{'  ← ' + reading.why if reading.needs_look else ''}" for key, reading in document.fields.items()]
    lines += [problem.text for problem in document.problems]
    _say(arguments, value, "\n".join(lines))
    return OK if document.fields else NO


def _read_document(parser: Parser) -> None:
    parser.add_argument("picture", type=Path)
    _json(parser)


def doctor(arguments: Arguments) -> int:
    """Everything a desk needs, looked at once: green, amber or red, without personal data."""
    from nbcase.bootstrap import doctor_report

    report = doctor_report(arguments.folder)
    signs = {"passed": "✓", "look": "!", "failed": "✗", "absent": "–"}
    text = "\n".join(f"{signs.get(row['state'], '?')} {row['name']}  {row['detail']}" for row in report)
    failed = any(row["state"] == "failed" for row in report)
    _say(arguments, {"version": __version__, "checks": report, "ok": not failed}, text)
    return NO if failed else OK


def _doctor(parser: Parser) -> None:
    _folder(parser)
    _json(parser)


def _folder(parser: Parser) -> None:
    parser.add_argument("--folder", type=Path, help=tr("本机数据的文件夹"))


def demo_data(arguments: Arguments) -> int:
    """Synthetic people, into a centre's database or as JSON lines."""
    from nbcase.bootstrap import write_demo_data

    target = sys.stdout if arguments.database_url is None else None
    count = write_demo_data(
        arguments.people, arguments.seed, arguments.as_of, database_url=arguments.database_url, data=arguments.data, lines=target
    )
    if target is None:
        _say(
            arguments,
            {"people": arguments.people, "records": count},
            tr("已写入 {people} 人，{records} 条记录").format(people=arguments.people, records=count),
        )
    return OK


def _demo_data(parser: Parser) -> None:
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--as-of", type=_day, default=None, metavar="YYYY-MM-DD")
    parser.add_argument("--database-url", help=tr("写入这个中心的数据库；不写则输出 JSON 行"))
    parser.add_argument("--data", type=Path, default=Path("centre-data"), help=tr("中心的文件夹，密钥在其中"))
    _json(parser)


def centre(arguments: Arguments) -> int:
    """Run the centre until it is stopped."""
    from nbcase.bootstrap import run_centre

    def ready(url: str) -> None:
        _say(arguments, {"ready": url, "pid": os.getpid()}, tr("中心已启动：{url}").format(url=url))

    if (arguments.certificate is None) != (arguments.key is None):
        raise UserError(tr("证书和密钥要一起给出。"), do=tr("请同时写 --certificate 和 --key。"))
    tls = (arguments.certificate, arguments.key) if arguments.certificate else None
    run_centre(arguments.data, arguments.database_url, arguments.host, arguments.port, ready, workers=arguments.workers, tls=tls)
    return OK


def _centre(parser: Parser) -> None:
    parser.add_argument("--data", type=Path, default=Path("centre-data"), help=tr("附件与密钥的文件夹"))
    parser.add_argument("--database-url", help=tr("已有的 PostgreSQL；不写则用内置的"))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8700, help=tr("0 为任选空闲端口"))
    parser.add_argument("--workers", type=_count, default=1, metavar="N", help=tr("工作进程数；约等于处理器核数"))
    parser.add_argument("--certificate", type=Path, help=tr("证书文件（PEM）；与 --key 一起给出则用 https"))
    parser.add_argument("--key", type=Path, help=tr("证书的私钥文件（PEM）"))
    _json(parser)


def enrolment_code(arguments: Arguments) -> int:
    """A one-time code that makes a computer a desk of a station."""
    from nbcase.bootstrap import make_enrolment_code

    code = make_enrolment_code(arguments.data, arguments.database_url, arguments.station, arguments.window)
    _say(arguments, {"code": code, "station": arguments.station, "window": arguments.window}, code)
    return OK


def _enrolment_code(parser: Parser) -> None:
    parser.add_argument("--data", type=Path, default=Path("centre-data"))
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--station", required=True)
    parser.add_argument("--window", required=True)
    _json(parser)


def enrol(arguments: Arguments) -> int:
    """Make this computer a desk."""
    from nbcase.bootstrap import enrol_desk

    found = enrol_desk(arguments.folder, arguments.centre, arguments.code)
    value = {"desk_id": found.identity.desk_id, "station": found.identity.station_code, "window": found.identity.window}
    _say(arguments, value, tr("已登记为 {station} {window}").format(station=value["station"], window=value["window"]))
    return OK


def _enrol(parser: Parser) -> None:
    parser.add_argument("--centre", required=True, metavar="URL")
    parser.add_argument("--code", required=True)
    _folder(parser)
    _json(parser)


def sync(arguments: Arguments) -> int:
    """One round of sync without a window."""
    from nbcase.bootstrap import sync_once

    value = sync_once(arguments.folder, arguments.login, _password())
    text = tr("待传 {waiting}，已确认 {confirmed}/{sent}").format(**{key: value[key] for key in ("waiting", "confirmed", "sent")})
    _say(arguments, value, text)
    return OK if value["is_equal"] else NO


def _sync(parser: Parser) -> None:
    parser.add_argument("--login", required=True)
    _folder(parser)
    _json(parser)


def publish_calendar(arguments: Arguments) -> int:
    """A new working calendar for every desk, at its next contact."""
    from nbcase.bootstrap import publish_calendar as publish

    head = publish(arguments.file, arguments.data, arguments.database_url)
    value = {"name": head.name, "revision": head.revision, "checksum": head.checksum}
    _say(arguments, value, tr("已公布第 {n} 版工作日历，各窗口下次连接时取回").format(n=head.revision))
    return OK


def _publish_calendar(parser: Parser) -> None:
    parser.add_argument("file", type=Path, help=tr("节假日文件，写法同程序自带的 calendar.toml"))
    parser.add_argument("--data", type=Path, default=Path("centre-data"), help=tr("中心的文件夹，密钥在其中"))
    parser.add_argument("--database-url", help=tr("已有的 PostgreSQL；不写则用内置的"))
    _json(parser)


def prove(arguments: Arguments) -> int:
    """The proof that the centre holds the acts of one case."""
    import msgspec

    from nbcase.bootstrap import prove_case

    password = os.environ.get("NBCASE_PASSWORD") or getpass.getpass(tr("密码："))
    proof, key = prove_case(arguments.folder, arguments.login, password, arguments.number)
    _write_private(arguments.out, msgspec.json.encode(proof))
    value = {"file": str(arguments.out), "acts": len(proof.acts), "count": proof.count, "at": proof.at, "centre_key": key}
    text = tr("{n} 个操作在中心 {at} 签过的 {count} 个之内；核对用的中心公钥：{key}")
    _say(arguments, value, text.format(n=len(proof.acts), at=proof.at, count=proof.count, key=key))
    return OK


def reconciliation_sheet(arguments: Arguments) -> int:
    """The end-of-day sheet as a PDF file."""
    from nbcase.bootstrap import reconciliation_sheet as sheet

    password = os.environ.get("NBCASE_PASSWORD") or getpass.getpass(tr("密码："))
    pdf = sheet(arguments.folder, arguments.login, password)
    _write_private(arguments.out, pdf)
    _say(arguments, {"file": str(arguments.out), "bytes": len(pdf)}, tr("对账单已写到 {path}").format(path=arguments.out))
    return OK


def _reconciliation_sheet(parser: Parser) -> None:
    parser.add_argument("--login", required=True)
    parser.add_argument("--out", type=Path, required=True, help=tr("写到这个新文件"))
    _folder(parser)
    _json(parser)


def _write_private(path: Path, content: bytes) -> None:
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


def _prove(parser: Parser) -> None:
    parser.add_argument("number", help=tr("受理号"))
    parser.add_argument("--login", required=True)
    parser.add_argument("--out", type=Path, required=True, help=tr("写到这个新文件；其中有个人信息"))
    _folder(parser)
    _json(parser)


def verify_proof(arguments: Arguments) -> int:
    """Whether a proof holds: without network, database or desk."""
    from nbcase.operations.inclusion import check_proof, read_proof

    try:
        content = arguments.file.read_bytes()
    except OSError as error:
        raise UserError(tr("读不到文件 {path}：{text}").format(path=arguments.file, text=error.strerror or error)) from error
    proof = read_proof(content)
    wrong = check_proof(proof, arguments.centre_key)
    value = {"number": proof.number, "acts": len(proof.acts), "at": proof.at, "valid": not wrong, "wrong": wrong}
    valid = tr("有效：{number} 的 {n} 个操作都在中心，{at}").format(number=proof.number, n=len(proof.acts), at=proof.at)
    _say(arguments, value, "\n".join(wrong) or valid)
    return NO if wrong else OK


def _verify_proof(parser: Parser) -> None:
    parser.add_argument("file", type=Path)
    parser.add_argument("--centre-key", required=True, metavar="HEX", help=tr("中心的公钥"))
    _json(parser)


def rescue(arguments: Arguments) -> int:
    """Rebuild this desk's database from the sealed log and from what is left of the database."""
    from nbcase.bootstrap import rescue_desk

    value = rescue_desk(arguments.folder, arguments.login, _password())
    numbers = {key: len(value[key]) for key in ("found_in_both", "only_in_log", "only_in_database", "superseded", "unreadable")}
    found = tr("未上传的办件救回 {unsent} 件，附件 {files} 个，草稿 {drafts} 份。")
    where = tr("两处都有 {found_in_both}，只在封存副本 {only_in_log}，只在数据库 {only_in_database}，已被后来的代替 {superseded}。")
    lines = [
        found.format(unsent=value["unsent"], files=value["files"], drafts=value["drafts"]),
        where.format(**numbers),
        tr("旧文件保留在 {name}。").format(name=value["kept_as"]),
    ]
    if not value["is_whole"]:
        lost = tr("读不出来：办件 {unreadable} 件，附件 {files} 个。请把文件夹交给管理员，不要删除。")
        lines.append(lost.format(unreadable=numbers["unreadable"], files=len(value["missing_files"])))
    if not value["has_numbers"]:
        lines.append(tr("受理号段要联网后重新领取，之前不能受理。"))
    _say(arguments, value, "\n".join(lines))
    return OK if value["is_whole"] else NO


def _rescue(parser: Parser) -> None:
    parser.add_argument("--login", required=True)
    _folder(parser)
    _json(parser)


def export_sealed(arguments: Arguments) -> int:
    """Everything unsent into one sealed file for a stick."""
    from nbcase.bootstrap import export_sealed_file

    value = export_sealed_file(arguments.folder, arguments.login, _password() if arguments.login else "", arguments.out)
    text = tr("已导出 {count} 件、附件 {files} 个：{path}") if arguments.login else tr("已把封存副本原样导出：{path}")
    _say(arguments, value, text.format(**value))
    return OK


def _export_sealed(parser: Parser) -> None:
    parser.add_argument("--out", type=Path, required=True, help=tr("文件或文件夹"))
    parser.add_argument("--login", help=tr("不写则不用密码，把封存副本原样导出"))
    _folder(parser)
    _json(parser)


def import_sealed(arguments: Arguments) -> int:
    """A sealed file to the centre: from any desk that is online, or at the centre itself."""
    from nbcase.bootstrap import import_sealed_at_centre, import_sealed_file

    if arguments.login is not None:
        value = import_sealed_file(arguments.folder, arguments.login, _password(), arguments.file)
    else:
        value = import_sealed_at_centre(arguments.data, arguments.database_url, arguments.file)
    text = tr("中心已收下 {count} 件（其中 {known} 件早已在中心），附件 {files} 个，没有收下 {left} 件。").format(**value)
    _say(arguments, value, "\n".join([text, *value["notices"]]))
    return OK if not value["left"] and not value["notices"] else NO


def _import_sealed(parser: Parser) -> None:
    parser.add_argument("file", type=Path)
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--login", help=tr("由这台电脑上传"))
    place.add_argument("--data", type=Path, help=tr("在中心直接收下：中心的文件夹"))
    parser.add_argument("--database-url", help=tr("已有的 PostgreSQL；不写则用内置的"))
    _folder(parser)
    _json(parser)


def _password() -> str:
    return os.environ.get("NBCASE_PASSWORD") or getpass.getpass(tr("密码："))


def desk(arguments: Arguments) -> int:
    """Open the counter's window."""
    # By name: this face knows no window, and the window's module brings Qt.
    run: Callable[[Path | None], int] = importlib.import_module("ui.app").run
    return run(arguments.folder)


LOGGING = (centre, sync, enrol, rescue, export_sealed, import_sealed)
"""Verbs that write logs; the others need not load what makes them."""

VERBS: dict[str, tuple[Verb, str, Callable[[Parser], None]]] = {
    "desk": (desk, mark("打开窗口程序"), _folder),
    "centre": (centre, mark("运行中心"), _centre),
    "enrolment-code": (enrolment_code, mark("发一个一次性登记码"), _enrolment_code),
    "enrol": (enrol, mark("把这台电脑登记为受理点的一台"), _enrol),
    "sync": (sync, mark("与中心同步一次"), _sync),
    "publish-calendar": (publish_calendar, mark("公布工作日历"), _publish_calendar),
    "reconciliation-sheet": (reconciliation_sheet, mark("打日终对账单"), _reconciliation_sheet),
    "prove": (prove, mark("证明一件在中心"), _prove),
    "verify-proof": (verify_proof, mark("核对在册证明"), _verify_proof),
    "check-number": (check_number, mark("核对证件号码"), _check_number),
    "deadline": (deadline, mark("算到期日"), _deadline),
    "read-card": (read_card, mark("读证件"), _read_card),
    "read-document": (read_document, mark("识别证件图片"), _read_document),
    "rescue": (rescue, mark("数据库损坏后，救回未上传的办件"), _rescue),
    "export-sealed": (export_sealed, mark("把未上传的办件导出成密封文件"), _export_sealed),
    "import-sealed": (import_sealed, mark("把密封文件交给中心"), _import_sealed),
    "doctor": (doctor, mark("检查这台电脑"), _doctor),
    "demo-data": (demo_data, mark("生成虚构的人员数据"), _demo_data),
    **points.VERBS,
}
