"""Label structures by single-point VASP calculations."""

from aiida import orm
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.calculations.single_point_images import single_point_images
from aiida_hezsp.workflows.base import batches
from aiida_hezsp.workflows.dft.batch import VaspBatchWorkChain
from aiida_hezsp.workflows.dft.validation import validate_dft

__all__ = ("SinglePointsWorkChain",)


class SinglePointsWorkChain(VaspBatchWorkChain):
    """Make a dataset of single points (paper, section 4.1), entry point `hezsp.dft.single_points`."""

    KIND = "single_point"

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare which composition each structure belongs to."""
        super().define(spec)
        spec.input(
            "groups",
            valid_type=orm.Dict,
            serializer=orm.to_aiida_type,
            help="Composition label by key of `structures`.",
        )
        spec.inputs.validator = _validate_groups

    def collect_images(self) -> None:
        """Collect the images in batches of a size that calcfunctions take well."""
        groups = self.inputs.groups.get_dict()
        finished = self.dft_engine.finished
        runs = {key: found[-1] for key in self.done() if (found := self.runs_of(key, finished))}
        for number, keys in enumerate(batches(runs, self.settings.jobs.batch_size)):
            collected = single_point_images(
                groups=orm.Dict({key: groups[key] for key in keys}),
                **self.run_inputs({key: runs[key] for key in keys}),
            )
            barren = {entry["source"]: f"no image: {entry['reason']}" for entry in collected["left_out"].get_list()}
            self.keep(f"b{number}", collected, barren)


def _validate_groups(value: dict, port: object) -> str | None:
    """Say which structures belong to no composition."""
    if "structures" in value and "groups" in value:
        missing = set(value["structures"]) - set(value["groups"].get_dict())
        if missing:
            return f"`groups` does not name the composition of {', '.join(sorted(missing))}"
    return validate_dft(value, port)
