"""Computer, and what jobs write before they are submitted."""

import json
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def chgnet_file(tmp_path_factory):
    """A model file."""
    from aiida_hezsp.potential.model_file import load_model, save_model

    path = tmp_path_factory.mktemp("chgnet") / "model.safetensors"
    save_model(path, load_model("0.3.0"))
    return path


@pytest.fixture
def model(aiida_profile_clean, chgnet_file):
    """A CHGNet model node."""
    from aiida_hezsp.data import ChgnetModelData

    return ChgnetModelData(chgnet_file)


@pytest.fixture
def lithium_fluoride(aiida_profile_clean):
    """Two atoms of LiF."""
    from aiida import orm

    node = orm.StructureData(cell=[[0.0, 2.0, 2.0], [2.0, 0.0, 2.0], [2.0, 2.0, 0.0]])
    node.append_atom(symbols="Li", position=(0.0, 0.0, 0.0))
    node.append_atom(symbols="F", position=(2.0, 2.0, 2.0))
    return node


@pytest.fixture
def images():
    """Two labelled images."""
    import numpy as np

    from aiida_hezsp.potential.images import ImageSet

    rng = np.random.default_rng(0)
    return ImageSet.from_frames(
        symbols=["Li", "F"],
        cells=np.tile(4.0 * np.eye(3), (2, 1, 1)),
        positions=rng.random((2, 2, 3)),
        energies=[-9.0, -9.5],
        forces=rng.random((2, 2, 3)),
        group="LiF",
        source="r0",
        engine="standin emt",
    )


@pytest.fixture
def engine(localhost):
    """The engine as a code."""
    from aiida_hezsp.cli.environment import ENGINE_LABEL, ensure_codes

    return ensure_codes(localhost)[ENGINE_LABEL]


@pytest.fixture
def prepare(engine, tmp_path):
    """Prepare a job for submission: returns its CalcInfo, its folder and the content of `input.json`."""
    from aiida.common.folders import Folder
    from aiida.engine.utils import instantiate_process
    from aiida.manage import get_manager
    from aiida.plugins import CalculationFactory

    def prepare(entry_point, **inputs):
        runner = get_manager().get_runner()
        process = instantiate_process(runner, CalculationFactory(entry_point), code=engine, **inputs)
        folder = Folder(tmp_path / "job")
        folder.create()
        calc_info = process.prepare_for_submission(folder)
        content = json.loads(Path(folder.abspath, "input.json").read_text(encoding="utf8"))
        return calc_info, Path(folder.abspath), content

    return prepare


@pytest.fixture
def check_job(data_regression):
    """Compare what a job runs, writes and retrieves with what is stored beside the test."""

    def check(calc_info, folder, content):
        (code,) = calc_info.codes_info
        data_regression.check(
            {
                "input": content,
                "files": sorted(path.name for path in folder.iterdir()),
                "command": code.cmdline_params,
                "stdout": code.stdout_name,
                "join_files": code.join_files,
                "retrieve": list(calc_info.retrieve_list),
                "retrieve_temporary": [
                    list(entry) if isinstance(entry, tuple) else entry for entry in calc_info.retrieve_temporary_list
                ],
                "remote_copies": [list(copy[1:]) for copy in calc_info.remote_copy_list],
            }
        )

    return check
