"""Energies of different levels of theory never stand in one dataset."""

from aiida_hezsp.provenance.import_vasp.levels import by_level, name_of

PBE = {"functional": "PBE", "POTCARs": "PAW_PBE", "ENCUT": 520.0}


def grouped(*levels):
    return [members for _, members in by_level(range(len(levels)), levels.__getitem__)]


def test_cells_of_other_elements_go_together():
    iron = {**PBE, "POTCAR of Fe": "PAW_PBE Fe_pv 06Sep2000", "U of Fe": 5.3}
    lithium = {**PBE, "POTCAR of Li": "PAW_PBE Li_sv 10Sep2004", "U of Li": 0.0}
    assert grouped(iron, lithium, {**iron, **lithium}) == [[0, 1, 2]]


def test_what_contradicts_does_not():
    assert grouped(PBE, {**PBE, "ENCUT": 400.0}, PBE, {**PBE, "functional": "R2SCAN"}) == [[0, 2], [1], [3]]
    assert grouped({**PBE, "U of Fe": 5.3}, {**PBE, "U of Fe": 0.0}) == [[0], [1]]
    assert grouped({**PBE, "POTCAR of O": "PAW_PBE O 08Apr2002"}, {**PBE, "POTCAR of O": "PAW_PBE O_s"}) == [[0], [1]]


def test_what_a_group_has_learnt_counts_for_the_next():
    iron, oxide = {**PBE, "U of Fe": 5.3}, {**PBE, "U of O": 0.0}
    assert grouped(oxide, iron, {**PBE, "U of Fe": 4.0}) == [[0, 1], [2]]


def test_names():
    assert name_of({**PBE, "U of Fe": 5.3, "U of O": 0.0}) == "PBE (PAW_PBE), ENCUT 520 eV, Fe U=5.3"
