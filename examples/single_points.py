"""Label one structure by a single-point VASP calculation (here: its stand-in).

Run it in a profile made by `aiida-hezsp setup`:  verdi run examples/single_points.py
"""

from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.data.structures import structure_data_from_pymatgen
from aiida_hezsp.families import load_family
from aiida_hezsp.workflows.dft.single_points import SinglePointsWorkChain

host = structure_data_from_pymatgen(load_family("lzsp").host())
builder = SinglePointsWorkChain.get_builder_from_protocol(
    protocol="demo",
    structures={"host": host},
    groups=orm.Dict({"host": "Li3Zr2Si2PO12"}),
    vasp={"code": orm.load_code("vasp-standin@localhost"), "potential_family": orm.Str("hezsp-standin")},
)
outputs, node = run_get_node(builder)
images = outputs["images"].get_images()
print(f"{node.process_label}<{node.pk}>: {images.energies_per_atom[0]:.4f} eV/atom by {images.engines[0]}")
