"""A place where people live: a room, a flat, a dormitory (浙江省居住房屋出租登记管理办法)."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Dwelling:
    """One dwelling; its id is derived from the full address so that two desks make one record.

    `place_code` is the kind of dwelling (居住处所), `capacity` the most people who may live there (限住人数). `rooms` are those that are
    let, `area` is in square metres, `monthly_rent` in yuan. Of a letting it is known when it was registered (出租房登记) and when that
    was cancelled. Classes, uses and degrees are texts: nobody published their codes. The safety check is kept as it was written down.
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
    landlord_kind: str | None = None
    landlord_address: str | None = None
    certificate_number: str | None = None
    letting_number: str | None = None
    letting_kind: str | None = None
    letting_use: str | None = None
    layout: str | None = None
    structure: str | None = None
    built_year: int | None = None
    area: int | None = None
    rooms: int | None = None
    monthly_rent: int | None = None
    let_from_on: date | None = None
    registered_on: date | None = None
    cancelled_on: date | None = None
    hazard_degree: str | None = None
    hazard: str | None = None
    remedy: str | None = None
    bond_code: str | None = None
    safe_exit_code: str | None = None
    fire_exit_code: str | None = None
    contract_code: str | None = None
    address_code: str | None = None
    station_code: str

    @property
    def is_registered(self) -> bool:
        """Whether its letting is registered now (出租房登记)."""
        return self.registered_on is not None and self.cancelled_on is None
