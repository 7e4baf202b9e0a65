"""Make the cells of family lzsp: `python -m aiida_hezsp.families.lzsp.build_host [FOLDER]` (minutes, one core).

From the published parent (`parent.py`): all symmetry-distinct orderings of Li6 on 8 sites and Si4P2 on 6 are
evaluated with pretrained CHGNet, the ten lowest relaxed (cell and positions); the lowest of these is the host.
The template has the host's cell and framework; its 8 Li start on the parent's sites and are relaxed alone. (The
relaxed Li of the host are up to 1.8 A off those sites: with the two empty sites filled, Li would be 1.8 A apart.)
Writes host.cif, template.cif, host.json.
"""

import argparse
import json
import os
import warnings
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiida_hezsp.families.cif import read_cif, write_cif
from aiida_hezsp.families.lzsp.parent import ORDER, Ordering, apply_ordering, distinct_orderings, parent_primitive

if TYPE_CHECKING:
    from chgnet.model.model import CHGNet
    from pymatgen.core.structure import Structure

__all__ = ("build_host", "energy_per_atom", "fill_mobile_sites", "standard_orientation")

MODEL = "0.3.0"
RELAX_BEST = 10
OPTIMIZER = "LBFGS"
RATTLE, SEED = 0.05, 1  # A; every atom is moved at most so far before the relaxation
FMAX = 0.01  # eV/A
FMAX_TEMPLATE = 0.05  # eV/A, on the Li of the template
MAX_STEPS = 1000
HERE = Path(__file__).parent


@dataclass
class Candidate:
    """An ordering of Li and P: how many are equivalent, energies (eV/atom), relaxed volume (A^3) and steps."""

    ordering: Ordering
    equivalent: int
    unrelaxed: float
    relaxed: float | None = None
    volume: float | None = None
    steps: int | None = None


def build_host(folder: Path, *, relax_best: int = RELAX_BEST) -> dict[str, Any]:
    """Build the cells and write them, with a record of how, into a folder.

    Args:
        folder: where host.cif, template.cif and host.json go.
        relax_best: relax so many orderings, the lowest before relaxation first.

    Returns:
        The record: versions, energies (eV/atom) of all orderings before and after relaxation, volume (A^3).
    """
    from chgnet.model.model import CHGNet

    model = CHGNet.load(model_name=MODEL, use_device="cpu", verbose=False)
    parent = parent_primitive()
    candidates = [
        Candidate(ordering, count, energy_per_atom(model, apply_ordering(parent, ordering)))
        for ordering, count in distinct_orderings(parent)
    ]
    candidates.sort(key=lambda candidate: candidate.unrelaxed)
    best, relaxed = _lowest(model, parent, candidates[:relax_best])
    host = standard_orientation(relaxed)
    write_cif(folder / "host.cif", host)
    write_cif(folder / "template.cif", fill_mobile_sites(model, host, parent))
    record = _record(model, read_cif(folder / "host.cif"), best, candidates)
    (folder / "host.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return record


def _lowest(model: "CHGNet", parent: "Structure", candidates: list[Candidate]) -> tuple[Candidate, "Structure"]:
    """Relax the candidates, noting the results on them, and return the one of lowest energy with its structure."""
    results: list[tuple[float, Candidate, Structure]] = []
    for candidate in candidates:
        structure, candidate.steps = _relax(model, apply_ordering(parent, candidate.ordering))
        energy = energy_per_atom(model, structure)
        candidate.relaxed, candidate.volume = energy, structure.volume
        results.append((energy, candidate, structure))
        print(f"{len(results)}/{len(candidates)} {candidate}", flush=True)  # noqa: T201  # progress
    _, best, structure = min(results, key=lambda result: result[0])
    return best, structure


def energy_per_atom(model: "CHGNet", structure: "Structure") -> float:
    """Return the model's energy of a structure (eV/atom)."""
    prediction: Any = model.predict_structure(structure, task="e")
    return float(prediction["e"])


def standard_orientation(structure: "Structure") -> "Structure":
    """Turn the lattice as CIF readers orient it, sort the sites by element and wrap them into the cell."""
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure

    ordered = structure.get_sorted_structure(key=lambda site: ORDER.index(site.specie.symbol))
    lattice = Lattice.from_parameters(*ordered.lattice.parameters)
    return Structure(lattice, ordered.species, ordered.frac_coords, to_unit_cell=True)


def fill_mobile_sites(model: "CHGNet", host: "Structure", parent: "Structure") -> "Structure":
    """Return the host's cell and framework with Li on all 8 sites of the parent, the Li relaxed in the fixed rest."""
    from ase.constraints import FixAtoms
    from ase.optimize import LBFGS
    from chgnet.model.dynamics import CHGNetCalculator
    from pymatgen.core.structure import Structure

    sites = [site.frac_coords for site in parent if site.specie.symbol == "Li"]
    framework = [site for site in host if site.specie.symbol != "Li"]
    elements = ["Li"] * len(sites) + [site.specie.symbol for site in framework]
    template = Structure(host.lattice, elements, [*sites, *(site.frac_coords for site in framework)])
    atoms: Any = template.to_ase_atoms()
    fixed: Any = FixAtoms  # ASE is untyped here
    atoms.set_constraint(fixed(range(len(sites), len(atoms))))
    atoms.calc = CHGNetCalculator(model=model, use_device="cpu")
    optimizer: Any = LBFGS(atoms, logfile=os.devnull)
    optimizer.run(fmax=FMAX_TEMPLATE, steps=MAX_STEPS)
    return standard_orientation(Structure(host.lattice, elements, atoms.get_scaled_positions()))


def _relax(model: "CHGNet", structure: "Structure") -> tuple["Structure", int]:
    from chgnet.model.dynamics import StructOptimizer

    start = structure.copy()
    start.perturb(RATTLE, seed=SEED)  # off the saddle points of the symmetric parent
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="logm result", category=RuntimeWarning)  # errors of 1e-13
        result: Any = StructOptimizer(model=model, optimizer_class=OPTIMIZER, use_device="cpu").relax(
            start, fmax=FMAX, steps=MAX_STEPS, relax_cell=True, verbose=False
        )
    return result["final_structure"], len(result["trajectory"].energies)


def _record(model: "CHGNet", host: "Structure", best: Candidate, candidates: list[Candidate]) -> dict[str, Any]:
    packages = ("chgnet", "torch", "ase", "pymatgen", "spglib", "numpy")
    return {
        "parent": "R-3c NASICON, Tran Qui et al., J. Solid State Chem. 39, 219 (1981)",
        "model": f"CHGNet {MODEL}, pretrained",
        "relaxation": {"optimizer": OPTIMIZER, "fmax": FMAX, "relax_cell": True, "rattle": RATTLE, "seed": SEED},
        "template": {"optimizer": OPTIMIZER, "fmax": FMAX_TEMPLATE, "relaxed": "the 8 Li"},
        "versions": {package: version(package) for package in packages},
        "host": {
            "formula": host.composition.formula,
            "energy_per_atom": energy_per_atom(model, host),
            "volume": host.volume,
            "ordering": best.ordering,
        },
        "orderings": [asdict(candidate) for candidate in candidates],
    }


def main() -> None:
    """Run the recipe from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=HERE, help="where the files go")
    parser.add_argument("--relax-best", type=int, default=RELAX_BEST, metavar="N", help="relax the N lowest")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    record = build_host(options.folder, relax_best=options.relax_best)
    print(json.dumps(record["host"]))  # noqa: T201  # the result


if __name__ == "__main__":
    main()
