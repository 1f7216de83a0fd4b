"""The verdict on a paper: its code and the signature of its file, held against what is trusted. Needs no network."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from nbcase.domain.clock import local_date
from nbcase.proof.claims import Claims, Code, is_ours, key_id, read_code
from nbcase.proof.examination import Examined, Seal
from nbcase.proof.trust import OLD, Issuer, Trust


class Answer(StrEnum):
    """What may be said of a paper."""

    VALID = "valid"
    PROVISIONAL = "provisional"
    EXPIRED = "expired"
    REVOKED = "revoked"
    ALTERED = "altered"
    FORGED = "forged"
    UNKNOWN_ISSUER = "unknown_issuer"
    NOT_OURS = "not_ours"


Scope = Literal["file", "code", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`answer` with its `reason` (a word for programs), and what it rests on.

    `scope`: ``file`` where the whole file is proven, ``code`` where only the code is: then a person compares the paper with the
    claims. `list_at`: up to when withdrawn papers were known, None where no list was there. `is_confirmed`: made provisionally and
    confirmed since. Claims are given wherever they could be read; only with `is_proven` are they the issuer's word.
    """

    answer: Answer
    reason: str
    scope: Scope = ""
    claims: Claims | None = None
    issuer: Issuer | None = None
    is_proven: bool = False
    is_confirmed: bool = False
    list_at: datetime | None = None
    list_age_days: int | None = None
    is_list_old: bool = False

    @property
    def is_yes(self) -> bool:
        """Whether somebody may rely on it without asking further; a specimen never is a yes."""
        return self.answer is Answer.VALID and not self.is_list_old and not (self.claims is not None and self.claims.is_specimen)


def judge_code(text: str, trust: Trust, *, at: date, now: datetime) -> Verdict:
    """The verdict on the text of a code: of the code, not of the paper that it is on. `at` is the day of the question."""
    return _judge_code(text, trust, at, now, "code")


def _judge_code(text: str, trust: Trust, at: date, now: datetime, scope: Scope) -> Verdict:
    if not is_ours(text):
        return Verdict(answer=Answer.NOT_OURS, reason="other_code")
    try:
        code = read_code(text)
    except ValueError:
        return Verdict(answer=Answer.ALTERED, reason="code_unreadable")
    return _judge(code, trust, at, now, scope)


def _judge(code: Code, trust: Trust, at: date, now: datetime, scope: Scope) -> Verdict:
    claims = code.claims
    issuer = trust.issuers.get(code.signed.key_id.hex())
    if issuer is None or key_id(issuer.public_key) != code.signed.key_id:
        return Verdict(answer=Answer.UNKNOWN_ISSUER, reason="key_unknown", claims=claims)
    if code.signed.algorithm != issuer.algorithm or not code.signed.holds(issuer.public_key):
        return Verdict(answer=Answer.FORGED, reason="code_signature", claims=claims)
    if issuer.state != "good":
        return Verdict(answer=Answer.UNKNOWN_ISSUER, reason="key_lost", claims=claims, issuer=issuer)
    if claims.station_code != issuer.station_code or not issuer.since <= claims.issued_at < issuer.until:
        return Verdict(answer=Answer.FORGED, reason="key_not_for_this", claims=claims, issuer=issuer)
    answer, reason = _standing(claims, trust, at)
    age = None if trust.as_of is None else now - trust.as_of
    return Verdict(
        answer=answer,
        reason=reason,
        scope=scope,
        claims=claims,
        issuer=issuer,
        is_proven=True,
        is_confirmed=claims.is_provisional and answer is not Answer.REVOKED and trust.is_confirmed(claims.document_id),
        list_at=trust.as_of,
        list_age_days=None if age is None else max(age.days, 0),
        is_list_old=age is None or age > OLD,
    )


def _standing(claims: Claims, trust: Trust, at: date) -> tuple[Answer, str]:
    if trust.is_revoked(claims.document_id):
        return Answer.REVOKED, "listed"
    if claims.valid_until_on is not None and at > claims.valid_until_on:
        return Answer.EXPIRED, "past_last_day"
    if at < local_date(claims.issued_at):
        return Answer.EXPIRED, "not_yet_made"
    if claims.is_provisional and not trust.is_confirmed(claims.document_id):
        return Answer.PROVISIONAL, "not_confirmed"
    return Answer.VALID, "signed"


def judge_file(examined: Examined, trust: Trust, *, at: date, now: datetime) -> Verdict:
    """The verdict on a file: a PDF as it was issued, or a picture or scan of the paper, of which only the code can be proven."""
    codes = [text for text in examined.codes if is_ours(text)]
    judged = [_judge_code(text, trust, at, now, "code") for text in dict.fromkeys(codes)]
    if examined.problem:
        return Verdict(answer=Answer.NOT_OURS, reason=examined.problem)
    match examined.seal:
        case Seal.CHANGED:
            return _spoilt(Answer.ALTERED, "file_changed", judged)
        case Seal.FORGED:
            return _spoilt(Answer.FORGED, "file_signature", judged)
        case Seal.UNKNOWN:
            return _spoilt(Answer.UNKNOWN_ISSUER if judged else Answer.NOT_OURS, "file_signed_by_others", judged)
        case Seal.INTACT:
            return _sealed(examined, trust, judged)
    if not judged:
        return Verdict(answer=Answer.NOT_OURS, reason="no_code" if not examined.codes else "other_code")
    if len(judged) > 1:
        return Verdict(answer=Answer.ALTERED, reason="several_codes", claims=judged[0].claims)
    (verdict,) = judged
    if verdict.is_proven and examined.has_text:
        # Our files are signed. One that has our code and text but no signature was made again by somebody.
        return _spoilt(Answer.ALTERED, "file_without_signature", judged)
    return verdict


def _sealed(examined: Examined, trust: Trust, judged: Sequence[Verdict]) -> Verdict:
    """A file that is as its issuer signed it: then its code says what it is."""
    issuer = next((found for found in trust.issuers.values() if base64.b64decode(found.certificate) == examined.certificate), None)
    if len(judged) != 1:
        return Verdict(answer=Answer.ALTERED, reason="file_without_code", issuer=issuer)
    (verdict,) = judged
    if not verdict.is_proven:
        return verdict
    if verdict.issuer is None or issuer is None or verdict.issuer.station_code != issuer.station_code:
        return Verdict(answer=Answer.ALTERED, reason="code_of_another", claims=verdict.claims, issuer=issuer)
    return replace(verdict, scope="file")


def _spoilt(answer: Answer, reason: str, judged: Sequence[Verdict]) -> Verdict:
    first = judged[0] if judged else None
    return Verdict(answer=answer, reason=reason, claims=first.claims if first else None, issuer=first.issuer if first else None)
