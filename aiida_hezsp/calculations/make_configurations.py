"""Decorate the host cell with compositions."""

from typing import Any

from aiida import orm
from aiida.engine import calcfunction

from aiida_hezsp.data.structures import structure_data_from_pymatgen

__all__ = ("make_configurations",)


@calcfunction
def make_configurations(family: orm.Dict, formulas: orm.List, cell: orm.Str, seed: orm.Int) -> dict[str, Any]:
    """Draw one random configuration per composition.

    Args:
        family: the family, self-contained (`Family.to_dict`).
        formulas: formulas of the family; about 25 a call keep AiiDA's share of the time small.
        cell: ``primitive`` or ``supercell``.
        seed: seed of the decoration; the same composition, cell and seed give the same configuration.

    Returns:
        `structures.<label>` and `compositions`, a Dict of what is known of each composition by label.
    """
    from aiida_hezsp.chemistry import decorate, parse_formula
    from aiida_hezsp.families import Family

    definition = Family.from_dict(family.get_dict())
    compositions = [parse_formula(definition, formula) for formula in formulas.get_list()]
    return {
        "structures": {
            composition.label: structure_data_from_pymatgen(decorate(definition, composition, cell.value, seed.value))
            for composition in compositions
        },
        "compositions": orm.Dict({composition.label: composition.as_dict() for composition in compositions}),
    }
