"""Models as files of an export: those of every kind, and the check of them."""

import numpy as np
import pytest
from aiida import orm

from aiida_hezsp.data import SfmsdModelData
from aiida_hezsp.errors import ModelFileError
from aiida_hezsp.provenance.export.model_files import write_models
from aiida_hezsp.provenance.verify.models import check_model_file
from aiida_hezsp.sfmsd import SissoSearch, TrainSettings, load_model, save_model, train


@pytest.fixture
def node(aiida_profile_clean, tmp_path):
    values = np.random.default_rng(4).uniform(0.5, 2.0, size=(30, 2))
    rows = [
        {"label": f"r{n}", "features": {"x": x, "y": y}, "target": 20 + 10 * x * y}
        for n, (x, y) in enumerate(values.tolist())
    ]
    columns = [{"name": name, "unit": "1", "definition": name} for name in ("x", "y")]
    table = {"feature_set": "multinary", "columns": columns, "rows": rows}
    search = SissoSearch(dimension=(1,), complexity=(1,))
    save_model(train(table, TrainSettings(kind="SISSO", cv=3, sisso=search)), tmp_path / "SISSO.sisso")
    return SfmsdModelData(tmp_path / "SISSO.sisso", tmp_path / "SISSO.json").store()


def test_a_sisso_model_is_written_and_checked(node, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (written,) = write_models([node.pk], folder)
    assert [name.rpartition(".")[2] for name in written.files] == ["sisso", "json"]
    path = folder / written.files[0]
    check_model_file(path)
    again = load_model(path)
    assert again.estimator.expressions_ == ["x * y"]
    path.write_text(path.read_text().replace('"*"', '"+"'))
    with pytest.raises(ModelFileError, match="damaged or swapped"):
        check_model_file(path)


def test_a_sisso_model_in_an_archive_is_checked(node, tmp_path):
    from aiida.tools.archive import create_archive

    from aiida_hezsp.provenance.verify.archive import check_archive

    create_archive([node], filename=tmp_path / "one.aiida")
    check = check_archive(tmp_path / "one.aiida")
    assert not check.findings, check.findings
    assert orm.load_node(node.pk).load().kind == "SISSO"
