"""What is read of real runs, and what is said of broken ones."""

import gzip
import re
import shutil

import numpy as np
import pytest
from pymatgen.core import Structure

from aiida_hezsp.errors import VaspRunError
from aiida_hezsp.provenance.import_vasp import find_runs, read_run


def read(directory, tmp_path_factory, index=0):
    runs, _ = find_runs([directory])
    return read_run(runs[index], tmp_path_factory.mktemp("copy"))


@pytest.fixture
def plain(real, tmp_path):
    """A real, finished run, unpacked, to be broken."""
    folder = tmp_path / "run"
    folder.mkdir()
    for path in (real / "relaxation" / "relax2").glob("*.gz"):
        (folder / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    return folder


@pytest.mark.parametrize(
    ("name", "version", "kind", "steps", "cutoff"),
    [
        ("relaxation/relax1", "5.4.4", "relaxation", 5, 240),
        ("relaxation/relax2", "5.4.4", "relaxation", 3, 240),
        ("magnetic/relax1", "6.2.0", "relaxation", 5, 240),
        ("converged-with-error", "5.4.4", "single point", 1, 300),
        ("vasp-6.4.2", "6.4.2", "relaxation", 3, 520),
    ],
)
def test_facts_of_real_runs(real, tmp_path_factory, name, version, kind, steps, cutoff):
    run = read(real / name, tmp_path_factory)
    assert (run.version, run.kind, run.n_steps) == (version, kind, steps)
    assert run.titles == {"Si": "PAW_PBE Si 05Jan2001"}
    assert run.level == {
        "functional": "PBE",
        "POTCARs": "PAW_PBE",
        "ENCUT": cutoff,
        "POTCAR of Si": "PAW_PBE Si 05Jan2001",
        "U of Si": 0.0,
    }


def test_inputs_are_those_vasp_read_not_those_that_lie_about(real, plain, tmp_path_factory):
    (plain / "INCAR").write_text("ENCUT = 900\n")
    (plain / "POSCAR").write_text("edited since")
    run = read(plain, tmp_path_factory)
    assert run.incar["encut"] == 240
    with gzip.open(real / "relaxation" / "relax1" / "CONTCAR.gz", "rt") as file:
        start = Structure.from_str(file.read(), fmt="poscar")
    np.testing.assert_allclose(run.initial.lattice.matrix, start.lattice.matrix, atol=1e-6)


def test_missing_contcar_and_stdout_are_made(real, tmp_path_factory):
    run = read(real / "vasp-6.4.2", tmp_path_factory)
    assert (run.folder / "vasp_output").read_text() == ""
    assert (run.folder / "CONTCAR").read_text().split("\n")[5].split() == ["Si"]


def cut(name, keep):
    def damage(folder):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(len(content) * keep)])

    return damage


def text(name, content):
    return lambda folder: (folder / name).write_text(content)


def replace(name, old, new):
    return lambda folder: (folder / name).write_text((folder / name).read_text().replace(old, new))


def packed_and_cut(folder):
    whole = gzip.compress((folder / "OUTCAR").read_bytes())
    (folder / "OUTCAR.gz").write_bytes(whole[: len(whole) // 2])
    (folder / "OUTCAR").unlink()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (cut("vasprun.xml", 0.5), "unfinished: vasprun.xml ends early"),
        (cut("OUTCAR", 0.5), "unfinished: OUTCAR has no timing at its end"),
        (cut("OUTCAR", 0), "OUTCAR is empty"),
        (lambda folder: (folder / "OUTCAR").unlink(), "there is no OUTCAR"),
        (packed_and_cut, "OUTCAR.gz cannot be read"),
        (text("vasprun.xml", "not at all"), "vasprun.xml is not XML"),
        (text("vasprun.xml", "<?xml version='1.0'?><modeling><html/></modeling>"), "vasprun.xml is damaged"),
        (replace("vasprun.xml", "<calculation>", "<calculation"), "vasprun.xml is damaged"),
        (replace("OUTCAR", "energy(sigma->0) =       -4.82820291", "energy(sigma->0) =       -5.0"), "different runs"),
        (
            replace("vasprun.xml", '"ICHARG">     2', '"ICHARG">    11'),
            "ICHARG = 11 (not self-consistent): not a relax",
        ),
        (replace("vasprun.xml", '"IBRION">     1', '"IBRION">     6'), "IBRION = 6: not a relaxation"),
    ],
)
def test_broken_runs_are_refused_with_the_reason(plain, tmp_path_factory, damage, reason):
    assert read(plain, tmp_path_factory).n_steps == 3
    damage(plain)
    with pytest.raises(VaspRunError, match=re.escape(reason)):
        read(plain, tmp_path_factory)


def test_a_killed_run_of_real_vasp_is_unfinished(real, tmp_path_factory):
    with pytest.raises(VaspRunError, match="unfinished"):
        read(real / "unfinished", tmp_path_factory)


def test_the_fingerprint_is_that_of_the_content(real, plain, tmp_path_factory):
    packed, moved = read(real / "relaxation" / "relax2", tmp_path_factory), read(plain, tmp_path_factory)
    assert packed.fingerprint == moved.fingerprint
    (plain / "vasp_output").write_text("another stdout")
    assert read(plain, tmp_path_factory).fingerprint != moved.fingerprint


def test_a_double_relaxation_of_custodian(real, tmp_path, tmp_path_factory):
    for number in (1, 2):
        for path in (real / "relaxation" / f"relax{number}").glob("*.gz"):
            shutil.copy(path, tmp_path / f"{path.stem}.relax{number}.gz")
    assert [read(tmp_path, tmp_path_factory, index).n_steps for index in (0, 1)] == [5, 3]
