"""All structures of an explorer: read in bulk, packed together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from aiida import orm
from numpy.typing import NDArray

from aiida_hezsp.provenance.chunks import chunks
from aiida_hezsp.report.explorer.packing import STEPS, pack_cells, pack_coordinates, runs

__all__ = ("PlainStructure", "pack_structures", "read_structures")

_CHUNK = 500  # structures in memory at a time as AiiDA keeps them, about 20 kB each


@dataclass(frozen=True)
class PlainStructure:
    """Symbols (n), cell (3, 3) in A and fractional coordinates (n, 3)."""

    symbols: tuple[str, ...]
    cell: NDArray[np.float64]
    fractional: NDArray[np.float64]


def read_structures(pks: Sequence[int]) -> dict[int, PlainStructure]:
    """Return structures by pk."""
    found = {}
    for chunk in chunks(pks, _CHUNK):
        query = orm.QueryBuilder()
        query.append(orm.StructureData, filters={"id": {"in": chunk}}, project=["id", "attributes"])
        found.update((pk, _plain(attributes)) for pk, attributes in query.iterall())
    return found


def _plain(attributes: Mapping[str, Any]) -> PlainStructure:
    symbol = {kind["name"]: kind["symbols"][0] for kind in attributes["kinds"]}
    cell = np.array(attributes["cell"], dtype=float)
    positions = np.array([site["position"] for site in attributes["sites"]], dtype=float).reshape(-1, 3)
    return PlainStructure(
        tuple(symbol[site["kind_name"]] for site in attributes["sites"]), cell, positions @ np.linalg.inv(cell)
    )


def pack_structures(structures: Sequence[PlainStructure]) -> dict[str, Any]:
    """Return structures, in their order, as the page keeps them."""
    return {
        "steps": STEPS,
        "species": [runs(structure.symbols) for structure in structures],
        "cells": pack_cells(np.array([structure.cell for structure in structures])),
        "coordinates": pack_coordinates(np.concatenate([structure.fractional for structure in structures])),
    }
