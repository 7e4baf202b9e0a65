"""OSZICAR, and the same lines on stdout.

The mark of the stand-in stands at the end of the first header line, because pymatgen's Oszicar takes every line it
does not know for an ionic step.
"""

from typing import TextIO

from aiida_hezsp.standin.step import Step

__all__ = ("OszicarWriter",)

_HEADER = "       N       E                     dE             d eps       ncg     rms          rms(c)"


class OszicarWriter:
    """Writes electronic steps and the summary of every ionic step, each flushed, so that they show progress."""

    def __init__(self, stream: TextIO, comment: str = "") -> None:
        self._stream = stream
        self._comment = comment
        self._last: float | None = None

    def step(self, step: Step) -> None:
        """Write one ionic step."""
        self._electronic(step, len(step.scf.energies))
        self._stream.write(self._summary(step) + "\n")
        self._stream.flush()
        self._last = step.scf.energy

    def cut(self, step: Step) -> None:
        """Write the first electronic step of `step` and no more, as a killed VASP leaves it."""
        self._electronic(step, 1)
        self._stream.flush()

    def _electronic(self, step: Step, count: int) -> None:
        self._stream.write(_HEADER + (f"    {self._comment}" if self._comment else "") + "\n")
        self._comment = ""
        pairs = zip(step.scf.energies[:count], step.scf.changes()[:count], strict=True)
        for number, (energy, change) in enumerate(pairs, 1):
            self._stream.write(
                f"DAV: {number:3d}    {energy:19.12E}   {change:12.5E}   {change:12.5E}     1   0.000E+00\n"
            )

    def _summary(self, step: Step) -> str:
        energy = step.scf.energy
        if step.thermo is not None:
            thermo = step.thermo
            return (
                f"{step.number:7d} T= {thermo.temperature:6.0f}. E= {thermo.conserved:.8E} F= {energy:.8E} "
                f"E0= {energy:.8E}  EK= {thermo.kinetic:.5E} SP= 0.00E+00 SK= 0.00E+00"
            )
        change = energy if self._last is None else energy - self._last
        moments = step.labels.magmoms
        tail = "" if moments is None else f"  mag= {moments.sum():10.4f}"
        return f"{step.number:4d} F= {energy:.8E} E0= {energy:.8E}  d E ={change:.6E}{tail}"
