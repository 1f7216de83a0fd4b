"""A history before it happens: seeded steps of a few desks and their centre, as values that can be printed and played again."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

DESKS = ("li-1", "li-2", "sun-1")
"""Clerk and window of each desk: two windows of one station, one of another."""

PEOPLE, DWELLINGS = 6, 4
"""So few that desks meet."""

LINE_FAULTS = ("cut", "answer lost", "held", "repeated", "truncated", "answer swapped")
"""What may happen to one request, in the words of `tests.faults.line`."""

ACT_POINTS = (
    "desk.commit.before",
    "desk.commit.after",
    "desk.seal.before",
    "desk.seal.after",
    "desk.seal.synced",
    "desk.seal.begin.before",
    "desk.seal.begin.after",
    "desk.disk.write",
    "desk.disk.sync",
)
"""Where a desk may die during an act: what `nbcase.domain.crashpoints` calls out, and each write and sync of its database."""

CONTACT_POINTS = (
    "desk.commit.before",
    "desk.commit.after",
    "desk.request.before",
    "desk.request.after",
    "desk.upload.before",
    "desk.upload.after",
    "desk.seal.drop.before",
    "desk.seal.drop.after",
    "desk.disk.write",
    "desk.disk.sync",
)
CENTRE_POINTS = ("centre.commit.before", "centre.commit.after", "centre.file.before", "centre.file.after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """A machine ends at the `passing`-th time that it reaches `point`; nothing happens when it never does."""

    point: str
    passing: int

    def __str__(self) -> str:
        return f"dies at {self.point} no. {self.passing}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFault:
    """What happens to the `request`-th request of a contact; `chance` seeds what the fault leaves open."""

    kind: str
    request: int
    chance: int

    def __str__(self) -> str:
        return f"request {self.request} {self.kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens. `verb` is one of `WEIGHTS`, ``exports`` or ``stick arrives``; the other fields are what it needs."""

    verb: str
    desk: int = 0
    person: int = 0
    place: int = 0
    values: tuple[tuple[str, str | None], ...] = ()
    size: int = 0
    seconds: int = 0
    crash: Crash | None = None
    centre_crash: Crash | None = None
    faults: tuple[LineFault, ...] = ()
    is_desk_full: bool = False
    is_centre_full: bool = False
    with_rows: bool = True
    with_files: bool = True
    is_physical: bool = True

    def __str__(self) -> str:
        """The step in words."""
        words = [f"{DESKS[self.desk]:6} {self.verb}" if self.verb in OF_A_DESK else f"centre {self.verb}"]
        words += self._details()
        words += [str(part) for part in (self.crash, *self.faults) if part]
        words += [f"centre {self.centre_crash}"] if self.centre_crash else []
        words += ["disk full"] if self.is_desk_full else []
        words += ["centre's disk full"] if self.is_centre_full else []
        return ", ".join(words)

    def _details(self) -> list[str]:
        if self.verb in ("register", "misplace"):
            return [f"person {self.person} at dwelling {self.place}, {self.size} bytes", _shown(self.values)]
        if self.verb in ("change", "decide"):
            return [f"person {self.person}", _shown(self.values)]
        if self.verb == "clock":
            return [f"{self.seconds:+} s"]
        if self.verb == "restored":
            parts = [name for name, is_in in (("database", self.with_rows), ("files", self.with_files)) if is_in]
            return [" and ".join(parts), "physically" if self.is_physical else "logically"]
        return []


OF_A_DESK = ("register", "change", "move", "misplace", "decide", "contact", "clock", "dies", "exports")


def _shown(values: Sequence[tuple[str, str | None]]) -> str:
    return " ".join(f"{name}={value}" for name, value in values)


@dataclass(frozen=True, slots=True)
class Script:
    """A whole history: the same seed, the same steps."""

    seed: int
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return "\n".join(f"{number:3} {step}" for number, step in enumerate(self.steps, 1))


@dataclass(slots=True)
class _Writer:
    """Chooses steps; `WEIGHTS` are tuned so that most histories have crashes, cuts and meetings, and some a restore."""

    chance: random.Random
    has_backup: bool = False
    steps: list[Step] = field(default_factory=list)

    def write(self, count: int) -> tuple[Step, ...]:
        """So many steps."""
        while len(self.steps) < count:
            self.steps.append(self._step())
        return tuple(self.steps)

    def _step(self) -> Step:
        (verb,) = self.chance.choices(tuple(WEIGHTS), tuple(WEIGHTS.values()))
        desk = self.chance.randrange(len(DESKS))
        if verb == "backup":
            self.has_backup = True
            return Step(verb=verb)
        if verb == "restored":
            return self._restore()
        step = Step(verb=verb, desk=desk, person=self.chance.randrange(PEOPLE))
        if verb in ("register", "change", "move", "misplace", "decide"):
            return self._act(step)
        if verb == "contact":
            return self._contact(step)
        if verb in SECONDS:
            return replace(step, seconds=self.chance.choice(SECONDS[verb]))
        return step

    def _restore(self) -> Step:
        if not self.has_backup:
            self.has_backup = True
            return Step(verb="backup")
        rows, files = self.chance.choice(((True, True), (True, False), (False, True)))
        return Step(verb="restored", with_rows=rows, with_files=files, is_physical=self.chance.random() < 0.5)

    def _act(self, step: Step) -> Step:
        names = self.chance.sample(tuple(POOL), self.chance.randint(1, 3))
        values = tuple((name, self.chance.choice(POOL[name])) for name in names)
        step = replace(step, values=values, place=self.chance.randrange(DWELLINGS), size=self.chance.choice((0, 1, 300, 5_000)))
        if self.chance.random() < 0.18:
            return replace(step, crash=self._crash(ACT_POINTS))
        return replace(step, is_desk_full=self.chance.random() < 0.05)

    def _contact(self, step: Step) -> Step:
        fate = self.chance.random()
        if fate < 0.25:
            return replace(step, crash=self._crash(CONTACT_POINTS))
        if fate < 0.40:
            return replace(step, centre_crash=self._crash(CENTRE_POINTS))
        if fate < 0.70:
            return replace(step, faults=tuple(self._fault() for _ in range(self.chance.choice((1, 1, 2)))))
        return replace(step, is_centre_full=fate < 0.74, is_desk_full=fate > 0.96)

    def _crash(self, points: Sequence[str]) -> Crash:
        return Crash(point=self.chance.choice(points), passing=self.chance.choice((1, 1, 1, 2, 2, 3, 4, 5, 7)))

    def _fault(self) -> LineFault:
        return LineFault(kind=self.chance.choice(LINE_FAULTS), request=self.chance.randint(1, 8), chance=self.chance.randrange(1 << 30))


WEIGHTS = {
    "register": 8,
    "change": 14,
    "move": 1,
    "misplace": 1,
    "decide": 4,
    "contact": 22,
    "clock": 2,
    "waits": 2,
    "dies": 1,
    "dies at rest": 1,
    "backup": 1,
    "restored": 1,
}

STICKS = 0.3
"""The share of histories in which a stick is carried."""

SECONDS = {"clock": (-86_400, 86_400, 1, 60, 900), "waits": (1, 30, 600, 3_600)}
"""By how much a desk's clock jumps, and how long nothing happens."""

POOL: dict[str, tuple[str | None, ...]] = {
    "phone": ("19900000001", "19900000002", "19900000003", None),
    "employer": ("样厂", "另一家样厂", None),
    "home_address": ("样省样县一村", "样省样县二村"),
    "occupation_code": ("01", "02", "03"),
}
"""Few values, so that two desks choose now the same and now different ones."""


def write_script(seed: int, steps: int = 32) -> Script:
    """The history of a seed."""
    chance = random.Random(seed)
    written = _Writer(chance).write(chance.randint(steps - 8, steps + 8))
    return Script(seed, _with_stick(random.Random(f"stick {seed}"), written))


def _with_stick(chance: random.Random, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """In some histories a desk's unsent work also goes by a stick, which arrives later, sometimes twice.

    By chance of its own, so that the other steps of a seed stay what they were before there were sticks.
    """
    if chance.random() >= STICKS:
        return steps
    found = list(steps)
    place = chance.randrange(len(found) // 2)
    found.insert(place, Step(verb="exports", desk=chance.randrange(len(DESKS))))
    for _ in range(chance.choice((1, 1, 2))):
        found.insert(chance.randint(place + 1, len(found)), Step(verb="stick arrives"))
    return tuple(found)
