"""All stages with the VASP stand-in: what `aiida-hezsp demo` runs.

Run it in a profile made by `aiida-hezsp setup`:  verdi run examples/discover.py
"""

from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.families import load_family
from aiida_hezsp.workflows.discover import DiscoverWorkChain

builder = DiscoverWorkChain.get_builder_from_protocol(
    engine_code=orm.load_code("hezsp-engine@localhost"),
    protocol="demo",
    family=orm.Dict(load_family("lzsp").to_dict()),
    vasp={"code": orm.load_code("vasp-standin@localhost"), "potential_family": orm.Str("hezsp-standin")},
)
outputs, node = run_get_node(builder)
for prediction in sorted(outputs["predictions"].values(), key=lambda entry: -entry["msd"]):
    print(f"{prediction['formula']}: MSD {prediction['msd']:.1f} A^2")
