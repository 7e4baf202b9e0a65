"""Versions of everything a result depends on."""

import platform
from importlib.metadata import PackageNotFoundError, version

from aiida_hezsp.potential.native import why_not

__all__ = ("kernel", "versions")

PACKAGES = ("aiida-hezsp", "ase", "chgnet", "numpy", "pymatgen", "scikit-learn", "scipy", "skops", "torch")


def versions() -> dict[str, str]:
    """Return the installed versions by name, Python's and the kernel's instruction set among them."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found | {"native kernel": kernel()}


def kernel() -> str:
    """Return the instruction set of the native kernel, or `not built`."""
    if why_not() is not None:
        return "not built"
    from aiida_hezsp.potential.native._kernel import instruction_sets

    return instruction_sets()[0]
