"""Relax four random decorations of one composition and predict each with the newest SF-MSD model (run sfmsd.py first).

Run it in a profile made by `aiida-hezsp setup`:  verdi run examples/robustness.py
"""

from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.data import ChgnetModelData, SfmsdModelData
from aiida_hezsp.families import load_family
from aiida_hezsp.workflows.robustness import RobustnessWorkChain

query = orm.QueryBuilder().append(SfmsdModelData, tag="model")
model = query.order_by({"model": {"ctime": "desc"}}).first(flat=True)
if model is None:
    raise SystemExit("no trained SF-MSD model in this profile: run examples/sfmsd.py first")

builder = RobustnessWorkChain.get_builder_from_protocol(
    engine_code=orm.load_code("hezsp-engine@localhost"),
    protocol="demo",
    family=orm.Dict(load_family("lzsp").to_dict()),
    relaxation_model=ChgnetModelData.bundled("0.3.0"),
    models={"newest": model},
)
outputs, node = run_get_node(builder)
for name, spread in outputs["robustness"]["spread"].items():
    print(f"{name}: {spread['mean']:.4g} +- {spread['std']:.2g} ({spread['n']} decorations)")
