"""Molecular dynamics at fixed cell (IBRION=0): ASE's Nose-Hoover chain (SMASS>=0 or MDALGO=2) or velocity Verlet (-3).

SMASS is not used as a mass: the thermostat's time is 40 POTIM, VASP's choice for SMASS=0. Velocities come from
POSCAR, or are drawn at TEBEG with zero total momentum and a seed from RANDOM_SEED or, without it, from the positions.
CONTCAR holds the thermostat's state as well, as VASP's does: a run that is continued from it goes on as if it had never
ended.
"""

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import PropertyNotImplementedError
from ase.md.nose_hoover_chain import NoseHooverChainNVT
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary
from ase.md.verlet import VelocityVerlet
from numpy.typing import NDArray

from aiida_hezsp.errors import StandinError
from aiida_hezsp.standin.labels import Labels, evaluate, guarded
from aiida_hezsp.standin.settings import NVE_SMASS, Settings
from aiida_hezsp.standin.step import Thermo

__all__ = ("run_dynamics",)

FloatArray = NDArray[np.float64]

_THERMOSTAT_STEPS = 40


def run_dynamics(
    atoms: Atoms, settings: Settings, *, has_velocities: bool, thermostat: FloatArray | None = None
) -> Iterator[tuple[Labels, Thermo]]:
    """Move `atoms` in place; yield labels and thermodynamics of NSW steps.

    After the last one `atoms` hold the positions and velocities of the step that would follow, so that a run started
    from CONTCAR continues without repeating a frame, as with VASP. `thermostat` is the state (6,) that an earlier run
    left; the present one is kept in `atoms.info["thermostat"]`.
    """
    if not has_velocities:
        _draw_velocities(atoms, settings)
    integrator = _integrator(atoms, settings)
    if thermostat is not None and has_velocities:
        _set_thermostat(integrator, thermostat)
    for number, _ in enumerate(guarded(integrator.irun(steps=settings.nsw))):
        _keep_thermostat(atoms, integrator)
        if number < settings.nsw:
            labels = evaluate(atoms)
            yield labels, _thermo(atoms, labels, integrator)


def _draw_velocities(atoms: Atoms, settings: Settings) -> None:
    seed = settings.random_seed
    if seed is None:
        seed = zlib.crc32(np.round(atoms.positions, 6).tobytes())
    rng = np.random.default_rng(abs(seed))
    MaxwellBoltzmannDistribution(atoms, temperature_K=settings.tebeg, rng=rng)
    Stationary(atoms)
    temperature = _temperature(atoms)
    if temperature > 0:
        atoms.set_velocities(atoms.get_velocities() * np.sqrt(settings.tebeg / temperature))


def _integrator(atoms: Atoms, settings: Settings) -> Any:
    timestep = settings.potim * units.fs
    if settings.smass == NVE_SMASS and settings.mdalgo == 0:
        return VelocityVerlet(atoms, timestep=timestep)
    if settings.teend != settings.tebeg:
        raise StandinError(" ERROR: TEEND differs from TEBEG: the stand-in keeps one temperature.")
    if settings.tebeg <= 0:
        raise StandinError(" Error reading item 'TEBEG' from file INCAR: NVT needs a temperature above 0 K.")
    # ASE's thermostat counts 3N degrees of freedom, VASP 3N-3.
    target = settings.tebeg * _degrees(atoms) / (3 * len(atoms))
    return NoseHooverChainNVT(atoms, timestep=timestep, temperature_K=target, tdamp=_THERMOSTAT_STEPS * timestep)


def _set_thermostat(integrator: Any, state: FloatArray) -> None:
    """Take up the state of an earlier run; ASE has no public way to do so."""
    if isinstance(integrator, NoseHooverChainNVT):
        chain = integrator._thermostat  # noqa: SLF001
        chain._eta[:], chain._p_eta[:] = np.split(state, 2)  # noqa: SLF001


def _keep_thermostat(atoms: Atoms, integrator: Any) -> None:
    if isinstance(integrator, NoseHooverChainNVT):
        chain = integrator._thermostat  # noqa: SLF001
        atoms.info["thermostat"] = np.concatenate([chain._eta, chain._p_eta])  # noqa: SLF001


def _degrees(atoms: Atoms) -> int:
    return max(3 * len(atoms) - 3, 1)


def _temperature(atoms: Atoms) -> float:
    return float(2 * atoms.get_kinetic_energy() / (_degrees(atoms) * units.kB))


def _thermo(atoms: Atoms, labels: Labels, integrator: Any) -> Thermo:
    kinetic = float(atoms.get_kinetic_energy())
    return Thermo(_temperature(atoms), kinetic, _conserved(integrator, labels.energy + kinetic))


def _conserved(integrator: Any, mechanical: float) -> float:
    """Energy with the thermostat's share (eV), where integrator and calculator can tell it."""
    try:
        return float(integrator.get_conserved_energy())
    except (AttributeError, PropertyNotImplementedError):
        return mechanical
