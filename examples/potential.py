"""Stage one: both datasets and both fine-tuned models, with the VASP stand-in.

Run it in a profile made by `aiida-hezsp setup`:  verdi run examples/potential.py
"""

from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.families import load_family
from aiida_hezsp.workflows.potential import PotentialWorkChain

builder = PotentialWorkChain.get_builder_from_protocol(
    engine_code=orm.load_code("hezsp-engine@localhost"),
    protocol="demo",
    family=orm.Dict(load_family("lzsp").to_dict()),
    vasp={"code": orm.load_code("vasp-standin@localhost"), "potential_family": orm.Str("hezsp-standin")},
)
outputs, node = run_get_node(builder)
print(f"{node.process_label}<{node.pk}>: models {outputs['relaxation_model'].uuid}, {outputs['md_model'].uuid}")
