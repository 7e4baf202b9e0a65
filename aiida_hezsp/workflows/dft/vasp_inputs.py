"""Inputs of one VASP work chain, from pymatgen's MPRelaxSet and the protocol."""

from collections.abc import Mapping
from typing import Any

from aiida import orm
from aiida_vasp.protocols.pmg import PymatgenInputAdaptor
from pymatgen.core import Structure
from pymatgen.io.vasp.sets import MPRelaxSet

__all__ = ("potential_mapping", "vasp_inputs", "vasp_kpoints")

# What the parser must return beside its defaults: the path with its energies. A killed VASP leaves half a step in
# vasprun.xml, from which no path can be made; with `check_completeness` that would be an error (1004) that no handler
# restarts, without it is "did not finish" (700), which one does.
PARSER_SETTINGS = {
    "include_node": ["trajectory", "energies"],
    "include_quantity": ["site_magnetization"],
    "check_completeness": False,
}


def potential_mapping(structure: Structure) -> dict[str, str]:
    """Return the POTCAR symbol per element that MPRelaxSet prescribes; needs no POTCAR files."""
    symbols = MPRelaxSet(structure).potcar_symbols
    return {symbol.partition("_")[0]: symbol for symbol in symbols}


def vasp_kpoints(structure: orm.StructureData, distance: float) -> orm.KpointsData:
    """Return a Gamma-centred mesh with points at most `distance` (1/A, without 2 pi) apart."""
    kpoints = orm.KpointsData()
    kpoints.set_cell_from_structure(structure)
    two_pi = 6.283185307179586  # KpointsData measures distances in 1/A with 2 pi
    kpoints.set_kpoints_mesh_from_density(two_pi * distance, force_parity=False)
    return kpoints


def vasp_inputs(
    structure: orm.StructureData, vasp: Mapping[str, Any], dft: Mapping[str, Any], kind: str, label: str
) -> dict[str, Any]:
    """Return the inputs of `vasp.vasp`.

    Args:
        structure: the structure, sites sorted by species.
        vasp: `code`, `potential_family`, and perhaps `options`.
        dft: section `dft` of a protocol.
        kind: ``relax`` or ``single_point``, a section of `dft`.
        label: label of the work chain and its calculations.
    """
    overrides = {**dft["incar"], **dft[kind]["incar"]}
    # MPRelaxSet sorts by electronegativity unless told not to: MAGMOM and LDAUU would be those of other sites than the
    # ones aiida-vasp writes into POSCAR.
    adaptor = PymatgenInputAdaptor("MPRelaxSet", incar_overrides=overrides, pmg_kwargs={"sort_structure": False})
    incar = adaptor.get_incar_dict(structure)
    options = vasp["options"].get_dict() if "options" in vasp else {}
    options.setdefault("resources", {"num_machines": 1, "num_mpiprocs_per_machine": 1})
    return {
        "code": vasp["code"],
        "structure": structure,
        "kpoints": vasp_kpoints(structure, dft["kpoints_distance"]),
        "parameters": orm.Dict({"incar": incar}),
        "potential_family": vasp["potential_family"],
        "potential_mapping": orm.Dict(potential_mapping(structure.get_pymatgen())),
        # aiida-vasp's default monitor kills a job whose stdout passes 5 MB, which long MD does by right.
        "settings": orm.Dict({"parser_settings": PARSER_SETTINGS, "no_default_monitors": True}),
        "max_iterations": orm.Int(dft["max_iterations"]),
        "calc": {"metadata": {"options": options}},
        "metadata": {"label": label},
    }
