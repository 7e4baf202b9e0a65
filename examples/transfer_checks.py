"""Compare CHGNet with DFT (here: the stand-in) on what it was not trained on: a relaxation and a short MD.

Run it in a profile made by `aiida-hezsp setup`:  verdi run examples/transfer_checks.py
Tables and figures afterwards:  aiida-hezsp check PK --output figure.png
"""

from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.calculations.make_configurations import make_configurations
from aiida_hezsp.data import ChgnetModelData
from aiida_hezsp.families import load_family
from aiida_hezsp.workflows.checks.dynamics import DynamicsCheckWorkChain
from aiida_hezsp.workflows.checks.relaxation import RelaxationCheckWorkChain

family = load_family("lzsp")
structures = make_configurations(
    family=orm.Dict(family.to_dict()),
    formulas=orm.List(["Li3Zr1Sn1Si2PO12", "Li4Zr1Ga0.5Y0.5Si2PO12"]),
    cell=orm.Str("primitive"),
    seed=orm.Int(1),
)["structures"]
shared = {
    "engine_code": orm.load_code("hezsp-engine@localhost"),
    "protocol": "demo",
    "model": ChgnetModelData.bundled("0.3.0"),
    "vasp": {"code": orm.load_code("vasp-standin@localhost"), "potential_family": orm.Str("hezsp-standin")},
}
builder = RelaxationCheckWorkChain.get_builder_from_protocol(structures=structures, **shared)
outputs, node = run_get_node(builder)
print(f"{node.process_label}<{node.pk}>")
for label, row in outputs["report"]["structures"].items():
    print(f"{label}: dV {row['dv_percent']:.2f} %, RSSD {row['rssd']:.3f} A")

builder = DynamicsCheckWorkChain.get_builder_from_protocol(
    overrides={"dft": {"aimd": {"n_steps": 60, "segment_steps": 30}}},
    structure=next(iter(structures.values())),
    mobile=family.mobile.element,
    **shared,
)
outputs, node = run_get_node(builder)
print(f"{node.process_label}<{node.pk}>")
for pair, compared in outputs["report"]["bonds"].items():
    print(f"{pair}: overlap of the bond lengths {compared['overlap']:.2f}")
