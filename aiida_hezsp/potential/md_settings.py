"""How a molecular dynamics run is made."""

from dataclasses import dataclass

__all__ = ("MdSettings",)


@dataclass(frozen=True)
class MdSettings:
    """Settings of an NVT run.

    `temperature` K; `timestep` fs; `n_steps`; `taut`, time constant of the thermostat, fs; `seed` of the velocities;
    `mobile`, the element whose positions are recorded; `record_every` steps; `frames_every` steps for positions of all
    atoms (None: not recorded); `restart_every` steps.

    A run counts as blown up beyond `max_temperature_factor` times the temperature (instantaneous temperatures of small
    cells fluctuate by a large part of it); where an atom of the framework, everything but the mobile element, is
    farther than `max_displacement` A from its place at the start, the common drift left out; and where two atoms are
    closer than `min_distance` A.
    """

    temperature: float = 1000.0
    timestep: float = 1.0
    n_steps: int = 100_000
    taut: float = 100.0
    seed: int = 1
    mobile: str = "Li"
    record_every: int = 10
    frames_every: int | None = None
    restart_every: int = 1000
    max_temperature_factor: float = 5.0
    max_displacement: float = 5.0
    min_distance: float = 0.5
