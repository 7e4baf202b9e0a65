"""Inputs of one `quantumespresso.pw.base` work chain, from the INCAR of the same VASP calculation."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from aiida import orm

from aiida_hezsp.errors import SettingsError
from aiida_hezsp.workflows.dft.incar import incar_overrides
from aiida_hezsp.workflows.dft.pseudos import recommended_cutoffs, require_pseudos
from aiida_hezsp.workflows.dft.vasp_inputs import vasp_incar, vasp_kpoints

__all__ = (
    "NAMELISTS",
    "check_settings",
    "functional",
    "pw_inputs",
    "pw_parameters",
    "require_plugin",
    "without_u",
)

NAMELISTS = ("CONTROL", "SYSTEM", "ELECTRONS", "IONS", "CELL")
_FUNCTIONALS = {"PE": "PBE", "PS": "PBEsol"}  # INCAR's GGA
_CALCULATIONS = {2: "relax", 3: "vc-relax"}  # by ISIF
_BY_CUTOFF = {"ecutwfc", "ecutrho"}


def require_plugin() -> None:
    """Check that aiida-quantumespresso is installed.

    Raises:
        SettingsError: it is not.
    """
    from importlib.util import find_spec

    if find_spec("aiida_quantumespresso") is None:
        raise SettingsError(
            "dft.engine is quantumespresso, but aiida-quantumespresso is not installed: "
            "pip install aiida-hezsp[quantumespresso]"
        )


def check_settings(dft: Mapping[str, Any]) -> None:
    """Check what can be checked of the settings without a structure.

    Raises:
        SettingsError: aiida-quantumespresso is not installed, or a setting has no counterpart for pw.x.
    """
    require_plugin()
    functional(dft)
    for name in dft["pw"]["parameters"]:
        _known(name)
    for kind in ("relax", "single_point"):
        incar = incar_overrides(dft, kind)
        if incar.get("ibrion", -1) != -1:
            _ionic(incar, kind)


def functional(dft: Mapping[str, Any]) -> str:
    """Return the functional that the INCAR of a protocol asks for, ``PBE`` or ``PBEsol``.

    Raises:
        SettingsError: it is another one.
    """
    gga = {tag.lower(): value for tag, value in dft["incar"].items()}.get("gga", "PE")
    if str(gga).upper() not in _FUNCTIONALS:
        raise SettingsError(f"dft.incar.gga={gga} has no counterpart for pw.x here; it can be PE or PS")
    return _FUNCTIONALS[str(gga).upper()]


def without_u(structures: Iterable[orm.StructureData], dft: Mapping[str, Any], kind: str) -> list[str]:
    """Return the elements for which `MPRelaxSet` prescribes +U in these structures, which pw.x runs without.

    Quantum ESPRESSO takes U from a `HubbardStructureData` only, where the user gives one; a value fitted for VASP's
    projectors is not the same for others.
    """
    found: set[str] = set()
    for structure in structures:
        values = vasp_incar(structure, [1, 1, 1], dft, kind).get("ldauu") or []
        blocks = [name for name, _ in groupby(site.kind_name for site in structure.sites)]
        found |= {structure.get_kind(name).symbol for name, value in zip(blocks, values, strict=False) if value}
    return sorted(found)


def pw_parameters(
    structure: orm.StructureData,
    mesh: list[int],
    dft: Mapping[str, Any],
    kind: str,
    valences: Mapping[str, float],
) -> dict[str, dict[str, Any]]:
    """Return the namelists of pw.x but for the cut-offs: what the INCAR of the same calculation says, in QE's units.

    Energies are in Ry, forces in Ry/bohr there. The moments of MAGMOM (mu_B, per site) become the mean of each kind
    over the valence charge, as pw.x wants `starting_magnetization`. Variables of `dft.pw.parameters` come last; null
    removes one.

    Args:
        structure: the structure.
        mesh: divisions of the Gamma-centred mesh.
        dft: section `dft` of a protocol.
        kind: ``relax`` or ``single_point``, a section of `dft`.
        valences: valence charge of the pseudopotential by kind.

    Raises:
        SettingsError: the INCAR asks for what is not translated, or a namelist does not exist.
    """
    incar = vasp_incar(structure, mesh, dft, kind)
    namelists: dict[str, dict[str, Any]] = {
        "CONTROL": {"calculation": "scf", "tprnfor": True, "tstress": True},
        "SYSTEM": {"occupations": "smearing", "smearing": "gaussian", "degauss": _ry(incar["sigma"])},
        "ELECTRONS": {"conv_thr": _ry(incar["ediff"]), "electron_maxstep": int(incar["nelm"])},
    }
    if incar.get("ispin", 1) == 2:  # noqa: PLR2004 - INCAR's word for spin-polarised
        namelists["SYSTEM"] |= {"nspin": 2, "starting_magnetization": _moments(structure, incar["magmom"], valences)}
    if incar.get("ibrion", -1) != -1:
        namelists["CONTROL"] |= _ionic(incar, kind)
    for name, variables in dft["pw"]["parameters"].items():
        namelists.setdefault(_known(name), {}).update(variables)
    return {
        name: {variable: value for variable, value in variables.items() if value is not None}
        for name, variables in namelists.items()
        if variables
    }


def pw_inputs(
    structure: orm.StructureData, pw: Mapping[str, Any], dft: Mapping[str, Any], kind: str, label: str
) -> dict[str, Any]:
    """Return the inputs of `quantumespresso.pw.base`.

    Args:
        structure: the structure.
        pw: `code`, `pseudo_family`, and perhaps `options`.
        dft: section `dft` of a protocol.
        kind: ``relax`` or ``single_point``, a section of `dft`.
        label: label of the work chain and its calculations.

    Raises:
        HezspError: aiida-quantumespresso is not installed; pseudopotentials or cut-offs are missing; the INCAR asks for
            what is not translated.
    """
    require_plugin()
    family = pw["pseudo_family"].value
    elements = structure.get_symbols_set()
    by_element = require_pseudos(elements, family, functional(dft))
    pseudos = {kind.name: by_element[kind.symbol] for kind in structure.kinds}
    kpoints = vasp_kpoints(structure, dft["kpoints_distance"])
    mesh = kpoints.get_kpoints_mesh()[0]
    valences = {name: float(pseudo.z_valence) for name, pseudo in pseudos.items()}
    parameters = pw_parameters(structure, mesh, dft, kind, valences)
    if not set(parameters["SYSTEM"]) >= _BY_CUTOFF:
        parameters["SYSTEM"] |= _cutoffs(parameters["SYSTEM"], *recommended_cutoffs(elements, family))
    # The parser logs an error for each symmetry of a relaxed cell that it cannot shorten: it need not shorten them.
    settings: dict[str, Any] = {"parser_options": {"all_symmetries": True}}
    if mesh == [1, 1, 1]:
        settings["GAMMA_ONLY"] = True  # wave functions are real there: half the work, the same numbers
    return {
        "pw": {
            "code": pw["code"],
            "structure": structure,
            "pseudos": pseudos,
            "parameters": orm.Dict(parameters),
            "settings": orm.Dict(settings),
            "metadata": {"options": _options(pw), "label": label},
        },
        "kpoints": kpoints,
        "max_iterations": orm.Int(dft["max_iterations"]),
        "clean_workdir": orm.Bool(True),
        "on_unhandled_failure": orm.Str("restart_once"),  # killed, and nobody said why
        "metadata": {"label": label},
    }


def _cutoffs(system: Mapping[str, Any], wave: float, density: float) -> dict[str, float]:
    """Return both cut-offs (Ry): the family's, but those that are set; more plane waves need more of the density's."""
    own = float(system.get("ecutwfc", wave))
    return {"ecutwfc": own, "ecutrho": float(system.get("ecutrho", max(density, density / wave * own)))}


def _ionic(incar: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the variables of CONTROL for a relaxation."""
    from ase.units import Bohr

    if incar.get("isif") not in _CALCULATIONS:
        raise SettingsError(
            f"dft.{kind}.incar.isif={incar.get('isif')} has no counterpart for pw.x here; it can be "
            "2 (ions) or 3 (ions and cell)"
        )
    if incar.get("ediffg", 0.0) >= 0:
        raise SettingsError(f"dft.{kind}.incar.ediffg={incar.get('ediffg')} must be minus a force (eV/A) for pw.x")
    return {
        "calculation": _CALCULATIONS[incar["isif"]],
        "forc_conv_thr": _ry(-incar["ediffg"]) * Bohr,
        "nstep": int(incar["nsw"]),
    }


def _moments(structure: orm.StructureData, moments: list[float], valences: Mapping[str, float]) -> dict[str, float]:
    """Return the starting magnetisation by kind, a fraction of the valence charge."""
    of_kind: dict[str, list[float]] = {}
    for site, moment in zip(structure.sites, moments, strict=True):
        of_kind.setdefault(site.kind_name, []).append(float(moment))
    return {name: max(-1.0, min(1.0, sum(values) / len(values) / valences[name])) for name, values in of_kind.items()}


def _options(pw: Mapping[str, Any]) -> dict[str, Any]:
    """Return `metadata.options`; the code says whether MPI starts it, where the user did not."""
    options: dict[str, Any] = pw["options"].get_dict() if "options" in pw else {}
    options.setdefault("resources", {"num_machines": 1, "num_mpiprocs_per_machine": 1})
    if pw["code"] is not None and pw["code"].with_mpi is not None:
        options.setdefault("withmpi", pw["code"].with_mpi)
    return options


def _known(namelist: str) -> str:
    """Return the name of a namelist."""
    if namelist not in NAMELISTS:
        raise SettingsError(f"dft.pw.parameters.{namelist} is no namelist of pw.x; known are {', '.join(NAMELISTS)}")
    return namelist


def _ry(energy: float) -> float:
    """Return an energy in Ry, given in eV."""
    from ase.units import Ry

    return float(energy) / Ry
