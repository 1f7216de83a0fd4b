"""Verbs about work that did not reach the centre: rescue, the stick."""

from pathlib import Path

from nbcase.domain.words import mark, tr
from nbcase.verbs import NO, OK, Arguments, Parser, Verbs, ask_password, declare_folder, declare_json, say


def rescue(arguments: Arguments) -> int:
    """Rebuild this desk's database from the sealed log and from what is left of the database."""
    from nbcase.bootstrap.errands import rescue_desk

    value = rescue_desk(arguments.folder, arguments.login, ask_password())
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
    say(arguments, value, "\n".join(lines))
    return OK if value["is_whole"] else NO


def _rescue(parser: Parser) -> None:
    parser.add_argument("--login", required=True)
    declare_folder(parser)
    declare_json(parser)


def export_sealed(arguments: Arguments) -> int:
    """Everything unsent into one sealed file for a stick."""
    from nbcase.bootstrap.errands import export_sealed_file

    value = export_sealed_file(arguments.folder, arguments.login, ask_password() if arguments.login else "", arguments.out)
    text = tr("已导出 {count} 件、附件 {files} 个：{path}") if arguments.login else tr("已把封存副本原样导出：{path}")
    say(arguments, value, text.format(**value))
    return OK


def _export_sealed(parser: Parser) -> None:
    parser.add_argument("--out", type=Path, required=True, help=tr("文件或文件夹"))
    parser.add_argument("--login", help=tr("不写则不用密码，把封存副本原样导出"))
    declare_folder(parser)
    declare_json(parser)


def import_sealed(arguments: Arguments) -> int:
    """A sealed file to the centre: from any desk that is online, or at the centre itself."""
    from nbcase.bootstrap.centre import import_sealed_at_centre
    from nbcase.bootstrap.errands import import_sealed_file

    if arguments.login is not None:
        value = import_sealed_file(arguments.folder, arguments.login, ask_password(), arguments.file)
    else:
        value = import_sealed_at_centre(arguments.data, arguments.database_url, arguments.file)
    text = tr("中心已收下 {count} 件（其中 {known} 件早已在中心），附件 {files} 个，没有收下 {left} 件。").format(**value)
    say(arguments, value, "\n".join([text, *value["notices"]]))
    return OK if not value["left"] and not value["notices"] else NO


def _import_sealed(parser: Parser) -> None:
    parser.add_argument("file", type=Path)
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--login", help=tr("由这台电脑上传"))
    place.add_argument("--data", type=Path, help=tr("在中心直接收下：中心的文件夹"))
    parser.add_argument("--database-url", help=tr("已有的 PostgreSQL；不写则用内置的"))
    declare_folder(parser)
    declare_json(parser)


VERBS: Verbs = {
    "rescue": (rescue, mark("数据库损坏后，救回未上传的办件"), _rescue),
    "export-sealed": (export_sealed, mark("把未上传的办件导出成密封文件"), _export_sealed),
    "import-sealed": (import_sealed, mark("把密封文件交给中心"), _import_sealed),
}
