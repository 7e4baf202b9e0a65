"""Sums of table rows by index; the derivative is the same kind of sum, so that any number of them can be taken."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ("Bags", "SparseMap", "group_by", "sparse_sum")

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Bags:
    """Which rows of a table are summed into each row of the result: the rows of a 0/1 matrix in CSR form."""

    indices: "Tensor"
    offsets: "Tensor"

    @classmethod
    def of(cls, indices: Ints, lengths: Ints) -> "Bags":
        """Make bags of the concatenated `indices`, `lengths` of them for each row of the result."""
        offsets = np.zeros(len(lengths) + 1, dtype=np.int32)
        np.cumsum(lengths, out=offsets[1:])
        return cls(torch.from_numpy(indices.astype(np.int32, copy=False)), torch.from_numpy(offsets))

    def to(self, device: "torch.device") -> "Bags":
        """Return the bags on a device."""
        return Bags(self.indices.to(device), self.offsets.to(device))


@dataclass(frozen=True, eq=False)
class SparseMap:
    """A 0/1 matrix and its transpose, both as bags."""

    rows: Bags
    columns: Bags

    @property
    def transposed(self) -> "SparseMap":
        """The transposed map."""
        return SparseMap(self.columns, self.rows)

    def to(self, device: "torch.device") -> "SparseMap":
        """Return the map on a device."""
        return SparseMap(self.rows.to(device), self.columns.to(device))


def sparse_sum(table: "Tensor", sparse: SparseMap) -> "Tensor":
    """Return result[r] = sum of table[i] for all i in bag r; table (rows, features)."""
    result: Tensor = _SparseSum.apply(table, sparse)  # type: ignore[no-untyped-call]
    return result


def group_by(keys: Ints, n_groups: int) -> tuple[Ints, Ints]:
    """Return the positions of equal keys together, in order of the keys, and how many there are of each."""
    return np.argsort(keys, kind="stable").astype(np.int32), np.bincount(keys, minlength=n_groups)


class _SparseSum(torch.autograd.Function):
    """sum over bags; the backward pass is the sum over the bags of the transpose."""

    @staticmethod
    def forward(ctx: Any, table: "Tensor", sparse: SparseMap) -> "Tensor":
        ctx.sparse = sparse
        return _sum_bags(table, sparse.rows)

    @staticmethod
    def backward(ctx: Any, *gradients: "Tensor") -> "tuple[Tensor, None]":
        return sparse_sum(gradients[0], ctx.sparse.transposed), None


def _sum_bags(table: "Tensor", bags: Bags) -> "Tensor":
    """Return the sums over bags."""
    if len(bags.indices) == 0:
        return table.new_zeros(len(bags.offsets) - 1, table.shape[1])
    return functional.embedding_bag(
        bags.indices, table.contiguous(), bags.offsets, mode="sum", include_last_offset=True
    )
