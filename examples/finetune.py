"""Fine-tune the pretrained CHGNet on the newest dataset of this profile (run relax_images.py first).

Run it in a profile made by `aiida-hezsp setup`:  verdi run examples/finetune.py
"""

from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.data import ChgnetModelData, ImageData
from aiida_hezsp.workflows.finetune import FinetuneWorkChain

query = orm.QueryBuilder().append(ImageData, tag="images")
images = query.order_by({"images": {"ctime": "desc"}}).first(flat=True)
if images is None:
    raise SystemExit("no dataset in this profile: run examples/relax_images.py first")

builder = FinetuneWorkChain.get_builder_from_protocol(
    engine_code=orm.load_code("hezsp-engine@localhost"),
    protocol="demo",
    stage="relaxation",
    images=images,
    model=ChgnetModelData.bundled("0.3.0"),
)
outputs, node = run_get_node(builder)
metrics = outputs["results"]["metrics"]
for when in ("before", "after_final"):
    print(f"{when}: {metrics[when]['test']}")
