"""That the centre holds the acts of one case, provable to anybody who knows the centre's key: no trust in desk or centre needed.

The signed reconciliation names the root of the tree over all of a desk's acts; a path of hashes leads from each act of the
case to that root. Who changes, drops or backdates an act afterwards cannot make such a path again.
"""

from typing import Literal

import msgspec
import sqlalchemy as sa

from nbcase.crypto.keys import is_signed
from nbcase.crypto.requests import reconciliation_bytes
from nbcase.domain.action import Action, action_hash
from nbcase.domain.case import Case
from nbcase.domain.errors import UserError
from nbcase.domain.merkle import audit_paths, root_of_path
from nbcase.domain.words import tr
from nbcase.operations.desk import Desk
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import read_action, state
from nbcase.store.own_history import receipt_numbers
from nbcase.store.shelf import Shelf
from nbcase.store.tables import desk_action


class ProvenAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One act as it is kept, and the sibling hashes (hex) from it to the root."""

    action: Action
    path: list[str]


class InclusionProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case's acts of one desk under a root that the centre signed at `at`. Holds the acts themselves: personal data."""

    format: Literal["nbcase-inclusion-1"] = "nbcase-inclusion-1"
    number: str
    desk_id: str
    count: int
    digest: str
    at: str
    signature: str
    acts: list[ProvenAct]


def prove_case(desk: Desk, number: str) -> InclusionProof:
    """The proof for a receipt number; raises `UserError` when this desk has no act of it, or one that is not confirmed yet."""
    with reading(desk.engine) as connection:
        found = Shelf(connection).find(Case, number=number)
        if not found:
            raise UserError(tr("本机没有受理号 {number}。").format(number=number), do=tr("请核对号码，或到受理它的窗口开具。"))
        signed = state(connection, "reconciliation", {})
        actions = [read_action(body) for body in connection.execute(_BODIES, {"case_id": found[0].id}).scalars()]
        count = signed.get("centre_count", 0) if signed.get("is_equal") else 0
        leaves = [bytes.fromhex(text) for text in connection.execute(_HASHES, {"last": count}).scalars()]
    if not actions:
        raise UserError(tr("这件由别的窗口办理，本机没有它的操作。"), do=tr("请到受理它的窗口开具。"))
    if actions[-1].sequence > count:
        raise UserError(
            tr("这件还有操作没有与中心对账。"), safe=tr("办件保存在本机。"), do=tr("请连上中心，等状态栏显示“已对账”后再开具。")
        )
    paths = audit_paths(leaves, [action.sequence - 1 for action in actions])
    return InclusionProof(
        number=number,
        desk_id=desk.identity.desk_id,
        count=count,
        digest=signed["centre_digest"],
        at=signed["at"],
        signature=signed["signature"],
        acts=[ProvenAct(action=action, path=[node.hex() for node in path]) for action, path in zip(actions, paths, strict=True)],
    )


_BODIES = (
    sa.select(desk_action.c.body)
    .where(desk_action.c.record_type == "case", desk_action.c.record_id == sa.bindparam("case_id"))
    .order_by(desk_action.c.sequence)
)
_HASHES = sa.select(desk_action.c.hash).where(desk_action.c.sequence <= sa.bindparam("last")).order_by(desk_action.c.sequence)


def check_proof(proof: InclusionProof, centre_public_key: str) -> list[str]:
    """What is wrong with a proof, in words; nothing when the centre held every act of it at `proof.at`."""
    signed = reconciliation_bytes(desk_id=proof.desk_id, count=proof.count, digest=proof.digest, at=proof.at)
    wrong = [] if is_signed(centre_public_key, signed, proof.signature) else [tr("中心的签名不对：不是这个中心签的，或数字被改过。")]
    for act in proof.acts:
        place = tr("第 {n} 号操作：").format(n=act.action.sequence)
        if act.action.desk_id != proof.desk_id:
            wrong.append(place + tr("属于另一台电脑。"))
        if action_hash(act.action) != act.action.hash:
            wrong.append(place + tr("内容与校验值不符，被改过。"))
        elif not _leads_to_root(act, proof):
            wrong.append(place + tr("不在中心签过的那份清单里。"))
    if not proof.acts:
        wrong.append(tr("其中没有任何操作。"))
    if not _is_of_one_case(proof):
        wrong.append(tr("其中的操作不都是受理号 {number} 的。").format(number=proof.number))
    return wrong


def _is_of_one_case(proof: InclusionProof) -> bool:
    """Whether all acts are of one case, and no other number was given to it: the number beside them is signed by nobody."""
    cases = {(act.action.record_type, act.action.record_id) for act in proof.acts}
    numbers = {number for act in proof.acts for number in receipt_numbers(act.action)}
    return len(cases) <= 1 and numbers <= {proof.number}


def _leads_to_root(act: ProvenAct, proof: InclusionProof) -> bool:
    try:
        path = [bytes.fromhex(node) for node in act.path]
        root = root_of_path(bytes.fromhex(act.action.hash), act.action.sequence - 1, proof.count, path)
    except ValueError:
        return False
    return root is not None and root.hex() == proof.digest


def read_proof(content: bytes) -> InclusionProof:
    """A proof from its file; raises `UserError` for anything else."""
    try:
        return msgspec.json.decode(content, type=InclusionProof)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(
            tr("这不是在册证明文件：{text}").format(text=error), safe=tr("没有改动任何数据。"), do=tr("请重新导出证明文件。")
        ) from error
