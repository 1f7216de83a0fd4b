"""方案: the points scheme, edited as a draft, proposed and signed by two supervisors."""

from ui.pages.scheme.page import SchemePage

__all__ = ["SchemePage"]
