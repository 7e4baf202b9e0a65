"""Decorate the host cell with one composition, many times."""

from typing import Any

from aiida import orm
from aiida.engine import calcfunction

from aiida_hezsp.data.structures import structure_data_from_pymatgen

__all__ = ("make_decorations",)


@calcfunction
def make_decorations(family: orm.Dict, formula: orm.Str, cell: orm.Str, seeds: orm.List) -> dict[str, Any]:
    """Draw one random configuration of a composition for each seed.

    Args:
        family: the family, self-contained (`Family.to_dict`).
        formula: of the family.
        cell: ``primitive`` or ``supercell``.
        seeds: of the decorations; about 25 a call keep AiiDA's share of the time small.

    Returns:
        `structures.<label>_s<seed>`, and `compositions`, a Dict of what is known of the composition by the same keys.
    """
    from aiida_hezsp.chemistry import decorate, parse_formula
    from aiida_hezsp.families import Family

    definition = Family.from_dict(family.get_dict())
    composition = parse_formula(definition, formula.value)
    keys = {f"{composition.label}_s{seed}": seed for seed in seeds.get_list()}
    return {
        "structures": {
            key: structure_data_from_pymatgen(decorate(definition, composition, cell.value, seed))
            for key, seed in keys.items()
        },
        "compositions": orm.Dict(dict.fromkeys(keys, composition.as_dict())),
    }
