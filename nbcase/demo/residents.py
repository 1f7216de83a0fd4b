"""Resident records of invented people: papers, work and family as their age allows."""

from datetime import date, timedelta
from random import Random

from nbcase.demo.chance import Weighted, between, pick
from nbcase.demo.households import MAN, Household, Member, phone
from nbcase.demo.material import Material
from nbcase.domain.clock import add_months
from nbcase.domain.identity import DocumentKind, age_on
from nbcase.domain.ids import derived_id
from nbcase.domain.resident import Resident

ADULT_AGE = 16
SCHOOL_AGE = 6
STUDENT, RETIRED, JOBLESS, TRADER = "07", "12", "11", "10"
"""Codes of the table ``occupation`` that decide more than the name of the job."""

IN_PROVINCE, ELSEWHERE = ("1", "2"), ("3", "4")
"""Codes of the table ``home_kind``, city before county."""

_OCCUPATIONS = Weighted(("05", TRADER, "03", "02", "09", "04", JOBLESS, "06", "13"), (58, 12, 10, 5, 4, 3, 4, 2, 2))
_EDUCATION = Weighted(("71", "61", "41", "47", "31", "21", "81", "14", "83"), (36, 16, 8, 6, 14, 9, 8, 1, 2))
_AGE_OF_RETIREMENT = {"1": 60, "2": 55}


class Registrar:
    """Makes resident records from household members."""

    def __init__(self, material: Material, today: date, id_key: bytes) -> None:
        self._places = material.place
        self._today = today
        self._id_key = id_key

    def residents(self, random: Random, household: Household) -> tuple[Resident, ...]:
        """One record for each member; children have the head for a guardian."""
        head = household.members[0]
        head_phone = phone(random)
        return tuple(
            self._resident(random, household, member, head, head_phone if member is head else phone(random), head_phone)
            for member in household.members
        )

    def _resident(self, random: Random, household: Household, member: Member, head: Member, number: str, head_phone: str) -> Resident:
        age = age_on(member.birth_on, self._today)
        is_child = age < ADULT_AGE
        valid_from_on, valid_until_on = self._validity(random, member.birth_on)
        occupation = self._occupation(random, member, age)
        return Resident(
            id=derived_id(self._id_key, "resident", DocumentKind.CITIZEN, member.number),
            version=1,
            document_kind=DocumentKind.CITIZEN.value,
            document_number=member.number,
            name=member.name,
            sex_code=member.sex_code,
            nation_code=member.nation_code,
            birth_on=member.birth_on,
            home_address=member.origin.address,
            home_kind_code=_home_kind(member),
            authority=f"{member.origin.county}公安局",
            valid_from_on=valid_from_on,
            valid_until_on=valid_until_on,
            phone=head_phone if is_child else number,
            political_code=_politics(random, age),
            marital_code=_marriage(random, household, member, age),
            education_code=_education(random, age),
            occupation_code=occupation,
            employer=self._employer(random, household, occupation, age),
            guardian_name=head.name if is_child else None,
            guardian_number=head.number if is_child else None,
            guardian_phone=head_phone if is_child else None,
            station_code=household.station.code,
        )

    def _validity(self, random: Random, birth_on: date) -> tuple[date, date | None]:
        """Dates of the identity card: 5, 10 or 20 years by the age at issue, without end from 46 (居民身份证法 art. 5)."""
        days = min((self._today - birth_on).days - 1, between(random, 30, 3400))
        issued_on = self._today - timedelta(max(days, 0))
        age = age_on(birth_on, issued_on)
        if age >= 46:
            return issued_on, None
        years = 5 if age < 16 else 10 if age < 26 else 20
        return issued_on, add_months(issued_on, 12 * years)

    def _occupation(self, random: Random, member: Member, age: int) -> str:
        if age < ADULT_AGE:
            return STUDENT if age >= SCHOOL_AGE else "13"
        if age >= _AGE_OF_RETIREMENT[member.sex_code] or member.role in ("father", "mother"):
            return RETIRED
        return _OCCUPATIONS.draw(random)

    def _employer(self, random: Random, household: Household, occupation: str, age: int) -> str | None:
        if household.firm is not None:
            return household.firm
        if occupation == STUDENT:
            return pick(random, self._places.schools)
        if occupation in (RETIRED, JOBLESS, "06", "09") or age < ADULT_AGE:
            return None
        return pick(random, self._places.firms)


def _home_kind(member: Member) -> str:
    kinds = IN_PROVINCE if member.origin.province == "浙江省" else ELSEWHERE
    return kinds[0] if member.origin.county.endswith("市") else kinds[1]


def _politics(random: Random, age: int) -> str:
    drawn = random.random()
    if 14 <= age < 29 and drawn < 0.25:
        return "03"
    return "01" if age >= 18 and drawn > 0.95 else "13"


def _marriage(random: Random, household: Household, member: Member, age: int) -> str:
    roles = {other.role for other in household.members}
    if age < (22 if member.sex_code == MAN else 20):
        return "10"
    if member.role in ("head", "spouse") and "spouse" in roles:
        return "20"
    if member.role in ("father", "mother"):
        return "30"
    return "20" if random.random() < min(0.85, (age - 20) / 15) else "40" if random.random() < 0.1 else "10"


def _education(random: Random, age: int) -> str:
    if age < SCHOOL_AGE:
        return "90"
    if age < 13:
        return "80"
    return "70" if age < ADULT_AGE else _EDUCATION.draw(random)
