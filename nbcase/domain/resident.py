"""A person who lives in Ningbo without a local hukou (居住证暂行条例 art. 2; 浙江省流动人口居住登记条例 art. 29)."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """One person. Codes: GB/T 2261.1 sex, GB/T 3304 nation, GB/T 4762 politics, GB/T 2261.2 marriage, GB/T 4658 education.

    No religion is kept, though police forms have it: it is not needed (个人信息保护法 art. 6).
    """

    id: str
    version: int = 0
    document_kind: str
    document_number: str
    name: str
    former_name: str | None = None
    sex_code: str | None = None
    nation_code: str | None = None
    birth_on: date | None = None
    home_address: str | None = None
    home_kind_code: str | None = None
    authority: str | None = None
    valid_from_on: date | None = None
    valid_until_on: date | None = None
    phone: str | None = None
    political_code: str | None = None
    marital_code: str | None = None
    education_code: str | None = None
    occupation_code: str | None = None
    employer: str | None = None
    guardian_name: str | None = None
    guardian_number: str | None = None
    guardian_phone: str | None = None
    photo_hash: str | None = None
    station_code: str
