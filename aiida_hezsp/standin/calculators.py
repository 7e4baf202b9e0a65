"""The calculators the stand-in can label with, by name."""

import contextlib
import io
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from aiida_hezsp.errors import StandinError
from aiida_hezsp.standin.kpoints import Kpoints
from aiida_hezsp.standin.settings import SPIN_POLARISED, Settings

__all__ = ("DEFAULT", "NamedCalculator", "make_calculator", "provenance")

DEFAULT = "chgnet-r2scan"
_CHGNET = {"chgnet-r2scan": "r2scan", "chgnet-0.3.0": "0.3.0", "chgnet-0.2.0": "0.2.0"}
_GPAW_CUTOFF = 520.0  # eV where INCAR has no ENCUT


@dataclass(frozen=True)
class NamedCalculator:
    """An ASE calculator and the names it goes by in the outputs."""

    name: str
    provenance: str
    ase: Any


def provenance(name: str) -> str:
    """Code and version behind a name, e.g. `chgnet 0.4.2`; needs no import of that code."""
    package = "chgnet" if name in _CHGNET else "gpaw" if name == "gpaw" else "ase"
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package


def make_calculator(name: str, options: dict[str, Any], settings: Settings, kpoints: Kpoints,
                    threads: int) -> NamedCalculator:  # fmt: skip
    """Build the calculator `name` with its keyword `options`.

    `chgnet-*`: CHGNet with the bundled weights, evaluated by the package's own calculator. `gpaw`: plane waves with
    INCAR's ENCUT, EDIFF, NELM, ISPIN and KPOINTS' mesh unless `options` say otherwise. Anything else:
    ASE's calculator of that name.

    Raises:
        StandinError: unknown name, missing package, or options the calculator refuses.
    """
    try:
        if name in _CHGNET:
            calculator = _chgnet(_CHGNET[name], options, threads)
        elif name == "gpaw":
            calculator = _gpaw(options, settings, kpoints)
        else:
            from ase.calculators.calculator import get_calculator_class

            calculator = get_calculator_class(name)(**options)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise StandinError(
            f" ERROR: no calculator {name!r}: {error}. Known: {', '.join(_CHGNET)}, gpaw, ASE's own (emt, lj, ...)."
        ) from error
    return NamedCalculator(name, provenance(name), calculator)


def _chgnet(model_name: str, options: dict[str, Any], threads: int) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):  # CHGNet announces itself on stdout, which is VASP's here
        from aiida_hezsp.potential import FastCHGNetCalculator

        # VASP writes all of them at every step: one evaluation gives them.
        always = ("forces", "stress", "magmoms")
        return FastCHGNetCalculator(model_name, threads=threads, always=always, **options)


def _gpaw(options: dict[str, Any], settings: Settings, kpoints: Kpoints) -> Any:
    from gpaw import GPAW

    defaults: dict[str, Any] = {
        "mode": {"name": "pw", "ecut": settings.encut or _GPAW_CUTOFF},
        "xc": "PBE",
        "spinpol": settings.ispin == SPIN_POLARISED,
        "convergence": {"energy": settings.ediff},
        "maxiter": max(settings.nelm, 100),
        "txt": "gpaw.txt",
    }
    if kpoints.divisions is not None:
        defaults["kpts"] = {"size": kpoints.divisions, "gamma": kpoints.style == "Gamma"}
    return GPAW(**{**defaults, **options})
