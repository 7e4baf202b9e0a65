"""A small archive with one node of every kind that matters, and hands that change it as an attacker would."""

import hashlib
import io
import json
import os
import pickle
import sqlite3
import zipfile
from pathlib import Path

import numpy as np

DATABASE, METADATA = "db.sqlite3", "metadata.json"


class Planted:
    """Unpickling this makes a folder."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return os.mkdir, (self.marker,)


def small_archive(folder: Path) -> Path:
    """Return an archive of a CHGNet model (a tiny one), an SF-MSD model, an image set, an array and a Dict."""
    from aiida import orm
    from aiida.tools.archive import create_archive
    from discovery_graph import image_set, sfmsd_files

    from aiida_hezsp.data import ChgnetModelData, ImageData, SfmsdModelData

    array = orm.ArrayData()
    array.set_array("times", np.arange(5.0))
    nodes = [
        ChgnetModelData(tiny_chgnet(folder)),
        SfmsdModelData(*sfmsd_files(folder, "GB")),
        ImageData(image_set("Li3Zr2Si2PO12", "r0")),
        array,
        orm.Dict({"msd": 12.5}),
    ]
    create_archive([node.store() for node in nodes], filename=folder / "small.aiida")
    return folder / "small.aiida"


def tiny_chgnet(folder: Path) -> Path:
    """Return a model file of a CHGNet with few weights."""
    from chgnet.model import CHGNet

    from aiida_hezsp.potential.model_file import save_model

    sizes = dict.fromkeys(("atom_fea_dim", "bond_fea_dim", "angle_fea_dim"), 4)
    hidden = dict.fromkeys(("atom_conv_hidden_dim", "bond_conv_hidden_dim"), 4)
    model = CHGNet(**sizes, **hidden, num_radial=5, num_angular=5, n_conv=2, mlp_hidden_dims=[4], version="tiny")
    save_model(folder / "tiny.safetensors", model, name="tiny")
    return folder / "tiny.safetensors"


class Forgery:
    """The members of an archive, to be changed and written again; `write` makes a valid zip file of them."""

    def __init__(self, archive: Path):
        with zipfile.ZipFile(archive) as source:
            self.members = {name: source.read(name) for name in source.namelist()}

    def write(self, path: Path) -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
            for name, content in self.members.items():
                target.writestr(name, content)
        return path

    def sql(self, folder: Path, *statements):
        """Change the database."""
        path = folder / "forged.sqlite3"
        path.write_bytes(self.members[DATABASE])
        connection = sqlite3.connect(path)
        for statement in statements:
            connection.execute(*statement) if isinstance(statement, tuple) else connection.execute(statement)
        connection.commit()
        connection.close()
        self.members[DATABASE] = path.read_bytes()
        path.unlink()
        return self

    def rows(self, folder: Path, query, *values):
        path = folder / "read.sqlite3"
        path.write_bytes(self.members[DATABASE])
        connection = sqlite3.connect(path)
        found = connection.execute(query, values).fetchall()
        connection.close()
        return found

    def files_of(self, folder: Path, kind):
        """Return UUID, and content by file name, of the first node of a kind."""
        query = "SELECT uuid, repository_metadata FROM db_dbnode WHERE node_type LIKE ? LIMIT 1"
        uuid, metadata = self.rows(folder, query, f"%{kind}.")[0]
        files = {name: entry["k"] for name, entry in json.loads(metadata)["o"].items()}
        return uuid, {name: self.members[f"repo/{key}"] for name, key in files.items()}

    def swap(self, folder: Path, kind, changed):
        """Give the first node of a kind other files, with checksums that fit wherever they are kept."""
        uuid, files = self.files_of(folder, kind)
        files |= changed
        keys = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        self.members |= {f"repo/{keys[name]}": content for name, content in files.items()}
        metadata = json.dumps({"o": {name: {"k": key} for name, key in keys.items()}})
        statements = [("UPDATE db_dbnode SET repository_metadata = ? WHERE uuid = ?", (metadata, uuid))]
        if kind == "ChgnetModelData":
            key = keys["model.safetensors"]
            sql = "UPDATE db_dbnode SET attributes = json_set(attributes, '$.sha256', ?) WHERE uuid = ?"
            statements.append((sql, (key, uuid)))
        self.sql(folder, *statements)
        used = {
            key for (text,) in self.rows(folder, "SELECT repository_metadata FROM db_dbnode") for key in _keys(text)
        }
        self.members = {
            name: content
            for name, content in self.members.items()
            if not name.startswith("repo/") or name.removeprefix("repo/") in used
        }
        return self


def _keys(metadata):
    return [entry["k"] for entry in json.loads(metadata).get("o", {}).values() if "k" in entry]


def resigned(skops: bytes, sidecar: bytes) -> dict:
    """Return the two files of an SF-MSD model, the description with the checksum of the skops file."""
    known = json.loads(sidecar)
    known["skops_sha256"] = hashlib.sha256(skops).hexdigest()
    return {"model.skops": skops, "model.json": json.dumps(known).encode()}


def repacked(content: bytes, changed: dict, method=zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip file with members added or replaced."""
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        members = {name: source.read(name) for name in source.namelist()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as target:
        for name, data in (members | changed).items():
            target.writestr(name, data)
    return buffer.getvalue()


def lying_npy(shape=(10**13,)) -> bytes:
    """Return a .npy file of eight bytes whose header declares terabytes."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return buffer.getvalue() + bytes(8)


def pickled_npy(marker) -> bytes:
    """Return a .npy file of an object that makes a folder when it is unpickled."""
    buffer = io.BytesIO()
    np.save(buffer, np.array([Planted(marker)], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def pickled_pth(marker) -> bytes:
    """Return a PyTorch file that makes a folder when it is unpickled."""
    import torch

    buffer = io.BytesIO()
    torch.save({"model": Planted(marker)}, buffer)
    return buffer.getvalue()


def pickled(marker) -> bytes:
    return pickle.dumps(Planted(marker))


def lying_safetensors(content: bytes) -> bytes:
    """Return a model file whose first tensor claims to reach far beyond the end of the file."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    name = next(key for key in header if key != "__metadata__")
    header[name] |= {"shape": [10**6, 10**6], "data_offsets": [0, 4 * 10**12]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[8 + length :]
