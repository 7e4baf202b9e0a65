"""From trajectories to transport: MSD, diffusion with errors, conductivity, Arrhenius laws."""

from aiida_hezsp.transport.arrhenius import ArrheniusFit, fit_arrhenius
from aiida_hezsp.transport.diffusion import diffusion_coefficient, diffusion_error, nernst_einstein
from aiida_hezsp.transport.msd import (
    mean_squared_displacement,
    msd_per_ion,
    msd_target,
    msd_target_error,
    remove_drift,
)
from aiida_hezsp.transport.posterior import DiffusionEstimate, diffusion_posterior

__all__ = (
    "ArrheniusFit",
    "DiffusionEstimate",
    "diffusion_coefficient",
    "diffusion_error",
    "diffusion_posterior",
    "fit_arrhenius",
    "mean_squared_displacement",
    "msd_per_ion",
    "msd_target",
    "msd_target_error",
    "nernst_einstein",
    "remove_drift",
)
