"""Small crystals, and an engine that dies once, to try restarts with."""

import stat

import pytest


@pytest.fixture
def lithium_fluoride(aiida_profile_clean):
    """Rock-salt LiF, 8 atoms, slightly distorted so that there is something to relax."""
    import numpy as np
    from pymatgen.core import Lattice, Structure

    from aiida_hezsp.data.structures import structure_data_from_pymatgen

    structure = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.03), ["Li", "F"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    generator = np.random.default_rng(0)
    for index in range(len(structure)):
        structure.translate_sites(index, generator.normal(scale=0.02, size=3), frac_coords=False)
    return structure_data_from_pymatgen(structure.get_sorted_structure())


@pytest.fixture
def pretrained(aiida_profile_clean):
    """The pretrained CHGNet."""
    from aiida_hezsp.data import ChgnetModelData

    return ChgnetModelData.bundled("0.3.0")


@pytest.fixture
def multinary_models(aiida_profile_clean, family, tmp_path):
    """GB and RF of the multinary feature set, trained on numbers around those of real cells."""
    from many_predictions import features_of, many_compositions, target_of

    from aiida_hezsp.data import SfmsdModelData
    from aiida_hezsp.sfmsd import feature_definitions, save_model, train
    from aiida_hezsp.sfmsd.training import TrainSettings

    rows = [
        {"label": c.label, "features": features_of(c), "target": target_of(features_of(c)), "split": "train"}
        for c in many_compositions(family, 24)
    ]
    columns = feature_definitions(family, "multinary")
    table = {"feature_set": "multinary", "columns": columns, "target": {"name": "msd", "unit": "A^2"}, "rows": rows}
    nodes = {}
    for kind in ("GB", "RF"):
        save_model(train(table, TrainSettings(kind=kind, search_iterations=1, cv=2)), tmp_path / f"{kind}.skops")
        nodes[kind] = SfmsdModelData(tmp_path / f"{kind}.skops", tmp_path / f"{kind}.json").store()
    return nodes


@pytest.fixture
def engine_that_dies_once(codes, localhost, tmp_path):
    """An engine whose first run is killed without warning as soon as a given file exists in the job's folder.

    Call it with the pattern of that file; it returns the code.
    """
    from aiida import orm

    def make(pattern):
        marker, script = tmp_path / "died", tmp_path / "mortal-engine"
        engine = codes["hezsp-engine"].filepath_executable
        script.write_text(
            "#!/usr/bin/env bash\n"
            f'if [ -e "{marker}" ]; then exec "{engine}" "$@"; fi\n'
            f'touch "{marker}"\n'
            f'setsid "{engine}" "$@" &\n'
            f"until compgen -G '{pattern}' >/dev/null; do sleep 0.05; done\n"
            "kill -9 -- -$!\n"
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return orm.InstalledCode(
            label="mortal-engine", computer=localhost, filepath_executable=str(script), with_mpi=False
        ).store()

    return make
