"""A place where people live: a room, a flat, a dormitory (浙江省居住房屋出租登记管理办法)."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Dwelling:
    """One dwelling; its id is derived from the full address so that two desks make one record.

    `place_code` is the kind of dwelling (居住处所), `capacity` the most people who may live there (限住人数).
    """

    id: str
    version: int = 0
    address: str
    division_code: str
    street: str | None = None
    community: str | None = None
    place_code: str | None = None
    landlord_name: str | None = None
    landlord_number: str | None = None
    landlord_phone: str | None = None
    capacity: int | None = None
    lease_until_on: date | None = None
    address_code: str | None = None
    station_code: str
