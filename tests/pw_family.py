"""Families of pseudopotentials, and settings, for tests of pw.x."""

from aiida import orm
from aiida.plugins import GroupFactory

from aiida_hezsp.workflows.protocol import load_protocol


def with_sections(dft):
    settings = load_protocol("demo", {"dft": dft})
    return orm.Dict({name: settings[name] for name in ("jobs", "dft")})


def family_of(folder, label, cutoffs):
    from aiida_pseudo.data.pseudo.upf import UpfData

    kind = "pseudo.family.cutoffs" if cutoffs else "pseudo.family"
    family = GroupFactory(kind).create_from_folder(folder, label, pseudo_type=UpfData)
    if cutoffs:
        values = {
            element: {"cutoff_wfc": cutoffs[element][0], "cutoff_rho": cutoffs[element][1]}
            for element in family.elements
        }
        family.set_cutoffs(values, "normal", unit="Ry")
    return family.label
