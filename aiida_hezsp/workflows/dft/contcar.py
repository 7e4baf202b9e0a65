"""What CONTCAR holds after molecular dynamics."""

import warnings
from typing import Any

import numpy as np
from aiida import orm

from aiida_hezsp.errors import TrajectoryError

__all__ = ("contcar_positions",)


def contcar_positions(retrieved: orm.FolderData) -> Any:
    """Return the fractional positions (atoms, 3) of a CONTCAR from which a run can be continued.

    Raises:
        TrajectoryError: CONTCAR is missing or cut off, or has no velocities.
    """
    from pymatgen.io.vasp.inputs import Poscar

    if "CONTCAR" not in retrieved.base.repository.list_object_names():
        raise TrajectoryError("there is no CONTCAR to continue from")
    text = retrieved.base.repository.get_object_content("CONTCAR")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            poscar = Poscar.from_str(text)
    except (ValueError, IndexError, AttributeError) as error:
        raise TrajectoryError("CONTCAR is cut off") from error
    velocities = np.asarray(poscar.velocities if poscar.velocities is not None else [], dtype=float)
    if velocities.shape != (len(poscar.structure), 3):
        raise TrajectoryError("CONTCAR has no velocities to continue with")
    return poscar.structure.frac_coords
