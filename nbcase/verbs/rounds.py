"""Verbs about rounds 名额轮次 at the centre: open, rank, publish."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbcase.domain.words import mark, tr
from nbcase.verbs import OK, Arguments, Parser, Verbs, declare_centre, declare_json, say

if TYPE_CHECKING:
    from nbcase.domain.round import Round


def open_round(arguments: Arguments) -> int:
    """The round of a file: desks see it at their next contact."""
    from nbcase.bootstrap.centre import open_round as begin

    opened = begin(arguments.file, arguments.data, arguments.database_url)
    text = tr("已开轮次 {id}：{name}，报名 {first} 至 {last}")
    say(arguments, _values(opened), text.format(id=opened.id, name=opened.name, first=opened.opens_on, last=opened.closes_on))
    return OK


def _open_round(parser: Parser) -> None:
    parser.add_argument("file", type=Path, help=tr("轮次文件，写法同程序自带的 round.toml"))
    declare_centre(parser)
    declare_json(parser)


def rank(arguments: Arguments) -> int:
    """Rank a round; without a round, which there are."""
    from nbcase.bootstrap.centre import rank_round, rounds_at_centre

    if arguments.round is None:
        found = rounds_at_centre(arguments.data, arguments.database_url)
        lines = [f"{one.id}  {one.stage.value:6}  {one.name}" for one in found]
        say(arguments, {"rounds": [_values(one) for one in found]}, "\n".join(lines) or tr("没有轮次"))
        return OK
    ranked = rank_round(arguments.round, arguments.data, arguments.database_url)
    placed = sum(row.place is not None for row in ranked.draft_rows)
    text = tr("{name}：{n} 件申请，{m} 件录取，核对无误；名单 {hash}，请两人签名")
    say(arguments, _values(ranked), text.format(name=ranked.name, n=len(ranked.draft_rows), m=placed, hash=ranked.list_hash[:8]))
    return OK


def _rank(parser: Parser) -> None:
    parser.add_argument("round", nargs="?", help=tr("轮次编号；不写则列出各轮"))
    declare_centre(parser)
    declare_json(parser)


def publish_round(arguments: Arguments) -> int:
    """The signed list becomes public: for notice, or as final."""
    from nbcase.bootstrap.centre import publish_round as publish

    public = publish(arguments.round, arguments.data, arguments.database_url)
    until = public.notice_until_on if public.final_on is None else public.final_on
    text = tr("{name}：已定稿，{day}") if public.final_on is not None else tr("{name}：公示至 {day}")
    say(arguments, _values(public), text.format(name=public.name, day=until))
    return OK


def _publish_round(parser: Parser) -> None:
    parser.add_argument("round", help=tr("轮次编号"))
    declare_centre(parser)
    declare_json(parser)


def _values(one: "Round") -> dict[str, Any]:
    return {
        "id": one.id,
        "use": one.use_code,
        "name": one.name,
        "stage": one.stage.value,
        "applications": len(one.draft_rows),
        "placed": sum(row.place is not None for row in one.draft_rows),
        "list_hash": one.list_hash,
        "published_hash": one.published_hash,
        "notice_until_on": one.notice_until_on,
        "signed_by": list(one.signed_by),
    }


VERBS: Verbs = {
    "open-round": (open_round, mark("开一轮名额"), _open_round),
    "rank": (rank, mark("给一轮排名"), _rank),
    "publish-round": (publish_round, mark("公布签过名的名单"), _publish_round),
}
