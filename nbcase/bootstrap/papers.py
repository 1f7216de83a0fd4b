"""The proof of papers: the verdict on one, what other verifiers get, keys that sign no more."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nbcase.bootstrap.centre import centre_writing
from nbcase.domain.resources import resource_path

if TYPE_CHECKING:
    from nbcase.proof.verdict import Verdict


def verify_paper(asked: str | bytes, at: date | None, *, folder: Path, trust: Path | None) -> "Verdict":
    """The verdict on a code's text or a file by the lists in a file: this desk's, or the one that is named."""
    from nbcase.operations.verifying import TRUST_NAME, load_trust, verify_code, verify_file

    lists = load_trust(trust or folder / TRUST_NAME)
    now = datetime.now(UTC)
    return verify_code(lists, asked, now, at) if isinstance(asked, str) else verify_file(lists, asked, now, at)


def write_verifier_bundle(out: Path, *, folder: Path, data: Path | None, database_url: str | None) -> list[str]:
    """Lists, script and schema into a folder; from the centre in `data`, else from a desk's own lists. The names of the files."""
    from nbcase.operations.verifying import TRUST_NAME, load_trust, trust_file

    if data is None:
        path = folder / TRUST_NAME
        load_trust(path)
        content = path.read_bytes()
    else:
        with centre_writing(data, database_url) as (centre, connection):
            content = trust_file(connection, centre.key.public_key)
    out.mkdir(parents=True, exist_ok=True)
    (out / "trust.json").write_bytes(content)
    for name in ("verify.py", "claims.cddl", "vectors.json"):
        (out / name).write_bytes(resource_path(f"proof/{name}").read_bytes())
    return sorted(path.name for path in out.iterdir())


def end_paper_keys(data: Path, database_url: str | None, desk_id: str, *, is_lost: bool) -> int:
    """A desk's keys sign no more papers; the next published list says so. How many keys that were."""
    from nbcase.operations.issuing import end_keys

    with centre_writing(data, database_url) as (centre, connection):
        return end_keys(connection, centre.key, desk_id, centre.clock.now(), is_lost=is_lost)
