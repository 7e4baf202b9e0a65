"""Configurations of the compositions that a protocol chooses, in batches."""

from collections.abc import Mapping
from typing import Any

from aiida import orm

from aiida_hezsp.calculations.make_configurations import make_configurations
from aiida_hezsp.workflows.base import HezspWorkChain
from aiida_hezsp.workflows.compositions import chosen_formulas

__all__ = ("configure",)


def configure(
    chain: HezspWorkChain, settings: Mapping[str, Any]
) -> tuple[dict[str, orm.StructureData], dict[str, orm.Dict]]:
    """Make one configuration per chosen composition.

    Args:
        chain: the work chain, with an input `family`.
        settings: `compositions`, `cell` and `configuration_seed`.

    Returns:
        The structures by label, and what is known of the compositions (a Dict by label) by batch.
    """
    formulas = chosen_formulas(chain.family, settings["compositions"])
    size = chain.settings.jobs.batch_size
    structures: dict[str, orm.StructureData] = {}
    compositions: dict[str, orm.Dict] = {}
    for number, start in enumerate(range(0, len(formulas), size)):
        made = make_configurations(
            family=chain.inputs.family,
            formulas=orm.List(formulas[start : start + size]),
            cell=orm.Str(settings["cell"]),
            seed=orm.Int(settings["configuration_seed"]),
        )
        structures |= made["structures"]
        compositions[f"b{number}"] = made["compositions"]
    return structures, compositions
