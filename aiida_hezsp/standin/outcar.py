"""OUTCAR: what aiida-vasp's and pymatgen's readers take from it, and the structure and forces of every step."""

import resource
import time
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.standin.inputs import Job
from aiida_hezsp.standin.step import Step

__all__ = ("OutcarWriter",)

FloatArray = NDArray[np.float64]

_RULE = "-" * 104


class OutcarWriter:
    """Writes the header, one block an ionic step, and the timing section whose absence means 'did not finish'."""

    def __init__(self, stream: TextIO, comment: str) -> None:
        self._stream = stream
        self._started = time.perf_counter()
        self._n_electrons = 0.0
        self._moments = False
        self._write(f" {comment}", "", " running on    1 total cores", "")

    def begin(self, job: Job, method: str) -> None:
        """Write what was read; `method` says how ions are moved."""
        settings = job.settings
        self._n_electrons = job.n_electrons
        self._moments = settings.writes_moments
        grid = 2 * np.ceil(np.linalg.norm(job.poscar.cell, axis=1) * 4).astype(int)
        self._write(
            f" {method}",
            *(f" POTCAR:    {header.title}" for header in job.potcar),
            "",
            f"   k-points           NKPTS = {len(job.kpoints.points):6d}   k-points in BZ     NKDIM = "
            f"{len(job.kpoints.points):6d}   number of bands    NBANDS= {job.n_bands:6d}",
            f"   number of dos      NEDOS =    301   number of ions     NIONS = {len(job.atoms):6d}",
            f"   total plane-waves  NPLWV = {int(np.prod(grid)):6d}",
            "",
            f"   SYSTEM =  {settings.system}",
            f"   ISPIN  = {settings.ispin:6d}    spin polarized calculation?",
            f"   NELM   = {settings.nelm:6d};   NELMIN= {settings.nelmin:2d}; NELMDL= -5     # of ELM steps",
            f"   EDIFF  = {settings.ediff:8.1E}   stopping-criterion for ELM",
            f"   EDIFFG = {settings.ediffg:8.1E}   stopping-criterion for IOM",
            f"   NSW    = {settings.nsw:6d}    number of steps for IOM",
            f"   IBRION = {settings.ibrion:6d}    ionic relax: 0-MD 1-quasi-New 2-CG",
            f"   ISIF   = {settings.isif:6d}    stress and relaxation",
            f"   POTIM  = {settings.potim:8.4f}    time-step for ionic-motion",
            f"   TEBEG  = {settings.tebeg:6.1f};   TEEND  = {settings.teend:6.1f} temperature during run",
            f"   LORBIT = {settings.lorbit:6d}    0 simple, 1 ext, 2 COOP (PROOUT), +10 PAW based schemes",
            f"   NELECT = {job.n_electrons:12.4f}    total number of electrons",
            "",
        )

    def step(self, step: Step) -> None:
        """Write one ionic step."""
        for number in range(1, len(step.scf.energies) + 1):
            self._iteration(step, number)
        if step.scf.converged:
            self._write("", "------------------------ aborting loop because EDIFF is reached " + "-" * 40, "")
        self._moment_table(step)
        self._stress(step)
        self._cell(step)
        self._forces(step)
        self._energies(step)
        self._stream.flush()

    def cut(self, step: Step) -> None:
        """Write the start of an ionic step and no more, as a killed VASP leaves it."""
        self._iteration(step, 1)
        self._stream.flush()

    def end(self, *, reached: bool) -> None:
        """Write the end of a run that finished."""
        if reached:
            self._write(" reached required accuracy - stopping structural energy minimisation", "")
        usage = resource.getrusage(resource.RUSAGE_SELF)
        elapsed = time.perf_counter() - self._started
        self._write(
            "",
            " General timing and accounting informations for this job:",
            " ========================================================",
            "",
            f"                  Total CPU time used (sec): {usage.ru_utime + usage.ru_stime:12.3f}",
            f"                            User time (sec): {usage.ru_utime:12.3f}",
            f"                          System time (sec): {usage.ru_stime:12.3f}",
            f"                         Elapsed time (sec): {elapsed:12.3f}",
            "",
            f"                   Maximum memory used (kb): {usage.ru_maxrss:12.0f}.",
            "                   Average memory used (kb):          N/A",
            "",
        )

    def note(self, text: str) -> None:
        """Write a message, such as the reason to stop."""
        self._write("", text)

    def _write(self, *lines: str) -> None:
        self._stream.write("\n".join(lines) + "\n")

    def _iteration(self, step: Step, number: int) -> None:
        rule = "-" * 39
        self._write("", f"{rule} Iteration {step.number:6d}({number:4d})  {rule}", "")
        energy = step.scf.energies[number - 1]
        moments = step.labels.magmoms
        magnetization = "" if moments is None else f"{moments.sum():14.7f}"
        self._write(
            f" number of electron   {self._n_electrons:14.7f} magnetization {magnetization}",
            "",
            "  Free energy of the ion-electron system (eV)",
            "  ---------------------------------------------------",
            f"  free energy    TOTEN  = {energy:18.8f} eV",
            "",
        )

    def _moment_table(self, step: Step) -> None:
        """The calculator resolves no orbitals: the moment stands under `tot`, s, p and d are zero."""
        if not self._moments or step.labels.magmoms is None:
            return
        moments = step.labels.magmoms
        zeros = "".join(f"{0.0:8.3f}" for _ in range(3))
        rows = [f"{number:5d}     {zeros}{moment:8.3f}" for number, moment in enumerate(moments, 1)]
        title = ["", " magnetization (x)", " ", "# of ion       s       p       d       tot", "-" * 42]
        self._write(*title, *rows, "-" * 50, f"tot       {zeros}{moments.sum():8.3f}", "")

    def _stress(self, step: Step) -> None:
        stress = step.labels.stress
        if stress is None:
            return
        voigt = stress[[0, 1, 2, 0, 1, 2], [0, 1, 2, 1, 2, 0]]
        self._write(
            "  FORCE on cell =-STRESS in cart. coord.  units (eV):",
            "  Direction    XX          YY          ZZ          XY          YZ          ZX",
            "  " + "-" * 86,
            "  in kB  " + "".join(f"{value:12.5f}" for value in voigt),
            f"  external pressure = {np.trace(stress) / 3:12.5f} kB  Pullay stress =        0.00 kB",
            "",
        )

    def _cell(self, step: Step) -> None:
        cell = np.array(step.atoms.cell)
        reciprocal = np.linalg.inv(cell).T
        rows = ["".join(f"{value:13.9f}" for value in (*a, *b)) for a, b in zip(cell, reciprocal, strict=True)]
        self._write(
            " VOLUME and BASIS-vectors are now :",
            " " + "-" * 77,
            f"  volume of cell : {step.atoms.get_volume():12.4f}",
            "      direct lattice vectors                 reciprocal lattice vectors",
            *(f"    {row}" for row in rows),
            "",
        )

    def _forces(self, step: Step) -> None:
        drift = step.labels.forces.sum(axis=0)
        rows = np.hstack([step.atoms.positions, step.labels.forces])
        self._write(
            " POSITION                                       TOTAL-FORCE (eV/Angst)",
            " " + "-" * 83,
            *("".join(f"{value:13.5f}" for value in row[:3]) + "   " + "".join(f"{value:14.6f}" for value in row[3:])
              for row in rows),
            " " + "-" * 83,
            "    total drift:                      " + "".join(f"{value:14.6f}" for value in drift),
            "",
        )  # fmt: skip

    def _energies(self, step: Step) -> None:
        energy = step.scf.energy
        self._write(
            _RULE,
            "  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)",
            "  ---------------------------------------------------",
            f"  free  energy   TOTEN  = {energy:18.8f} eV",
            "",
            f"  energy  without entropy= {energy:18.8f}  energy(sigma->0) = {energy:18.8f}",
            "",
        )
        if step.thermo is not None:
            self._write(
                f"  kinetic energy EKIN   = {step.thermo.kinetic:18.8f}",
                f"  (temperature {step.thermo.temperature:10.2f} K)",
                f"  total energy   ETOTAL = {step.thermo.conserved:18.8f} eV",
                "",
            )
