"""numba's compiler with the types kept, so that the rest of the code is checked as usual."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

__all__ = ("compiled",)

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function at its first call, and keep the result beside the source for the next process.

    Sums may be reordered, so that the processor's vector units are used; NaN and infinities keep their meaning.
    """
    return cast("F", njit(cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})(function))
