"""A desk with a clerk signed in, as the window and the errands of a shell work with it."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nbcase.bootstrap.devices import camera, card_reader, print_queue, scanner
from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import CHINA, Clock, SystemClock
from nbcase.domain.errors import Offline, UserError
from nbcase.domain.words import tr
from nbcase.items.catalogue import load_catalogue
from nbcase.items.policy import load_policies
from nbcase.operations.cleaning import clean_files
from nbcase.operations.desk import Desk, Dossier
from nbcase.operations.enrol import Enrolment, read_enrolment
from nbcase.operations.publishing import working_calendar
from nbcase.operations.seal import begin_sealing
from nbcase.operations.sign_in import SignedIn, is_enrolled, keep_slots, sign_in
from nbcase.settings import DESK_CARD_NAME, Settings, load_settings
from nbcase.store import people
from nbcase.store.desk_database import reading
from nbcase.store.desk_lock import hold_desk
from nbcase.store.desk_work import state
from nbcase.store.sealed_log import SealedLog
from nbcase.store.vault import Vault, choose_vault
from nbcase.sync.client import CentreClient, HttpLine
from nbcase.sync.drill import DrillLine
from nbcase.sync.files import Fetcher
from nbcase.sync.loop import SyncLoop, SyncThread
from nbcase.sync.stages import Contact

if TYPE_CHECKING:  # named only; the devices bring OpenCV, numpy and serial ports, which the sign-in window does not wait for
    import sqlalchemy as sa
    from filelock import BaseFileLock

    from nbcase.devices.contract import Camera, CardReader, Scanner
    from nbcase.devices.document_reader import DocumentReader
    from nbcase.documents.printing import PrintQueue
    from nbcase.domain.retirement import RetirementProof
    from nbcase.operations.messages import SealedReceipt

PROBE_S = 0.3
"""While the last contact failed, a clerk's question first knocks this long: a dead line must not cost five seconds a case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A desk with a clerk signed in. `close` ends its thread and connections.

    `lock` and `sealed_log` are None for an errand that only reads.
    """

    desk: Desk
    clerk: Clerk
    settings: Settings
    folder: Path
    enrolment: Enrolment
    client: CentreClient
    line: DrillLine
    sync: SyncThread
    lock: "BaseFileLock | None"
    sealed_log: SealedLog | None
    reader: "CardReader | None"
    scanner: "Scanner | None"
    camera: "Camera | None"
    document_reader: "DocumentReader"
    queue: "PrintQueue | None"

    def local_now(self) -> datetime:
        """The time in Ningbo by the desk's clock."""
        return self.desk.clock.now().astimezone(CHINA)

    def feed_cursor(self) -> str:
        """Up to where the centre's records have come in: another value means that there is something new."""
        with reading(self.desk.engine) as connection:
            return str(state(connection, "cursor", ""))

    def close(self) -> None:
        """Stop sync, drop connections, end the drivers' processes, close the database."""
        self.sync.stop()
        self.client.close()
        if self.sealed_log is not None:
            self.sealed_log.close()
        for device in (self.reader, self.scanner, self.camera):
            if device is not None:
                device.close()
        self.desk.engine.dispose()
        if self.lock is not None:
            self.lock.release()


@dataclass(slots=True)
class ReachableCentre:
    """The centre as operations ask it: as the client does, but without a long wait while the line is known to be dead."""

    client: CentreClient
    files: Fetcher
    sync: SyncThread = field(init=False)

    def find_residents(self, *, document_kind: str, document_number: str, name: str, birth_on: date | None) -> Sequence[Dossier]:
        self._check_reachable()
        return self.client.find_residents(document_kind=document_kind, document_number=document_number, name=name, birth_on=birth_on)

    def fetch_file(self, content_hash: str) -> None:
        self._check_reachable()
        self.files.fetch(content_hash)

    def _check_reachable(self) -> None:
        if not self.sync.latest.is_online and not _answers(self.client.url):
            raise Offline(tr("中心现在不可达。"), safe=tr("本机照常受理。"))


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 443), timeout=PROBE_S):
            return True
    except OSError:
        return False


def sign_in_counter(folder: Path, login: str, password: str, *, only_reads: bool = False) -> Counter:
    """Sign a clerk in at the desk in `folder` and open the counter, see `open_counter`; the caller closes it."""
    vault = need_enrolled(folder)
    return open_counter(folder, vault, sign_in(folder, vault, login, password, datetime.now(UTC)), only_reads=only_reads)


@contextmanager
def counter_at_work(folder: Path, login: str, password: str, *, only_reads: bool = False) -> Iterator[Counter]:
    """A signed-in counter for one errand; closed at its end."""
    counter = sign_in_counter(folder, login, password, only_reads=only_reads)
    try:
        yield counter
    finally:
        counter.close()


def check_password(folder: Path, login: str, password: str) -> None:
    """Whether the clerk could sign in with it; raises `UserError` with the reason."""
    sign_in(folder, need_enrolled(folder), login, password, datetime.now(UTC)).engine.dispose()


def open_counter(
    folder: Path, vault: Vault, signed_in: SignedIn, *, clock: Clock | None = None, specimen: bool = True, only_reads: bool = False
) -> Counter:
    """Everything that a signed-in clerk works with. The sync thread is made, not started.

    Raises `UserError` where another program works at this desk, unless the caller `only_reads`. When it raises, the
    database is closed.
    """
    lock = None
    try:
        lock = None if only_reads else hold_desk(folder)
        return _assemble(folder, vault, signed_in, clock or SystemClock(), lock, specimen=specimen)
    except BaseException:
        signed_in.engine.dispose()
        if lock is not None:
            lock.release()
        raise


def _assemble(folder: Path, vault: Vault, signed_in: SignedIn, clock: Clock, lock: "BaseFileLock | None", *, specimen: bool) -> Counter:
    from nbcase.devices.document_reader import DocumentReader

    settings = load_settings(folder)
    with reading(signed_in.engine) as connection:
        enrolment = read_enrolment(connection)
        station = people.station(connection, enrolment.identity.station_code)
        calendar = working_calendar(connection, Path(settings.calendar_file) if settings.calendar_file else None)
    if lock is not None:
        clean_files(signed_in.engine, clock.now(), settings.unused_files_days)
    line = DrillLine(HttpLine(settings.centre_ca_file))
    client = CentreClient(enrolment.centre_url, enrolment.identity.desk_id, signed_in.secrets.device, clock, line)
    client.sign_in(signed_in.clerk.login, signed_in.key)
    centre = ReachableCentre(client, Fetcher(signed_in.engine, client))
    contact = Contact(
        engine=signed_in.engine,
        client=client,
        clock=clock,
        enrolment=enrolment,
        on_people=lambda clerks: keep_slots(vault, signed_in.secrets, clerks),
        on_lists=lambda: _keep_trust(signed_in.engine, enrolment.centre_public_key, folder),
        paper_algorithm=settings.code_algorithm,
    )
    centre.sync = SyncThread(SyncLoop(contact, drill_left_s=lambda: line.left_s))
    items = load_catalogue()
    desk = Desk(
        engine=signed_in.engine,
        identity=enrolment.identity,
        station=station,
        clock=clock,
        calendar=calendar,
        items=items,
        policies=load_policies(items),
        centre=centre,
        specimen=specimen,
        paper_kinds={"acceptance-receipt": "acceptance-receipt-80"} if settings.receipt_paper != "a5" else {},
        verify_page=settings.verify_page,
    )
    return Counter(
        desk=desk,
        clerk=signed_in.clerk,
        settings=settings,
        folder=folder,
        enrolment=enrolment,
        client=client,
        line=line,
        sync=centre.sync,
        lock=lock,
        sealed_log=begin_sealing(signed_in.engine, folder, enrolment, signed_in.secrets, clock) if lock is not None else None,
        reader=card_reader(settings),
        scanner=scanner(settings),
        camera=camera(settings),
        document_reader=DocumentReader(),
        queue=print_queue(settings, folder),
    )


def _keep_trust(engine: "sa.Engine", centre_public_key: str, folder: Path) -> None:
    # Loaded at the first contact: what reads codes and certificates is not needed for the sign-in window.
    from nbcase.operations.verifying import keep_trust

    keep_trust(engine, centre_public_key, folder)


def bring_sealed(counter: Counter, path: Path) -> "SealedReceipt":
    """Bring a sealed file of any desk to the centre; the centre's signed receipt."""
    from nbcase.sync.sealed import import_sealed

    return import_sealed(counter.client, path, counter.enrolment.centre_public_key)


def retire_desk(counter: Counter) -> "RetirementProof":
    """Take the desk out of service and its keys with it; the caller closes the counter.

    A contact under way when the keys went could have made new ways in for the station's clerks, so they go once more
    when nothing runs any longer.
    """
    from nbcase.operations.retire import retire

    vault = need_enrolled(counter.folder)
    proof = retire(
        counter.desk,
        counter.clerk,
        counter.client,
        centre_public_key=counter.enrolment.centre_public_key,
        folder=counter.folder,
        vault=vault,
    )
    counter.sync.stop()
    vault.replace({})
    (counter.folder / DESK_CARD_NAME).unlink(missing_ok=True)
    return proof


def need_enrolled(folder: Path) -> Vault:
    """The vault of an enrolled desk; `UserError` says how to enrol another one."""
    vault = choose_vault(folder)
    if not is_enrolled(folder, vault):
        raise UserError(
            tr("这台电脑还没有登记为受理点的一台。"),
            safe=tr("没有改动任何数据。"),
            do=tr("请管理员发登记码，然后运行：nbcase enrol --centre 网址 --code 登记码"),
        )
    return vault
