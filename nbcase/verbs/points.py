"""Verbs about points: catalogue, department data, the monthly run, and the reason for one resident's points."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbcase.domain.errors import UserError
from nbcase.domain.words import mark, tr
from nbcase.verbs import NO, OK, Arguments, Parser, Verbs, day, declare_json, say

if TYPE_CHECKING:  # a verb loads what it needs
    from nbcase.exchange.archive import Archive
    from nbcase.points.buckets import Inputs
    from nbcase.points.catalogue import PointsCatalogue
    from nbcase.points.monthly import Run


def check_catalogue(arguments: Arguments) -> int:
    """Every mistake of a points catalogue, with file, entry and mend."""
    from nbcase.points.reading import FOLDER, CatalogueError, load_points_catalogue

    try:
        found = load_points_catalogue(arguments.catalogue or FOLDER)
    except CatalogueError as error:
        say(arguments, {"valid": False, "mistakes": list(error.mistakes)}, "\n".join(error.mistakes))
        return NO
    configured = sum(1 for indicator in found.indicators if any(version.rule is not None for version in indicator.versions))
    value = {"valid": True, "code": found.code, "hash": found.hash, "indicators": len(found.indicators), "configured": configured}
    text = tr("{name}：{n} 项指标，{m} 项已配置，其余未配置；没有错误").format(name=found.name, n=len(found.indicators), m=configured)
    say(arguments, value, text)
    return OK


def _check_catalogue(parser: Parser) -> None:
    parser.add_argument("catalogue", type=Path, nargs="?", help=tr("积分目录的文件夹；不写则为程序自带的"))
    declare_json(parser)


def demo_department_data(arguments: Arguments) -> int:
    """A synthetic month of deliveries."""
    from nbcase.demo.departments import write_month
    from nbcase.points.reading import load_points_catalogue

    if arguments.people < 1:
        raise UserError(tr("人数要大于 0。"))
    rows: dict[str, int] = {}
    for table, count in write_month(arguments.out, arguments.people, arguments.seed, arguments.as_of, load_points_catalogue().code):
        rows[table] = count
        _progress(arguments, f"{table}: {count}")
    say(arguments, {"people": arguments.people, "rows": rows}, tr("已写到 {path}").format(path=arguments.out))
    return OK


def _demo_department_data(parser: Parser) -> None:
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--as-of", type=day, required=True, metavar="YYYY-MM-DD")
    parser.add_argument("--out", type=Path, required=True)
    declare_json(parser)


def receive_delivery(arguments: Arguments) -> int:
    """Take deliveries into the archive, the register first; each whole or not at all."""
    import msgspec

    from nbcase.exchange.accept import accept_delivery
    from nbcase.exchange.delivery import MANIFEST, read_manifest
    from nbcase.points.reading import load_points_catalogue
    from nbcase.points.tables import PERSON

    catalogue = load_points_catalogue()
    folders = [folder for given in arguments.delivery for folder in ([given] if (given / MANIFEST).is_file() else sorted(given.glob("*/")))]
    if not folders:
        raise UserError(tr("这里没有数据：{path}").format(path=arguments.delivery[0]), safe=tr("没有改动。"))
    arguments.data.mkdir(parents=True, exist_ok=True)
    reports = []
    for folder in sorted(folders, key=lambda path: (read_manifest(path).table != PERSON, path.name)):
        quality = accept_delivery(folder, arguments.data, catalogue.code, catalogue.tables, datetime.now(UTC))
        reports.append(msgspec.to_builtins(quality))
        aside = "、".join(f"{reason} {count}" for reason, count in quality.set_aside.items())
        words = tr("{name}：收下 {n} 行").format(name=folder.name, n=quality.taken)
        _progress(arguments, words + (tr("，搁置 {aside}").format(aside=aside) if aside else ""))
    say(arguments, {"accepted": reports}, tr("收下 {n} 份").format(n=len(reports)))
    return OK


def _receive_delivery(parser: Parser) -> None:
    parser.add_argument("delivery", type=Path, nargs="+", help=tr("一份数据的文件夹，或装着几份的文件夹"))
    parser.add_argument("--data", type=Path, required=True, help=tr("积分档案的文件夹"))
    declare_json(parser)


def score(arguments: Arguments) -> int:
    """Everybody's points as of a day; with --only-changed those whom a correction concerns, all others as in the run before."""
    import tempfile

    import msgspec

    from nbcase.exchange.archive import Archive
    from nbcase.exchange.claims import prepare_claims, read_claims
    from nbcase.points.buckets import Inputs

    catalogue, archive = _catalogue(arguments), Archive(arguments.data)
    cut = archive.cut(list(catalogue.tables), arguments.as_of)
    with tempfile.TemporaryDirectory() as name:
        claims = Path(name) / "claims" if arguments.claims else None
        if claims is not None:
            prepare_claims(archive, catalogue.tables, read_claims(arguments.claims), arguments.as_of, claims)
        run = _scored(arguments, catalogue, archive, Inputs(paths=archive.paths(cut), cut=cut, claims=claims))
    text = tr("{n} 人，平均 {mean:.2f} 分，抽查 {sample} 人一致，已写到 {path}")
    mean = run.total_points / 100 / run.people if run.people else 0.0
    say(arguments, msgspec.to_builtins(run), text.format(n=f"{run.people:,}", mean=mean, sample=run.sampled, path=arguments.out))
    return OK


def _scored(arguments: Arguments, catalogue: "PointsCatalogue", archive: "Archive", inputs: "Inputs") -> "Run":
    from nbcase.points.buckets import under_spark
    from nbcase.points.corrected import correct_month
    from nbcase.points.monthly import read_run, score_month

    def progress(done: int, people: int) -> None:
        _progress(arguments, f"{done:,}/{people:,}")

    if not arguments.only_changed:
        runner = under_spark(arguments.master) if arguments.engine == "spark" else None
        return score_month(
            catalogue,
            inputs,
            arguments.as_of,
            arguments.out,
            previous=arguments.previous,
            memory=arguments.memory,
            runner=runner,
            progress=progress,
        )
    if arguments.previous is None:
        raise UserError(tr("--only-changed 要和 --previous 一起用。"), safe=tr("没有计算。"), do=tr("请写更正前那次结果的文件夹。"))
    before = read_run(arguments.previous, tr("没有计算。"))
    changed = archive.changed(before.cut, inputs.cut)
    return correct_month(
        catalogue, inputs, arguments.as_of, arguments.out, previous=arguments.previous, changed=changed, memory=arguments.memory
    )


def _score(parser: Parser) -> None:
    parser.add_argument("--data", type=Path, required=True, help=tr("积分档案的文件夹"))
    parser.add_argument("--as-of", type=day, required=True, metavar="YYYY-MM-DD")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--previous", type=Path, help=tr("上月结果的文件夹，用来比较"))
    parser.add_argument("--only-changed", action="store_true", help=tr("只重算更正涉及的人；--previous 是同一天更正前的结果"))
    parser.add_argument("--claims", type=Path, help=tr("export-claims 导出的赋分，一并计入"))
    parser.add_argument("--engine", choices=("duckdb", "spark"), default="duckdb")
    parser.add_argument("--master", default="local[2]", help=tr("Spark 的主节点，例如 spark://127.0.0.1:7077"))
    _declare_scheme(parser)
    parser.add_argument("--memory", default="1200MB")
    declare_json(parser)


def export_claims(arguments: Arguments) -> int:
    """What reviewers accepted, out of the centre, for `score --claims`."""
    from nbcase.bootstrap.centre import opened_database
    from nbcase.exchange.claims import write_claims
    from nbcase.operations.accepted_claims import accepted_claims

    with opened_database(arguments.database_url) as engine:
        claims = accepted_claims(engine)
    write_claims(arguments.out, claims)
    say(arguments, {"claims": len(claims)}, tr("导出 {n} 项赋分，已写到 {path}").format(n=len(claims), path=arguments.out))
    return OK


def _export_claims(parser: Parser) -> None:
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--out", type=Path, required=True)
    declare_json(parser)


def explain(arguments: Arguments) -> int:
    """One resident's points, down to the rows that counted."""
    from nbcase.exchange.archive import Archive
    from nbcase.exchange.delivery import NUMBER
    from nbcase.points.catalogue import show
    from nbcase.points.engine import connect, parquet
    from nbcase.points.monthly import records_of
    from nbcase.points.sheet import next_step
    from nbcase.points.sheet import score as score_one
    from nbcase.points.tables import PERSON

    catalogue, archive = _catalogue(arguments), Archive(arguments.data)
    cut = archive.cut(list(catalogue.tables), arguments.as_of)
    with connect() as connection:
        query = f"SELECT person FROM {parquet(archive.persons)} WHERE {NUMBER} = ?"
        number = arguments.resident.strip().upper()
        rows = connection.execute(query, [number]).fetchall() if archive.persons.is_file() else []
        if not rows:
            raise UserError(tr("名单里没有这个号码。"), do=tr("请核对号码，或先收下 person 的数据。"))
        person = int(rows[0][0])
        if PERSON not in cut:
            known_from = archive.deliveries(PERSON)[0][:7]
            raise UserError(
                tr("{day} 还没有数据：最早的人员名单是 {month} 的。").format(day=arguments.as_of, month=known_from),
                safe=tr("没有计算；没有数据不等于 0 分。"),
                do=tr("请另选 {month} 或以后的一天。").format(month=known_from),
            )
        records = records_of(connection, catalogue.tables, archive.paths(cut), [person])[person]
    if not records[PERSON]:
        raise UserError(
            tr("{day} 的人员名单里没有这个人。").format(day=arguments.as_of),
            safe=tr("没有计算；没有数据不等于 0 分。"),
            do=tr("请另选一天。"),
        )
    district = str(records[PERSON][0].get("district_code") or "")
    sheet = score_one(catalogue, records, arguments.as_of, district)
    lines: list[dict[str, Any]] = []
    words = []
    for line in sheet.lines:
        following = next_step(catalogue, records, sheet, line)
        lines.append(
            {
                "code": line.indicator.code,
                "name": line.indicator.name,
                "points": line.points,
                "before_cap": line.raw,
                "cap": line.version.cap,
                "configured": line.is_configured,
                "basis": line.version.basis,
                "note": line.version.note,
                "facts": [
                    {
                        "name": fact.definition.name,
                        "label": fact.definition.label,
                        "value": fact.value,
                        "rows": [dict(records[fact.definition.table][place]) for place in fact.rows],
                        "delivery": cut.get(fact.definition.table, ""),
                    }
                    for fact in line.facts
                ],
                "next": None
                if following is None
                else {"fact": following.fact.label, "at": following.at, "points": following.points, "by": following.by_on},
            }
        )
        if line.is_configured:
            facts = "，".join(f"{fact.definition.label} {fact.value}{fact.definition.unit}" for fact in line.facts)
            words.append(f"{line.indicator.name}  {show(line.points)}  （{facts}）")
    words.append(tr("合计 {total} 分（{day}，{hash}）").format(total=show(sheet.total), day=sheet.on, hash=sheet.hash[:12]))
    value = {"on": sheet.on, "district": district, "total": sheet.total, "hash": sheet.hash, "catalogue": sheet.catalogue_hash}
    say(arguments, {**value, "lines": lines}, "\n".join(words))
    return OK


def publish_scores(arguments: Arguments) -> int:
    """A finished run into residents' records at the centre, from where the feed brings them to the desks."""
    import msgspec

    from nbcase.bootstrap.centre import opened_database
    from nbcase.operations.publish_scores import publish_scores as publish
    from nbcase.operations.schemes import schemes
    from nbcase.points.monthly import read_run

    made_by = read_run(arguments.run, tr("没有发布。")).catalogue_hash
    with opened_database(arguments.database_url) as engine:
        with engine.connect() as connection:
            known = schemes(connection)
        done = publish(
            engine,
            arguments.run,
            arguments.data,
            known.by_hash(made_by) or known.newest,
            progress=lambda so_far, everybody: _progress(arguments, f"{so_far:,}/{everybody:,}"),
        )
    text = tr("中心 {n} 人，{known} 人有积分，更新 {m} 人").format(n=done.residents, known=done.known, m=done.written)
    say(arguments, msgspec.to_builtins(done), text)
    return OK


def _publish_scores(parser: Parser) -> None:
    parser.add_argument("--run", type=Path, required=True, help=tr("score 的结果文件夹"))
    parser.add_argument("--data", type=Path, required=True, help=tr("积分档案的文件夹"))
    parser.add_argument("--database-url", required=True)
    declare_json(parser)


def _explain(parser: Parser) -> None:
    parser.add_argument("--data", type=Path, required=True, help=tr("积分档案的文件夹"))
    parser.add_argument("--resident", required=True, metavar="NUMBER", help=tr("证件号码"))
    _declare_scheme(parser)
    parser.add_argument("--as-of", type=day, required=True, metavar="YYYY-MM-DD")
    declare_json(parser)


def export_scheme(arguments: Arguments) -> int:
    """The versions that the centre has published, as a file that a run is made with."""
    import msgspec

    from nbcase.bootstrap.centre import opened_database
    from nbcase.operations.schemes import schemes

    with opened_database(arguments.database_url) as engine, engine.connect() as connection:
        found = schemes(connection)
    arguments.out.write_bytes(msgspec.json.format(msgspec.json.encode(found.published, order="sorted"), indent=1))
    value = {"number": found.number, "hash": found.newest.hash, "path": str(arguments.out)}
    say(arguments, value, tr("第 {n} 版，已写到 {path}").format(n=found.number, path=arguments.out))
    return OK


def _export_scheme(parser: Parser) -> None:
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--out", type=Path, required=True)
    declare_json(parser)


def _declare_scheme(parser: Parser) -> None:
    parser.add_argument("--scheme", type=Path, help=tr("中心公布的积分方案（export-scheme 的文件）；不写则为程序自带的"))


def _catalogue(arguments: Arguments) -> "PointsCatalogue":
    """The catalogue that the arguments name."""
    from nbcase.operations.schemes import read_published

    return read_published(arguments.scheme).newest


def _progress(arguments: Arguments, text: str) -> None:
    """Beside the answer, so that the answer stays one line of JSON."""
    if arguments.json:
        return
    print(text, file=sys.stderr, flush=True)


VERBS: Verbs = {
    "check-catalogue": (check_catalogue, mark("检查积分目录"), _check_catalogue),
    "demo-department-data": (demo_department_data, mark("生成虚构的一个月部门数据"), _demo_department_data),
    "receive-delivery": (receive_delivery, mark("收下部门数据"), _receive_delivery),
    "score": (score, mark("全员计分"), _score),
    "export-scheme": (export_scheme, mark("导出公布的积分方案"), _export_scheme),
    "export-claims": (export_claims, mark("导出审核通过的赋分，供全员计分"), _export_claims),
    "publish-scores": (publish_scores, mark("把全员积分发布到受理点"), _publish_scores),
    "explain": (explain, mark("说明一个人的积分"), _explain),
}
