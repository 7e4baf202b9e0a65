import json
import subprocess
import sys
from pathlib import Path

import pytest

from aiida_hezsp.standin.main import main

EXECUTABLE = Path(sys.executable).parent / "hezsp-vasp-standin"


def start(folder, *arguments, **environment):
    return subprocess.run(
        [EXECUTABLE, *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_executable_runs_in_the_current_folder(write_inputs):
    done = start(write_inputs(), "--calculator", "emt")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "hezsp-vasp-standin 0.1.0 calculator=emt (no VASP ran)"


def test_environment_sets_what_the_command_line_does_not(write_inputs, tmp_path):
    folder = write_inputs(NSW=20, IBRION=2, EDIFFG=-1e-5)
    variables = {
        "HEZSP_STANDIN_CALCULATOR": "lj",
        "HEZSP_STANDIN_OPTIONS": json.dumps({"sigma": 2.3, "rc": 5.0}),
        "HEZSP_STANDIN_DIE_AFTER": "2",
        "HEZSP_STANDIN_ONCE": str(tmp_path / "died"),
        "HEZSP_STANDIN_THREADS": "1",
    }
    first = start(folder, **variables)
    assert first.returncode == 137
    assert "calculator=lj" in first.stdout
    assert (folder / "OUTCAR").read_text().count("TOTAL-FORCE") == 2
    assert start(folder, **variables).returncode == 0
    assert "calculator=emt" in start(folder, "--calculator", "emt", **variables).stdout


def test_end_from_the_environment(write_inputs):
    done = start(write_inputs(NELM=9), HEZSP_STANDIN_CALCULATOR="emt", HEZSP_STANDIN_END="unconverged")
    assert done.stdout.count("DAV:") == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--threads", "0"], "at least 1"),
        (["--die-after", "few"], "whole number"),
        (["--calculator-options", "[1]"], "not a JSON object"),
        (["--calculator-options", "{"], "not JSON"),
        (["--end", "well"], "is none of normal"),
    ],
)
def test_wrong_options_are_refused(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_wrong_environment_is_refused(monkeypatch, capsys):
    monkeypatch.setenv("HEZSP_STANDIN_END", "well")
    with pytest.raises(SystemExit):
        main([])
    assert "HEZSP_STANDIN_END" in capsys.readouterr().err


def test_error_status_and_message(tmp_path):
    done = start(tmp_path)
    assert done.returncode == 1
    assert "No INCAR found, STOPPING" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_write_potcars(tmp_path):
    done = start(tmp_path, "--write-potcars", "here")
    assert done.returncode == 0
    assert (tmp_path / done.stdout.strip() / "Zr_sv" / "POTCAR").is_file()


def test_help_shows_examples_and_is_quick():
    code = (
        "import sys, aiida_hezsp.standin.main, aiida_hezsp.standin.banner; print({'ase', 'torch'} & set(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"
    shown = start(Path.cwd(), "--help").stdout
    assert "HEZSP_STANDIN_CALCULATOR" in shown
    assert "--write-potcars potcars" in shown
