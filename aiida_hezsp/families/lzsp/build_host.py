"""Make the cells of family lzsp: `python -m aiida_hezsp.families.lzsp.build_host [FOLDER]` (minutes, one core).

From the published parent (`parent.py`): all symmetry-distinct orderings of Li6 on 8 sites and Si4P2 on 6 are
evaluated and relaxed (cell and positions) with pretrained CHGNet; the lowest relaxed energy is the host. The two empty
Li sites of the template lie where the parent has them, in the relaxed cell. Writes host.cif, template.cif, host.json.
"""

import argparse
import json
import warnings
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiida_hezsp.families.cif import read_cif, write_cif
from aiida_hezsp.families.lzsp.parent import Ordering, apply_ordering, distinct_orderings, parent_primitive

if TYPE_CHECKING:
    from chgnet.model.model import CHGNet
    from pymatgen.core.structure import Structure

__all__ = ("build_host", "energy_per_atom", "fill_empty_sites", "standard_orientation")

MODEL = "0.3.0"
OPTIMIZER = "LBFGS"
RATTLE, SEED = 0.05, 1  # A; every atom is moved at most so far before the relaxation
FMAX = 0.01  # eV/A
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


def build_host(folder: Path, *, relax_best: int | None = None) -> dict[str, Any]:
    """Build the cells and write them, with a record of how, into a folder.

    Args:
        folder: where host.cif, template.cif and host.json go.
        relax_best: relax only so many orderings, the lowest before relaxation first; all by default.

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
    write_cif(folder / "template.cif", fill_empty_sites(host, parent, best.ordering))
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
    """Turn the lattice as CIF readers orient it and wrap the sites into the cell."""
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure

    lattice = Lattice.from_parameters(*structure.lattice.parameters)
    return Structure(lattice, structure.species, structure.frac_coords, to_unit_cell=True)


def fill_empty_sites(host: "Structure", parent: "Structure", ordering: Ordering) -> "Structure":
    """Return the host with Li also on the sites the ordering leaves empty, where the parent has them.

    Sites are in the parent's order: the 8 mobile ones first.
    """
    filled, _ = ordering
    template = host.copy()
    for index, site in enumerate(parent):
        if site.specie.symbol == "Li" and index not in filled:
            template.insert(index, "Li", site.frac_coords)
    return template


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
    parser.add_argument("--relax-best", type=int, default=None, metavar="N", help="relax only the N lowest")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    record = build_host(options.folder, relax_best=options.relax_best)
    print(json.dumps(record["host"]))  # noqa: T201  # the result


if __name__ == "__main__":
    main()
