"""Run a short MD of the LZSP host with the pretrained CHGNet.

Run it in a profile made by `aiida-hezsp setup`:  verdi run examples/md.py
"""

from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.data import ChgnetModelData
from aiida_hezsp.data.structures import structure_data_from_pymatgen
from aiida_hezsp.families import load_family
from aiida_hezsp.workflows.md import MdWorkChain

family = load_family("lzsp")
builder = MdWorkChain.get_builder_from_protocol(
    engine_code=orm.load_code("hezsp-engine@localhost"),
    protocol="demo",
    structures={"host": structure_data_from_pymatgen(family.host())},
    model=ChgnetModelData.bundled("0.3.0"),
    mobile=family.mobile.element,
)
outputs, node = run_get_node(builder)
result = outputs["results"]["results"]["host"]
print(f"{node.process_label}<{node.pk}>: MSD {result['msd']:.2f} A^2 in {result['length_ps']:g} ps")
