"""Import finished runs as calculations of aiida-vasp."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from aiida import orm
from aiida.plugins import CalculationFactory

from aiida_hezsp.data.structures import structure_data_from_pymatgen
from aiida_hezsp.errors import VaspRunError
from aiida_hezsp.provenance.import_vasp.finding import RunFiles
from aiida_hezsp.provenance.import_vasp.reading import FinishedRun, read_run
from aiida_hezsp.workflows.dft.potentials import family_potentials
from aiida_hezsp.workflows.dft.vasp_inputs import PARSER_SETTINGS

if TYPE_CHECKING:
    from pymatgen.core import Structure

__all__ = ("EXTRA", "ImportedRun", "Importer")

EXTRA = "hezsp_import"  # on a calculation: where it came from and the fingerprint by which it is known again
# Tags that ask for files of an earlier run (WAVECAR, CHGCAR), which are no input of the imported calculation.
_NOT_INPUTS = ("istart", "icharg")
_PROJECTED = 10  # LORBIT from here on prints moments
# Of VaspCalculation: finished; electronic or ionic steps used up. Their images are judged one by one.
_USABLE = (0, 701, 702)


@dataclass(frozen=True, eq=False)
class ImportedRun:
    """A calculation in the graph and what is needed to join it with others; `is_new` if this import made it."""

    source: RunFiles
    node: orm.CalcJobNode
    is_new: bool
    kind: str
    n_steps: int
    version: str
    level: dict[str, Any]
    initial: "Structure"
    final: "Structure"


class Importer:
    """Imports runs one by one; a run that is in the profile already is found again by its content.

    aiida-vasp's own importer (`VaspCalcImporter`) writes a file into the user's directory, stores the text of a POTCAR
    it does not know, drops the shift of Monkhorst-Pack meshes, and stops at INCARs with a title line. This one gives
    AiiDA a private copy without POTCAR, removed afterwards, and inputs as vasprun.xml records them; the calculation and
    its parser are aiida-vasp's.

    Args:
        code: stands for the VASP that ran; nothing is run with it.
        family: name of the POTCAR family.
        other_dates: accept POTCARs of the family whose titles differ from those of the run in their dates.

    Raises:
        PotentialError: there is no such family.
    """

    def __init__(self, code: orm.AbstractCode, family: str, *, other_dates: bool = False) -> None:
        self.code = code
        self.family = family
        self.other_dates = other_dates
        self.potentials: dict[str, Any] = family_potentials(family)

    def check(self, source: RunFiles, folder: Path) -> FinishedRun:
        """Unpack a run into `folder`, read it, and check that it can be imported.

        Raises:
            VaspRunError: it is damaged or unfinished, or the family lacks its POTCARs.
        """
        run = read_run(source, folder)
        self._potentials_of(run)
        return run

    def add(self, run: FinishedRun) -> ImportedRun:
        """Import a checked run, or find it again.

        Raises:
            VaspRunError: aiida-vasp cannot read it, or found an error of VASP in it; nothing half-made is left.
        """
        known = known_run(run.fingerprint)
        node = known or self._new(run)
        if node.exit_status not in _USABLE:
            raise VaspRunError(f"VaspCalculation<{node.pk}>: {node.exit_message}")
        facts = (run.kind, run.n_steps, run.version, run.level, run.initial, run.final)
        return ImportedRun(run.source, node, known is None, *facts)

    def _new(self, run: FinishedRun) -> orm.CalcJobNode:
        """Run AiiDA's import on the private copy."""
        from aiida.manage import get_manager

        remote = orm.RemoteData(remote_path=str(run.folder), computer=self.code.computer)
        inputs = self._inputs(run, remote)
        runner = get_manager().create_runner(communicator=None)
        try:
            _, node = runner.run_get_node(CalculationFactory("vasp.vasp"), **inputs)
        except Exception as error:  # whatever a parser raises: this run is not worth the others
            _forget(inputs)
            raise VaspRunError(f"aiida-vasp cannot read it: {error}") from error
        if "misc" not in node.outputs:
            _forget(inputs)
            raise VaspRunError(f"aiida-vasp cannot read it: {node.exit_message or node.process_state.value}")
        remote.base.extras.set(orm.RemoteData.KEY_EXTRA_CLEANED, True)  # the copy goes when the caller is done
        origin = {"fingerprint": run.fingerprint, "source": str(run.source), "vasp": run.version, "family": self.family}
        node.base.extras.set(EXTRA, origin)
        return node

    def _inputs(self, run: FinishedRun, remote: orm.RemoteData) -> dict[str, Any]:
        """Return the inputs of the calculation, as vasprun.xml records them."""
        incar = {tag: value for tag, value in run.incar.items() if tag not in _NOT_INPUTS}
        parser: dict[str, Any] = dict(PARSER_SETTINGS)
        if incar.get("lorbit", 0) < _PROJECTED:
            parser["include_quantity"] = []
        structure = structure_data_from_pymatgen(run.initial)
        return {
            "code": self.code,
            "remote_folder": remote,
            "structure": structure,
            "parameters": orm.Dict(incar),
            "kpoints": _kpoints(run, structure),
            "potential": self._potentials_of(run),
            "settings": orm.Dict({"parser_settings": parser, "skip_parameters_validation": True}),
            "metadata": {
                "label": f"imported {run.initial.composition.reduced_formula}",
                "options": {"resources": {"num_machines": 1, "num_mpiprocs_per_machine": 1}},
            },
        }

    def _potentials_of(self, run: FinishedRun) -> dict[str, Any]:
        """Return the `PotcarData` of a run by element.

        Raises:
            VaspRunError: the family lacks some, or holds others of the same name.
        """
        # The title decides; the folder that a potential was uploaded from may have had another name.
        by_title = {" ".join(node.title.split()): node for node in self.potentials.values()}
        found = {symbol: by_title.get(title) or self.potentials.get(symbol) for symbol, title in run.titles.items()}
        if missing := [symbol for symbol, node in found.items() if node is None]:
            raise VaspRunError(f"POTCAR family {self.family!r} lacks {', '.join(missing)}")
        others = [
            f"{title!r} (family: {found[symbol].title!r})"
            for symbol, title in run.titles.items()
            if title not in by_title
        ]
        if others and not self.other_dates:
            raise VaspRunError(
                f"it used other POTCARs than those of family {self.family!r}: {', '.join(others)}; name the family it "
                "was made with, or accept them with --other-dates"
            )
        by_element = {node.element: node for node in found.values()}
        if len(by_element) < len(found):
            raise VaspRunError(f"two POTCARs of one element ({', '.join(found)}) cannot be told apart by site")
        return by_element


def known_run(fingerprint: str) -> orm.CalcJobNode | None:
    """Return the calculation of a run that was imported before, by the content of its files."""
    query = orm.QueryBuilder()
    query.append(orm.CalcJobNode, filters={f"extras.{EXTRA}.fingerprint": fingerprint})
    found = query.all(flat=True)
    return found[0] if found else None


def _kpoints(run: FinishedRun, structure: orm.StructureData) -> orm.KpointsData:
    """Return the mesh of a run with its centre and shift, or the points that VASP used where there is no mesh."""
    from aiida_vasp.protocols.pmg import pmg_kpoints2kpointsdata
    from pymatgen.io.vasp.inputs import KpointsSupportedModes

    recorded = run.vasprun.kpoints
    if recorded.style in {KpointsSupportedModes.Gamma, KpointsSupportedModes.Monkhorst}:
        return pmg_kpoints2kpointsdata(recorded, structure)
    points = orm.KpointsData()
    points.set_cell_from_structure(structure)
    points.set_kpoints(np.array(run.vasprun.actual_kpoints), weights=run.vasprun.actual_kpoints_weights)
    return points


def _forget(inputs: Mapping[str, Any]) -> None:
    """Delete a calculation that came to nothing, and the nodes that were made for it."""
    from aiida.tools import delete_nodes

    made = [inputs[name] for name in ("remote_folder", "structure", "parameters", "kpoints", "settings")]
    with suppress(KeyError):
        delete_nodes([node.pk for node in made if node.is_stored], dry_run=False)
