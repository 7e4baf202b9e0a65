"""Compositions, their spaces and types, and seeded configurations."""

from aiida_hezsp.chemistry.composition import Composition
from aiida_hezsp.chemistry.decorate import decorate
from aiida_hezsp.chemistry.formula import parse_formula
from aiida_hezsp.chemistry.spaces import draw, element_counts, space

__all__ = ("Composition", "decorate", "draw", "element_counts", "parse_formula", "space")
