"""Train SF-MSD models again on the table of a finished stage two, with other settings and without any MD.

Here with the paper's setting of SISSO, which takes hours:  verdi run examples/retrain.py TABLE
TABLE is the pk or UUID of the output `table` of hezsp.sfmsd or hezsp.discover.
"""

import sys

from aiida import orm
from aiida.engine import run_get_node
from aiida.plugins import CalculationFactory

from aiida_hezsp.workflows.protocol import load_protocol

training = load_protocol("paper")["sfmsd"]["training"]
training["models"] = ["SISSO"]
training["sisso"] |= {"dimension": [7], "complexity": [4], "max_fits": 2_000_000_000, "max_fit_seconds": 7200.0}

builder = CalculationFactory("hezsp.sfmsd_train").get_builder()
builder.code = orm.load_code("hezsp-engine@localhost")
builder.table = orm.load_node(sys.argv[1])
builder.parameters = orm.Dict({**training, "threads": 2})
builder.metadata.label = "SISSO as in the paper"
outputs, node = run_get_node(builder)
if not node.is_finished_ok:
    raise SystemExit(node.exit_message)
for kind, model in outputs["models"].items():
    print(f"{kind} {model.uuid}: {outputs['results']['metrics'][kind]}")
