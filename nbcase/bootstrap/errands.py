"""What a desk does without a window: enrolment, a contact, proofs, rescue, the stick, the look at everything it needs."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nbcase.bootstrap.counter import bring_sealed, counter_at_work
from nbcase.bootstrap.devices import camera, card_reader, print_queue, scanner
from nbcase.domain.errors import Offline, UserError
from nbcase.domain.words import tr
from nbcase.operations.enrol import Enrolment, enrol
from nbcase.operations.sign_in import is_enrolled
from nbcase.settings import DeskCard, Settings, load_settings, save_desk_card
from nbcase.store.desk_lock import hold_desk
from nbcase.store.vault import choose_vault
from nbcase.sync.client import enrol_over_http

if TYPE_CHECKING:
    from nbcase.operations.inclusion import InclusionProof
    from nbcase.operations.reports import Report


def enrol_desk(folder: Path, centre_url: str, code: str) -> Enrolment:
    """Make this computer a desk of a station by a one-time code."""
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


def sync_once(folder: Path, login: str, password: str) -> dict[str, Any]:
    """One contact without a window; the status in plain values."""
    with counter_at_work(folder, login, password) as counter:
        status = counter.sync.contact_once()
    if status.problem is not None:
        raise Offline(status.problem.what, safe=status.problem.safe, do=status.problem.do)
    plain: dict[str, Any] = msgspec.to_builtins(status)
    return plain


def prove_case(folder: Path, login: str, password: str, number: str) -> tuple["InclusionProof", str]:
    """The proof that the centre holds the acts of a case, and the key of the centre that signed it."""
    from nbcase.operations import inclusion

    with counter_at_work(folder, login, password, only_reads=True) as counter:
        return inclusion.prove_case(counter.desk, number), counter.enrolment.centre_public_key


def reconciliation_sheet(folder: Path, login: str, password: str) -> bytes:
    """The end-of-day sheet of a desk as PDF, from what its database knows; no contact is made."""
    from nbcase.operations import proof

    with counter_at_work(folder, login, password, only_reads=True) as counter:
        return proof.reconciliation_sheet(counter.desk, counter.clerk)


def rescue_desk(folder: Path, login: str, password: str) -> dict[str, Any]:
    """Rebuild a damaged desk from its sealed log and what is left of its database; the report in plain values."""
    import structlog

    from nbcase.operations.rescue import rescue
    from nbcase.operations.sign_in import open_secrets

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


def export_sealed_file(folder: Path, login: str | None, password: str, target: Path) -> dict[str, Any]:
    """Everything unsent into one sealed file; without a login the desk's log as it is, of which nobody here knows the count."""
    from nbcase.operations.seal import copy_log, export_sealed

    if login is None:
        path, size = copy_log(folder, target)
        return {"path": str(path), "bytes": size, "count": None, "files": None}
    with counter_at_work(folder, login, password) as counter:
        done = export_sealed(counter.desk, target)
    return {"path": str(done.path), "bytes": done.bytes, "count": done.count, "files": done.files}


def import_sealed_file(folder: Path, login: str, password: str, path: Path) -> dict[str, Any]:
    """Bring a sealed file to the centre from this desk; the centre's receipt in plain values."""
    with counter_at_work(folder, login, password, only_reads=True) as counter:
        receipt: dict[str, Any] = msgspec.to_builtins(bring_sealed(counter, path))
    return receipt


def import_report(folder: Path, login: str, password: str, path: Path, reporter: str | None) -> "Report":
    """The rows of a landlord's, employer's or agent's table, registered; without a `reporter` they are only checked."""
    from nbcase.operations.reports import accept_rows, read_report

    with counter_at_work(folder, login, password, only_reads=reporter is None) as counter:
        report = read_report(counter.desk, path)
        if reporter is None:
            return report
        return replace(report, rows=tuple(accept_rows(counter.desk, counter.clerk, report, reporter)))


def diagnostics_bundle(folder: Path, version: str) -> bytes:
    """A zip for who helps from afar, without a person in it."""
    from nbcase.operations.diagnostics import bundle

    try:
        settings = load_settings(folder)
    except UserError:  # the report says so
        settings = Settings()
    return bundle(doctor_report(folder), settings, folder, version)


def doctor_report(folder: Path) -> list[dict[str, str]]:
    """Everything a desk needs, looked at without a password: no personal data in it."""
    from nbcase.devices.document_reader import DocumentReader
    from nbcase.operations.readiness import Readiness, readiness

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
