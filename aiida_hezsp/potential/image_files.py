"""Image sets from extended XYZ files, of our own making or of others."""

from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from aiida_hezsp.errors import ImageError
from aiida_hezsp.potential.images import ImageSet

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ("images_from_atoms", "read_extxyz")

GROUP_KEYS = ("group", "composition")
SOURCE_KEYS = ("source", "id")


def read_extxyz(file: str | Path | IO[str], engine: str | None = None) -> ImageSet:
    """Return the images of an extended XYZ file, e.g. of `ImageSet.to_extxyz`: see `images_from_atoms`.

    Args:
        file: path, or an open text file.
        engine: what made the labels, where frames do not say so.

    Raises:
        ImageError: it is no such file, or a frame lacks what an image needs.
    """
    from ase.io import read

    if isinstance(file, str | Path) and not Path(file).is_file():
        raise ImageError(f"{file}: there is no such file")
    try:
        frames = read(file, index=":", format="extxyz")
    except Exception as error:  # ASE's reader raises whatever the text makes it stumble over
        raise ImageError(f"not an extended XYZ file that ASE can read ({type(error).__name__}: {error})") from error
    return images_from_atoms(frames, engine)


def images_from_atoms(frames: Iterable["Atoms"], engine: str | None = None) -> ImageSet:
    """Return labelled ASE atoms as images.

    Energy (eV) and forces (eV/A) are needed, stress (eV/A^3, tension positive) and moments (mu_B) are taken where they
    are there. Of `info`: `group` or `composition` labels the composition (the reduced formula otherwise), `source` or
    `id` the calculation (the frame's number otherwise), `step` the ionic step (0), `engine` what made the labels.

    Args:
        frames: with a calculator that holds the results, as ASE's readers give them.
        engine: what made the labels, where frames do not say so.

    Raises:
        ImageError: there is no frame, or one lacks energy, forces, a periodic cell or its engine.
    """
    found = [_image(number, atoms, engine) for number, atoms in enumerate(frames)]
    if not found:
        raise ImageError("there is no image")
    return ImageSet.concatenate(found)


def _image(number: int, atoms: "Atoms", engine: str | None) -> ImageSet:
    """Return one frame."""
    from ase import units

    results: dict[str, Any] = {} if atoms.calc is None else atoms.calc.results
    engine = atoms.info.get("engine", engine)
    lacking = [name for name in ("energy", "forces") if name not in results]
    lacking += [] if atoms.pbc.all() else ["a cell that is periodic in all directions"]
    lacking += [] if engine else ["what made its labels (`engine`)"]
    if lacking:
        raise ImageError(f"frame {number} ({atoms.symbols}) lacks {', '.join(lacking)}")
    stress = [atoms.get_stress(voigt=False, apply_constraint=False) / units.GPa] if "stress" in results else None
    moments = results.get("magmoms")
    image = ImageSet.from_frames(
        symbols=atoms.get_chemical_symbols(),
        cells=[atoms.cell.array],
        positions=[atoms.positions],
        energies=[results["energy"]],
        forces=[results["forces"]],
        stresses=stress,
        magmoms=None if moments is None else [moments],
        group=_info(atoms, GROUP_KEYS, atoms.symbols.formula.reduce()[0]),
        source=_info(atoms, SOURCE_KEYS, number),
        engine=str(engine),
    )
    image.steps[:] = _step(number, atoms.info.get("step", 0))
    return image


def _step(number: int, value: object) -> int:
    """Return an ionic step."""
    if not isinstance(value, int | np.integer):
        raise ImageError(f"frame {number}: its step is {value!r}, not a whole number")
    return int(value)


def _info(atoms: "Atoms", keys: Iterable[str], default: object) -> str:
    """Return the first of some entries of `info`."""
    return str(next((atoms.info[key] for key in keys if key in atoms.info), default))
