"""Relax two compositions by VASP (here: its stand-in) and keep images of the paths.

Run it in a profile made by `aiida-hezsp setup`:  verdi run examples/relax_images.py
"""

from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.calculations.make_configurations import make_configurations
from aiida_hezsp.families import load_family
from aiida_hezsp.workflows.dft.relax_images import RelaxImagesWorkChain

family = load_family("lzsp")
made = make_configurations(
    family=orm.Dict(family.to_dict()),
    formulas=orm.List(["Li3Zr2Si2PO12", "Li3Hf2Si2PO12"]),
    cell=orm.Str("primitive"),
    seed=orm.Int(1),
)
builder = RelaxImagesWorkChain.get_builder_from_protocol(
    protocol="demo",
    structures=made["structures"],
    vasp={"code": orm.load_code("vasp-standin@localhost"), "potential_family": orm.Str("hezsp-standin")},
)
outputs, node = run_get_node(builder)
dataset = outputs["images"]
print(f"{node.process_label}<{node.pk}>: {dataset.n_images} images, labelled by {dataset.engines}")
print(f"image 0 comes from {dataset.calculation(0)}")
