"""kill -9 in the middle of a registration: afterwards the draft or the accepted case is there, whole, never half of one."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nbcase.domain.case import Case
from nbcase.domain.document import Document
from nbcase.domain.registration import Registration
from nbcase.domain.resident import Resident
from nbcase.operations.drafts import Draft, drafts, load_draft
from nbcase.store import tables
from nbcase.store.desk_database import reading
from nbcase.store.desk_files import file_bytes
from nbcase.store.desk_work import read_action
from nbcase.store.shelf import Shelf
from tests.parts.counter import Counter, make_counter, open_counter
from tests.parts.newcomer import NUMBER
from tests.parts.registering import INSIDE, STEPS, TYPED

ROOT = Path(__file__).parents[2]
SEED = int(os.environ.get("NBCASE_KILL_SEED") or random.SystemRandom().randrange(1 << 32))
"""Set the variable to the printed seed to see the same kills again."""

RUNS = 10
_RANDOM = random.Random(SEED)
KILLS = [*_RANDOM.sample(STEPS, 4), *_RANDOM.sample(INSIDE, RUNS - 4)]
"""Four while the form is filled in, six from the first statement of the acceptance to the page's word."""


@pytest.fixture(scope="module")
def fresh_desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk database nobody has worked with; each run gets a copy."""
    folder = tmp_path_factory.mktemp("fresh")
    make_counter(folder, people=3).desk.engine.dispose()
    return folder


@pytest.mark.parametrize("run", range(RUNS))
def test_killed_at_any_moment_it_leaves_the_draft_or_the_whole_case(fresh_desk: Path, tmp_path: Path, run: int) -> None:
    step = KILLS[run]
    folder = tmp_path / "desk"
    shutil.copytree(fresh_desk, folder)
    said = run_until(folder, step)
    counter = open_counter(folder)
    try:
        check(counter, said)
    except AssertionError as wrong:
        raise AssertionError(f"killed at «{step}» with NBCASE_KILL_SEED={SEED}: {wrong}") from wrong
    finally:
        counter.desk.engine.dispose()


def test_a_run_that_is_not_killed_prints_every_step_and_leaves_one_case(fresh_desk: Path, tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    shutil.copytree(fresh_desk, folder)
    said = run_until(folder, None)
    steps = [line["step"] for line in said]
    assert steps[: len(STEPS)] == list(STEPS)
    assert set(INSIDE) <= set(steps)
    counter = open_counter(folder)
    assert accepted_case(counter) is not None
    check(counter, said)
    counter.desk.engine.dispose()


def run_until(folder: Path, last_step: str | None) -> list[dict[str, Any]]:
    """What the clerk said up to the kill, which comes right after `last_step`; None lets the run come to its end."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "tests.parts.registering", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=ROOT, text=True) as clerk:
        assert clerk.stdout is not None
        assert clerk.stderr is not None
        said = []
        for line in clerk.stdout:
            said.append(json.loads(line))
            if said[-1]["step"] == last_step:
                clerk.kill()
                break
        clerk.wait()
        assert said, clerk.stderr.read()
    assert last_step in (None, said[-1]["step"]), said[-1]
    return said


def check(counter: Counter, said: list[dict[str, Any]]) -> None:
    """The whole case, or the draft with everything up to the last field that was said to be kept."""
    case = accepted_case(counter)
    if case is not None:
        check_case(counter, case)
        return
    assert said[-1]["step"] not in ("printing", "accepted"), "it was already durable"
    check_nothing_written(counter)
    kept = drafts(counter.desk, counter.clerk.record)
    assert len(kept) == 1
    confirmed = [line for line in said if line["step"] == "captured" or line["step"].startswith("kept")]
    check_draft(counter, kept[0], confirmed[-1]["answers"])


def accepted_case(counter: Counter) -> Case | None:
    with reading(counter.desk.engine) as connection:
        resident = next(iter(Shelf(connection).find(Resident, document_number=NUMBER)), None)
        return next(iter(Shelf(connection).find(Case, resident_id=resident.id)), None) if resident is not None else None


def check_case(counter: Counter, case: Case) -> None:
    """Person, registration, papers, action, outbox entry and every file; and no draft that would be accepted again."""
    with reading(counter.desk.engine) as connection:
        shelf = Shelf(connection)
        assert len(shelf.find(Registration, case_id=case.id)) == 1
        papers = shelf.find(Document, case_id=case.id)
        assert sorted(paper.kind_code for paper in papers) == ["acceptance-receipt", "residence-voucher"]
        rows = connection.execute(sa.select(tables.desk_action).where(tables.desk_action.c.kind == "registration.accept")).all()
        assert len(rows) == 1
        action = read_action(rows[0].body)
        assert action.record_id == case.id
        outbox = connection.execute(sa.select(tables.outbox.c.sequence).where(tables.outbox.c.action_id == action.id)).all()
        assert len(outbox) == 1
        named = {*action.attachments, *(paper.content_hash for paper in papers)}
        named |= {content_hash for material in case.materials for content_hash in material.attachments}
        assert len(named) == len(action.attachments) == 3  # two papers and the photo of the chip
        for content_hash in named:
            content = file_bytes(connection, content_hash)
            assert content is not None
            assert hashlib.sha256(content).hexdigest() == content_hash
    assert {case.form[key] for key, _ in TYPED} == {"海曙区样例街道新村路9号101室", "04", "01", "2", "19900005061", "60", "13", "20"}
    assert drafts(counter.desk, counter.clerk.record) == []


def check_nothing_written(counter: Counter) -> None:
    with reading(counter.desk.engine) as connection:
        assert Shelf(connection).find(Resident, document_number=NUMBER) == []
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.desk_action)).scalar_one() == 0
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.outbox)).scalar_one() == 0
        block = connection.execute(sa.select(tables.number_block)).one()
        assert block.next == block.first


def check_draft(counter: Counter, draft: Draft, answers: Mapping[str, Any]) -> None:
    """At least what was confirmed, the chip's photo included; a field that was left after that may be there too."""
    assert load_draft(counter.desk, draft.id) == draft
    for key, value in answers.items():
        assert not value or draft.answers[key] == value, key
    with reading(counter.desk.engine) as connection:
        assert [file.role for file in draft.attachments] == ["chip_photo"]
        assert file_bytes(connection, draft.attachments[0].hash) == bytes(1024)
