"""Which files make a run: compressed or not, with suffixes, in directories below."""

import os
from pathlib import Path

import pytest

from aiida_hezsp.provenance.import_vasp import find_runs


def touch(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


def found(*directories):
    runs, refused = find_runs(directories)
    return [(run.directory.name, run.part, sorted(path.name for path in run.files.values())) for run in runs], refused


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz"])
def test_files_may_be_compressed(tmp_path, suffix):
    touch(tmp_path, f"vasprun.xml{suffix}", f"OUTCAR{suffix}", "POTCAR", "POTCAR.gz", "WAVECAR", "vasprun.xml.bak")
    assert found(tmp_path) == ([(tmp_path.name, "", [f"OUTCAR{suffix}", f"vasprun.xml{suffix}"])], {})


def test_a_plain_file_comes_before_its_compressed_copy(tmp_path):
    touch(tmp_path, "vasprun.xml.gz", "vasprun.xml", "OUTCAR.gz")
    assert found(tmp_path)[0][0][2] == ["OUTCAR.gz", "vasprun.xml"]


def test_custodians_double_relaxation_is_two_runs_in_one_directory(tmp_path):
    touch(tmp_path, *(f"{name}.relax{n}.gz" for n in (1, 2, 10) for name in ("vasprun.xml", "OUTCAR", "CONTCAR")))
    assert [part for _, part, _ in found(tmp_path)[0]] == ["relax1", "relax2", "relax10"]


def test_directories_below_are_looked_into_in_natural_order_and_each_run_counts_once(tmp_path):
    for name in ("run10", "run9", "run9/static"):
        touch(tmp_path / name, "vasprun.xml", "OUTCAR")
    assert [name for name, _, _ in found(tmp_path, tmp_path / "run9")[0]] == ["run9", "static", "run10"]


def test_what_is_no_run_is_said(tmp_path):
    touch(tmp_path / "empty")
    touch(tmp_path / "half", "OUTCAR", "INCAR")
    assert found(tmp_path / "empty", tmp_path / "half") == (
        [],
        {
            str(tmp_path / "empty"): "holds no vasprun.xml, nor do the directories below it",
            str(tmp_path / "half"): "has an OUTCAR but no vasprun.xml",
        },
    )


def test_a_directory_that_cannot_be_read_is_said_and_the_others_go_on(tmp_path, monkeypatch):
    touch(tmp_path / "open", "vasprun.xml", "OUTCAR")
    touch(tmp_path / "shut", "vasprun.xml", "OUTCAR")
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)  # root may read everything: no chmod here
    runs, refused = found(tmp_path)
    assert [name for name, _, _ in runs] == ["open"]
    assert refused == {str(tmp_path / "shut"): "cannot be read: Permission denied"}


def test_stdout_is_found_under_its_usual_names(tmp_path):
    touch(tmp_path, "vasprun.xml", "vasp.out.gz", "stdout")
    (run,), _ = find_runs([tmp_path])
    assert run.stdout.name == "vasp.out.gz"
