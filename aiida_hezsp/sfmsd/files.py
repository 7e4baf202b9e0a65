"""Model files: the estimator as skops, or JSON for SISSO; all else as JSON beside it. Nothing is ever unpickled."""

import hashlib
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from aiida_hezsp.errors import ModelFileError, SettingsError, TableError
from aiida_hezsp.potential.npy_header import check_npy_members
from aiida_hezsp.sfmsd.models import KINDS, Kind, kind_of
from aiida_hezsp.sfmsd.table import one_line
from aiida_hezsp.sfmsd.trained import Description, TrainedModel
from aiida_hezsp.sfmsd.trees import check_trees

__all__ = ("MAX_BYTES", "MODEL_SUFFIXES", "load_model", "save_model", "sidecar_of")

MAX_BYTES = 256 * 2**20
"""Largest model file that is read, packed or unpacked; the paper's forest takes a few MB."""

MODEL_SUFFIXES = tuple(sorted({kind.suffix for kind in KINDS.values()}))
"""Suffixes of the files that hold an estimator."""

MAX_SIDECAR_BYTES = 16 * 2**20
MAX_SISSO_BYTES = 4 * 2**20

TOLERANCE = 1e-9


class _Sidecar(Description):
    """The description as it is stored: with the checksum of the estimator it belongs to."""

    skops_sha256: str | None = None
    sisso_sha256: str | None = None


_CHECKSUMS = ("skops_sha256", "sisso_sha256")


def _checksum_field(kind: Kind) -> str:
    """Return the field of the description that has the checksum of the estimator's file."""
    return f"{kind.suffix.removeprefix('.')}_sha256"


def sidecar_of(path: str | Path) -> Path:
    """Return where the description of a model is: beside it, ``.json`` instead of ``.skops`` or ``.sisso``."""
    return Path(path).with_suffix(".json")


def save_model(model: TrainedModel, path: str | Path) -> None:
    """Write a model: the estimator to `path` and the description beside it (``.json``).

    The bytes of a skops file differ from one writing to the next (it holds times and memory addresses): the
    checksum in the description tells which description belongs to which file, not whether two models are equal.

    Args:
        model: trained.
        path: ends in ``.skops``, for SISSO in ``.sisso`` (which is JSON).

    Raises:
        ModelFileError: the name does not end so.
    """
    target, kind = Path(path), kind_of(model.kind)
    if target.suffix != kind.suffix:
        raise ModelFileError(f"{target.name}: the name of a model file ends in {kind.suffix} ({kind.name})")
    data = _dump(model.estimator, kind)
    checksum: dict[str, Any] = {_checksum_field(kind): hashlib.sha256(data).hexdigest()}
    sidecar = _Sidecar(**dict(model.description), **checksum)
    target.write_bytes(data)
    text = sidecar.model_dump_json(indent=1, exclude=set(_CHECKSUMS) - set(checksum))
    sidecar_of(target).write_text(text + "\n", encoding="utf8")


def _dump(estimator: Any, kind: Kind) -> bytes:
    """Return the content of an estimator's file."""
    if kind.suffix == ".sisso":
        text: str = estimator.dumps()
        return text.encode("utf8")
    import skops.io

    data: bytes = skops.io.dumps(estimator, compression=zipfile.ZIP_DEFLATED)
    return data


def load_model(path: str | Path) -> TrainedModel:
    """Read a model that may come from anywhere.

    Before anything is built from it: sizes are limited, the description is valid and its checksum is that of the
    estimator's file, and a skops file asks for nothing but scikit-learn's defaults and the kind's own list; a SISSO
    file holds a record with a schema. After that: the estimator is of the stated kind, its trees are well-formed, and
    it predicts what it predicted when saved.

    Raises:
        ModelFileError: one of these does not hold.
    """
    source = Path(path)
    sidecar = _read_sidecar(sidecar_of(source))
    data = _read(source, MAX_BYTES)
    try:
        kind = kind_of(sidecar.kind)
    except TableError as error:
        raise ModelFileError(f"{source.name}: {error}") from None
    if hashlib.sha256(data).hexdigest() != getattr(sidecar, _checksum_field(kind)):
        raise ModelFileError(
            f"{source.name} is not the file that {sidecar_of(source).name} describes: damaged or swapped"
        )
    estimator = _read_sisso(data, source.name) if kind.suffix == ".sisso" else _read_estimator(data, kind, source.name)
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


def _read_sisso(data: bytes, name: str) -> Any:
    """Build a SISSO estimator."""
    from aiida_hezsp.sfmsd.sisso import SISSORegressor

    if len(data) > MAX_SISSO_BYTES:
        raise ModelFileError(f"{name} has {len(data)} bytes, more than the {MAX_SISSO_BYTES} that are read")
    try:
        return SISSORegressor.loads(data)
    except (ModelFileError, SettingsError) as error:
        raise ModelFileError(f"{name}: {error}") from None


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
        OSError,
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
    _check_shapes(sidecar, len(names), name)
    probe = np.array(sidecar.probe.features)
    if not np.allclose(estimator.predict(probe), sidecar.probe.predictions, rtol=TOLERANCE, atol=TOLERANCE):
        raise ModelFileError(f"{name} does not predict what it predicted when it was saved")


def _check_shapes(sidecar: _Sidecar, n_features: int, name: str) -> None:
    """Check that the tables of the description fit the features, and their columns each other."""
    tables = {
        "probe": (sidecar.probe.features, sidecar.probe.predictions),
        "calibration": (sidecar.calibration.rows, sidecar.calibration.residuals),
    }
    for what, (rows, values) in tables.items():
        if not rows or len(rows) != len(values) or any(len(row) != n_features for row in rows):
            raise ModelFileError(f"{name}: the {what} of its description is not a table of {n_features} features")
    if sidecar.calibration.neighbours >= len(sidecar.calibration.rows):
        raise ModelFileError(f"{name}: its calibration asks for more neighbours than it has rows")
