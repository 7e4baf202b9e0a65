import json

import numpy as np
import pytest
import torch
from chgnet.model import CHGNet
from safetensors import safe_open

from aiida_hezsp.errors import ModelFileError
from aiida_hezsp.potential.model_file import (
    BUNDLED,
    load_model,
    read_metadata,
    save_model,
    sha256_of,
    verify_model_file,
)
from aiida_hezsp.potential.safetensor_bytes import safetensor_bytes


@pytest.fixture
def path(tmp_path, pbe):
    path = tmp_path / "model.safetensors"
    save_model(path, pbe, {"parent": "none"})
    return path


def rewritten(path, change_header=None, change_tensors=None):
    """Write the file again with something changed, as a well-formed safetensors file."""
    with safe_open(path, framework="pt") as file:
        header, tensors = dict(file.metadata()), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    if change_header:
        change_header(header)
    if change_tensors:
        change_tensors(tensors)
    path.write_bytes(safetensor_bytes(tensors, header))
    return path


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_models_are_chgnets_own_and_round_trip_exactly(name, tmp_path):
    ours, stock = load_model(name), CHGNet.load(model_name=name, use_device="cpu", verbose=False)
    path = tmp_path / "model.safetensors"
    save_model(path, ours)
    again = load_model(path)
    for model in (ours, again):
        assert model.model_args == stock.model_args
        assert model.version == name
        assert model.is_intensive == stock.is_intensive
        assert model.composition_model.is_intensive == stock.composition_model.is_intensive
        assert model.composition_model.fitted
        state = stock.state_dict()
        assert model.state_dict().keys() == state.keys()
        assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())


def test_the_same_model_gives_the_same_bytes(tmp_path, pbe):
    paths = [tmp_path / name for name in ("a.safetensors", "b.safetensors")]
    for path in paths:
        save_model(path, pbe, {"b": 1, "a": [2]}, name="x")
    assert sha256_of(paths[0]) == sha256_of(paths[1])


def test_metadata(path):
    metadata = read_metadata(path)
    assert metadata["format"] == "aiida-hezsp.chgnet/1"
    assert metadata["name"] == metadata["version"] == "0.3.0"
    assert json.loads(metadata["info"]) == {"parent": "none"}
    assert json.loads(metadata["model_args"])["num_radial"] == 31


def test_loading_does_not_touch_the_global_random_state(path):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_model(path)
    assert torch.equal(torch.rand(3), expected)


def test_loading_prints_nothing(path, capsys):
    load_model(path)
    assert capsys.readouterr().out == ""


def set_args(**changes):
    def change(header):
        header["model_args"] = json.dumps({**json.loads(header["model_args"]), **changes})

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: h.update(format="other/1"), "its format is 'other/1'"),
        (lambda h: h.pop("model_args"), "header lacks model_args"),
        (lambda h: h.update(model_args="{"), "model_args"),
        (lambda h: h.update(info="[]"), "not a JSON object"),
        (set_args(atom_fea_dim=100_000_000), "atom_fea_dim"),
        (set_args(n_conv=10_000), "n_conv"),
        (set_args(composition_model="os.system"), "composition_model"),
        (set_args(surprise=1), "surprise"),
        (set_args(num_radial=9), r"frequencies is torch.float32 \(31,\), where the architecture has .* \(9,\)"),
    ],
)
def test_foreign_headers_are_refused(path, change, message):
    rewritten(path, change_header=change)
    with pytest.raises(ModelFileError, match=message):
        load_model(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("site_wise.weight"), r"1 tensors are missing, e.g. site_wise\.weight"),
        (lambda t: t.update(extra=torch.zeros(2)), "do not belong to the model, e.g. extra"),
        (lambda t: t.update({"site_wise.bias": torch.zeros(1, dtype=torch.float64)}), r"torch\.float64"),
        (lambda t: t.update({"site_wise.bias": torch.tensor([np.nan], dtype=torch.float32)}), "not finite"),
    ],
)
def test_foreign_tensors_are_refused(path, change, message):
    rewritten(path, change_tensors=change)
    with pytest.raises(ModelFileError, match=message):
        verify_model_file(path)


def test_damaged_files_are_refused(path):
    content = path.read_bytes()
    for damaged in (content[:-100], content[:4], b"", b"\xff" * 100, content[:8] + b"x" * 2000, content + b"tail"):
        path.write_bytes(damaged)
        with pytest.raises(ModelFileError, match=r"damaged|not a safetensors file"):
            load_model(path)


def test_a_pickled_checkpoint_is_refused(tmp_path, pbe):
    path = tmp_path / "model.pth.tar"
    torch.save(pbe.state_dict(), path)
    with pytest.raises(ModelFileError, match="not a safetensors file"):
        load_model(path)


def test_too_large_file_is_refused(path):
    with path.open("r+b") as handle:
        handle.truncate(300 * 1024**2)  # sparse
    with pytest.raises(ModelFileError, match="at most"):
        load_model(path)


def test_missing_file_and_unknown_name():
    with pytest.raises(ModelFileError, match=r"'0\.4\.0' is neither a file nor one of the bundled models 0\.2\.0"):
        load_model("0.4.0")


def test_a_model_that_is_not_plain_data_cannot_be_saved(tmp_path, pbe):
    model = CHGNet(composition_model=pbe.composition_model)
    with pytest.raises(ModelFileError, match="cannot be stored"):
        save_model(tmp_path / "model.safetensors", model)
    assert list(tmp_path.iterdir()) == []
