"""Model files: the estimator as skops, all else as JSON beside it. Nothing is ever unpickled."""

import hashlib
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from aiida_hezsp.errors import ModelFileError, TableError
from aiida_hezsp.potential.npy_header import check_npy_members
from aiida_hezsp.sfmsd.models import Kind, kind_of
from aiida_hezsp.sfmsd.table import one_line
from aiida_hezsp.sfmsd.trained import Description, TrainedModel
from aiida_hezsp.sfmsd.trees import check_trees

__all__ = ("MAX_BYTES", "load_model", "save_model", "sidecar_of")

MAX_BYTES = 256 * 2**20
"""Largest model file that is read, packed or unpacked; the paper's forest takes a few MB."""

MAX_SIDECAR_BYTES = 16 * 2**20

TOLERANCE = 1e-9


class _Sidecar(Description):
    """The description as it is stored: with the checksum of the estimator it belongs to."""

    skops_sha256: str


def sidecar_of(path: str | Path) -> Path:
    """Return where the description of a skops file is: beside it, ``.json`` instead of ``.skops``."""
    return Path(path).with_suffix(".json")


def save_model(model: TrainedModel, path: str | Path) -> None:
    """Write a model: the estimator to `path` (``.skops``) and the description beside it (``.json``).

    The bytes of a skops file differ from one writing to the next (it holds times and memory addresses): the
    checksum in the description tells which description belongs to which file, not whether two models are equal.

    Raises:
        ModelFileError: the name does not end in ``.skops``.
    """
    import skops.io

    target = Path(path)
    if target.suffix != ".skops":
        raise ModelFileError(f"{target.name}: the name of a model file ends in .skops")
    data = skops.io.dumps(model.estimator, compression=zipfile.ZIP_DEFLATED)
    sidecar = _Sidecar(**dict(model.description), skops_sha256=hashlib.sha256(data).hexdigest())
    target.write_bytes(data)
    sidecar_of(target).write_text(sidecar.model_dump_json(indent=1) + "\n", encoding="utf8")


def load_model(path: str | Path) -> TrainedModel:
    """Read a model that may come from anywhere.

    Before anything is built from it: sizes are limited, the description is valid and its checksum is that of the
    skops file, and the skops file asks for nothing but scikit-learn's defaults and the kind's own list. After that:
    the estimator is of the stated kind, its trees are well-formed, and it predicts what it predicted when saved.

    Raises:
        ModelFileError: one of these does not hold.
    """
    source = Path(path)
    sidecar = _read_sidecar(sidecar_of(source))
    data = _read(source, MAX_BYTES)
    if hashlib.sha256(data).hexdigest() != sidecar.skops_sha256:
        raise ModelFileError(
            f"{source.name} is not the file that {sidecar_of(source).name} describes: damaged or swapped"
        )
    try:
        kind = kind_of(sidecar.kind)
    except TableError as error:
        raise ModelFileError(f"{source.name}: {error}") from None
    estimator = _read_estimator(data, kind, source.name)
    _check_estimator(estimator, kind, sidecar, source.name)
    fields = {name: getattr(sidecar, name) for name in Description.model_fields}
    return TrainedModel(estimator, Description.model_construct(**fields))


def _read(path: Path, limit: int) -> bytes:
    """Return the content of a file that is not too large."""
    try:
        size = path.stat().st_size
        if size > limit:
            raise ModelFileError(f"{path.name} has {size} bytes, more than the {limit} that are read")
        return path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path.name} cannot be read: {error.strerror}") from None


def _read_sidecar(path: Path) -> _Sidecar:
    """Read and check the description."""
    try:
        return _Sidecar.model_validate_json(_read(path, MAX_SIDECAR_BYTES))
    except ValidationError as error:
        raise ModelFileError(f"{path.name} does not describe an SF-MSD model: {one_line(error)}") from None


def _read_estimator(data: bytes, kind: Kind, name: str) -> Any:
    """Build the estimator, if it asks for nothing that is not on the list."""
    import io

    import skops.io

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > MAX_BYTES:
                raise ModelFileError(f"{name} unpacks to {unpacked} bytes, more than the {MAX_BYTES} that are read")
            check_npy_members(archive)
        asked = skops.io.get_untrusted_types(data=data)
        if unknown := sorted(set(asked) - set(kind.trusted)):
            raise ModelFileError(f"{name} asks for types that a {kind.name} model does not have: {', '.join(unknown)}")
        return skops.io.loads(data, trusted=list(kind.trusted))
    except (
        zipfile.BadZipFile,
        ArithmeticError,
        AttributeError,
        EOFError,
        ImportError,
        LookupError,
        MemoryError,
        NotImplementedError,
        OSError,
        RecursionError,
        RuntimeError,
        SyntaxError,
        TypeError,
        ValueError,
        zlib.error,
    ) as error:
        text = next(iter(str(error).splitlines()), "")
        raise ModelFileError(f"{name} is not a readable skops file: {type(error).__name__}: {text}") from None


def _check_estimator(estimator: Any, kind: Kind, sidecar: _Sidecar, name: str) -> None:
    """Check that the estimator is what the description says, and predicts what it did."""
    expected = type(kind.make(0))
    if type(estimator) is not expected:
        raise ModelFileError(f"{name} holds a {type(estimator).__name__}, {kind.name} is a {expected.__name__}")
    names = [column.name for column in sidecar.columns]
    if getattr(estimator, "n_features_in_", None) != len(names) or set(sidecar.domain) != set(names):
        raise ModelFileError(f"{name} and its description do not have the same features")
    if kind.trees:
        check_trees(estimator, name)
    probe = np.array(sidecar.probe.features)
    if probe.ndim != 2 or probe.shape[1] != len(names) or len(probe) != len(sidecar.probe.predictions):  # noqa: PLR2004
        raise ModelFileError(f"{name}: the probe of its description is not a table of {len(names)} features")
    if not np.allclose(estimator.predict(probe), sidecar.probe.predictions, rtol=TOLERANCE, atol=TOLERANCE):
        raise ModelFileError(f"{name} does not predict what it predicted when it was saved")
