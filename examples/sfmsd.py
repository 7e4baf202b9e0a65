"""Stage two: MD targets and the SF-MSD models, with the pretrained CHGNet.

Run it in a profile made by `aiida-hezsp setup`:  verdi run examples/sfmsd.py
"""

from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.data import ChgnetModelData
from aiida_hezsp.families import load_family
from aiida_hezsp.workflows.sfmsd import SfmsdWorkChain

pretrained = ChgnetModelData.bundled("0.3.0")
builder = SfmsdWorkChain.get_builder_from_protocol(
    engine_code=orm.load_code("hezsp-engine@localhost"),
    protocol="demo",
    family=orm.Dict(load_family("lzsp").to_dict()),
    relaxation_model=pretrained,
    md_model=pretrained,
)
outputs, node = run_get_node(builder)
for kind, model in outputs["models"].items():
    print(f"{kind}: {model.uuid}, errors {outputs['metrics']['metrics'][kind]}")
