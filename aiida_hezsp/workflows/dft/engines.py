"""The first-principles codes that label structures: what the work chains need to know of each."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from aiida import orm
from aiida.engine.processes.workchains.workchain import WorkChainSpec
from aiida.plugins import WorkflowFactory

from aiida_hezsp.errors import SettingsError
from aiida_hezsp.workflows.dft.incar import incar_overrides
from aiida_hezsp.workflows.dft.potentials import require_potentials
from aiida_hezsp.workflows.dft.quantumespresso import check_settings, functional, pw_inputs
from aiida_hezsp.workflows.dft.vasp_inputs import vasp_inputs

__all__ = ("ENGINES", "DftEngine", "VaspWorkChain", "add_engines", "add_vasp", "dft_engine", "given_engines")

VaspWorkChain = WorkflowFactory("vasp.vasp")
Process = tuple[type, dict[str, Any]]
Settings = Mapping[str, Any]


class DftEngine(ABC):
    """One code: the namespace of its inputs, its work chain, and which exit statuses of its calculations give images.

    `finished` are the statuses of a calculation that did all its steps or used them up; `fruitful` also those of one
    that was killed or did not converge at the end, which leaves the ionic steps that were completed and converged.
    """

    title: ClassVar[str]
    namespace: ClassVar[str]
    family: ClassVar[str]  # port with the name of the potentials
    trajectory: ClassVar[str]  # output
    finished: ClassVar[tuple[int, ...]]
    fruitful: ClassVar[tuple[int, ...]]

    @abstractmethod
    def process(
        self, structure: orm.StructureData, given: Mapping[str, Any], dft: Settings, kind: str, label: str
    ) -> Process:
        """Return the restarting work chain of one structure and its inputs.

        Args:
            structure: the structure.
            given: what the user gave in the namespace.
            dft: section `dft` of a protocol.
            kind: ``relax`` or ``single_point``, a section of `dft`.
            label: label of the work chain and its calculations.

        Raises:
            HezspError: no inputs can be made of it.
        """

    @abstractmethod
    def check(self, elements: Iterable[str], family: str, dft: Settings) -> None:
        """Check settings and potentials before anything runs.

        Raises:
            HezspError: a setting is wrong, or potentials are missing, all of which are named.
        """


class _Vasp(DftEngine):
    """VASP through aiida-vasp's `vasp.vasp`."""

    title, namespace, family, trajectory = "VASP", "vasp", "potential_family", "trajectory"
    # 702: ionic steps used up; 700: killed; 701: electronic steps used up at the end.
    finished, fruitful = (0, 702), (0, 700, 701, 702)
    # aiida-vasp takes NSW = 1 for a relaxation and would continue it from an output structure that a killed single
    # point does not have; its generic handler starts the calculation again.
    _HANDLERS: ClassVar[dict[str, dict]] = {"single_point": {"handler_unfinished_calc_ionic": {"enabled": False}}}

    def process(
        self, structure: orm.StructureData, given: Mapping[str, Any], dft: Settings, kind: str, label: str
    ) -> Process:
        inputs = vasp_inputs(structure, given, dft, kind, label)
        if kind in self._HANDLERS:
            inputs["handler_overrides"] = orm.Dict(self._HANDLERS[kind])
        return VaspWorkChain, inputs

    def check(self, elements: Iterable[str], family: str, dft: Settings) -> None:
        for kind in (name for name, section in dft.items() if isinstance(section, Mapping) and "incar" in section):
            incar_overrides(dft, kind)
        require_potentials(elements, family, dft)


class _QuantumEspresso(DftEngine):
    """pw.x through aiida-quantumespresso's `quantumespresso.pw.base`, but for its restart at the walltime."""

    title, namespace, family, trajectory = "pw.x", "pw", "pseudo_family", "output_trajectory"
    finished = (0,)
    # 1xx: killed by the scheduler; 3xx: by whomever, so that files are missing or cut off; 400: walltime, stopped in
    # order; 5xx: converged but for the last energy, ionic steps used up, killed, electronic steps used up, BFGS given
    # up, symmetry of the k-points broken, cell too small for the tables.
    fruitful = (0, 110, 120, 140, 303, 305, 312, 340, 400, 500, 501, 502, 503, 510, 511, 520, 521, 541, 542)

    def process(
        self, structure: orm.StructureData, given: Mapping[str, Any], dft: Settings, kind: str, label: str
    ) -> Process:
        inputs = pw_inputs(structure, given, dft, kind, label)
        from aiida_hezsp.workflows.dft.pw import PwWorkChain  # needs the plugin, which `pw_inputs` has asked for

        return PwWorkChain, inputs

    def check(self, elements: Iterable[str], family: str, dft: Settings) -> None:
        from aiida_hezsp.workflows.dft.pseudos import recommended_cutoffs, require_pseudos

        check_settings(dft)
        wanted = set(elements)
        require_pseudos(wanted, family, functional(dft))
        system = dft["pw"]["parameters"].get("SYSTEM") or {}
        if wanted and not {"ecutwfc", "ecutrho"} <= set(system):
            recommended_cutoffs(wanted, family)


ENGINES: dict[str, DftEngine] = {"vasp": _Vasp(), "quantumespresso": _QuantumEspresso()}


def dft_engine(dft: Settings) -> DftEngine:
    """Return the engine that section `dft` of a protocol names.

    Raises:
        SettingsError: there is no such engine.
    """
    name = dft.get("engine", "vasp")
    if name not in ENGINES:
        raise SettingsError(f"dft.engine={name} does not exist; known are {', '.join(ENGINES)}")
    return ENGINES[name]


def add_vasp(spec: WorkChainSpec) -> None:
    """Declare the namespace `vasp`: how to run VASP, and with which potentials."""
    spec.input("vasp.code", valid_type=orm.AbstractCode, help="The code of VASP (or of its stand-in).")
    spec.input(
        "vasp.potential_family",
        valid_type=orm.Str,
        serializer=orm.to_aiida_type,
        help="POTCAR family, as uploaded by `aiida-vasp potcar uploadfamily`.",
    )
    _add_options(spec, "vasp", "VASP")


def add_engines(spec: WorkChainSpec) -> None:
    """Declare the namespaces of all engines, of which the one that `dft.engine` names must be given."""
    add_vasp(spec)
    spec.input("pw.code", valid_type=orm.AbstractCode, help="The code of pw.x, where dft.engine is quantumespresso.")
    spec.input(
        "pw.pseudo_family",
        valid_type=orm.Str,
        serializer=orm.to_aiida_type,
        help="Family of aiida-pseudo with recommended cut-offs, e.g. SSSP/1.3/PBE/efficiency.",
    )
    _add_options(spec, "pw", "pw.x")
    for engine in ENGINES.values():
        spec.inputs[engine.namespace].required = False


def given_engines(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the namespaces of engines among the inputs of a work chain, for one below."""
    return {engine.namespace: inputs[engine.namespace] for engine in ENGINES.values() if inputs.get(engine.namespace)}


def _add_options(spec: WorkChainSpec, namespace: str, title: str) -> None:
    spec.input(
        f"{namespace}.options",
        valid_type=orm.Dict,
        required=False,
        serializer=orm.to_aiida_type,
        help=f"`metadata.options` of {title} jobs: resources, walltime, queue.",
    )
