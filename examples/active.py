"""Train SF-MSD models with MD in rounds, chosen by upper confidence bound, with the pretrained CHGNet.

Run it in a profile made by `aiida-hezsp setup`:  verdi run examples/active.py
"""

from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.data import ChgnetModelData
from aiida_hezsp.families import load_family
from aiida_hezsp.workflows.active import ActiveWorkChain

model = ChgnetModelData.bundled("0.3.0")
builder = ActiveWorkChain.get_builder_from_protocol(
    engine_code=orm.load_code("hezsp-engine@localhost"),
    protocol="demo",
    overrides={"active": {"acquisition": "ucb"}},
    family=orm.Dict(load_family("lzsp").to_dict()),
    relaxation_model=model,
    md_model=model,
)
outputs, node = run_get_node(builder)
for name, chosen in outputs["rounds"].items():
    best = "nothing known yet" if chosen["best_known"] is None else f"best so far {chosen['best_known']:.2f} A^2"
    print(f"{name}: {', '.join(chosen['labels'])} ({chosen['acquisition']}; {best})")
