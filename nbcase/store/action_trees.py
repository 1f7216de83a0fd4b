"""The tree hash over each desk's actions, kept beside the desk so that nobody reads them all to compare two figures.

It is written in the transaction of the actions that it covers. Where it does not end at the desk's last action (a table
was restored by itself) it is made anew from the actions.
"""

import sqlalchemy as sa

from nbcase.domain.action import TreeHash
from nbcase.store.tables import centre_action, desk


def kept_tree(connection: sa.Connection, desk_id: str) -> TreeHash:
    """The tree over everything that the desk sent, in as many steps as the tree is high."""
    last = sa.select(sa.func.max(centre_action.c.sequence)).where(centre_action.c.desk_id == desk_id).scalar_subquery()
    row = connection.execute(sa.select(desk.c.tree_count, desk.c.tree_peaks, last.label("last")).where(desk.c.id == desk_id)).one()
    if row.tree_count != (row.last or 0):
        return counted_tree(connection, desk_id, row.last or 0)
    return TreeHash.from_peaks(row.tree_count, row.tree_peaks)


def counted_tree(connection: sa.Connection, desk_id: str, last: int) -> TreeHash:
    """The tree over the desk's actions up to a sequence number, read one by one."""
    tree = TreeHash()
    action = centre_action
    query = sa.select(action.c.hash).where(action.c.desk_id == desk_id, action.c.sequence <= last).order_by(action.c.sequence)
    for action_hash in connection.execute(query).scalars():
        tree.add(bytes.fromhex(action_hash))
    return tree


def keep_tree(connection: sa.Connection, desk_id: str, tree: TreeHash) -> None:
    """Remember the tree for next time."""
    connection.execute(sa.update(desk).where(desk.c.id == desk_id).values(tree_count=tree.count, tree_peaks=tree.peaks()))
