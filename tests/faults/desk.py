"""A desk of the simulation: the real database, outbox, client and loop, on a disk that forgets and a line that fails."""

import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from nbcase.crypto.clerk_secret import ClerkKey
from nbcase.domain.action import Action
from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import SetClock
from nbcase.operations.enrol import Enrolment
from nbcase.operations.seal import begin_sealing
from nbcase.operations.sign_in import DATABASE_NAME, DeskSecrets
from nbcase.store.desk_database import open_desk_database, reading
from nbcase.store.desk_work import state
from nbcase.store.sealed_log import SealedLog
from nbcase.sync.client import CentreClient
from nbcase.sync.loop import SyncLoop
from nbcase.sync.stages import Contact
from nbcase.sync.status import SyncStatus
from tests.faults.disk import Disk, Watch
from tests.faults.hands import Hands
from tests.faults.line import SimulatedLine
from tests.faults.script import Step

URL = "http://127.0.0.1"
"""Nobody listens there: the line is simulated."""

_engines: dict[Path, sa.Engine] = {}


class DeskCrash(BaseException):
    """The desk's machine ended here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A desk just enrolled: its files, and what opens them."""

    login: str
    folder: Path
    enrolment: Enrolment
    secrets: DeskSecrets
    clerk: Clerk
    key: ClerkKey


@dataclass(slots=True)
class SimulatedDesk:
    """One desk's machine. `told` are the acts of which its clerk heard that they are done, in order."""

    template: Template
    folder: Path
    clock: SetClock
    line: SimulatedLine
    watch: Watch
    disk: Disk = field(init=False)
    engine: sa.Engine = field(init=False)
    hands: Hands = field(init=False)
    loop: SyncLoop = field(init=False)
    log: SealedLog = field(init=False)
    told: dict[str, Action] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        shutil.copytree(self.template.folder, self.folder)
        self.disk = Disk(self.folder)
        self.watch.add(self.disk)
        self.start()

    @property
    def identity(self) -> Any:
        """Which desk this is."""
        return self.template.enrolment.identity

    def start(self) -> None:
        """Switch on and sign in. The engine of a place is made once: SQLAlchemy would compile every statement anew for another."""
        path = self.folder / DATABASE_NAME
        if path not in _engines:
            _engines[path] = open_desk_database(path, self.template.secrets.database_key)
        self.engine = _engines[path]
        self.hands = Hands(self.engine, self.identity, self.template.clerk, self.clock)
        client = CentreClient(URL, self.identity.desk_id, self.template.secrets.device, self.clock, self.line)
        client.sign_in(self.template.login, self.template.key)
        contact = Contact(engine=self.engine, client=client, clock=self.clock, enrolment=self.template.enrolment)
        self.loop = SyncLoop(contact, uniform=lambda low, high: high)
        self.log = begin_sealing(self.engine, self.folder, self.template.enrolment, self.template.secrets, self.clock)

    def stop(self) -> None:
        """Close the files."""
        self.log.close()
        self.engine.dispose()

    def crash(self, chance: random.Random) -> None:
        """Lose power and start again; what the clerk was told must still be there, and what is there is told from now on."""
        self.disk.is_off = True
        self.stop()
        self.disk.lose(chance)
        self.start()
        self.told, lost = kept_after_a_crash(self.told, self.hands.actions())
        self.problems += lost

    def contact(self) -> SyncStatus:
        """One contact with the centre."""
        return self.loop.run_once()

    def act(self, step: Step) -> Action | None:
        """What the step says, by the clerk; None when there is nothing to do. Told means: this came back."""
        action = self.hands.act(step)
        if action is not None and not self.disk.is_off:
            self.told[action.id] = action
        return action


def is_sealed(engine: sa.Engine, log: SealedLog) -> bool:
    """Whether the sealed log lacks nothing, has no trouble, and keeps no segment that the centre has signed for."""
    with reading(engine) as connection:
        signed = state(connection, "reconciliation", {})
        return not (log.is_behind(connection) or log.state.problem or log.can_drop(signed.get("count", 0)))


def kept_after_a_crash(told: Mapping[str, Action], actions: Sequence[Action]) -> tuple[dict[str, Action], list[str]]:
    """What counts as told from now on, because the clerk sees it, and what was told and is gone."""
    kept = {action.id: action for action in actions}
    lost = [f"lost at the desk: action {told[action_id].sequence}" for action_id in told.keys() - kept.keys()]
    return {**told, **kept}, lost
