"""POTCAR: of each dataset only the header that says what it is."""

import re
from dataclasses import dataclass
from pathlib import Path

from aiida_hezsp.errors import StandinError

__all__ = ("PotcarHeader", "read_potcar")

_DATASET_END = re.compile(r"^ *End of Dataset[^\n]*\n?", re.MULTILINE)
_FIELD = re.compile(r"(\w+)\s*=\s*([^;\n]*)")


@dataclass(frozen=True)
class PotcarHeader:
    """Title, element, valence electrons, mass (u) and recommended cut-off (eV) of one dataset."""

    title: str
    element: str
    zval: float
    pomass: float
    enmax: float


def read_potcar(path: Path) -> tuple[PotcarHeader, ...]:
    """Headers in the order of the file.

    Raises:
        StandinError: the file is missing or a dataset lacks a field.
    """
    if not path.is_file():
        raise StandinError(" ERROR: POTCAR not found, STOPPING")
    datasets = _DATASET_END.split(path.read_text(encoding="utf-8", errors="replace"))
    headers = tuple(_header(text, number) for number, text in enumerate(datasets, 1) if text.strip())
    if not headers:
        raise StandinError(" ERROR: POTCAR is empty")
    return headers


def _header(text: str, number: int) -> PotcarHeader:
    fields = {key: value.strip() for key, value in reversed(_FIELD.findall(text))}
    try:
        title = fields["TITEL"]
        return PotcarHeader(
            title=title,
            element=title.split()[1].split("_")[0].split(".")[0],
            zval=float(fields["ZVAL"].split()[0]),
            pomass=float(fields["POMASS"].split()[0]),
            enmax=float(fields["ENMAX"].split()[0]),
        )
    except (KeyError, IndexError, ValueError) as error:
        raise StandinError(f" ERROR: reading POTCAR failed: dataset {number} has no readable {error}") from None
