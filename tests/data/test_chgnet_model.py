"""CHGNet model nodes: checked before they exist, one copy of a bundled model, marked by what labelled their data."""

import os

import pytest
import torch
from aiida import orm

from aiida_hezsp.data import ChgnetModelData
from aiida_hezsp.errors import ModelFileError
from aiida_hezsp.potential.model_file import load_model, sha256_of


def test_node_tells_what_the_file_is(aiida_profile_clean, chgnet_file):
    node = ChgnetModelData(chgnet_file).store()
    again = orm.load_node(node.uuid)
    assert isinstance(again, ChgnetModelData)
    assert (again.name, again.base.attributes.get("version")) == ("mine", "7")
    assert again.info == {"parent": "none"}
    assert again.sha256 == sha256_of(chgnet_file)
    assert again.get_content(mode="rb") == chgnet_file.read_bytes()
    assert again.label_engines == []


def test_a_bundled_model_is_stored_once_and_is_chgnets_own(n_nodes, tmp_path):
    first, second = ChgnetModelData.bundled("r2scan"), ChgnetModelData.bundled("r2scan")
    assert first.uuid == second.uuid
    assert n_nodes() == 1
    assert first.name == "r2scan"
    path = tmp_path / "copy.safetensors"
    path.write_bytes(first.get_content(mode="rb"))
    state = load_model("r2scan").state_dict()
    assert all(torch.equal(value, state[key]) for key, value in load_model(path).state_dict().items())


def test_different_bundled_models_are_different_nodes(n_nodes):
    assert ChgnetModelData.bundled("0.3.0").sha256 != ChgnetModelData.bundled("0.2.0").sha256
    assert n_nodes() == 2


def test_a_name_that_is_not_bundled_is_refused(n_nodes):
    with pytest.raises(ModelFileError, match=r"'0\.9\.9' is neither a file nor one of the bundled models 0\.2\.0"):
        ChgnetModelData.bundled("0.9.9")
    assert n_nodes() == 0


def test_label_engines_are_a_sorted_set_and_stay(aiida_profile_clean, chgnet_file):
    node = ChgnetModelData(chgnet_file)
    node.label_engines = ["vasp 6.4.2", "standin emt", "vasp 6.4.2"]
    node.store()
    assert orm.load_node(node.pk).label_engines == ["standin emt", "vasp 6.4.2"]


def planted(marker):
    """Return an object that makes a file when it is unpickled."""

    class Planted:
        def __reduce__(self):
            return os.mkdir, (str(marker),)

    return Planted()


def cut(content):
    return content[: len(content) // 2]


def header_flipped(content):
    return content[:200] + bytes([content[200] ^ 0xFF]) + content[201:]


def number_flipped(content):
    """Set the exponent of the last float of the last tensor to all ones: infinity or NaN."""
    return content[:-2] + bytes([content[-2] | 0x80, content[-1] | 0x7F])


def longer(content):
    return content + b"\0" * 64


def foreign(_):
    return b"\x89PNG\r\n\x1a\n" + bytes(4000)


@pytest.mark.parametrize("damage", [cut, header_flipped, number_flipped, longer, foreign, lambda _: b""])
def test_a_damaged_file_gives_one_line_and_no_node(n_nodes, chgnet_file, tmp_path, damage):
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(damage(chgnet_file.read_bytes()))
    with pytest.raises(ModelFileError, match=r"damaged\.safetensors") as caught:
        ChgnetModelData(path)
    assert "\n" not in str(caught.value)
    assert n_nodes() == 0


def test_a_pickled_model_is_refused_and_not_executed(n_nodes, tmp_path):
    path, marker = tmp_path / "model.safetensors", tmp_path / "executed"
    torch.save({"model": planted(marker)}, path)
    with pytest.raises(ModelFileError, match="damaged or not a safetensors file"):
        ChgnetModelData(path)
    assert not marker.exists()
    assert n_nodes() == 0


def test_a_missing_file_is_named(aiida_profile_clean, tmp_path):
    with pytest.raises(ModelFileError, match=r"nowhere\.safetensors"):
        ChgnetModelData(tmp_path / "nowhere.safetensors")
