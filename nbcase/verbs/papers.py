"""Verbs about the proof of papers."""

import sys
from pathlib import Path

from nbcase.domain.errors import UserError
from nbcase.domain.words import mark, tr
from nbcase.verbs import NO, OK, Arguments, Parser, Verbs, day, declare_centre, declare_folder, declare_json, say


def verify(arguments: Arguments) -> int:
    """A paper's file, a picture of it, or the text of its code: is it ours, does it hold? No network is used."""
    from nbcase.bootstrap.papers import verify_paper
    from nbcase.operations.verifying import plain_verdict, verdict_words

    if (arguments.file is None) == (arguments.qr is None):
        raise UserError(tr("文件和二维码内容给出一个。"), do=tr("请写文件名（- 为标准输入），或用 --qr 给出扫到的文字。"))
    verdict = verify_paper(arguments.qr or _content(arguments.file), arguments.at, folder=arguments.folder, trust=arguments.trust)
    words = verdict_words(verdict)
    lines = [words.title, words.why, *(f"{label}  {value}" for label, value in words.facts), words.do]
    say(arguments, plain_verdict(verdict), "\n".join(line for line in lines if line))
    return OK if verdict.is_yes else NO


def _content(name: str) -> bytes:
    from nbcase.proof.examination import MOST_BYTES

    try:
        if name == "-":
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(name).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UserError(tr("文件读不出来：{text}").format(text=error.strerror or str(error))) from error


def _verify(parser: Parser) -> None:
    parser.add_argument("file", nargs="?", help=tr("PDF 或图片；- 为标准输入"))
    parser.add_argument("--qr", metavar="TEXT", help=tr("扫码得到的文字"))
    parser.add_argument("--at", type=day, metavar="YYYY-MM-DD", help=tr("按哪一天看是否过期；不写则为今天"))
    parser.add_argument("--trust", type=Path, help=tr("核验资料文件；不写则用本机的"))
    declare_folder(parser)
    declare_json(parser)


def verifier_bundle(arguments: Arguments) -> int:
    """What a school or a bank needs to check codes by itself: lists, a small script, the schema."""
    from nbcase.bootstrap.papers import write_verifier_bundle

    files = write_verifier_bundle(arguments.out, folder=arguments.folder, data=arguments.data, database_url=arguments.database_url)
    say(arguments, {"out": str(arguments.out), "files": files}, tr("核验包已写到 {path}").format(path=arguments.out))
    return OK


def _verifier_bundle(parser: Parser) -> None:
    parser.add_argument("--out", type=Path, required=True, help=tr("文件夹"))
    parser.add_argument("--data", type=Path, help=tr("在中心制作：中心的文件夹；不写则用柜台电脑的资料"))
    parser.add_argument("--database-url", help=tr("已有的 PostgreSQL；不写则用内置的"))
    declare_folder(parser)
    declare_json(parser)


def end_paper_keys(arguments: Arguments) -> int:
    """A desk may sign no more papers; with --lost nothing it ever signed is believed."""
    from nbcase.bootstrap.papers import end_paper_keys as end

    count = end(arguments.data, arguments.database_url, arguments.desk, is_lost=arguments.lost)
    say(arguments, {"desk": arguments.desk, "keys": count, "lost": arguments.lost}, tr("已停用 {n} 把签发密钥").format(n=count))
    return OK if count else NO


def _end_paper_keys(parser: Parser) -> None:
    parser.add_argument("--desk", required=True, help=tr("电脑的编号"))
    parser.add_argument("--lost", action="store_true", help=tr("密钥可能落到他人手里：它签过的文书都不再可信"))
    declare_centre(parser)
    declare_json(parser)


VERBS: Verbs = {
    "verify": (verify, mark("核验一份文书"), _verify),
    "verifier-bundle": (verifier_bundle, mark("给外单位的核验包"), _verifier_bundle),
    "end-paper-keys": (end_paper_keys, mark("停用一台电脑的签发密钥"), _end_paper_keys),
}
