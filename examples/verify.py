"""Check the predictions of the newest screen by MD, and give the best an Arrhenius law (run screen.py first).

Run it in a profile made by `aiida-hezsp setup`:  verdi run examples/verify.py
"""

from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.data import ChgnetModelData
from aiida_hezsp.families import load_family
from aiida_hezsp.provenance.predictions import predictions_of
from aiida_hezsp.workflows.protocol import load_protocol
from aiida_hezsp.workflows.verify import VerifyWorkChain, choose_predictions

query = orm.QueryBuilder().append(
    orm.WorkChainNode, filters={"attributes.process_label": "ScreenWorkChain"}, tag="screen"
)
query.order_by({"screen": {"ctime": "desc"}})
screen = next((node for node in query.all(flat=True) if node.is_finished_ok), None)
if screen is None:
    raise SystemExit("no finished screen in this profile: run examples/screen.py first")

predictions = {node["label"]: node for node in predictions_of(screen)}
settings = load_protocol("demo")["verify"]
choice = choose_predictions({label: node["msd"] for label, node in predictions.items()}, settings)
model = ChgnetModelData.bundled("0.3.0")
builder = VerifyWorkChain.get_builder_from_protocol(
    engine_code=orm.load_code("hezsp-engine@localhost"),
    protocol="demo",
    family=orm.Dict(load_family("lzsp").to_dict()),
    predictions={label: predictions[label] for label in choice.checked},
    best=predictions[choice.best],
    population=orm.Dict(choice.population),
    relaxation_model=model,
    md_model=model,
)
outputs, node = run_get_node(builder)
for row in outputs["regions"]["rows"]:
    verdict = "accepted" if row["accepted"] else "not accepted"
    print(f"{row['formula']} ({row['region']}): {row['predicted']:.2f}, MD {row['md']:.2f} A^2, {verdict}")
for label, found in outputs["arrhenius"].items():
    law = found["arrhenius"]
    if law is not None:
        print(f"{label}: E_a {law['activation_energy']:.2f} +- {law['activation_energy_error']:.2f} eV")
