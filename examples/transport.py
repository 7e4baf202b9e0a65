"""Relax one composition, run MD at two temperatures, and take diffusion, conductivity and an Arrhenius law from it.

Run it in a profile made by `aiida-hezsp setup`:  verdi run examples/transport.py
"""

from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.calculations.make_configurations import make_configurations
from aiida_hezsp.data import ChgnetModelData
from aiida_hezsp.families import load_family
from aiida_hezsp.workflows.transport import TransportWorkChain

family = load_family("lzsp")
made = make_configurations(
    family=orm.Dict(family.to_dict()),
    formulas=orm.List(["Li3.5Zr1.5Al0.5Si2PO12"]),
    cell=orm.Str("primitive"),
    seed=orm.Int(1),
)
pretrained = ChgnetModelData.bundled("0.3.0")
builder = TransportWorkChain.get_builder_from_protocol(
    engine_code=orm.load_code("hezsp-engine@localhost"),
    protocol="demo",
    overrides={"md": {"temperatures": [800.0, 1000.0]}},
    structures=made["structures"],
    relaxation_model=pretrained,
    md_model=pretrained,
    mobile=orm.Str(family.mobile.element),
)
outputs, node = run_get_node(builder)
for label, found in outputs["transport"].items():
    for number, temperature in enumerate(found["temperatures"]):
        value, error = found["diffusivities"][number], found["diffusivity_errors"][number]
        print(f"{label} {temperature:g} K: MSD {found['msd'][number]:.2f} A^2, D {value:.2g} +- {error:.1g} cm^2/s")
    law = found["arrhenius"]
    print(f"{label}: E_a {law['activation_energy']:.2f} +- {law['activation_energy_error']:.2f} eV")
