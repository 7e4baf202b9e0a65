"""What a dataset of labelled images holds: energies, forces and volumes by composition."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.potential.images import ImageSet
from aiida_hezsp.report.style import COLORS, GREY, WIDTH, mark_standin, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ("dataset_figure", "dataset_rows", "force_norms")

_MILLI = 1000.0
_LINEAR = 10.0  # meV/atom; the axis is logarithmic above, so that outliers do not flatten the rest
_NAMED = 40  # more compositions than this are numbered, not named
_WIDE = 12  # compositions that the usual width has room for
_SPREAD = 0.7  # of the room between two compositions


def force_norms(images: ImageSet) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the largest and the root mean square force norm (eV/A) of every image, (N,) each."""
    norms = np.linalg.norm(images.forces, axis=1)
    starts = images.offsets[:-1]
    mean_squares = np.add.reduceat(norms**2, starts) / images.n_atoms
    return np.maximum.reduceat(norms, starts), np.sqrt(mean_squares)


def dataset_rows(images: ImageSet) -> list[dict[str, Any]]:
    """Return one row per composition, in the order of their first images.

    Energies are eV/atom, forces eV/A, volumes A^3 per atom; `stress` and `magmoms` count the images that have them.
    """
    largest, rms = force_norms(images)
    volumes = np.abs(np.linalg.det(images.cells)) / images.n_atoms
    has_stress = np.isfinite(images.stresses).all(axis=(1, 2))
    has_moments = np.minimum.reduceat(np.isfinite(images.magmoms), images.offsets[:-1]).astype(bool)
    rows = []
    for group in dict.fromkeys(images.groups.tolist()):
        of = images.groups == group
        energies = images.energies_per_atom[of]
        rows.append(
            {
                "group": group,
                "images": int(of.sum()),
                "energy_low": float(energies.min()),
                "energy_high": float(energies.max()),
                "force_rms": float(np.sqrt((rms[of] ** 2 * images.n_atoms[of]).sum() / images.n_atoms[of].sum())),
                "force_max": float(largest[of].max()),
                "volume_low": float(volumes[of].min()),
                "volume_high": float(volumes[of].max()),
                "stress": int((of & has_stress).sum()),
                "magmoms": int((of & has_moments).sum()),
            }
        )
    return rows


def dataset_figure(
    images: ImageSet, title: str, *, standin: bool, removed: Sequence[Mapping[str, Any]] = ()
) -> "Figure":
    """Draw every image: energy above the lowest of its composition, largest and mean force, volume per atom.

    Images of one composition stand side by side in the order in which the dataset holds them; early ionic steps are
    dark, late ones light.

    Args:
        images: the dataset.
        title: of the figure.
        standin: whether the stand-in made the labels.
        removed: images left out, as `merge_images` records them; those with an energy are drawn as crosses.
    """
    groups = list(dict.fromkeys(images.groups.tolist()))
    x = _places(images, groups)
    lowest = {group: images.energies_per_atom[images.groups == group].min() for group in groups}
    energies = _MILLI * (images.energies_per_atom - np.array([lowest[group] for group in images.groups.tolist()]))
    largest, rms = force_norms(images)
    volumes = np.abs(np.linalg.det(images.cells)) / images.n_atoms
    with styled():
        figure = new_figure(WIDTH * max(1.0, min(len(groups), _NAMED) / _WIDE), 6.4)
        axes = figure.subplots(3, 1, sharex=True)
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
        points = {"c": images.steps, "cmap": "viridis", "s": 11, "linewidths": 0}
        shown = axes[0].scatter(x, energies, **points)
        _crosses(axes[0], removed, groups, lowest)
        axes[0].set_yscale("symlog", linthresh=_LINEAR)
        axes[0].set_ylim(bottom=-_LINEAR / 5)
        axes[0].set_ylabel("energy above the\nlowest (meV/atom)")
        axes[1].scatter(x, np.maximum(rms, 1e-4), s=7, color=GREY, linewidths=0, label="root mean square")
        axes[1].scatter(x, np.maximum(largest, 1e-4), **points, label="largest")
        axes[1].set_yscale("log")
        axes[1].set_ylabel("force norm (eV/Å)")
        axes[1].legend(loc="lower right", bbox_to_anchor=(1.0, 0.96), ncols=2, markerscale=1.5, borderpad=0.0)
        axes[2].scatter(x, volumes, **points)
        axes[2].set_ylabel("volume (Å³/atom)")
        _name(axes[2], groups)
        figure.colorbar(shown, ax=axes, label="ionic step of its calculation", shrink=0.5, aspect=30, pad=0.01)
        mark_standin(figure, standin)
    return figure


def _places(images: ImageSet, groups: list[str]) -> NDArray[np.float64]:
    """Return where each image stands: round the number of its composition, in order."""
    x = np.empty(len(images))
    for number, group in enumerate(groups):
        members = np.flatnonzero(images.groups == group)
        x[members] = number + _SPREAD * (np.arange(len(members)) - (len(members) - 1) / 2) / max(len(members), 2)
    return x


def _crosses(
    axes: "Axes", removed: Sequence[Mapping[str, Any]], groups: list[str], lowest: Mapping[str, float]
) -> None:
    """Mark the images that were left out for their energies."""
    known = [entry for entry in removed if entry.get("energy_per_atom") is not None and entry["group"] in lowest]
    if known:
        x = [groups.index(entry["group"]) for entry in known]
        y = [_MILLI * (entry["energy_per_atom"] - lowest[entry["group"]]) for entry in known]
        axes.scatter(x, y, marker="x", s=26, color=COLORS[1], label=f"left out ({len(known)})")
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.96), borderpad=0.0)


def _name(axes: "Axes", groups: list[str]) -> None:
    """Name the compositions, or number them where there are too many."""
    axes.set_xlim(-0.7, len(groups) - 0.3)
    if len(groups) > _NAMED:
        axes.set_xlabel(f"{len(groups)} compositions, in the order of the dataset")
        return
    axes.set_xticks(range(len(groups)), groups, rotation=60, ha="right", fontsize=7)
