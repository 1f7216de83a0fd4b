"""停用本机: a desk goes out of service only when it is proven that nothing of its work would go with it.

The desk looks at itself, the centre compares its own count and signs, the signed word is kept as a file, and only then are
the local keys destroyed: what stays on the disk can be opened by nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import msgspec
import sqlalchemy as sa
import structlog

from nbcase.crypto.keys import SigningKey, is_signed
from nbcase.crypto.requests import retirement_bytes
from nbcase.domain.clerk import Clerk, require
from nbcase.domain.clock import CHINA
from nbcase.domain.crashpoints import reach
from nbcase.domain.errors import UserError
from nbcase.domain.retirement import PROOF_NAME, RetirementProof, read_retirement
from nbcase.domain.words import tr
from nbcase.operations.desk import Desk
from nbcase.operations.issuing import end_keys
from nbcase.operations.messages import RetireAnswer, RetireRequest
from nbcase.operations.proof import reconciliation_sheet
from nbcase.store import tables
from nbcase.store.action_trees import kept_tree
from nbcase.store.centre_work import EnrolledDesk
from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_work import read_action, set_state, state
from nbcase.store.outbox import tally
from nbcase.store.vault import Vault, write_durably

KIND = "desk.retire"

SHEET_NAME = "retired.pdf"

FRESH = timedelta(minutes=10)
"""How old the signed reconciliation may be: the time of a look and a decision."""

MOST_NAMED = 5
"""Drafts that are named one by one."""

_ASKED = "retirement_asked"
"""State: the count for which the centre was asked. Its answer may have got lost, and afterwards it makes no reconciliation any more."""

_log = structlog.get_logger()


class RetiringCentre(Protocol):
    """The one question that a retiring desk asks."""

    def retire(self, request: RetireRequest) -> RetireAnswer:
        """The centre's signed word; `UserError` when it refuses, `Offline` when it is not reached."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RetirementCheck:
    """One thing that must be in order before a desk goes; `way_out` says what to do where it is not."""

    key: str
    name: str
    is_clear: bool
    finding: str
    way_out: str = ""


def retirement_checks(desk: Desk) -> tuple[RetirementCheck, ...]:
    """Everything that could still be lost with this desk, looked at now."""
    with reading(desk.engine) as connection:
        return (
            _unsent(connection),
            _files(connection),
            _drafts(connection),
            _quarantine(connection),
            _reconciliation(connection, desk.clock.now()),
        )


def _unsent(connection: sa.Connection) -> RetirementCheck:
    waiting = tally(connection).waiting
    return RetirementCheck(
        key="unsent",
        name=tr("待传的办件"),
        is_clear=waiting == 0,
        finding=tr("还有 {n} 件没有上传").format(n=waiting) if waiting else tr("全部已上传"),
        way_out=tr("连上中心等它传完；连不上就导出到 U 盘，请中心导入。"),
    )


def _files(connection: sa.Connection) -> RetirementCheck:
    content, action = tables.attachment_content, tables.desk_action
    unsent = set(connection.execute(sa.select(content.c.hash).where(content.c.is_at_centre.is_(False))).scalars())
    bodies = connection.execute(sa.select(action.c.body)).scalars() if unsent else ()
    named = {content_hash for body in bodies for content_hash in read_action(body).attachments}
    lacking = len(unsent & named)
    return RetirementCheck(
        key="files",
        name=tr("附件"),
        is_clear=lacking == 0,
        finding=tr("还有 {n} 个附件没有到中心").format(n=lacking) if lacking else tr("办件的附件都在中心"),
        way_out=tr("连上中心等它传完。"),
    )


def _drafts(connection: sa.Connection) -> RetirementCheck:
    titles = list(connection.execute(sa.select(tables.draft.c.title).order_by(tables.draft.c.saved_at)).scalars())
    named = tr("、").join(titles[:MOST_NAMED]) + ("……" if len(titles) > MOST_NAMED else "")
    return RetirementCheck(
        key="drafts",
        name=tr("草稿"),
        is_clear=not titles,
        finding=tr("{n} 份草稿没有受理：{names}").format(n=len(titles), names=named) if titles else tr("没有草稿"),
        way_out=tr("草稿只在本机。请在“工作台”受理或删去。"),
    )


def _quarantine(connection: sa.Connection) -> RetirementCheck:
    count = tally(connection).quarantined
    return RetirementCheck(
        key="quarantine",
        name=tr("隔离"),
        is_clear=count == 0,
        finding=tr("{n} 件被隔离，还没有处理").format(n=count) if count else tr("没有隔离的办件"),
        way_out=tr("请在“同步 › 隔离”改好重发，或写明理由不再上传。"),
    )


def _reconciliation(connection: sa.Connection, now: datetime) -> RetirementCheck:
    signed, total = state(connection, "reconciliation", {}), tally(connection).total
    is_equal = bool(signed) and signed["is_equal"] and signed["centre_count"] == total
    is_fresh = bool(signed) and now - datetime.fromisoformat(signed["at"]) <= FRESH
    finding = tr("还没有与中心对过账")
    if signed:
        at = f"{datetime.fromisoformat(signed['at']).astimezone(CHINA):%m-%d %H:%M}"
        finding = tr("中心 {at} 签字，{confirmed}/{total} 一致").format(at=at, confirmed=signed["centre_count"], total=total)
        if not is_equal:
            finding = tr("对账不一致：中心 {confirmed} 件，本机 {total} 件").format(confirmed=signed["centre_count"], total=total)
    was_asked = state(connection, _ASKED) == total
    return RetirementCheck(
        key="reconciliation",
        name=tr("对账"),
        is_clear=is_equal and (is_fresh or was_asked),
        finding=finding,
        way_out=tr("请连上中心，按 F5 重新对账。") if is_equal or not signed else tr("请管理员核对后再停用。"),
    )


def obstacles(checks: Sequence[RetirementCheck]) -> tuple[RetirementCheck, ...]:
    """What stands in the way."""
    return tuple(check for check in checks if not check.is_clear)


def retire(desk: Desk, clerk: Clerk, centre: RetiringCentre, *, centre_public_key: str, folder: Path, vault: Vault) -> RetirementProof:
    """Take this desk out of service; afterwards nobody can sign in, and the caller closes the database.

    Raises `NotAllowed`, `UserError` with everything that is still unsent, or `Offline`: then nothing has changed here. The
    call may be repeated when the centre's answer was lost.
    """
    require(clerk, KIND)
    found = obstacles(retirement_checks(desk))
    if found:
        raise UserError(
            tr("还不能停用：{findings}。").format(findings=tr("；").join(check.finding for check in found)),
            safe=tr("没有停用，本机照常受理。"),
            do="".join(check.way_out for check in found),
        )
    with reading(desk.engine) as connection:
        signed = state(connection, "reconciliation")
    with writing(desk.engine) as connection:
        set_state(connection, _ASKED, signed["centre_count"])
    answer = centre.retire(RetireRequest(count=signed["centre_count"], digest=signed["centre_digest"]))
    proof = _proof(desk, clerk, answer)
    if (answer.count, answer.digest) != (signed["centre_count"], signed["centre_digest"]) or not is_right(proof, centre_public_key):
        raise UserError(tr("中心的停用签字不对，本机没有停用。"), safe=tr("本机数据和密钥都在。"), do=tr("请联系管理员核对中心。"))
    _keep(desk, clerk, proof, folder)
    reach("desk.keys.before")
    vault.replace({})
    reach("desk.keys.after")
    _log.info("desk_retired", count=proof.count, at=proof.at)
    return proof


def _proof(desk: Desk, clerk: Clerk, answer: RetireAnswer) -> RetirementProof:
    identity = desk.identity
    return RetirementProof(
        desk_id=identity.desk_id,
        station_code=identity.station_code,
        window=identity.window,
        count=answer.count,
        digest=answer.digest,
        at=answer.at,
        signature=answer.signature,
        retired_by=clerk.name,
    )


def is_right(proof: RetirementProof, centre_public_key: str) -> bool:
    """Whether the centre signed exactly this."""
    signed = retirement_bytes(desk_id=proof.desk_id, count=proof.count, digest=proof.digest, at=proof.at)
    return is_signed(centre_public_key, signed, proof.signature)


def _keep(desk: Desk, clerk: Clerk, proof: RetirementProof, folder: Path) -> None:
    """The proof and its paper, before the keys go; the proof of an earlier life of this computer stays under another name."""
    former = read_retirement(folder)
    if former is not None and former.at != proof.at:
        stamp = f"{datetime.fromisoformat(former.at):%Y%m%dT%H%M%S}"
        for name in (PROOF_NAME, SHEET_NAME):
            if (folder / name).exists():
                (folder / name).replace(folder / name.replace("retired", f"retired-{stamp}"))
    at = f"{datetime.fromisoformat(proof.at).astimezone(CHINA):%Y-%m-%d %H:%M}"
    write_durably(folder / SHEET_NAME, reconciliation_sheet(desk, clerk, remark=f"本机已于 {at} 停用。"))
    write_durably(folder / PROOF_NAME, msgspec.json.encode(proof))


def release(
    connection: sa.Connection, desk: EnrolledDesk, request: RetireRequest, clerk: Clerk | None, key: SigningKey, now: datetime
) -> RetireAnswer:
    """At the centre: take a desk out of service if its count and digest are those of the centre, and sign for them.

    `clerk` is who asks; None for a desk that is retired already and only did not get the answer, which is given again.
    """
    tree = kept_tree(connection, desk.id)
    count, digest = tree.count, tree.hexdigest()
    if desk.retired_at is None:
        if clerk is None:
            raise ValueError("a desk in service is retired by somebody")
        require(clerk, KIND)
        if (count, digest) != (request.count, request.digest):
            raise UserError(
                tr("中心有 {centre} 件，本机报 {desk} 件，对不上，不能停用。").format(centre=count, desk=request.count),
                safe=tr("没有停用，办件都在。"),
                do=tr("请按 F5 重新对账；仍不一致请管理员核对。"),
            )
        connection.execute(sa.update(tables.desk).where(tables.desk.c.id == desk.id).values(retired_at=now))
        end_keys(connection, key, desk.id, now)
    at = (desk.retired_at or now).isoformat()
    signature = key.sign(retirement_bytes(desk_id=desk.id, count=count, digest=digest, at=at))
    return RetireAnswer(count=count, digest=digest, at=at, signature=signature)
