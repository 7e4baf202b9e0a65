"""Placeholder POTCARs, generated: enough for aiida-vasp and pymatgen to read, nothing to compute with.

Our own text. The only facts taken over are names (those of pymatgen's MPRelaxSet) and numbers of valence electrons;
no licensed line is in them and VASP cannot run with them.
"""

from pathlib import Path

from ase.data import atomic_masses, atomic_numbers

__all__ = ("FAMILY", "VALENCE_ELECTRONS", "placeholder_potcar", "write_placeholder_potcars")

FAMILY = "hezsp-placeholder"

# Symbol -> valence electrons. The LZSP family first; then what other families and the tests use.
VALENCE_ELECTRONS: dict[str, int] = {
    "Li_sv": 3, "Zr_sv": 12, "Si": 4, "P": 5, "O": 6,
    "Mg_pv": 8, "Ca_sv": 10, "Zn": 12, "Ni_pv": 16, "Co": 9,
    "Al": 3, "In_d": 13, "Ga_d": 13, "Sc_sv": 11, "Y_sv": 11, "Fe_pv": 14, "La": 11, "Gd": 18,
    "Hf_pv": 10, "Ge_d": 14, "Sn_d": 14, "Ti_pv": 10, "Ce": 12,
    "Nb_pv": 11, "Ta_pv": 11, "Sb": 5, "Bi": 5, "V_pv": 11,
    "Na_pv": 7, "F": 7, "S": 6, "Cl": 7, "Br": 7, "I": 7, "Cu_pv": 17,
}  # fmt: skip

_ENMAX = 400.0  # one round number for all: a placeholder recommends nothing

_TEXT = """\
  PAW_PBE {symbol} hezsp-placeholder
   {zval:.3f}
 PLACEHOLDER of the hezsp VASP stand-in: no potential is in this file and VASP cannot use it.
 parameters from PSCTR are:
   VRHFIN ={element}: placeholder
   LEXCH  = PE
   EATOM  =     0.0000 eV,    0.0000 Ry

   TITEL  = PAW_PBE {symbol} hezsp-placeholder
   LULTRA =        F    use ultrasoft PP ?
   IUNSCR =        0    unscreen: 0-lin 1-nonlin 2-no
   RPACOR =     .000    partial core radius
   POMASS = {mass:8.3f}; ZVAL   = {zval:8.3f}    mass and valenz
   RCORE  =    1.000    outmost cutoff radius
   RWIGS  =    1.000; RWIGS  =     .529    wigner-seitz radius (au A)
   ENMAX  = {enmax:8.3f}; ENMIN  = {enmin:8.3f} eV
   ICORE  =        0    local potential
   LCOR   =        F    correct aug charges
   LPAW   =        T    paw PP
   EAUG   =  500.000
   RMAX   =    1.000    core radius for proj-oper
   RAUG   =    1.000    factor for augmentation sphere
   RDEP   =    1.000    radius for radial grids
   QCUT   =   -5.000; QGAM   =   10.000    optimization parameters

 END of PSCTR-controll parameters
 local part
   0.00000000E+00   0.10000000E+01   0.00000000E+00   0.00000000E+00
 End of Dataset
"""


def placeholder_potcar(symbol: str) -> str:
    """Text of the placeholder for a POTCAR symbol such as `Zr_sv`; KeyError if the table lacks it."""
    zval = VALENCE_ELECTRONS[symbol]
    element = symbol.split("_", maxsplit=1)[0]
    mass = float(atomic_masses[atomic_numbers[element]])
    return _TEXT.format(symbol=symbol, element=element, zval=zval, mass=mass, enmax=_ENMAX, enmin=0.75 * _ENMAX)


def write_placeholder_potcars(directory: Path, family: str = FAMILY) -> Path:
    """Write `directory/family/SYMBOL/POTCAR` for every symbol and return `directory/family`.

    That is the layout `aiida-vasp potcar uploadfamily --path DIRECTORY/FAMILY --name NAME` reads.
    """
    root = directory / family
    for symbol in VALENCE_ELECTRONS:
        path = root / symbol / "POTCAR"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(placeholder_potcar(symbol), encoding="utf-8")
    return root
