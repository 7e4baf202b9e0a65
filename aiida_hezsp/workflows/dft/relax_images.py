"""Relax structures by VASP and keep images of the paths."""

from aiida import orm

from aiida_hezsp.calculations.relaxation_images import relaxation_images
from aiida_hezsp.workflows.dft.batch import VaspBatchWorkChain

__all__ = ("RelaxImagesWorkChain",)


class RelaxImagesWorkChain(VaspBatchWorkChain):
    """Make the relaxation dataset (paper, supplementary text 1), entry point `hezsp.dft.relax_images`.

    Every structure is relaxed through aiida-vasp's restarting work chain; of each path the first `head` images and
    `tail` random later ones are kept. A structure that fails for good is reported and does not stop the others.
    """

    KIND = "relax"

    def collect_images(self) -> None:
        """Select the images of each relaxation; its restarts are one path."""
        rule = self.settings.dft.images
        for key in self.done():
            runs = {f"r{number}": node for number, node in enumerate(self.runs_of(key))}
            if not runs:
                continue
            selected = relaxation_images(
                group=orm.Str(key),
                rule=orm.Dict({"head": rule.head, "tail": rule.tail, "seed": rule.seed}),
                **self.run_inputs(runs),
            )
            reasons = [entry["reason"] for entry in selected["left_out"].get_list()]
            self.keep(key, selected, {} if "images" in selected else {key: f"no images: {reasons[0]}"})
