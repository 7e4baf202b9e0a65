"""What commands need to find: computer, codes, potentials, profile; made once, kept as they are."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from aiida import orm

from aiida_hezsp.cli import environment
from aiida_hezsp.standin.potcars import VALENCE_ELECTRONS


def test_a_computer_is_made_once_and_polls_quickly(aiida_profile_clean, tmp_path):
    computer = environment.ensure_computer("here", tmp_path / "work")
    assert (computer.transport_type, computer.scheduler_type) == ("core.local", "core.direct")
    assert computer.get_workdir() == str(tmp_path / "work")
    assert (tmp_path / "work").is_dir()
    assert computer.get_minimum_job_poll_interval() <= 1
    assert computer.get_configuration()["safe_interval"] == 0
    assert computer.is_configured
    again = environment.ensure_computer("here", tmp_path / "elsewhere")
    assert again.uuid == computer.uuid
    assert not (tmp_path / "elsewhere").exists()


def test_a_computer_of_the_user_is_left_as_it_is(aiida_profile_clean, aiida_localhost):
    aiida_localhost.set_minimum_job_poll_interval(7)
    assert environment.ensure_computer(aiida_localhost.label).uuid == aiida_localhost.uuid
    assert aiida_localhost.get_minimum_job_poll_interval() == 7


def test_codes_are_made_once_and_are_the_installed_programs(localhost):
    codes = environment.ensure_codes(localhost)
    assert set(codes) == {"hezsp-engine", "vasp-standin"}
    for code in codes.values():
        assert os.access(code.filepath_executable, os.X_OK)
        assert "OMP_NUM_THREADS=1" in code.prepend_text
        assert Path(code.filepath_executable).parent == Path(sys.executable).parent
    assert codes["vasp-standin"].default_calc_job_plugin == "vasp.vasp"
    again = environment.ensure_codes(localhost)
    assert {label: code.uuid for label, code in again.items()} == {label: code.uuid for label, code in codes.items()}


def test_placeholder_potentials_are_uploaded_once(aiida_profile_clean):
    from aiida.plugins import DataFactory

    assert environment.ensure_standin_potentials() == "hezsp-standin"
    group = DataFactory("vasp.potcar").get_potcar_group("hezsp-standin")
    assert {node.full_name for node in group.nodes} == set(VALENCE_ELECTRONS)
    count = orm.QueryBuilder().append(orm.Node).count()
    environment.ensure_standin_potentials()
    assert orm.QueryBuilder().append(orm.Node).count() == count


def test_codes_are_found_by_label_pk_and_uuid(codes):
    code = codes["hezsp-engine"]
    for identifier in ("hezsp-engine@localhost", str(code.pk), code.uuid):
        assert environment.load_code_or_fail(identifier).uuid == code.uuid


def test_a_missing_code_names_those_there_are(localhost):
    orm.Int(3).store()  # AiiDA's query for AbstractCode would match this too
    with pytest.raises(click.ClickException, match=r"'vasp@cluster' was not found; .*: none; `aiida-hezsp setup`"):
        environment.load_code_or_fail("vasp@cluster")
    environment.ensure_codes(localhost)
    with pytest.raises(click.ClickException, match=r"this profile: hezsp-engine@localhost, vasp-standin@localhost$"):
        environment.load_code_or_fail("vasp@cluster")


def test_a_program_that_is_not_installed_is_named():
    with pytest.raises(click.ClickException, match="no-such-program is not installed"):
        environment._executable("no-such-program")


def test_a_loaded_profile_is_kept(aiida_profile_clean):
    from aiida.manage import get_manager

    before = get_manager().get_profile()
    environment.load_profile_or_fail()
    assert get_manager().get_profile() is before
    with pytest.raises(click.ClickException, match=r"no AiiDA profile could be loaded .*AIIDA_PATH"):
        environment.load_profile_or_fail("nobodys")


def test_a_profile_whose_daemon_does_not_run_says_how_to_start_it(aiida_profile_clean):
    with pytest.raises(click.ClickException, match="daemon"):
        environment.require_daemon()


def test_a_directory_of_its_own_leaves_the_users_profiles_alone(tmp_path):
    """In a process of its own, since AiiDA looks for its configuration once."""
    code = (
        "import sys; from pathlib import Path; from aiida_hezsp.cli import environment;"
        "environment.use_directory(Path(sys.argv[1]));"
        "from aiida.manage.configuration import get_config;"
        "print(get_config(create=True).dirpath)"
    )
    home = tmp_path / "home"
    home.mkdir()
    variables = {key: value for key, value in os.environ.items() if key != "AIIDA_PATH"} | {"HOME": str(home)}
    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "own")], capture_output=True, text=True, check=True, env=variables
    )
    assert result.stdout.strip() == str(tmp_path / "own" / ".aiida")
    assert not list(home.iterdir())


@pytest.fixture
def gone(tmp_path):
    """A profile whose storage has been deleted; the one before is loaded again afterwards."""
    from aiida.manage import get_manager
    from aiida.manage.configuration.profile import Profile

    manager = get_manager()
    before = manager.get_profile()
    storage = {"backend": "core.sqlite_dos", "config": {"filepath": str(tmp_path / "gone")}}
    yield Profile("gone", {"storage": storage, "process_control": {"backend": None, "config": {}}})
    manager.load_profile(before, allow_switch=True)


@pytest.mark.parametrize("damaged", [False, True], ids=["deleted", "damaged"])
def test_a_storage_that_is_gone_is_one_line(aiida_profile_clean, gone, tmp_path, damaged):
    if damaged:
        (tmp_path / "gone").mkdir()
        (tmp_path / "gone" / "database.sqlite").write_bytes(b"no database" * 100)
    for profile in (gone, None):  # as the user names it, and as it is loaded already
        with pytest.raises(click.ClickException, match="the storage of profile 'gone' cannot be opened: ") as caught:
            environment.load_profile_or_fail(profile)
        assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", ["IncompatibleStorageSchema", "CorruptStorage", "LockedProfileError"])
def test_a_storage_that_may_not_be_opened_is_one_line(aiida_profile_clean, monkeypatch, name):
    from aiida.common import exceptions
    from aiida.manage.manager import Manager

    def refuse(_manager):
        raise getattr(exceptions, name)("of another\nversion")

    monkeypatch.setattr(Manager, "get_profile_storage", refuse)
    with pytest.raises(click.ClickException, match=r"cannot be opened: of another version$"):
        environment.load_profile_or_fail()
