"""The one place where the parts are put together: a desk at work, a centre, and the errands of the command line."""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlsplit

import msgspec

from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import CHINA, Clock, SystemClock, local_date
from nbcase.domain.errors import Offline, UserError
from nbcase.domain.resources import resource_path
from nbcase.domain.words import tr
from nbcase.items.catalogue import load_catalogue
from nbcase.items.policy import load_policies
from nbcase.operations.cleaning import clean_files
from nbcase.operations.desk import Desk, Dossier
from nbcase.operations.enrol import Enrolment, enrol, issue_code, read_enrolment
from nbcase.operations.publishing import working_calendar
from nbcase.operations.seal import begin_sealing
from nbcase.operations.sign_in import SignedIn, is_enrolled, keep_slots
from nbcase.settings import DESK_CARD_NAME, DeskCard, Settings, default_desk_folder, load_settings, save_desk_card
from nbcase.store import people
from nbcase.store.desk_database import reading
from nbcase.store.desk_lock import hold_desk
from nbcase.store.desk_work import state
from nbcase.store.sealed_log import SealedLog
from nbcase.store.vault import Vault, choose_vault
from nbcase.sync.client import CentreClient, HttpLine, enrol_over_http
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
    from nbcase.domain.publication import Publication
    from nbcase.domain.retirement import RetirementProof
    from nbcase.domain.round import Round
    from nbcase.operations.inclusion import InclusionProof
    from nbcase.operations.messages import SealedReceipt
    from nbcase.proof.verdict import Verdict
    from nbcase.server.centre import Centre

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


def card_reader(settings: Settings) -> "CardReader | None":
    """The reader that the settings name, in a process of its own; None where none is configured."""
    from nbcase.devices.hosted import hosted_reader

    if not settings.reader_port:
        return None
    return hosted_reader(settings.reader_port, settings.reader_baud, settings.reader_driver)


def scanner(settings: Settings) -> "Scanner | None":
    """The scanner that the settings name; None where none is configured."""
    from nbcase.devices.hosted import hosted_scanner

    return hosted_scanner(settings.scanner, module=settings.scanner_driver) if settings.scanner else None


def camera(settings: Settings) -> "Camera | None":
    """The camera that the settings name; None where none is configured."""
    from nbcase.devices.hosted import hosted_camera

    return hosted_camera(settings.camera, settings.camera_driver) if settings.camera else None


def print_queue(settings: Settings, folder: Path) -> "PrintQueue | None":
    """The queue that the settings name, with the receipts' own printer behind it; None where none is configured."""
    from nbcase.documents.printing import FolderQueue, QueuesByKind

    if settings.print_folder:
        return FolderQueue(Path(settings.print_folder))
    main = printer(folder, settings.queue)
    roll = {"58mm": 58, "80mm": 80}.get(settings.receipt_paper, 0)
    receipts = printer(folder, settings.receipt_queue or (settings.queue if roll else ""), roll_mm=roll)
    if main is None or receipts is None:
        return main or receipts
    return QueuesByKind(main, dict.fromkeys(("acceptance-receipt", "acceptance-receipt-80"), receipts))


def printer(folder: Path, name: str, *, roll_mm: int = 0) -> "PrintQueue | None":
    """A queue of CUPS with the setup that its test sheet gave; None where there is none of that name."""
    from nbcase.documents.printing import RasterQueue, cups_queue
    from nbcase.documents.raster import PrinterSetup
    from nbcase.settings import load_printers

    if not name:
        return None
    setup = load_printers(folder).get(name, PrinterSetup())
    queue = cups_queue(name, setup.tray)
    return None if queue is None else RasterQueue(queue, msgspec.structs.replace(setup, roll_mm=setup.roll_mm or roll_mm))


def enrol_desk(folder: Path | None, centre_url: str, code: str) -> Enrolment:
    """Make this computer a desk of a station by a one-time code."""
    folder = folder or default_desk_folder()
    vault = choose_vault(folder)
    ca_file = load_settings(folder).centre_ca_file
    stations: list[str] = []

    def exchange(request: Any) -> Any:
        answer = enrol_over_http(centre_url, request, ca_file)
        stations.append(answer.station.name)
        return answer

    enrolment = enrol(folder, vault, centre_url, code, exchange)
    identity = enrolment.identity
    card = DeskCard(station_code=identity.station_code, station_name=stations[0], window=identity.window)
    save_desk_card(folder, card)
    return enrolment


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


@contextmanager
def _at_work(folder: Path | None, login: str, password: str, *, only_reads: bool = False) -> Iterator[Counter]:
    """A desk with a clerk signed in, for one errand of the command line; closed at its end. See `open_counter`."""
    from nbcase.operations.sign_in import sign_in

    folder = folder or default_desk_folder()
    vault = need_enrolled(folder)
    counter = open_counter(folder, vault, sign_in(folder, vault, login, password, datetime.now(UTC)), only_reads=only_reads)
    try:
        yield counter
    finally:
        counter.close()


def sync_once(folder: Path | None, login: str, password: str) -> dict[str, Any]:
    """One contact without a window; the status in plain values."""
    with _at_work(folder, login, password) as counter:
        status = counter.sync.contact_once()
    if status.problem is not None:
        raise Offline(status.problem.what, safe=status.problem.safe, do=status.problem.do)
    plain: dict[str, Any] = msgspec.to_builtins(status)
    return plain


def prove_case(folder: Path | None, login: str, password: str, number: str) -> tuple["InclusionProof", str]:
    """The proof that the centre holds the acts of a case, and the key of the centre that signed it."""
    from nbcase.operations import inclusion

    with _at_work(folder, login, password, only_reads=True) as counter:
        return inclusion.prove_case(counter.desk, number), counter.enrolment.centre_public_key


def reconciliation_sheet(folder: Path | None, login: str, password: str) -> bytes:
    """The end-of-day sheet of a desk as PDF, from what its database knows; no contact is made."""
    from nbcase.operations import proof

    with _at_work(folder, login, password, only_reads=True) as counter:
        return proof.reconciliation_sheet(counter.desk, counter.clerk)


def rescue_desk(folder: Path | None, login: str, password: str) -> dict[str, Any]:
    """Rebuild a damaged desk from its sealed log and what is left of its database; the report in plain values."""
    import structlog

    from nbcase.operations.rescue import rescue
    from nbcase.operations.sign_in import open_secrets

    folder = folder or default_desk_folder()
    vault = choose_vault(folder)
    now = datetime.now(UTC)
    _, _, secrets = open_secrets(folder, vault, login, password, now)
    lock = hold_desk(folder)
    try:
        report = rescue(folder, secrets, now)
    finally:
        lock.release()
    structlog.get_logger().warning("desk_rescued", unsent=report.unsent, unreadable=len(report.unreadable))
    return {**msgspec.to_builtins(report), "unsent": report.unsent, "is_whole": report.is_whole}


def export_sealed_file(folder: Path | None, login: str | None, password: str, target: Path) -> dict[str, Any]:
    """Everything unsent into one sealed file; without a login the desk's log as it is, of which nobody here knows the count."""
    from nbcase.operations.seal import copy_log, export_sealed

    if login is None:
        path, size = copy_log(folder or default_desk_folder(), target)
        return {"path": str(path), "bytes": size, "count": None, "files": None}
    with _at_work(folder, login, password) as counter:
        done = export_sealed(counter.desk, target)
    return {"path": str(done.path), "bytes": done.bytes, "count": done.count, "files": done.files}


def import_sealed_file(folder: Path | None, login: str, password: str, path: Path) -> dict[str, Any]:
    """Bring a sealed file to the centre from this desk; the centre's receipt in plain values."""
    with _at_work(folder, login, password, only_reads=True) as counter:
        receipt: dict[str, Any] = msgspec.to_builtins(bring_sealed(counter, path))
    return receipt


def import_sealed_at_centre(data: Path, database_url: str | None, path: Path) -> dict[str, Any]:
    """The same by an administrator at the centre, who may bring the work of a retired desk too."""
    import hashlib

    from nbcase.operations.sealed_import import take_in_sealed

    with _opened_centre(data, database_url) as centre:
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                now = centre.clock.now()
                receipt = take_in_sealed(centre.engine, centre.blobs, centre.key, file, digest, now, by_administrator=True)
        except OSError as error:
            raise UserError(
                tr("文件读不出来：{text}").format(text=error.strerror or str(error)), safe=tr("中心没有收下任何内容。")
            ) from error
    plain: dict[str, Any] = msgspec.to_builtins(receipt)
    return plain


@contextmanager
def centre_database(data: Path, database_url: str | None) -> Iterator[str]:
    """The URL of the centre's PostgreSQL: the one that is named, else the embedded one in the data folder."""
    if database_url is not None:
        yield database_url
        return
    from nbcase.server.embedded import embedded_postgres

    with embedded_postgres(data / "postgres") as url:
        yield url


@contextmanager
def _opened_centre(data: Path, database_url: str | None) -> "Iterator[Centre]":
    """A centre for one errand, beside the one that may be running; closed at its end."""
    from nbcase.server.centre import open_centre

    with centre_database(data, database_url) as url:
        centre = open_centre(url, data)
        try:
            yield centre
        finally:
            centre.close()


def run_centre(
    data: Path,
    database_url: str | None,
    host: str,
    port: int,
    ready: Callable[[str], None],
    *,
    workers: int = 1,
    tls: tuple[Path, Path] | None = None,
) -> None:
    """Run the centre until SIGTERM or Ctrl+C; `tls` is the certificate's and the key's file."""
    from nbcase.server.serve import serve

    with centre_database(data, database_url) as url:
        serve(url, data, host, port, ready=ready, workers=workers, tls=tls)


def make_enrolment_code(data: Path, database_url: str | None, station_code: str, window: str) -> str:
    """A one-time code for a desk at a station; raises `UserError` for an unknown station."""
    from nbcase.store.centre_database import transaction

    with _opened_centre(data, database_url) as centre, transaction(centre.engine) as connection:
        if station_code not in {station.code for station in people.stations(connection)}:
            raise UserError(tr("没有受理点 {code}。").format(code=station_code), safe=tr("没有发登记码。"), do=tr("请核对受理点编号。"))
        return issue_code(connection, station_code, window, centre.clock.now())


def publish_calendar(path: Path, data: Path, database_url: str | None) -> "Publication":
    """Publish the announced years of a calendar file to every desk."""
    from nbcase.operations import publishing
    from nbcase.store.centre_database import transaction

    with _opened_centre(data, database_url) as centre, transaction(centre.engine) as connection:
        return publishing.publish_calendar(connection, centre.key, path, centre.clock.now())


def open_round(path: Path, data: Path, database_url: str | None) -> "Round":
    """Open the round of a file, or change one that is not ranked yet."""
    from nbcase.operations import roundfile
    from nbcase.store.centre_database import transaction

    with _opened_centre(data, database_url) as centre, transaction(centre.engine) as connection:
        return roundfile.open_round(connection, path)


def rank_round(round_id: str, data: Path, database_url: str | None) -> "Round":
    """Rank a round anew; the list waits for signatures."""
    from nbcase.operations import rank
    from nbcase.operations.schemes import schemes
    from nbcase.store.centre_database import transaction

    with _opened_centre(data, database_url) as centre, transaction(centre.engine) as connection:
        now = centre.clock.now()
        return rank.rank_round(connection, round_id, schemes(connection).newest, now, local_date(now))


def publish_round(round_id: str, data: Path, database_url: str | None) -> "Round":
    """Publish the signed list of a round: for notice first, then as final."""
    from nbcase.operations import rank
    from nbcase.operations.schemes import schemes
    from nbcase.store.centre_database import transaction

    with _opened_centre(data, database_url) as centre, transaction(centre.engine) as connection:
        calendar = working_calendar(connection, None)
        return rank.publish_round(connection, round_id, schemes(connection).newest, calendar, local_date(centre.clock.now()))


def rounds_at_centre(data: Path, database_url: str | None) -> "list[Round]":
    """Every round that the centre has, the newest first."""
    from nbcase.domain.round import Round
    from nbcase.store.shelf import Shelf

    with _opened_centre(data, database_url) as centre, centre.engine.connect() as connection:
        return sorted(Shelf(connection).find(Round), key=lambda one: (one.closes_on, one.name), reverse=True)


def write_demo_data(
    count: int, seed: int, as_of: date | None, *, database_url: str | None = None, data: Path | None = None, lines: TextIO | None = None
) -> int:
    """Synthetic people into a centre's database, or as JSON lines; how many records there were.

    Raises `UserError` for a count below 0.
    """
    from nbcase.demo.load import load, write_lines
    from nbcase.demo.people import people as invented

    if count < 0:
        raise UserError(tr("人数不能小于 0。"))
    today = as_of or local_date(datetime.now(UTC))
    if lines is not None:
        return write_lines(invented(count, seed, today, b"demo" * 8), lines)
    with _opened_centre(data or Path("centre-data"), database_url) as centre:
        return load(centre.engine, centre.id_key, invented(count, seed, today, centre.id_key), seed, today, centre.clock.now())


def verify_paper(asked: str | bytes, at: date | None, *, folder: Path | None, trust: Path | None) -> "Verdict":
    """The verdict on a code's text or a file by the lists in a file: this desk's, or the one that is named."""
    from nbcase.operations.verifying import TRUST_NAME, load_trust, verify_code, verify_file

    lists = load_trust(trust or (folder or default_desk_folder()) / TRUST_NAME)
    now = datetime.now(UTC)
    return verify_code(lists, asked, now, at) if isinstance(asked, str) else verify_file(lists, asked, now, at)


def write_verifier_bundle(out: Path, *, folder: Path | None, data: Path | None, database_url: str | None) -> list[str]:
    """Lists, script and schema into a folder; from the centre in `data`, else from a desk's own lists. The names of the files."""
    from nbcase.operations.verifying import TRUST_NAME, load_trust, trust_file
    from nbcase.server.centre import Centre
    from nbcase.store.centre_database import transaction

    def of(centre: Centre) -> bytes:
        with transaction(centre.engine) as connection:
            return trust_file(connection, centre.key.public_key)

    if data is not None:
        with _opened_centre(data, database_url) as centre:
            content = of(centre)
    else:
        path = (folder or default_desk_folder()) / TRUST_NAME
        load_trust(path)
        content = path.read_bytes()
    out.mkdir(parents=True, exist_ok=True)
    (out / "trust.json").write_bytes(content)
    for name in ("verify.py", "claims.cddl", "vectors.json"):
        (out / name).write_bytes(resource_path(f"proof/{name}").read_bytes())
    return sorted(path.name for path in out.iterdir())


def end_paper_keys(data: Path, database_url: str | None, desk_id: str, *, is_lost: bool) -> int:
    """A desk's keys sign no more papers; the next published list says so. How many keys that were."""
    from nbcase.operations.issuing import end_keys
    from nbcase.store.centre_database import transaction

    with _opened_centre(data, database_url) as centre, transaction(centre.engine) as connection:
        return end_keys(connection, centre.key, desk_id, centre.clock.now(), is_lost=is_lost)


def print_test_sheet(folder: Path | None, name: str) -> str:
    """Send the test sheet to a queue, with the correction that is kept for it; the job's name."""
    from nbcase.documents.raster import sheet_pdf

    return _need_printer(folder or default_desk_folder(), name).submit(sheet_pdf(name), "nbcase test sheet").job_id


def measure_test_sheet(folder: Path | None, name: str, picture: Path | None, *, dpi: int = 300, saves: bool = False) -> dict[str, Any]:
    """How a printed sheet lies, from a picture or the desk's scanner; with `saves` the correction is kept for the printer."""
    from nbcase.documents.raster import PrinterSetup, measure_sheet
    from nbcase.settings import load_printers, save_printer

    folder = folder or default_desk_folder()
    try:
        content = _scanned(folder, dpi) if picture is None else picture.read_bytes()
    except OSError as error:
        raise UserError(tr("文件打不开：{reason}").format(reason=error.strerror or error), safe=tr("打印机的设置没有改动。")) from error
    found = measure_sheet(content, dpi)
    setup = load_printers(folder).get(name, PrinterSetup())
    if saves:
        save_printer(folder, name, found.corrected(setup))
    return {**msgspec.structs.asdict(found), "is_good": found.is_good, "queue": name, "is_saved": saves}


def _scanned(folder: Path, dpi: int) -> bytes:
    """What lies on the glass of the desk's scanner."""
    from nbcase.devices.contract import Source

    device = scanner(load_settings(folder))
    if device is None:
        raise UserError(tr("没有设置扫描仪。"), safe=tr("打印机的设置没有改动。"), do=tr("请在设置里填扫描仪，或给出扫描件的文件。"))
    try:
        return next(step.picture for step in device.scan(Source.FLATBED, dpi=dpi) if step.picture)
    finally:
        device.close()


def _need_printer(folder: Path, name: str) -> "PrintQueue":
    found = printer(folder, name)
    if found is None:
        raise UserError(tr("没有名为 {name} 的打印机。").format(name=name), safe=tr("没有打印。"), do=tr("用 lpstat -e 看本机的打印机。"))
    return found


def diagnostics_bundle(folder: Path | None, version: str) -> bytes:
    """A zip for who helps from afar, without a person in it."""
    from nbcase.operations.diagnostics import bundle

    folder = folder or default_desk_folder()
    try:
        settings = load_settings(folder)
    except UserError:  # the report says so
        settings = Settings()
    return bundle(doctor_report(folder), settings, folder, version)


def doctor_report(folder: Path | None) -> list[dict[str, str]]:
    """Everything a desk needs, looked at without a password: no personal data in it."""
    from nbcase.devices.document_reader import DocumentReader
    from nbcase.operations.readiness import Readiness, readiness

    folder = folder or default_desk_folder()
    found: list[Readiness] = []
    try:
        settings = load_settings(folder)
    except UserError as error:
        found.append(Readiness(key="settings", name=tr("设置"), state="failed", detail=str(error)))
        settings = Settings()
    enrolled = is_enrolled(folder, choose_vault(folder))
    words = tr("已登记") if enrolled else tr("还没有登记为受理点的一台")
    found.append(Readiness(key="enrolment", name=tr("本机登记"), state="passed" if enrolled else "absent", detail=words))
    reader = card_reader(settings)
    devices = (reader, scanner(settings), camera(settings))
    queue = print_queue(settings, folder)
    found += readiness(
        None, folder=folder, reader=reader, scanner=devices[1], camera=devices[2], document_reader=DocumentReader(), queue=queue
    )
    for device in devices:
        if device is not None:
            device.close()
    return [{"key": row.key, "name": row.name, "state": row.state, "detail": row.detail} for row in found]
