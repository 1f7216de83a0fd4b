"""The centre publishes a version of the points scheme as soon as two people stand for it, through the signed lists that every desk has.

Everything is checked here again: who signed, with which role, the day, that nothing was published in between, and every rule.
What cannot be published says so in the draft, and every desk sees it.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import msgspec
import sqlalchemy as sa
import structlog

from nbcase.crypto.keys import SigningKey
from nbcase.domain.action import Action
from nbcase.domain.clerk import PERMISSIONS
from nbcase.domain.clock import local_date
from nbcase.domain.errors import UserError
from nbcase.domain.scheme import (
    SCHEME,
    SIGNATURES_NEEDED,
    DraftStage,
    PublishedScheme,
    SchemeDraft,
    SchemeSignature,
    stage_of,
    standing_signatures,
)
from nbcase.domain.words import tr
from nbcase.operations.publishing import publish
from nbcase.operations.scheme_drafts import PROPOSE, SIGN
from nbcase.operations.schemes import composed
from nbcase.points.editing import checked
from nbcase.store import people, publications
from nbcase.store.centre_database import transaction
from nbcase.store.centre_work import write_own
from nbcase.store.shelf import Shelf

_log = structlog.get_logger()


def publish_after(engine: sa.Engine, key: SigningKey, actions: Iterable[Action], now: datetime) -> None:
    """Publish what may be due after these acts. A batch that comes again asks again: that makes good for a centre that died in between."""
    if any(action.kind in (PROPOSE, SIGN) for action in actions):
        publish_signed(engine, key, now)


def publish_signed(engine: sa.Engine, key: SigningKey, now: datetime) -> tuple[PublishedScheme, ...]:
    """Publish every draft that enough people signed, the earlier signed first; doing it again publishes nothing twice."""
    done = []
    with transaction(engine) as connection:
        publications.lock_publication(connection, SCHEME)
        shelf = Shelf(connection)
        signatures = shelf.find(SchemeSignature)
        due = [draft for draft in shelf.find(SchemeDraft) if stage_of(draft, signatures) is DraftStage.SIGNED]
        for draft in sorted(due, key=lambda one: standing_signatures(one, signatures)[SIGNATURES_NEEDED - 1].signed_at):
            published = _publish(connection, key, draft, _signers(connection, draft, signatures), now)
            done += [published] if published is not None else []
    return tuple(done)


def _signers(connection: sa.Connection, draft: SchemeDraft, signatures: list[SchemeSignature]) -> list[SchemeSignature]:
    """The signatures of those who may sign by what the centre knows of them now."""
    known = {clerk.id: clerk for clerk in people.clerks(connection)}
    standing = standing_signatures(draft, signatures)
    return [one for one in standing if one.clerk_id in known and known[one.clerk_id].role in PERMISSIONS[SIGN]]


def _publish(
    connection: sa.Connection, key: SigningKey, draft: SchemeDraft, signers: list[SchemeSignature], now: datetime
) -> PublishedScheme | None:
    entries = publications.standing_entries(connection, SCHEME)
    reason = _refusal(draft, signers, entries, now)
    if reason:
        _log.warning("scheme_not_published", draft=draft.id, reason=reason)
        write_own(connection, SchemeDraft, [replace(draft, refusal=reason, refused_hash=draft.content_hash)])
        return None
    proposal, other = signers[:SIGNATURES_NEEDED]
    published = PublishedScheme(
        number=composed(entries).number + 1,
        draft_id=draft.id,
        name=draft.name,
        from_on=draft.from_on,
        edits=draft.edits,
        proposed_by=proposal.clerk_id,
        proposed_name=proposal.clerk_name,
        signed_by=other.clerk_id,
        signed_name=other.clerk_name,
        published_on=local_date(now),
        content_hash=draft.content_hash,
    )
    publish(connection, key, SCHEME, {**entries, f"{published.number:04d}": msgspec.to_builtins(published)}, now)
    write_own(connection, SchemeDraft, [replace(draft, published_number=published.number, refusal="", refused_hash="")])
    _log.info("scheme_published", number=published.number, draft=draft.id)
    return published


def _refusal(draft: SchemeDraft, signers: list[SchemeSignature], entries: dict[str, object], now: datetime) -> str:
    """Why a signed draft cannot be published; empty when it can."""
    if len(signers) < SIGNATURES_NEEDED:
        return tr("签名人已不是站长，请重新提出并签署。")
    if draft.from_on <= local_date(now):
        return tr("签名到中心时已过生效日期 {day}，请改日期后重新提出。").format(day=draft.from_on)
    try:
        found = composed(entries)
    except UserError as error:
        return str(error)
    if draft.based_on != found.number:
        return tr("其间公布了第 {n} 版，请按新版再看一遍后重新提出。").format(n=found.number)
    mistakes = checked(found.contents, draft.from_on, draft.edits).mistakes
    return tr("有 {n} 处错误：{first}").format(n=len(mistakes), first=mistakes[0]) if mistakes else ""
