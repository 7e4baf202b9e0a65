"""How many images are evaluated at a time."""

from collections.abc import Sequence

__all__ = ("micro_batches",)

ATOMS_AT_A_TIME = 160  # about 1.5 GB in training, and enough to keep a core busy


def micro_batches(indices: Sequence[int], n_atoms: Sequence[int], size: int | None) -> list[Sequence[int]]:
    """Return images in runs that are evaluated together.

    Args:
        indices: of the images, in order.
        n_atoms: of every image, by index.
        size: images in a run; None: as many as have `ATOMS_AT_A_TIME` atoms together, at least one.
    """
    if size is not None:
        return [indices[begin : begin + size] for begin in range(0, len(indices), size)]
    runs: list[list[int]] = []
    atoms = 0
    for index in indices:
        if not runs or atoms + n_atoms[index] > ATOMS_AT_A_TIME:
            runs.append([])
            atoms = 0
        runs[-1].append(index)
        atoms += int(n_atoms[index])
    return list(runs)
