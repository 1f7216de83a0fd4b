"""Whether a paper is ours and holds: asked at a desk, in a shell and on the centre's page, answered alike and without a network."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from nbcase.domain.action import canonical
from nbcase.domain.clock import CHINA, local_date
from nbcase.domain.document import Document
from nbcase.domain.errors import UserError
from nbcase.domain.words import mark, tr
from nbcase.operations.desk import Desk
from nbcase.operations.printing import paper_name
from nbcase.proof.claims import Claims
from nbcase.proof.examination import examine_apart
from nbcase.proof.trust import ISSUERS, STATES, SignedList, Trust, TrustFile, read_trust, trust_from
from nbcase.proof.verdict import Answer, Verdict, judge_code, judge_file
from nbcase.store.desk_database import reading
from nbcase.store.publications import find_publication, standing_entries
from nbcase.store.shelf import Shelf
from nbcase.store.vault import write_durably

TRUST_NAME = "paper-trust.json"

Tone = Literal["good", "look", "bad"]


def verify_code(trust: Trust, text: str, now: datetime, at: date | None = None) -> Verdict:
    """The verdict on the text of a code, as of a day (today)."""
    return judge_code(text, trust, at=at or local_date(now), now=now)


def verify_file(trust: Trust, content: bytes, now: datetime, at: date | None = None) -> Verdict:
    """The verdict on a PDF or a picture; the file is looked into in a process with bounds."""
    examined = examine_apart(content, trust.authorities, trust.certificates)
    return judge_file(examined, trust, at=at or local_date(now), now=now)


def known_trust(connection: sa.Connection) -> Trust:
    """What a desk or the centre has of the published lists; their signatures were checked when they came in."""
    return trust_from(standing_entries(connection, ISSUERS), standing_entries(connection, STATES))


def trust_file(connection: sa.Connection, centre_public_key: str) -> bytes:
    """Both lists with the centre's signatures, for a verifier that has nothing else."""

    def signed(name: str) -> SignedList | None:
        head = find_publication(connection, name)
        return None if head is None else SignedList(head=head, entries=standing_entries(connection, name))

    return canonical(TrustFile(centre_public_key=centre_public_key, issuers=signed(ISSUERS), states=signed(STATES)))


def keep_trust(engine: sa.Engine, centre_public_key: str, folder: Path) -> None:
    """Leave the lists in a plain file beside the desk's database, where they are news: `nbcase verify` needs no password."""
    with reading(engine) as connection:
        content = trust_file(connection, centre_public_key)
    path = folder / TRUST_NAME
    if not path.exists() or path.read_bytes() != content:
        write_durably(path, content)


def load_trust(path: Path) -> Trust:
    """A trust file; raises `UserError` where there is none or it was changed."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(
            tr("没有核验资料：{path}").format(path=path), do=tr("请先让柜台电脑与中心连接一次，或用 --trust 给出核验资料文件。")
        ) from error
    return read_trust(content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A verdict at a desk, with what its own records know of the paper."""

    verdict: Verdict
    printed: int | None = None
    document_id: str | None = None


def check_at_desk(desk: Desk, asked: str | bytes) -> Checked:
    """The verdict on a code's text or a file, at a desk: its records may know of a withdrawal before the list does."""
    now = desk.clock.now()
    with reading(desk.engine) as connection:
        trust = known_trust(connection)
    verdict = verify_code(trust, asked, now) if isinstance(asked, str) else verify_file(trust, asked, now)
    if verdict.claims is None or not verdict.is_proven:
        return Checked(verdict=verdict)
    with reading(desk.engine) as connection:
        document = Shelf(connection).get(Document, verdict.claims.document_id)
    if document is None:
        return Checked(verdict=verdict)
    if document.revoked_on is not None:
        verdict = replace(verdict, answer=Answer.REVOKED, reason="record")
    return Checked(verdict=verdict, printed=document.print_count, document_id=document.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictWords:
    """A verdict for people: the answer in a word, a sentence why, what to do, and the claims with their labels."""

    title: str
    tone: Tone
    why: str
    do: str
    facts: tuple[tuple[str, str], ...]


_TITLES: dict[Answer, tuple[str, Tone]] = {
    Answer.VALID: (mark("有效"), "good"),
    Answer.PROVISIONAL: (mark("暂证"), "look"),
    Answer.EXPIRED: (mark("已过期"), "bad"),
    Answer.REVOKED: (mark("已收回"), "bad"),
    Answer.ALTERED: (mark("被改动"), "bad"),
    Answer.FORGED: (mark("伪造"), "bad"),
    Answer.UNKNOWN_ISSUER: (mark("签发方不明"), "bad"),
    Answer.NOT_OURS: (mark("不是本系统的文书"), "bad"),
}

_WHY = {
    "signed": mark("签名无误，出具后没有改动。"),
    "not_confirmed": mark("签名无误，但出具时未经中心核对，至今没有核对结果。"),
    "past_last_day": mark("签名无误，但使用期限已过。"),
    "not_yet_made": mark("签名无误，但所问的日期早于出具日期。"),
    "listed": mark("签名无误，但这份文书已被收回或随证件注销。"),
    "record": mark("签名无误，但本机记录显示已收回。"),
    "code_unreadable": mark("二维码是本系统的格式，内容已损坏或被改动。"),
    "code_signature": mark("二维码自称由本系统签发，签名不对。"),
    "key_not_for_this": mark("签名的钥匙不属于这个受理点，或当时已停用。"),
    "key_unknown": mark("签发的钥匙不在名单上。"),
    "key_lost": mark("签发的钥匙已挂失，它签的文书都不可信。"),
    "file_changed": mark("文件带有本系统的签名，但内容与签名时不同。"),
    "file_signature": mark("文件自称由本系统签名，签名不对。"),
    "file_signed_by_others": mark("文件由别人签名。"),
    "file_without_signature": mark("二维码是真的，但文件没有签名：不是原来的文件，可能重新制作过。"),
    "file_without_code": mark("文件签名无误，但没有二维码，或不止一个。"),
    "code_of_another": mark("文件和二维码不是同一受理点签发的。"),
    "several_codes": mark("文件里有几个不同的二维码。"),
    "other_code": mark("二维码不是本系统的格式。"),
    "no_code": mark("没有找到二维码。"),
    "too_large": mark("文件过大。"),
    "too_long": mark("文件读了太久，已停止。"),
    "unreadable": mark("文件读不了：不是 PDF 或图片，或已损坏、加密。"),
}


def verdict_words(verdict: Verdict, printed: int | None = None) -> VerdictWords:
    """The verdict in words. `printed`: how often the paper was printed, where somebody knows."""
    title, tone = _TITLES[verdict.answer]
    why = tr(_WHY[verdict.reason])
    if verdict.is_confirmed:
        why += tr("出具时为暂证，中心后来已核对一致。")
    if tone == "good" and not verdict.is_yes:
        tone = "look"
    shown = tr(title)
    if verdict.claims is not None and verdict.claims.is_specimen and verdict.is_proven:
        shown = tr("样张：{title}").format(title=shown)
        why += tr("样张不具效力。")
    elif verdict.answer is Answer.VALID and verdict.is_list_old:
        shown = tr("签名有效，未查收回")
    return VerdictWords(title=shown, tone=tone, why=why, do=_advice(verdict), facts=_facts(verdict, printed))


def _advice(verdict: Verdict) -> str:
    if verdict.answer is Answer.EXPIRED:
        return tr("请向持有人要一份现在有效的文书。")
    if verdict.answer in (Answer.FORGED, Answer.ALTERED, Answer.REVOKED):
        return tr("请不要采信，向出具的受理点核实。")
    if verdict.answer is Answer.NOT_OURS:
        return tr("请重新扫描或拍照，让二维码完整清楚；电子文件请用原来的 PDF。")
    if verdict.answer is Answer.UNKNOWN_ISSUER:
        return tr("请更新核验资料后再试；仍不明的，向出具的受理点核实。")
    if verdict.is_proven and verdict.is_list_old and verdict.answer in (Answer.VALID, Answer.PROVISIONAL):
        return tr("收回名单太旧，请联网更新后再核验，或向出具的受理点核实。")
    if verdict.is_proven and verdict.scope == "code":
        return tr("只核验了二维码。请把下列各项与纸面逐项比对；不一致的就是被改动或移用。复印件也能通过核验。")
    return ""


def _facts(verdict: Verdict, printed: int | None) -> tuple[tuple[str, str], ...]:
    claims = verdict.claims
    if claims is None:
        return _list_facts(verdict)
    copies = tr("第 {n} 份").format(n=claims.copy_number)
    if printed is not None:
        copies += tr("；记录在案的打印 {n} 次").format(n=printed)
    rows = [
        (tr("文书"), paper_name(claims.kind_code)),
        (tr("编号"), claims.number),
        (tr("姓名"), claims.name),
        (tr("证件号末四位"), claims.document_tail),
        (tr("出具时间"), f"{claims.issued_at.astimezone(CHINA):%Y-%m-%d %H:%M}"),
        (tr("有效期至"), claims.valid_until_on.isoformat() if claims.valid_until_on else ""),
        (tr("受理点"), verdict.issuer.station if verdict.issuer else claims.station_code),
        (tr("校验值"), claims.check_value),
        (tr("份数"), copies),
    ]
    if not verdict.is_proven:
        # What nobody has signed is not repeated as if it were so.
        rows = [(label, tr("（未证实）{value}").format(value=value)) for label, value in rows[:2] if value]
    return (*((label, value) for label, value in rows if value), *_list_facts(verdict))


def _list_facts(verdict: Verdict) -> tuple[tuple[str, str], ...]:
    if not verdict.is_proven:
        return ()
    if verdict.list_at is None or verdict.list_age_days is None:
        return ((tr("收回名单"), tr("没有")),)
    day = f"{verdict.list_at.astimezone(CHINA):%Y-%m-%d %H:%M}"
    return ((tr("收回名单"), tr("截至 {day}（{n} 天前）").format(day=day, n=verdict.list_age_days)),)


def plain_verdict(verdict: Verdict) -> dict[str, Any]:
    """The verdict for programs."""
    return {
        "verdict": verdict.answer.value,
        "reason": verdict.reason,
        "scope": verdict.scope,
        "is_yes": verdict.is_yes,
        "is_proven": verdict.is_proven,
        "is_confirmed": verdict.is_confirmed,
        "claims": None if verdict.claims is None else _plain_claims(verdict.claims),
        "issuer": None if verdict.issuer is None else {"station_code": verdict.issuer.station_code, "station": verdict.issuer.station},
        "list": {
            "as_of": verdict.list_at.isoformat() if verdict.list_at else None,
            "age_days": verdict.list_age_days,
            "is_old": verdict.is_list_old,
        },
    }


def _plain_claims(claims: Claims) -> dict[str, Any]:
    return {
        "document_id": claims.document_id,
        "kind": claims.kind_code,
        "number": claims.number,
        "name": claims.name,
        "document_tail": claims.document_tail,
        "station_code": claims.station_code,
        "issued_at": claims.issued_at.isoformat(),
        "valid_until_on": claims.valid_until_on.isoformat() if claims.valid_until_on else None,
        "is_provisional": claims.is_provisional,
        "copy_number": claims.copy_number,
        "is_specimen": claims.is_specimen,
        "digest": claims.digest.hex(),
        "check_value": claims.check_value,
    }
