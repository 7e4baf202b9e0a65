"""Labels of compositions: formulas in which "p" stands for the decimal point, as link labels may have none."""

import re

__all__ = ("formula_of_label",)


def formula_of_label(label: str) -> str:
    """Return the formula behind a label such as ``Li3Zr1p5Hf0p5Si2PO12``; a formula comes back as it is."""
    return re.sub(r"(?<=\d)p(?=\d)", ".", label)
