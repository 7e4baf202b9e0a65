"""Families: what is screened, and the shipped ones."""

from aiida_hezsp.families.family import CellName, Family, SiteKind
from aiida_hezsp.families.load import load_family, shipped_families

__all__ = ("CellName", "Family", "SiteKind", "load_family", "shipped_families")
