"""Who lives together where: single workers, couples, families and dormitories, each in a dwelling of its own."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from nbcase.demo.chance import Numbers, Weighted, between, pick
from nbcase.demo.material import DemoStation, Home, Material, Nation
from nbcase.demo.names import HOMOPHONE_SHARE, Namer
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.identity import SYNTHETIC_AREA, make_number
from nbcase.domain.ids import derived_id

MAN, WOMAN = "1", "2"
PREMISES, SITE, RENTED, OWNED = "02", "03", "04", "05"
"""居住处所 that demo people have."""

_PLACE = re.compile(r"(?P<province>.+?(?:自治区|省|市))(?P<county>.+)")
_DOORS, _FLOORS, _UNITS = 2, 6, 2
_UNREGISTERED = 6
"""Of so many rented flats one has no 出租房登记."""

_GROUPS = "一二三四五六七八九"
TWIN_SHARE = 0.006


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a family comes from."""

    province: str
    county: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One person of a household before any record exists; `role` as in the code table ``relation``."""

    role: str
    name: str
    sex_code: str
    birth_on: date
    number: str
    nation_code: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """People at one address; the first is the head. In a dormitory they are colleagues of different families."""

    station: DemoStation
    dwelling: Dwelling
    members: tuple[Member, ...]
    is_family: bool
    firm: str | None


class Builder:
    """Makes households one by one; remembers only how far each community is built up and which numbers are taken."""

    def __init__(self, material: Material, today: date, id_key: bytes) -> None:
        self._places = material.place
        self._parts = material.home_parts
        self._today = today
        self._id_key = id_key
        self._namer = Namer(material.han)
        self._numbers = Numbers()
        self._built: Counter[tuple[str, str]] = Counter()
        self._twin: Member | None = None
        self._kinds = Weighted(("dormitory", "site", "single", "couple", "family", "elders"), (12, 3, 34, 20, 26, 5))
        self._nations = Weighted(material.nation, [nation.weight for nation in material.nation])
        self._homes = Weighted(material.home, [home.weight for home in material.home])

    def household(self, random: Random, station: DemoStation) -> Household:
        """One more household at a station."""
        kind = self._kinds.draw(random)
        if kind in ("dormitory", "site"):
            return self._colleagues(random, station, is_site=kind == "site")
        roles = self._roles(random, kind)
        owned = kind == "family" and random.random() < 0.3
        dwelling = self.flat(random, station, is_owned=owned, crowd=len(roles))
        return Household(station=station, dwelling=dwelling, members=self._family(random, roles), is_family=True, firm=None)

    def flat(self, random: Random, station: DemoStation, *, is_owned: bool, crowd: int) -> Dwelling:
        """A flat that nobody had before, rented from an invented landlord or owned."""
        street, community = pick(random, station.streets), pick(random, self._places.communities)
        number = self._next(street, community)
        building, rest = divmod(number, _DOORS * _FLOORS * _UNITS)
        unit, rest = divmod(rest, _DOORS * _FLOORS)
        floor, door = divmod(rest, _DOORS)
        address = f"{street}{community}{building + 1}幢{unit + 1}单元{floor + 1}0{door + 1}室"
        landlord = None if is_owned else self._landlord(random)
        return Dwelling(
            id=derived_id(self._id_key, "dwelling", address),
            version=1,
            address=address,
            division_code=station.division_code,
            street=street,
            community=community,
            place_code=OWNED if is_owned else RENTED,
            landlord_name=landlord.name if landlord else None,
            landlord_number=landlord.number if landlord else None,
            landlord_phone=phone(random) if landlord else None,
            capacity=max(crowd, between(random, 3, 5)),
            lease_until_on=None if is_owned else self._today + timedelta(between(random, -20, 700)),
            registered_on=None if is_owned or number % _UNREGISTERED == 0 else self._today - timedelta(30 + number % 300),
            station_code=station.code,
        )

    def _colleagues(self, random: Random, station: DemoStation, *, is_site: bool) -> Household:
        firm, size = pick(random, self._places.firms), between(random, 3, 6)
        members = tuple(self._family(random, ("colleague",))[0] for _ in range(size))
        dwelling = self._quarters(random, station, firm, PREMISES if not is_site else SITE)
        return Household(station=station, dwelling=dwelling, members=members, is_family=False, firm=firm)

    def _quarters(self, random: Random, station: DemoStation, firm: str, place_code: str) -> Dwelling:
        """A room of the employer's: in a dormitory or on a building site."""
        street, road = pick(random, station.streets), pick(random, self._places.roads)
        house, room = divmod(self._next(street, road), 60)
        kind = "宿舍" if place_code == PREMISES else "工地板房"
        address = f"{street}{road}{house * 2 + 8}号{kind}{room // 12 + 1}{room % 12 + 1:02d}室"
        return Dwelling(
            id=derived_id(self._id_key, "dwelling", address),
            version=1,
            address=address,
            division_code=station.division_code,
            street=street,
            place_code=place_code,
            landlord_name=firm,
            capacity=6,
            station_code=station.code,
        )

    def _next(self, street: str, place: str) -> int:
        self._built[street, place] += 1
        return self._built[street, place] - 1

    def _roles(self, random: Random, kind: str) -> tuple[str, ...]:
        if kind == "single":
            return ("head",)
        if kind == "couple":
            return ("head", "spouse")
        if kind == "elders":
            return ("head", "father" if random.random() < 0.5 else "mother")
        children = ["son" if random.random() < 0.5 else "daughter" for _ in range(1 + (random.random() < 0.35))]
        return ("head", "spouse", *children)

    def _family(self, random: Random, roles: tuple[str, ...]) -> tuple[Member, ...]:
        if len(roles) == 1 and self._twin is not None and random.random() < TWIN_SHARE:
            return (self._twin_of(self._twin, roles[0]),)
        nation = self._nations.draw(random)
        origin = self._origin(random, nation)
        family = self._namer.surname(random, nation)
        head = self._head(random, roles[0], nation, origin, family)
        members = [head, *(self._relative(random, role, head, nation, family) for role in roles[1:])]
        self._twin = head
        return tuple(members)

    def _head(self, random: Random, role: str, nation: Nation, origin: Origin, family: str) -> Member:
        sex_code = MAN if random.random() < 0.58 else WOMAN
        age_days = int(random.triangular(17 * 366, 60 * 365, 33 * 365))
        name = self._namer.name(random, nation, sex_code, family)
        if nation.style == "han" and not nation.surnames and random.random() < HOMOPHONE_SHARE:
            name = self._namer.homophone(random)
        return self._member(role, name, sex_code, self._today - timedelta(age_days), nation.code, origin)

    def _relative(self, random: Random, role: str, head: Member, nation: Nation, family: str) -> Member:
        if role == "spouse":
            sex_code = WOMAN if head.sex_code == MAN else MAN
            birth_on = head.birth_on + timedelta(between(random, -1500, 1500))
            birth_on = min(birth_on, self._today - timedelta(17 * 366))
            family = self._namer.surname(random, nation)
        elif role in ("father", "mother"):
            sex_code = MAN if role == "father" else WOMAN
            birth_on = head.birth_on - timedelta(between(random, 20 * 365, 32 * 365))
        else:
            sex_code = MAN if role == "son" else WOMAN
            age_days = max(40, (self._today - head.birth_on).days - between(random, 20 * 365, 30 * 365))
            birth_on = self._today - timedelta(min(age_days, 17 * 365))
        name = self._namer.name(random, nation, sex_code, family)
        return self._member(role, name, sex_code, birth_on, nation.code, head.origin)

    def _twin_of(self, other: Member, role: str) -> Member:
        """Another person of the same name born on the same day: what a duplicate check must not confuse."""
        return self._member(role, other.name, other.sex_code, other.birth_on, other.nation_code, other.origin)

    def _landlord(self, random: Random) -> Member:
        nation = self._nations.draw(random)
        family = self._namer.surname(random, nation)
        nowhere = Origin(province="", county="", address="")
        return self._head(random, "other", nation, nowhere, family)

    def _member(self, role: str, name: str, sex_code: str, birth_on: date, nation_code: str, origin: Origin) -> Member:
        birth_on, sequence = self._numbers.take(birth_on, sex_code)
        return Member(
            role=role,
            name=name,
            sex_code=sex_code,
            birth_on=birth_on,
            number=make_number(SYNTHETIC_AREA, birth_on, sequence),
            nation_code=nation_code,
            origin=origin,
        )

    def _origin(self, random: Random, nation: Nation) -> Origin:
        if nation.homes:
            parts = _PLACE.fullmatch(pick(random, nation.homes))
            assert parts is not None, "homes are written province first"
            province, county = parts["province"], parts["county"]
        else:
            home: Home = self._homes.draw(random)
            province, county = home.province, pick(random, home.counties)
        village = pick(random, self._parts.towns) + pick(random, self._parts.villages)
        address = f"{province}{county}{village}{pick(random, _GROUPS)}组{between(random, 1, 180)}号"
        return Origin(province=province, county=county, address=address)


def phone(random: Random) -> str:
    """An invented mobile number."""
    return f"199{random.getrandbits(40) % 100_000_000:08d}"
