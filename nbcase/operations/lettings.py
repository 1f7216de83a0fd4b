"""What 出租房登记 makes of a dwelling: registered, changed, cancelled; a `UserError` where that cannot be."""

from dataclasses import replace
from datetime import date

from nbcase.domain.dwelling import Dwelling
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.operations.facts import RENTED


def registered(dwelling: Dwelling, today: date) -> Dwelling:
    """Registered from today on; a house whose letting was cancelled begins anew."""
    if dwelling.is_registered:
        what = tr("{address} 已登记出租。").format(address=dwelling.address)
        raise UserError(what, safe=tr("没有重复登记，草稿还在。"), do=tr("信息有变化请办“变更登记”。"))
    _check_lease(dwelling)
    return replace(dwelling, place_code=dwelling.place_code or RENTED, registered_on=today, cancelled_on=None)


def changed(dwelling: Dwelling) -> Dwelling:
    """As the form says, if its letting is registered."""
    _check_registered(dwelling)
    _check_lease(dwelling)
    return dwelling


def cancelled(dwelling: Dwelling, ended_on: date, today: date) -> Dwelling:
    """No longer let after that day, which is not before the registration and not to come."""
    registered_on = _check_registered(dwelling)
    if not registered_on <= ended_on <= today:
        raise UserError(
            tr("停租日期要在 {start} 与今天之间。").format(start=registered_on),
            safe=tr("没有改动登记，草稿还在。"),
            do=tr("请核对停租日期。"),
        )
    return replace(dwelling, cancelled_on=ended_on)


def _check_registered(dwelling: Dwelling) -> date:
    if dwelling.registered_on is None or not dwelling.is_registered:
        what = tr("{address} 没有出租登记。").format(address=dwelling.address)
        raise UserError(what, safe=tr("没有改动任何数据。"), do=tr("请核对地址，或先办新登记。"))
    return dwelling.registered_on


def _check_lease(dwelling: Dwelling) -> None:
    if dwelling.let_from_on and dwelling.lease_until_on and dwelling.lease_until_on < dwelling.let_from_on:
        raise UserError(tr("到期时间早于出租时间。"), safe=tr("没有改动登记，草稿还在。"), do=tr("请核对租期。"))
