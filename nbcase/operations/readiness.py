"""Is this desk fit for the day: everything a window needs, looked at once, each with an honest state.

For the page 工作台 and for ``nbcase doctor``. Nothing here writes, and no personal data is in an answer.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from nbcase import __version__
from nbcase.devices.contract import Camera, CardReader, Scanner
from nbcase.documents.printing import PrintQueue
from nbcase.domain.case import OPEN_STATES
from nbcase.domain.clock import CHINA, SystemClock, local_date
from nbcase.domain.errors import DeviceError
from nbcase.domain.words import tr
from nbcase.domain.workdays import WorkingCalendar
from nbcase.operations.desk import Desk
from nbcase.store import tables
from nbcase.store.desk_database import reading
from nbcase.store.publications import publications
from nbcase.store.vault import choose_vault

State = Literal["passed", "look", "failed", "absent"]

FEW_NUMBERS = 50
"""Receipt numbers; an hour of a busy counter. The centre gives a new block at the next contact."""

LITTLE_SPACE, TOO_LITTLE_SPACE = 2 << 30, 200 << 20
"""Bytes free on the disk of the data: some months of scans; a day of them."""

CLOCK_LOOK_S, CLOCK_WRONG_S = 5.0, 300.0
"""Seconds off the centre's clock: times on papers go wrong; the centre will soon refuse the desk's requests (at ten minutes)."""

OLD_CONTACT_DAYS = 7
"""Days without the centre after which rules and lists may be out of date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """One check: ``passed``, ``look`` (a person should), ``failed`` (cannot be worked with), ``absent`` (not configured, not known)."""

    key: str
    name: str
    state: State
    detail: str


def readiness(
    desk: Desk | None,
    *,
    folder: Path | None = None,
    reader: CardReader | None = None,
    scanner: Scanner | None = None,
    camera: Camera | None = None,
    document_reader: object | None = None,
    queue: PrintQueue | None = None,
    clock_offset_s: float | None = None,
    contact_at: datetime | None = None,
) -> tuple[Readiness, ...]:
    """All checks in the order of the work. Without `desk` (nobody is signed in) what its database knows is not asked.

    Asking devices takes up to some seconds: call it in a worker.
    """
    today = desk.today() if desk is not None else local_date(SystemClock().now())
    calendar = desk.calendar if desk is not None else WorkingCalendar.load()
    return (
        _row("reader", tr("读卡器"), *_reader(reader)),
        *(_row("scanner", tr("扫描仪"), *_answering(each)) for each in (scanner,) if each is not None),
        *(_row("camera", tr("高拍仪"), *_answering(each)) for each in (camera,) if each is not None),
        _row("document_reader", tr("证件识别"), *_document_reader(document_reader)),
        _row("printer", tr("打印机"), *_printer(queue)),
        _row("numbers", tr("受理号段"), *_of_desk(desk, _numbers)),
        _row("calendar", tr("工作日历"), *_calendar(desk, calendar, today)),
        _row("rules", tr("规则"), *_of_desk(desk, _rules)),
        _row("keys", tr("本机钥匙"), *_keys(folder or _folder_of(desk))),
        _row("database", tr("本机数据"), *_of_desk(desk, _database)),
        _row("backup", tr("备份"), "absent", tr("没有设置备份")),
        _row("disk", tr("磁盘空间"), *_disk(folder or _folder_of(desk))),
        _row("clock", tr("本机时钟"), *_clock(clock_offset_s, is_measured=contact_at is not None)),
        _row("centre", tr("中心联系"), *_centre(contact_at, today)),
    )


Found = tuple[State, str]


def _row(key: str, name: str, state: State, detail: str) -> Readiness:
    return Readiness(key=key, name=name, state=state, detail=detail)


def _of_desk(desk: Desk | None, check: Callable[[Desk], Found]) -> Found:
    return ("absent", tr("登录后才能查")) if desk is None else check(desk)


def _reader(reader: CardReader | None) -> Found:
    if reader is None:
        return "absent", tr("没有配置，可手工录入")
    return _answering(reader)


def _answering(device: CardReader | Scanner | Camera) -> Found:
    status = device.status()
    return ("passed" if status.is_ready else "failed"), status.text


def _rules(desk: Desk) -> Found:
    """How old the newest rules are that the centre has published; the program's own count until there are any."""
    with reading(desk.engine) as connection:
        at = max((found.published_at for found in publications(connection)), default=None)
    if at is None:
        return "passed", tr("随程序 {version}").format(version=__version__)
    days = (desk.today() - local_date(at)).days
    return "passed", tr("今日发布") if days <= 0 else tr("{n} 天前发布").format(n=days)


def _keys(folder: Path | None) -> Found:
    """Whether the clerks' keys to this desk lie where they should, and for how many clerks."""
    if folder is None:
        return "absent", tr("不知道数据在哪个文件夹")
    try:
        count = len(choose_vault(folder).slots())
    except (OSError, ValueError):
        return "failed", tr("读不出来，请联系管理员")
    return ("passed", tr("{n} 人的").format(n=count)) if count else ("absent", tr("没有登记"))


def _document_reader(document_reader: object | None) -> Found:
    if document_reader is None:
        return "absent", tr("没有配置，可手工录入")
    from nbcase.devices.document_reader import has_models  # it brings numpy, which the window does not wait for

    return ("passed", tr("模型在本机")) if has_models() else ("failed", tr("缺少识别模型，请重新安装"))


def _printer(queue: PrintQueue | None) -> Found:
    if queue is None:
        return "absent", tr("没有选打印机")
    try:
        obstacle = queue.obstacle()
    except DeviceError as error:
        return "failed", error.what
    return ("look", obstacle) if obstacle else ("passed", tr("{name} 就绪").format(name=queue.name))


def _numbers(desk: Desk) -> Found:
    left = numbers_left(desk)
    words = tr("余 {n} 个").format(n=left)
    if left == 0:
        return "failed", tr("已用完，连上中心后领取")
    return ("look" if left < FEW_NUMBERS else "passed"), words


def numbers_left(desk: Desk) -> int:
    """Receipt numbers that this desk may still give out without the centre."""
    block = tables.number_block
    query = sa.select(sa.func.coalesce(sa.func.sum(block.c.last - block.c.next + 1), 0)).where(block.c.series == desk.identity.prefix)
    with reading(desk.engine) as connection:
        return int(connection.execute(query).scalar_one())


def _calendar(desk: Desk | None, calendar: WorkingCalendar, today: date) -> Found:
    until = calendar.known_until_on
    if until is None or until < today:
        return "look", tr("今年的放假安排没有导入")
    words = tr("至 {day}").format(day=until)
    tentative = 0 if desk is None else _count_tentative(desk)
    return ("look", tr("{words}，{n} 件期限暂定").format(words=words, n=tentative)) if tentative else ("passed", words)


def _count_tentative(desk: Desk) -> int:
    """Open cases whose limit runs into a year that is not announced yet."""
    case = tables.DESK_RECORDS["case"]
    query = sa.select(sa.func.count()).where(case.c.due_is_provisional, case.c.state.in_([state.value for state in OPEN_STATES]))
    with reading(desk.engine) as connection:
        return int(connection.execute(query).scalar_one())


def _database(desk: Desk) -> Found:
    with reading(desk.engine) as connection:
        word: Any = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    return ("passed", tr("已加密，结构完好")) if word == "ok" else ("failed", tr("结构有损坏，请联系管理员"))


def _folder_of(desk: Desk | None) -> Path | None:
    """Where the desk's database lies, by its own word."""
    if desk is None:
        return None
    with reading(desk.engine) as connection:
        row = connection.exec_driver_sql("PRAGMA database_list").first()
    return Path(row[2]).parent if row is not None and row[2] else None


def _disk(folder: Path | None) -> Found:
    if folder is None:
        return "absent", tr("不知道数据在哪个文件夹")
    place = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return "failed", tr("文件夹打不开：{reason}").format(reason=error.strerror or error)
    words = tr("余 {size}").format(size=size_words(free))
    if free < TOO_LITTLE_SPACE:
        return "failed", words
    return ("look" if free < LITTLE_SPACE else "passed"), words


def size_words(count: int) -> str:
    """Bytes as people read them: 812 KB, 3.4 MB, 120 GB."""
    size = float(count)
    for unit in ("B", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.0f} GB" if size >= 10 else f"{size:.1f} GB"


def _clock(offset_s: float | None, *, is_measured: bool) -> Found:
    if offset_s is None or not is_measured:
        return "absent", tr("连过中心后才知道")
    words = tr("与中心差 {n} 秒").format(n=f"{abs(offset_s):.1f}")
    if abs(offset_s) >= CLOCK_WRONG_S:
        return "failed", words
    return ("look" if abs(offset_s) >= CLOCK_LOOK_S else "passed"), words


def _centre(contact_at: datetime | None, today: date) -> Found:
    if contact_at is None:
        return "absent", tr("还没有连过中心")
    local = contact_at.astimezone(CHINA)
    days = (today - local.date()).days
    if days <= 0:
        return "passed", tr("今日 {time}").format(time=f"{local:%H:%M}")
    return ("look" if days > OLD_CONTACT_DAYS else "passed"), tr("{n} 天前").format(n=days)
