"""Verbs of a desk: the window, enrolment, one contact, what proves that nothing is lost."""

import importlib
from collections.abc import Callable
from pathlib import Path

from nbcase.domain.errors import UserError
from nbcase.domain.words import mark, tr
from nbcase.verbs import NO, OK, Arguments, Parser, Verbs, ask_password, declare_folder, declare_json, say, write_private


def desk(arguments: Arguments) -> int:
    """Open the counter's window."""
    # By name: this face knows no window, and the window's module brings Qt.
    run: Callable[[Path], int] = importlib.import_module("ui.app").run
    return run(arguments.folder)


def enrol(arguments: Arguments) -> int:
    """Make this computer a desk."""
    from nbcase.bootstrap.errands import enrol_desk

    found = enrol_desk(arguments.folder, arguments.centre, arguments.code)
    value = {"desk_id": found.identity.desk_id, "station": found.identity.station_code, "window": found.identity.window}
    say(arguments, value, tr("已登记为 {station} {window}").format(station=value["station"], window=value["window"]))
    return OK


def _enrol(parser: Parser) -> None:
    parser.add_argument("--centre", required=True, metavar="URL")
    parser.add_argument("--code", required=True)
    declare_folder(parser)
    declare_json(parser)


def sync(arguments: Arguments) -> int:
    """One round of sync without a window."""
    from nbcase.bootstrap.errands import sync_once

    value = sync_once(arguments.folder, arguments.login, ask_password())
    text = tr("待传 {waiting}，已确认 {confirmed}/{sent}").format(**{key: value[key] for key in ("waiting", "confirmed", "sent")})
    say(arguments, value, text)
    return OK if value["is_equal"] else NO


def _sync(parser: Parser) -> None:
    parser.add_argument("--login", required=True)
    declare_folder(parser)
    declare_json(parser)


def reconciliation_sheet(arguments: Arguments) -> int:
    """The end-of-day sheet as a PDF file."""
    from nbcase.bootstrap.errands import reconciliation_sheet as sheet

    password = ask_password()
    pdf = sheet(arguments.folder, arguments.login, password)
    write_private(arguments.out, pdf)
    say(arguments, {"file": str(arguments.out), "bytes": len(pdf)}, tr("对账单已写到 {path}").format(path=arguments.out))
    return OK


def _reconciliation_sheet(parser: Parser) -> None:
    parser.add_argument("--login", required=True)
    parser.add_argument("--out", type=Path, required=True, help=tr("写到这个新文件"))
    declare_folder(parser)
    declare_json(parser)


def prove(arguments: Arguments) -> int:
    """The proof that the centre holds the acts of one case."""
    import msgspec

    from nbcase.bootstrap.errands import prove_case

    password = ask_password()
    proof, key = prove_case(arguments.folder, arguments.login, password, arguments.number)
    write_private(arguments.out, msgspec.json.encode(proof))
    value = {"file": str(arguments.out), "acts": len(proof.acts), "count": proof.count, "at": proof.at, "centre_key": key}
    text = tr("{n} 个操作在中心 {at} 签过的 {count} 个之内；核对用的中心公钥：{key}")
    say(arguments, value, text.format(n=len(proof.acts), at=proof.at, count=proof.count, key=key))
    return OK


def _prove(parser: Parser) -> None:
    parser.add_argument("number", help=tr("受理号"))
    parser.add_argument("--login", required=True)
    parser.add_argument("--out", type=Path, required=True, help=tr("写到这个新文件；其中有个人信息"))
    declare_folder(parser)
    declare_json(parser)


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
    say(arguments, value, "\n".join(wrong) or valid)
    return NO if wrong else OK


def _verify_proof(parser: Parser) -> None:
    parser.add_argument("file", type=Path)
    parser.add_argument("--centre-key", required=True, metavar="HEX", help=tr("中心的公钥"))
    declare_json(parser)


VERBS: Verbs = {
    "desk": (desk, mark("打开窗口程序"), declare_folder),
    "enrol": (enrol, mark("把这台电脑登记为受理点的一台"), _enrol),
    "sync": (sync, mark("与中心同步一次"), _sync),
    "reconciliation-sheet": (reconciliation_sheet, mark("打日终对账单"), _reconciliation_sheet),
    "prove": (prove, mark("证明一件在中心"), _prove),
    "verify-proof": (verify_proof, mark("核对在册证明"), _verify_proof),
}
