"""How a molecular dynamics run is made."""

from dataclasses import dataclass

__all__ = ("MdSettings",)


@dataclass(frozen=True)
class MdSettings:
    """Settings of an NVT run.

    `temperature` K; `timestep` fs; `n_steps`; `taut`, time constant of the thermostat, fs; `seed` of the velocities;
    `mobile`, the element whose positions are recorded; `record_every` steps; `frames_every` steps for positions of all
    atoms (None: not recorded); `restart_every` steps; `max_temperature_factor`, times the temperature, beyond which
    a run counts as blown up (instantaneous temperatures of small cells fluctuate by a large part of it).
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
