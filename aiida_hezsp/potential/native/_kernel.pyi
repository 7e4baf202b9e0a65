from typing import Any

from numpy import float32, float64, int32
from numpy.typing import NDArray

SAMPLES: int

def instruction_sets() -> list[str]: ...

class NativeModel:
    def __init__(
        self,
        arrays: dict[str, NDArray[float32]],
        *,
        n_conv: int,
        n_readout: int,
        normed: bool,
        readout_normed: bool,
        elements: int,
        cutoff: float,
        angle_cutoff: float,
        radial_intervals: int,
        angular_intervals: int,
        threads: int,
        instruction_set: str,
    ) -> None: ...
    def evaluate(
        self,
        species: NDArray[int32],
        centers: NDArray[int32],
        neighbors: NDArray[int32],
        vectors: NDArray[float64],
        n_short: int,
        first: NDArray[Any],
        second: NDArray[Any],
        *,
        gradient: bool,
        magmoms: bool,
    ) -> tuple[float, NDArray[float64], NDArray[float64], NDArray[float64]]: ...
    def timings(self) -> dict[str, float]: ...
    @property
    def instruction_set(self) -> str: ...
