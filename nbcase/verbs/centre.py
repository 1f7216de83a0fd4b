"""Verbs of the centre."""

import os
import sys
from pathlib import Path

from nbcase.domain.errors import UserError
from nbcase.domain.words import mark, tr
from nbcase.verbs import OK, Arguments, Parser, Verbs, count, day, declare_centre, declare_json, say


def centre(arguments: Arguments) -> int:
    """Run the centre until it is stopped."""
    from nbcase.bootstrap.centre import run_centre

    def ready(url: str) -> None:
        say(arguments, {"ready": url, "pid": os.getpid()}, tr("中心已启动：{url}").format(url=url))

    if (arguments.certificate is None) != (arguments.key is None):
        raise UserError(tr("证书和密钥要一起给出。"), do=tr("请同时写 --certificate 和 --key。"))
    tls = (arguments.certificate, arguments.key) if arguments.certificate else None
    run_centre(arguments.data, arguments.database_url, arguments.host, arguments.port, ready, workers=arguments.workers, tls=tls)
    return OK


def _centre(parser: Parser) -> None:
    declare_centre(parser)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8700, help=tr("0 为任选空闲端口"))
    parser.add_argument("--workers", type=count, default=1, metavar="N", help=tr("工作进程数；约等于处理器核数"))
    parser.add_argument("--certificate", type=Path, help=tr("证书文件（PEM）；与 --key 一起给出则用 https"))
    parser.add_argument("--key", type=Path, help=tr("证书的私钥文件（PEM）"))
    declare_json(parser)


def enrolment_code(arguments: Arguments) -> int:
    """A one-time code that makes a computer a desk of a station."""
    from nbcase.bootstrap.centre import make_enrolment_code

    code = make_enrolment_code(arguments.data, arguments.database_url, arguments.station, arguments.window)
    say(arguments, {"code": code, "station": arguments.station, "window": arguments.window}, code)
    return OK


def _enrolment_code(parser: Parser) -> None:
    parser.add_argument("--data", type=Path, default=Path("centre-data"))
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--station", required=True)
    parser.add_argument("--window", required=True)
    declare_json(parser)


def publish_calendar(arguments: Arguments) -> int:
    """A new working calendar for every desk, at its next contact."""
    from nbcase.bootstrap.centre import publish_calendar as publish

    head = publish(arguments.file, arguments.data, arguments.database_url)
    value = {"name": head.name, "revision": head.revision, "checksum": head.checksum}
    say(arguments, value, tr("已公布第 {n} 版工作日历，各窗口下次连接时取回").format(n=head.revision))
    return OK


def _publish_calendar(parser: Parser) -> None:
    parser.add_argument("file", type=Path, help=tr("节假日文件，写法同程序自带的 calendar.toml"))
    declare_centre(parser)
    declare_json(parser)


def demo_data(arguments: Arguments) -> int:
    """Synthetic people, into a centre's database or as JSON lines."""
    from nbcase.bootstrap.centre import write_demo_data

    target = sys.stdout if arguments.database_url is None else None
    count = write_demo_data(
        arguments.people, arguments.seed, arguments.as_of, database_url=arguments.database_url, data=arguments.data, lines=target
    )
    if target is None:
        say(
            arguments,
            {"people": arguments.people, "records": count},
            tr("已写入 {people} 人，{records} 条记录").format(people=arguments.people, records=count),
        )
    return OK


def _demo_data(parser: Parser) -> None:
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--as-of", type=day, default=None, metavar="YYYY-MM-DD")
    parser.add_argument("--database-url", help=tr("写入这个中心的数据库；不写则输出 JSON 行"))
    parser.add_argument("--data", type=Path, default=Path("centre-data"), help=tr("中心的文件夹，密钥在其中"))
    declare_json(parser)


VERBS: Verbs = {
    "centre": (centre, mark("运行中心"), _centre),
    "enrolment-code": (enrolment_code, mark("发一个一次性登记码"), _enrolment_code),
    "publish-calendar": (publish_calendar, mark("公布工作日历"), _publish_calendar),
    "demo-data": (demo_data, mark("生成虚构的人员数据"), _demo_data),
}
