"""居民: everybody this desk knows, and one page a person."""

from ui.pages.residents.page import ResidentsPage

__all__ = ["ResidentsPage"]
