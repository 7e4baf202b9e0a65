"""Predict two compositions with the newest trained SF-MSD model (run sfmsd.py first).

Run it in a profile made by `aiida-hezsp setup`:  verdi run examples/screen.py
"""

from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.data import ChgnetModelData, SfmsdModelData
from aiida_hezsp.families import load_family
from aiida_hezsp.workflows.screen import ScreenWorkChain

query = orm.QueryBuilder().append(SfmsdModelData, filters={"attributes.kind": "GB"}, tag="model")
model = query.order_by({"model": {"ctime": "desc"}}).first(flat=True)
if model is None:
    raise SystemExit("no trained SF-MSD model in this profile: run examples/sfmsd.py first")

formulas = ["Li3Zr0.5Hf0.5Sn0.5Ti0.5Si2PO12", "Li2.5Zr0.5Ta0.5Hf0.5Ti0.5Si2PO12"]
builder = ScreenWorkChain.get_builder_from_protocol(
    engine_code=orm.load_code("hezsp-engine@localhost"),
    protocol="demo",
    overrides={"screen": {"compositions": [{"space": None, "n": None, "formulas": formulas, "seed": 1}]}},
    family=orm.Dict(load_family("lzsp").to_dict()),
    relaxation_model=ChgnetModelData.bundled("0.3.0"),
    sfmsd_model=model,
)
outputs, node = run_get_node(builder)
for prediction in outputs["predictions"].values():
    interval = f"{prediction['msd_low']:.1f} to {prediction['msd_high']:.1f}"
    print(f"{prediction['formula']}: MSD {prediction['msd']:.1f} A^2 ({interval})")
