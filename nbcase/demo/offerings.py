"""The demo's 场次: a bus, a course, an evening, a lawyer on duty. Names and places are invented."""

from datetime import date, timedelta

from nbcase.domain.ids import derived_id
from nbcase.domain.offering import Offering

_SHOWN = (
    ("bus", "返乡班车 样线一号", "样州客运站", 70, "08:30", 45),
    ("course", "电工（五级）培训班", "样街道成人学校", 11, "18:30", 30),
    ("event", "新居民歌会", "样文化馆小剧场", 18, "19:00", 200),
    ("venue", "羽毛球场 周末时段", "样体育馆", 4, "14:00", 12),
    ("legal_appointment", "律师值班", "样司法所", 2, "14:00", 6),
    ("mediation", "劳动争议调解", "样调解室", 6, "09:00", 4),
    ("job_fair", "冬季招聘会", "样人才市场", 9, "09:00", 500),
)
"""Service, name, place, days from today, time, places."""


def offerings(station_code: str, today: date) -> list[Offering]:
    """What can be booked from the demo's first day on."""
    return [
        Offering(
            id=derived_id(b"", "demo-offering", service_code),
            service_code=service_code,
            name=name,
            place=place,
            begins_on=today + timedelta(days=days),
            begins_at=begins_at,
            closes_on=today + timedelta(days=days - 1),
            capacity=places,
            station_code=station_code,
        )
        for service_code, name, place, days, begins_at, places in _SHOWN
    ]
