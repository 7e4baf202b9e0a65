"""SF-MSD model nodes: predict as the model did, and hold nothing that could be executed."""

import json
import os
import zipfile

import numpy as np
import pytest
from aiida import orm

from aiida_hezsp.data import SfmsdModelData
from aiida_hezsp.errors import ModelFileError


def test_the_stored_node_predicts_what_the_model_predicted(aiida_profile_clean, sfmsd_files, sfmsd_model, sfmsd_table):
    uuid = SfmsdModelData(*sfmsd_files).store().uuid
    node, rows = orm.load_node(uuid), [row["features"] for row in sfmsd_table["rows"]]
    loaded = node.load()
    np.testing.assert_array_equal(loaded.predict(rows), sfmsd_model.predict(rows))
    np.testing.assert_array_equal(loaded.intervals(rows), sfmsd_model.intervals(rows))
    np.testing.assert_array_equal(loaded.shap_values(rows)[0], sfmsd_model.shap_values(rows)[0])


def test_attributes_describe_the_model(aiida_profile_clean, sfmsd_files):
    node = SfmsdModelData(*sfmsd_files)
    node.label_engines = ["standin emt", "standin emt"]
    node.store()
    assert (node.kind, node.features, node.label_engines) == ("RF", ["x", "y"], ["standin emt"])
    known, summary = json.loads(sfmsd_files[1].read_text()), node.base.attributes.get("summary")
    assert set(summary) == set(known) - {"calibration", "probe"}  # rows: in the file only
    assert summary["skops_sha256"] == known["skops_sha256"]
    assert summary["metrics"]["test"]["rmse"] == pytest.approx(known["metrics"]["test"]["rmse"], rel=1e-12)
    assert sorted(node.base.repository.list_object_names()) == ["model.json", "model.skops"]


def copies(files, folder):
    """Return copies of the two files that may be damaged."""
    made = [folder / "model.skops", folder / "model.json"]
    for source, target in zip(files, made, strict=True):
        target.write_bytes(source.read_bytes())
    return made


def cut(skops, _):
    skops.write_bytes(skops.read_bytes()[:-200])


def flipped(skops, _):
    content = bytearray(skops.read_bytes())
    content[len(content) // 2] ^= 0x10
    skops.write_bytes(bytes(content))


def foreign(skops, _):
    skops.write_bytes(b"not a model")


def no_description(_, sidecar):
    sidecar.write_text("{}")


def description_cut(_, sidecar):
    sidecar.write_text(sidecar.read_text()[:-10])


def other_prediction(_, sidecar):
    """The description of another model: predictions differ."""
    known = json.loads(sidecar.read_text())
    known["probe"]["predictions"][0] += 1.0
    sidecar.write_text(json.dumps(known))


@pytest.mark.parametrize("damage", [cut, flipped, foreign, no_description, description_cut, other_prediction])
def test_damaged_files_give_one_line_and_no_node(n_nodes, sfmsd_files, tmp_path, damage):
    skops, sidecar = copies(sfmsd_files, tmp_path)
    damage(skops, sidecar)
    with pytest.raises(ModelFileError) as caught:
        SfmsdModelData(skops, sidecar)
    assert "\n" not in str(caught.value)
    assert n_nodes() == 0


def plant(skops, sidecar, change):
    """Write the skops file again with its schema changed, and a description with the right checksum."""
    import hashlib

    with zipfile.ZipFile(skops) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members["schema.json"])
    change(schema)
    members["schema.json"] = json.dumps(schema).encode()
    with zipfile.ZipFile(skops, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    known = json.loads(sidecar.read_text())
    known["skops_sha256"] = hashlib.sha256(skops.read_bytes()).hexdigest()
    sidecar.write_text(json.dumps(known))


def test_a_type_that_is_not_allowed_is_refused_by_name(n_nodes, sfmsd_files, tmp_path):
    skops, sidecar = copies(sfmsd_files, tmp_path)
    plant(skops, sidecar, lambda schema: schema.update(__class__="PosixPath", __module__="pathlib"))
    with pytest.raises(ModelFileError, match=r"pathlib\.PosixPath"):
        SfmsdModelData(skops, sidecar)
    assert n_nodes() == 0


def test_a_planted_pickle_is_not_executed(n_nodes, sfmsd_files, tmp_path):
    import hashlib
    import pickle

    marker = tmp_path / "executed"

    class Planted:
        def __reduce__(self):
            return os.mkdir, (str(marker),)

    skops, sidecar = copies(sfmsd_files, tmp_path)
    skops.write_bytes(pickle.dumps(Planted()))
    known = json.loads(sidecar.read_text())
    known["skops_sha256"] = hashlib.sha256(skops.read_bytes()).hexdigest()
    sidecar.write_text(json.dumps(known))
    with pytest.raises(ModelFileError, match="not a readable skops file"):
        SfmsdModelData(skops, sidecar)
    assert not marker.exists()
    assert n_nodes() == 0


def test_a_node_changed_after_it_was_made_is_refused_when_it_is_read(aiida_profile_clean, sfmsd_files):
    import io

    node = SfmsdModelData(*sfmsd_files)
    node.base.repository.put_object_from_filelike(io.BytesIO(b"swapped"), node.estimator_file)
    node.store()
    with pytest.raises(ModelFileError, match="damaged or swapped"):
        node.load()
