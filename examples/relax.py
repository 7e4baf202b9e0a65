"""Relax the host of the LZSP family with the pretrained CHGNet.

Run it in a profile made by `aiida-hezsp setup`:  verdi run examples/relax.py
"""

from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.data import ChgnetModelData
from aiida_hezsp.data.structures import structure_data_from_pymatgen
from aiida_hezsp.families import load_family
from aiida_hezsp.workflows.relax import RelaxWorkChain

builder = RelaxWorkChain.get_builder_from_protocol(
    engine_code=orm.load_code("hezsp-engine@localhost"),
    protocol="demo",
    structures={"host": structure_data_from_pymatgen(load_family("lzsp").host())},
    model=ChgnetModelData.bundled("0.3.0"),
)
outputs, node = run_get_node(builder)
result = outputs["results"]["results"]["host"]
print(f"{node.process_label}<{node.pk}>: {result['energy_per_atom']:.4f} eV/atom, {result['volume']:.1f} A^3")
