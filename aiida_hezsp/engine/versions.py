"""Versions of everything a result depends on."""

import platform
from importlib.metadata import PackageNotFoundError, version

__all__ = ("versions",)

PACKAGES = ("aiida-hezsp", "ase", "chgnet", "numpy", "pymatgen", "scikit-learn", "scipy", "skops", "torch")


def versions() -> dict[str, str]:
    """Return the installed versions by name, Python's among them."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
