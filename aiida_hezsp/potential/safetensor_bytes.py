"""Write safetensors reproducibly: the same tensors and header give the same bytes, hence the same checksum.

The library's own writer orders the header by a random hash. The format: 8 bytes with the length of the header (little
endian), the header as JSON padded with spaces to a multiple of 8, the tensors' bytes
(https://huggingface.co/docs/safetensors, "Format"). Files are read, and checked, by the library.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ("safetensor_bytes",)

DTYPES = {"float32": "F32", "float64": "F64", "int64": "I64", "int32": "I32", "uint8": "U8", "bool": "BOOL"}


def safetensor_bytes(tensors: "Mapping[str, Tensor]", metadata: Mapping[str, str]) -> bytes:
    """Return the bytes of a safetensors file.

    Args:
        tensors: by name, of the types in `DTYPES`.
        metadata: the file's `__metadata__`.
    """
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))}
    chunks: list[bytes] = []
    offset = 0
    for name, tensor in sorted(tensors.items()):
        array = np.ascontiguousarray(tensor.detach().cpu().numpy())
        data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        span = [offset, offset + len(data)]
        header[name] = {"dtype": DTYPES[array.dtype.name], "shape": list(tensor.shape), "data_offsets": span}
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(chunks)
