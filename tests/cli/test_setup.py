"""`aiida-hezsp setup` in a process of its own, with an empty HOME: what a stranger's machine looks like."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).parent / "aiida-hezsp"


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """An empty HOME and AIIDA_PATH, and a function that runs `aiida-hezsp` there."""
    root = tmp_path_factory.mktemp("machine")
    (root / "home").mkdir()
    variables = {**os.environ, "HOME": str(root / "home"), "AIIDA_PATH": str(root / "aiida"), "OMP_NUM_THREADS": "1"}
    variables["PATH"] = f"{PROGRAM.parent}:{variables['PATH']}"  # the environment is activated: the daemon calls verdi

    def run(*arguments):
        return execute(PROGRAM, *arguments)

    def execute(program, *arguments):
        return subprocess.run(
            [str(program), *map(str, arguments)], capture_output=True, text=True, check=False, env=variables, cwd=root
        )

    run.root, run.execute = root, execute
    return run


@pytest.fixture(scope="module")
def twice(machine):
    """`setup` run twice; both results and what the database held after each."""
    results = []
    for _ in range(2):
        result = machine("setup")
        assert result.returncode == 0, result.stderr
        results.append((result.stdout, contents(machine.root)))
    return results


def config(root):
    return json.loads((root / "aiida" / ".aiida" / "config.json").read_text())


def contents(root):
    """Return the labels of computers, nodes and groups, straight from the database."""
    (path,) = root.glob("aiida/**/database.sqlite")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return {
            table: sorted(database.execute(f"select uuid, label from {table}").fetchall())
            for table in ("db_dbcomputer", "db_dbnode", "db_dbgroup")
        }


def test_without_a_profile_other_commands_say_what_to_do(tmp_path):
    """Before `setup`: one line and no traceback."""
    variables = {**os.environ, "HOME": str(tmp_path), "AIIDA_PATH": str(tmp_path / "aiida")}
    for arguments in (["launch", "relax", "Li3Zr2Si2PO12"], ["rank"], ["trace", "1"]):
        result = subprocess.run(
            [str(PROGRAM), *arguments], capture_output=True, text=True, check=False, env=variables, cwd=tmp_path
        )
        assert result.returncode == 1
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1, result.stderr
        assert "no AiiDA profile could be loaded" in result.stderr
        assert "`aiida-hezsp setup` makes one" in result.stderr


def test_setup_tells_what_it_made(twice):
    for part in ("profile     hezsp", "computer    localhost", "hezsp-engine@localhost", "vasp-standin@localhost"):
        assert part in twice[0][0]
    assert "potentials  hezsp-standin (placeholders" in twice[0][0]


def test_a_second_run_changes_nothing(twice):
    assert twice[0] == twice[1]
    assert [label for _, label in twice[0][1]["db_dbcomputer"]] == ["localhost"]
    codes = [label for _, label in twice[0][1]["db_dbnode"]]
    assert {"hezsp-engine", "vasp-standin"} <= set(codes)
    assert codes.count("hezsp-engine") == 1


def test_the_profile_needs_no_service(machine, twice):
    settings = config(machine.root)
    assert settings["default_profile"] == "hezsp"
    profile = settings["profiles"]["hezsp"]
    assert profile["storage"]["backend"] == "core.sqlite_dos"
    assert profile["process_control"]["backend"] == "core.zeromq"


def test_the_journal_is_written_ahead(machine, twice):
    """Without it a submitter and two busy workers meet `database is locked`."""
    (path,) = machine.root.glob("aiida/**/database.sqlite")
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("pragma journal_mode").fetchone() == ("wal",)


def test_finished_jobs_are_found_again(machine, twice):
    options = config(machine.root)["profiles"]["hezsp"]["options"]
    assert options["caching.default_enabled"] is True
    assert options["daemon.timeout"] >= 60


def test_nothing_is_written_to_home(machine, twice):
    written = [path.name for path in (machine.root / "home").iterdir() if path.name not in {".cache", ".config"}]
    assert written == []


def test_the_profile_is_ready_to_launch(machine, twice):
    """Codes and potentials are found; the run stops only at the missing daemon, and says so in one line."""
    result = machine("launch", "relax-images", "Li3Zr2Si2PO12", "--submit")
    assert result.returncode == 1
    assert result.stderr == (
        "Error: the daemon of this profile is not running; start it with `verdi daemon start`\n"
    )  # fmt: skip
    assert contents(machine.root) == twice[1][1]


def test_a_named_profile_that_does_not_exist_is_not_made(machine, twice):
    result = machine("--profile", "other", "setup")
    assert result.returncode == 1
    assert "other" in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(config(machine.root)["profiles"]) == ["hezsp"]


LIF = """\
LiF
1.0
0 2.015 2.015
2.015 0 2.015
2.015 2.015 0
Li F
1 1
Cartesian
0.05 0 0
2.015 2.015 2.015
"""


@pytest.fixture
def daemon(machine, twice):
    """The daemon of the profile, started as the message says, and stopped again."""
    verdi = PROGRAM.with_name("verdi")
    started = machine.execute(verdi, "daemon", "start")
    assert started.returncode == 0, started.stdout + started.stderr
    yield
    machine.execute(verdi, "daemon", "stop")


def state_of(root, pk):
    """Return state and exit status of a process, straight from the database."""
    (path,) = root.glob("aiida/**/database.sqlite")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        (attributes,) = database.execute("select attributes from db_dbnode where id = ?", (pk,)).fetchone()
    known = json.loads(attributes)
    return known.get("process_state"), known.get("exit_status")


def test_the_daemon_runs_what_is_submitted(machine, daemon):
    """A path with no terminal attached: submitted, taken by a worker, finished."""
    (machine.root / "lif.vasp").write_text(LIF)
    result = machine("launch", "relax", "lif.vasp", "--protocol", "demo", "--submit", "--json")
    assert result.returncode == 0, result.stderr
    submitted = json.loads(result.stdout)
    assert submitted["process"] == "RelaxWorkChain"
    end = time.monotonic() + 180
    while (state := state_of(machine.root, submitted["pk"])) != ("finished", 0):
        assert state[0] not in {"finished", "excepted", "killed"}, state
        assert time.monotonic() < end, state
        time.sleep(0.5)
