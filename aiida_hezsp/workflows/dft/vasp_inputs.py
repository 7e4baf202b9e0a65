"""Inputs of one VASP work chain, from pymatgen's MPRelaxSet and the protocol."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from aiida import orm
from pymatgen.core import Structure
from pymatgen.io.vasp.inputs import Kpoints
from pymatgen.io.vasp.sets import MPRelaxSet

from aiida_hezsp.workflows.dft.incar import incar_overrides
from aiida_hezsp.workflows.dft.potentials import potential_mapping

__all__ = ("vasp_incar", "vasp_inputs", "vasp_kpoints")

# What the parser must return beside its defaults: the path with its energies. A killed VASP leaves half a step in
# vasprun.xml, from which no path can be made; with `check_completeness` that would be an error (1004) that no handler
# restarts, without it is "did not finish" (700), which one does.
PARSER_SETTINGS = {
    "include_node": ["trajectory", "energies"],
    "include_quantity": ["site_magnetization"],
    "check_completeness": False,
}
# aiida-vasp decides about these itself: a restart reads WAVECAR and CHGCAR where they are.
_LEFT_OUT = ("ICHARG", "ISTART", "KSPACING")
_PER_BLOCK = ("LDAUL", "LDAUU", "LDAUJ")
_TETRAHEDRA = -5
_MIN_TETRAHEDRA_POINTS = 4


def vasp_kpoints(structure: orm.StructureData, distance: float) -> orm.KpointsData:
    """Return a Gamma-centred mesh with points at most `distance` (1/A, without 2 pi) apart."""
    kpoints = orm.KpointsData()
    kpoints.set_cell_from_structure(structure)
    two_pi = 6.283185307179586  # KpointsData measures distances in 1/A with 2 pi
    kpoints.set_kpoints_mesh_from_density(two_pi * distance, force_parity=False)
    return kpoints


def vasp_incar(structure: orm.StructureData, mesh: list[int], dft: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the INCAR tags, in lower case, as aiida-vasp takes them.

    MPRelaxSet knows our mesh, so that it chooses no tetrahedra (`ISMEAR = -5`) where the mesh has fewer than four
    points: VASP would stop. Tags of the protocol come last; null removes a tag.

    Args:
        structure: the structure; MAGMOM follows its sites, LDAUU its blocks of equal kinds, as POSCAR and POTCAR do.
        mesh: divisions of the Gamma-centred mesh.
        dft: section `dft` of a protocol.
        kind: the part of `dft` whose `incar` goes on top of that of all calculations.

    Raises:
        SettingsError: a tag is not one of VASP's, or contradicts the mesh.
    """
    # MPRelaxSet sorts by electronegativity unless told not to: MAGMOM and LDAUU would be those of other sites than the
    # ones aiida-vasp writes into POSCAR.
    plain = structure.get_pymatgen()
    standard = MPRelaxSet(plain, sort_structure=False, user_kpoints_settings=Kpoints.gamma_automatic(mesh)).incar
    if standard.get("ISMEAR") == _TETRAHEDRA and _irreducible(plain, mesh) < _MIN_TETRAHEDRA_POINTS:
        standard["ISMEAR"] = 0
    standard |= {tag: _per_block(standard[tag], structure) for tag in _PER_BLOCK if tag in standard}
    incar = {tag.lower(): value for tag, value in standard.items() if tag not in _LEFT_OUT}
    incar |= incar_overrides(dft, kind)
    return {tag: value for tag, value in incar.items() if value is not None}


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

    Raises:
        SettingsError: an INCAR tag of the protocol is not one of VASP's, or contradicts the mesh.
    """
    kpoints = vasp_kpoints(structure, dft["kpoints_distance"])
    incar = vasp_incar(structure, kpoints.get_kpoints_mesh()[0], dft, kind)
    options = vasp["options"].get_dict() if "options" in vasp else {}
    options.setdefault("resources", {"num_machines": 1, "num_mpiprocs_per_machine": 1})
    # aiida-vasp's default monitor kills a job whose stdout passes 5 MB, which long MD does by right.
    settings: dict[str, Any] = {"parser_settings": PARSER_SETTINGS, "no_default_monitors": True}
    if new_tags := {tag.lower(): None for tag in dft.get("new_tags", ())}:
        settings["unsupported_parameters"] = new_tags
    symbols = potential_mapping({kind.symbol for kind in structure.kinds}, dft)
    return {
        "code": vasp["code"],
        "structure": structure,
        "kpoints": kpoints,
        "parameters": orm.Dict({"incar": incar}),
        "potential_family": vasp["potential_family"],
        "potential_mapping": orm.Dict({kind.name: symbols[kind.symbol] for kind in structure.kinds}),
        "settings": orm.Dict(settings),
        "max_iterations": orm.Int(dft["max_iterations"]),
        "calc": {"metadata": {"options": options}},
        "metadata": {"label": label},
    }


def _per_block(values: list[Any], structure: orm.StructureData) -> list[Any]:
    """Return +U values, one per block of MPRelaxSet's POSCAR, for the blocks of aiida-vasp's, which are kinds."""
    elements = [structure.get_kind(site.kind_name).symbol for site in structure.sites]
    by_element = dict(zip((element for element, _ in groupby(elements)), values, strict=True))
    blocks = [kind for kind, _ in groupby(site.kind_name for site in structure.sites)]
    return [by_element[structure.get_kind(kind).symbol] for kind in blocks]


def _irreducible(structure: Structure, mesh: list[int]) -> int:
    """Return how many points of the mesh the symmetry of the cell leaves; moments can only leave more."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    total = mesh[0] * mesh[1] * mesh[2]
    if total < _MIN_TETRAHEDRA_POINTS:
        return total
    return len(SpacegroupAnalyzer(structure).get_ir_reciprocal_mesh(mesh, is_shift=(0, 0, 0)))
