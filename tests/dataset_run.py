"""A program for a test to kill: makes a dataset by the stand-in in a profile of its own, in the folder it is given.

    python dataset_run.py FOLDER RESULT.npz

A second run in the same folder goes on where the first one was killed: finished calculations come from AiiDA's cache.
"""

import json
import sys
from pathlib import Path


def main(folder, result):
    from aiida_hezsp.cli import environment

    environment.use_directory(folder)
    ready = folder / "ready"
    if ready.exists():
        environment.load_profile_or_fail("killed")
    else:
        environment.create_embedded_profile("killed")
    from aiida import orm
    from aiida.engine import run_get_node
    from ase.build import bulk

    computer = environment.ensure_computer()
    family = environment.ensure_standin_potentials()
    if not ready.exists():
        orm.InstalledCode(
            label="emt",
            computer=computer,
            filepath_executable=str(Path(sys.executable).parent / "hezsp-vasp-standin"),
            default_calc_job_plugin="vasp.vasp",
            with_mpi=False,
            prepend_text="export OMP_NUM_THREADS=1\nexport HEZSP_STANDIN_CALCULATOR=emt",
        ).store()
        ready.touch()
    structures = {}
    for seed, symbol in enumerate(("Al", "Cu", "Al"), start=1):
        atoms = bulk(symbol, cubic=True)
        atoms.rattle(0.05, seed=seed)
        atoms.set_cell(atoms.cell[:] * 1.03, scale_atoms=True)
        structures[f"{symbol}{seed}"] = orm.StructureData(ase=atoms)
    from aiida_hezsp.workflows.dft.relax_images import RelaxImagesWorkChain

    builder = RelaxImagesWorkChain.get_builder_from_protocol(
        protocol="demo",
        overrides={
            "jobs": {"max_concurrent": 1},
            "dft": {
                "kpoints_distance": 1.0,
                "relax": {"incar": {"nsw": 40, "ediffg": -0.02}},
                "images": {"head": 2, "tail": 3},
            },
        },
        vasp={"code": orm.load_code("emt@localhost"), "potential_family": orm.Str(family)},
        structures=structures,
    )
    outputs, node = run_get_node(builder)
    dataset = outputs["images"]
    dataset.get_images().save(result)
    jobs = [job for job in node.called_descendants if isinstance(job, orm.CalcJobNode)]
    sys.stdout.write(
        json.dumps(
            {
                "exit_status": node.exit_status,
                "jobs": len(jobs),
                "from_cache": sum(job.base.caching.is_created_from_cache for job in jobs),
                "origins": [job["pk"] for job in dataset.origins()],
                "pks": [job.pk for job in jobs],
                "failed": outputs["report"]["failed"],
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
