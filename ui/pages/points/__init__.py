"""积分: one resident's points, every one explained."""

from ui.pages.points.page import PointsPage

__all__ = ["PointsPage"]
