"""AIMD of one structure by VASP (here: its stand-in), in segments, with MSD and bond lengths.

Run it in a profile made by `aiida-hezsp setup`:  verdi run examples/aimd.py
"""

from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.data.structures import structure_data_from_pymatgen
from aiida_hezsp.families import load_family
from aiida_hezsp.workflows.dft.aimd import AimdWorkChain

family = load_family("lzsp")
builder = AimdWorkChain.get_builder_from_protocol(
    protocol="demo",
    overrides={"dft": {"aimd": {"temperature": 1000.0, "n_steps": 60, "segment_steps": 20}}},
    structure=structure_data_from_pymatgen(family.host().get_sorted_structure()),
    mobile=family.mobile.element,
    vasp={"code": orm.load_code("vasp-standin@localhost"), "potential_family": orm.Str("hezsp-standin")},
)
outputs, node = run_get_node(builder)
results = outputs["results"].get_dict()
print(f"{node.process_label}<{node.pk}>: {results['length_ps']:g} ps in {results['n_segments']} segments")
print(f"MSD {results['msd']:.3g} A^2; labels by {results['label_engine']}")
for pair, shell in results["bond_lengths"].items():
    print(f"{pair}: {shell['neighbours']:.1f} neighbours at {shell['mean']:.3f} A")
