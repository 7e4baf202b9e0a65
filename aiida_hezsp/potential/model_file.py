"""CHGNet models as safetensors files: weights and architecture, nothing that could be executed."""

import contextlib
import hashlib
import io
import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiida_hezsp.errors import ModelFileError
from aiida_hezsp.potential.arrays import write_atomically
from aiida_hezsp.potential.model_args import ModelArgs
from aiida_hezsp.potential.safetensor_bytes import safetensor_bytes

if TYPE_CHECKING:
    from chgnet.model import CHGNet

__all__ = ("BUNDLED", "load_model", "read_metadata", "save_model", "sha256_of", "verify_model_file")

FORMAT = "aiida-hezsp.chgnet/1"
BUNDLED = ("0.2.0", "0.3.0", "r2scan")
MAX_BYTES = 256 * 1024**2
MAX_HEADER_BYTES = 16 * 1024**2


def load_model(path_or_name: str | Path) -> "CHGNet":
    """Return a CHGNet on the CPU, in evaluation mode.

    Args:
        path_or_name: a model file, or the name of a model that comes with chgnet: `0.2.0`, `0.3.0`, `r2scan`.

    Raises:
        ModelFileError: the file is missing, damaged, too large, of another format, or its tensors do not fit.
    """
    if str(path_or_name) in BUNDLED:
        return _load_bundled(str(path_or_name))
    path = Path(path_or_name)
    metadata = read_metadata(path)
    model = _build(ModelArgs.read(metadata["model_args"]))
    tensors = _read_tensors(path)
    _check_tensors(path, tensors, model.state_dict())
    model.load_state_dict(tensors)
    return model.eval()


def save_model(
    path: str | Path,
    model: "CHGNet",
    metadata: Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    version: str | None = None,
) -> None:
    """Write a model file, atomically.

    Args:
        path: of the file.
        model: a CHGNet; gradients and optimiser are not stored.
        metadata: free JSON data about where the model comes from (parents, seeds, epochs), stored as `info`.
        name: of the model; the version of its architecture by default.
        version: of the weights; that of the model by default.

    Raises:
        ModelFileError: the model cannot be stored.
    """
    header = {
        "format": FORMAT,
        "model_args": ModelArgs.write(model.model_args),
        "name": name or model.version or "chgnet",
        "version": version or model.version or "",
        "info": json.dumps(dict(metadata or {}), sort_keys=True),
    }
    with write_atomically(Path(path)) as handle:
        handle.write(safetensor_bytes(model.state_dict(), header))


def read_metadata(path: str | Path) -> dict[str, str]:
    """Return the header of a model file: `format`, `model_args` (JSON), `name`, `version`, `info` (JSON).

    Raises:
        ModelFileError: the file is missing, damaged, too large, or of another format.
    """
    path = Path(path)
    header = _read_header(path)
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        found = metadata.get("format") if isinstance(metadata, dict) else None
        raise ModelFileError(f"{path} is not a CHGNet model file: its format is {found!r}, where {FORMAT!r} is needed")
    if missing := sorted({"model_args", "name", "version"} - set(metadata)):
        raise ModelFileError(f"{path}: the header lacks {', '.join(missing)}")
    try:
        info = json.loads(metadata.get("info", "{}"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: `info` in the header is not JSON") from error
    if not isinstance(info, dict):
        raise ModelFileError(f"{path}: `info` in the header is not a JSON object")
    return {str(key): str(value) for key, value in metadata.items()}


def verify_model_file(path: str | Path) -> None:
    """Check a model file completely: format, architecture, names, shapes and values of the tensors.

    Raises:
        ModelFileError: with what is wrong.
    """
    load_model(Path(path))


def sha256_of(path_or_name: str | Path) -> str:
    """Return the SHA-256 checksum of a model file in hexadecimal; for a bundled model that of chgnet's file."""
    path = _bundled_file(str(path_or_name)) if str(path_or_name) in BUNDLED else Path(path_or_name)
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _read_header(path: Path) -> dict[str, Any]:
    """Return the JSON header of a safetensors file, after checking its sizes."""
    try:
        size = path.stat().st_size
        with path.open("rb") as handle:
            length = int.from_bytes(handle.read(8), "little")
            if size > MAX_BYTES:
                raise ModelFileError(f"{path} has {size} bytes: a CHGNet model file has {MAX_BYTES} at most")
            if not 0 < length <= min(size - 8, MAX_HEADER_BYTES):
                raise ModelFileError(f"{path} is damaged or not a safetensors file")
            header = json.loads(handle.read(length))
    except FileNotFoundError:
        known = ", ".join(BUNDLED)
        raise ModelFileError(f"model {str(path)!r} is neither a file nor one of the bundled models {known}") from None
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is damaged or not a safetensors file") from error
    if not isinstance(header, dict):
        raise ModelFileError(f"{path} is damaged or not a safetensors file")
    return header


def _read_tensors(path: Path) -> dict[str, Any]:
    """Return the tensors of a safetensors file whose header has been checked."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelFileError(f"{path} is damaged: {str(error).splitlines()[0]}") from error


def _check_tensors(path: Path, tensors: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Compare names, shapes and types with those of a freshly built model; refuse values that are not finite."""
    if missing := sorted(set(expected) - set(tensors)):
        raise ModelFileError(f"{path}: {len(missing)} tensors are missing, e.g. {missing[0]}")
    if foreign := sorted(set(tensors) - set(expected)):
        raise ModelFileError(f"{path}: {len(foreign)} tensors do not belong to the model, e.g. {foreign[0]}")
    for key, tensor in tensors.items():
        wanted = expected[key]
        if tensor.shape != wanted.shape or tensor.dtype != wanted.dtype:
            raise ModelFileError(
                f"{path}: tensor {key} is {tensor.dtype} {tuple(tensor.shape)}, "
                f"where the architecture has {wanted.dtype} {tuple(wanted.shape)}"
            )
        if not tensor.isfinite().all():
            raise ModelFileError(f"{path}: tensor {key} holds values that are not finite")


def _build(arguments: Mapping[str, Any]) -> "CHGNet":
    """Return an untrained CHGNet, without its constructor's print and without touching the global random state."""
    import torch
    from chgnet.model import CHGNet

    with torch.random.fork_rng(devices=[]), contextlib.redirect_stdout(io.StringIO()):
        return CHGNet(**arguments)


def _load_bundled(name: str) -> "CHGNet":
    """Return a model that comes with chgnet, read without unpickling objects."""
    import torch

    state = torch.load(_bundled_file(name), map_location="cpu", weights_only=True)["model"]
    # 0.2.0 was trained with this bias, although its arguments do not say so (chgnet issue 79).
    model = _build({**state["model_args"], "mlp_out_bias": name == "0.2.0", "version": name})
    model.load_state_dict(state["state_dict"])
    return model.eval()


def _bundled_file(name: str) -> Path:
    """Return the checkpoint that chgnet bundles under a name, without importing chgnet."""
    spec = find_spec("chgnet")
    if spec is None or spec.origin is None:
        raise ModelFileError("chgnet is not installed")
    files = sorted((Path(spec.origin).parent / "pretrained" / name).glob("*.pth.tar"))
    if len(files) != 1:
        raise ModelFileError(f"the installed chgnet does not bundle one model {name!r}")
    return files[0]
