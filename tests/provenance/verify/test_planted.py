"""Models and images that were tampered with: refused by verify, and again by the nodes after a real import.

Every case is a valid archive whose checksums fit; whatever is planted makes a folder if it is ever executed.
"""

import io
import json
import zipfile

import numpy as np
import pytest
from aiida import orm
from aiida.tools.archive import import_archive
from archives import (
    lying_npy,
    lying_safetensors,
    pickled,
    pickled_npy,
    pickled_pth,
    repacked,
    resigned,
)

from aiida_hezsp.data import ChgnetModelData, ImageData, SfmsdModelData
from aiida_hezsp.errors import HezspError
from aiida_hezsp.provenance.verify import verify

LOADERS = {"ChgnetModelData": "load", "ImageData": "get_images", "SfmsdModelData": "load"}


def chgnet_pickle(files, marker):
    return {"model.safetensors": pickled(marker)}


def chgnet_pth(files, marker):
    return {"model.safetensors": pickled_pth(marker)}


def chgnet_lies(files, marker):
    return {"model.safetensors": lying_safetensors(files["model.safetensors"])}


def chgnet_deep_header(files, marker):
    text = b"[" * 200_000
    return {"model.safetensors": len(text).to_bytes(8, "little") + text}


def chgnet_huge_architecture(files, marker):
    content = files["model.safetensors"]
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    arguments = json.loads(header["__metadata__"]["model_args"]) | {"atom_fea_dim": 10**9}
    header["__metadata__"]["model_args"] = json.dumps(arguments)
    text = json.dumps(header).encode()
    return {"model.safetensors": len(text).to_bytes(8, "little") + text + content[8 + length :]}


def chgnet_cut(files, marker):
    return {"model.safetensors": files["model.safetensors"][:-100]}


def images_pickle(files, marker):
    return {"images.npz": repacked(files["images.npz"], {"groups.npy": pickled_npy(marker)})}


def images_terabytes(files, marker):
    return {"images.npz": repacked(files["images.npz"], {"energies.npy": lying_npy()})}


def images_bomb(files, marker):
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(20_000_000))
    return {"images.npz": repacked(files["images.npz"], {"energies.npy": buffer.getvalue()})}


def images_climb(files, marker):
    return {"images.npz": repacked(files["images.npz"], {"../../evil.npy": b"x"})}


def images_schema(files, marker):
    buffer = io.BytesIO()
    np.savez(buffer, energies=np.zeros(3))
    return {"images.npz": buffer.getvalue()}


def images_cut(files, marker):
    return {"images.npz": files["images.npz"][:-50]}


def sfmsd_pickle(files, marker):
    return resigned(pickled(marker), files["model.json"])


def sfmsd_pickle_inside(files, marker):
    """A member that the schema calls a pickle of an allowed kind would be: skops has no such kind."""
    with zipfile.ZipFile(io.BytesIO(files["model.skops"])) as archive:
        schema = json.loads(archive.read("schema.json"))
    schema |= {"__loader__": "PickleNode", "__class__": "Planted", "__module__": "archives"}
    changed = {"schema.json": json.dumps(schema).encode(), "evil.pkl": pickled(marker)}
    return resigned(repacked(files["model.skops"], changed), files["model.json"])


def sfmsd_system(files, marker):
    """A schema that asks for `os.mkdir`."""
    schema = {
        "__class__": "mkdir", "__module__": "posix", "__loader__": "FunctionNode", "__id__": 1, "protocol": 2,
        "_skops_version": "0.16.0", "content": {"module_path": "posix", "function": "mkdir"},
    }  # fmt: skip
    return resigned(repacked(files["model.skops"], {"schema.json": json.dumps(schema).encode()}), files["model.json"])


def sfmsd_object_array(files, marker):
    return resigned(repacked(files["model.skops"], {"1.npy": pickled_npy(marker)}), files["model.json"])


def sfmsd_terabytes(files, marker):
    with zipfile.ZipFile(io.BytesIO(files["model.skops"])) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".npy"))
    return resigned(repacked(files["model.skops"], {name: lying_npy()}), files["model.json"])


def sfmsd_bomb(files, marker):
    return resigned(repacked(files["model.skops"], {"zeros": bytes(300 << 20)}), files["model.json"])


def sfmsd_schema(files, marker):
    return {"model.json": json.dumps({"kind": "GB", "columns": "none"}).encode()}


def sfmsd_foreign_kind(files, marker):
    return {"model.json": json.dumps(json.loads(files["model.json"]) | {"kind": "os.system"}).encode()}


def sfmsd_cut(files, marker):
    return resigned(files["model.skops"][:-200], files["model.json"])


CASES = {
    "ChgnetModelData": [
        (chgnet_pickle, "not a safetensors file"),
        (chgnet_pth, "not a safetensors file"),
        (chgnet_lies, "is damaged"),
        (chgnet_deep_header, "not a safetensors file"),
        (chgnet_huge_architecture, "atom_fea_dim"),
        (chgnet_cut, "is damaged"),
    ],
    "ImageData": [
        (images_pickle, "would be unpickled"),
        (images_terabytes, "declares 80000000000000 bytes where 8 are"),
        (images_bomb, "zip bomb"),
        (images_climb, "do not belong there: ../../evil"),
        (images_schema, "lacks the arrays"),
        (images_cut, "damaged"),
    ],
    "SfmsdModelData": [
        (sfmsd_pickle, "not a readable skops file"),
        (sfmsd_pickle_inside, "not a readable skops file|asks for types"),
        (sfmsd_system, "asks for types .*posix.mkdir"),
        (sfmsd_object_array, "would be unpickled"),
        (sfmsd_terabytes, "declares 80000000000000 bytes where 8 are"),
        (sfmsd_bomb, r"unpacks to \d+ bytes, more than"),
        (sfmsd_schema, "does not describe an SF-MSD model"),
        (sfmsd_foreign_kind, "unknown kind of SF-MSD model 'os.system'"),
        (sfmsd_cut, "not a readable skops file"),
    ],
}
CLASSES = {"ChgnetModelData": ChgnetModelData, "ImageData": ImageData, "SfmsdModelData": SfmsdModelData}


@pytest.mark.parametrize(
    ("kind", "plant", "message"),
    [pytest.param(kind, *case, id=case[0].__name__) for kind, cases in CASES.items() for case in cases],
)
def test_refused_before_and_after_the_import(forgery, tmp_path, request, kind, plant, message):
    marker = tmp_path / "executed"
    _, files = forgery.files_of(tmp_path, kind)
    path = forgery.swap(tmp_path, kind, plant(files, marker)).write(tmp_path / "planted.aiida")
    report = verify(path)
    assert report.findings, "found sound"
    assert all("\n" not in str(finding) for finding in report.findings)
    request.getfixturevalue("empty_profile")
    import_archive(path)
    node = orm.QueryBuilder().append(CLASSES[kind]).one()[0]
    with pytest.raises(HezspError, match=message) as caught:
        getattr(node, LOADERS[kind])()
    assert "\n" not in str(caught.value)
    assert not marker.exists()


def test_the_sound_archive_loads_after_the_import(sound, request):
    request.getfixturevalue("empty_profile")
    import_archive(sound)
    for kind, method in LOADERS.items():
        node = orm.QueryBuilder().append(CLASSES[kind]).one()[0]
        assert getattr(node, method)() is not None


def test_a_model_whose_file_is_another_sound_one(forgery, tmp_path, request):
    """Swapped, not damaged: the node's own checksum tells."""
    uuid, files = forgery.files_of(tmp_path, "ChgnetModelData")
    content = files["model.safetensors"]
    other = content[:-4] + bytes(4)
    forgery.swap(tmp_path, "ChgnetModelData", {"model.safetensors": other})
    sql = "UPDATE db_dbnode SET attributes = json_set(attributes, '$.sha256', ?) WHERE uuid = ?"
    forgery.sql(tmp_path, (sql, ("0" * 64, uuid)))
    path = forgery.write(tmp_path / "a.aiida")
    assert any("not the one whose checksum the node has" in str(finding) for finding in verify(path).findings)
    request.getfixturevalue("empty_profile")
    import_archive(path)
    node = orm.QueryBuilder().append(ChgnetModelData).one()[0]
    with pytest.raises(HezspError, match="does not hold the file whose checksum it has"):
        node.load()


@pytest.mark.parametrize("content", [lying_npy(), lying_npy((-1,))])
def test_arrays_of_core_nodes_that_lie(forgery, tmp_path, content):
    forgery.swap(tmp_path, "ArrayData", {"times.npy": content})
    (finding,) = verify(forgery.write(tmp_path / "a.aiida")).findings
    assert finding.check == "array"
    assert "declares" in finding.message


@pytest.mark.parametrize("plant", [pickled, pickled_pth, pickled_npy])
def test_pickles_in_files_of_core_nodes(forgery, tmp_path, plant):
    forgery.swap(tmp_path, "ArrayData", {"times.npy": plant(tmp_path / "executed")})
    assert any("pickle" in str(finding) for finding in verify(forgery.write(tmp_path / "a.aiida")).findings)
    assert not (tmp_path / "executed").exists()
