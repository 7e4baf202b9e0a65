"""VASP projects on f where a POTCAR has it (La, Ce, Gd): aiida-vasp cannot read such a vasprun.xml, the images can."""

import sys
from itertools import pairwise
from pathlib import Path

import pytest
from aiida import orm
from aiida.engine import run_get_node
from aiida_vasp.parsers.content_parsers.vasprun import VasprunParser

from aiida_hezsp.workflows.dft.relax_images import RelaxImagesWorkChain

STANDIN = Path(sys.executable).parent / "hezsp-vasp-standin"
# s, three p, five d, seven f: as `vasprun.hse06.xml.gz` of pymatgen's test files has them.
SCRIPT = f"""#!/bin/bash
"{STANDIN}" "$@"
status=$?
"{sys.executable}" - <<'EOF'
from pathlib import Path
rows = lambda n: "".join("<r>" + " ".join(["0.0000"] * n) + "</r>" for _ in range(3))
atoms = range(1, 5)
total = "".join(f'<set comment="spin {{n}}">{{rows(3)}}</set>' for n in (1, 2))
total = f"<total><array><set>{{total}}</set></array></total>"
spins = f'<set comment="spin 1">{{rows(17)}}</set><set comment="spin 2">{{rows(17)}}</set>'
partial = "".join(f'<set comment="ion {{n}}">{{spins}}</set>' for n in atoms)
dos = f'<dos><i name="efermi">0.0</i>{{total}}<partial><array><set>{{partial}}</set></array></partial></dos>'
path = Path("vasprun.xml")
head, end, tail = path.read_text().rpartition("</calculation>")
path.write_text(head + dos + end + tail)
EOF
exit $status
"""


@pytest.fixture
def projecting(localhost, tmp_path):
    """The stand-in with EMT, whose vasprun.xml has a density of states projected on s, p, d and f."""
    localhost.set_minimum_job_poll_interval(0)
    script = tmp_path / "vasp"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    return orm.InstalledCode(
        label="projecting",
        computer=localhost,
        filepath_executable=str(script),
        default_calc_job_plugin="vasp.vasp",
        with_mpi=False,
        prepend_text="export OMP_NUM_THREADS=1 HEZSP_STANDIN_CALCULATOR=emt",
    ).store()


def test_a_relaxation_is_continued_and_gives_all_its_images(projecting, vasp, aluminium):
    incar = {"nsw": 6, "ediffg": -0.02}
    dft = {"kpoints_distance": 1.0, "relax": {"incar": incar}, "images": {"head": 100, "tail": 100}}
    builder = RelaxImagesWorkChain.get_builder_from_protocol(
        protocol="demo", overrides={"dft": dft}, vasp=vasp(projecting), structures={"al": aluminium()}
    )
    outputs, node = run_get_node(builder)
    assert node.is_finished_ok, node.exit_message
    jobs = sorted((job for job in node.called_descendants if isinstance(job, orm.CalcJobNode)), key=lambda job: job.pk)
    with jobs[0].outputs.retrieved.open("vasprun.xml", "rb") as file, pytest.raises(ValueError, match="17"):
        VasprunParser(handler=file)
    assert [job.exit_status for job in jobs] == [702] * (len(jobs) - 1) + [0]
    assert len(jobs) > 1
    for before, after in pairwise(jobs):
        assert after.inputs.structure.cell == before.outputs.structure.cell
    images = outputs["images"].get_images()
    assert len(images) == sum(job.outputs.misc["run_status"]["last_iteration_index"][0] for job in jobs)
    assert images.energies[-1] < images.energies[0]
