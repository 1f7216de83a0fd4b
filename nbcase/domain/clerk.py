"""Who works where: stations 受理点, clerks 经办人 and what a role may do."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from nbcase.domain.errors import NotAllowed
from nbcase.domain.words import tr


class Role(StrEnum):
    """窗口岗, 复核岗 (police), 站长."""

    CLERK = "clerk"
    REVIEWER = "reviewer"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A service centre or police registration desk; `prefix` starts its receipt numbers."""

    code: str
    name: str
    prefix: str
    division_code: str
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerk:
    """A person who may sign in. The password is never kept: `salt` and `public_key` (Ed25519, from Argon2id) verify it."""

    id: str
    version: int = 0
    login: str
    name: str
    role: Role
    station_code: str
    salt: str
    public_key: str
    valid_until_on: date | None = None


PERMISSIONS: dict[str, frozenset[Role]] = {
    "registration.accept": frozenset({Role.CLERK, Role.SUPERVISOR}),
    "registration.change": frozenset({Role.CLERK, Role.SUPERVISOR}),
    "registration.end": frozenset({Role.CLERK, Role.SUPERVISOR}),
    "permit.accept": frozenset({Role.CLERK, Role.SUPERVISOR}),
    "permit.decide": frozenset({Role.REVIEWER}),
    "permit.confirm": frozenset({Role.REVIEWER}),
    "permit.revoke": frozenset({Role.REVIEWER}),
    "points.accept": frozenset({Role.CLERK, Role.SUPERVISOR}),
    "points.decide": frozenset({Role.REVIEWER}),
    "service.accept": frozenset({Role.CLERK, Role.SUPERVISOR}),
    "service.decide": frozenset({Role.REVIEWER, Role.SUPERVISOR}),
    "companion.consent": frozenset(Role),
    "offering.keep": frozenset({Role.SUPERVISOR}),
    "round.sign": frozenset({Role.REVIEWER, Role.SUPERVISOR}),
    "scheme.edit": frozenset({Role.SUPERVISOR}),
    "scheme.propose": frozenset({Role.SUPERVISOR}),
    "scheme.sign": frozenset({Role.SUPERVISOR}),
    "case.complete": frozenset({Role.CLERK, Role.SUPERVISOR}),
    "case.withdraw": frozenset({Role.CLERK, Role.SUPERVISOR}),
    "conflict.resolve": frozenset(Role),
    "conflict.decide": frozenset({Role.REVIEWER, Role.SUPERVISOR}),
    "document.print": frozenset(Role),
    "desk.retire": frozenset({Role.SUPERVISOR}),
}
"""Which role may do which kind of action; checked at the desk and again at the centre."""


def require(clerk: Clerk, kind: str) -> None:
    """Refuse what the clerk's role does not cover; an unknown kind is covered by nobody."""
    if clerk.role not in PERMISSIONS.get(kind, frozenset()):
        raise NotAllowed(
            tr("您的岗位不能做这一步。"),
            safe=tr("没有改动任何数据。"),
            do=tr("请转给有权限的同事，或请站长调整岗位。"),
        )
