"""Profile, computer, codes and potentials: what a command needs to find, and what `setup` makes."""

import os
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from aiida import orm

__all__ = (
    "ENGINE_LABEL",
    "STANDIN_FAMILY",
    "STANDIN_LABEL",
    "create_embedded_profile",
    "ensure_codes",
    "ensure_computer",
    "ensure_imported_code",
    "ensure_standin_potentials",
    "load_code_or_fail",
    "load_profile_or_fail",
    "require_daemon",
    "use_directory",
)

ENGINE_LABEL = "hezsp-engine"
STANDIN_LABEL = "vasp-standin"
STANDIN_FAMILY = "hezsp-standin"
# One thread a process unless the job says otherwise, and no busy waiting between parallel regions.
_PREPEND = "export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE"


def load_profile_or_fail(profile: str | None = None) -> None:
    """Load an AiiDA profile (the default one if none is named) and open its storage.

    Raises:
        click.ClickException: there is no such profile, or its storage cannot be opened.
    """
    from aiida import load_profile
    from aiida.common.exceptions import ConfigurationError
    from aiida.manage import get_manager

    if profile is None and get_manager().get_profile() is not None:
        _open_storage()
        return
    try:
        load_profile(profile, allow_switch=True)
    except ConfigurationError as error:
        raise click.ClickException(
            f"no AiiDA profile could be loaded ({error}); `aiida-hezsp setup` makes one, "
            "and AIIDA_PATH says where profiles are looked for"
        ) from error
    _open_storage()


def _open_storage() -> None:
    """Open the storage of the loaded profile: AiiDA leaves it to the first query, which is too late for one line.

    Raises:
        click.ClickException: it is gone, damaged, of another schema, or locked.
    """
    from aiida.common.exceptions import ConfigurationError, LockedProfileError
    from aiida.manage import get_manager
    from sqlalchemy.exc import SQLAlchemyError

    manager = get_manager()
    try:
        manager.get_profile_storage()
    except (ConfigurationError, LockedProfileError, OSError, SQLAlchemyError) as error:
        reason = " ".join(str(error).split())
        raise click.ClickException(
            f"the storage of profile {manager.get_profile().name!r} cannot be opened: {reason}"
        ) from error


def create_embedded_profile(name: str) -> None:
    """Create and load a profile that needs no service: SQLite in WAL mode and AiiDA's ZeroMQ broker.

    The journal mode lets a submitter and daemon workers write to one SQLite file without `database is locked`.
    """
    from aiida.manage.configuration import create_profile, get_config, load_profile
    from aiida.plugins import BrokerFactory

    config = get_config(create=True)
    storage = Path(config.dirpath) / "repository" / name
    profile = create_profile(
        config,
        name=name,
        email="hezsp@localhost",
        storage_backend="core.sqlite_dos",
        storage_config={"filepath": str(storage)},
        broker_backend="core.zeromq",
        broker_config=BrokerFactory("core.zeromq").get_default_config(),
    )
    with closing(sqlite3.connect(storage / "database.sqlite")) as database:
        database.execute("PRAGMA journal_mode=WAL")
    for option, value in (("runner.poll.interval", 1), ("daemon.timeout", 60), ("caching.default_enabled", True)):
        config.set_option(option, value, scope=profile.name)
    config.set_option("warnings.development_version", False, scope=profile.name)
    if config.default_profile_name is None:
        config.set_default_profile(profile.name)
    config.store()
    load_profile(profile.name, allow_switch=True)


def ensure_computer(label: str = "localhost", workdir: Path | None = None) -> "orm.Computer":
    """Return the computer `label`; make and configure it for this machine where it does not exist."""
    from aiida import orm
    from aiida.common.exceptions import NotExistent
    from aiida.manage.configuration import get_config

    try:
        return orm.load_computer(label)
    except NotExistent:
        pass
    workdir = workdir or Path(get_config().dirpath) / "scratch"
    workdir.mkdir(parents=True, exist_ok=True)
    computer = orm.Computer(
        label=label,
        hostname="localhost",
        description="This machine, made by aiida-hezsp setup",
        transport_type="core.local",
        scheduler_type="core.direct",
        workdir=str(workdir),
    ).store()
    computer.configure(safe_interval=0, use_login_shell=False)
    computer.set_minimum_job_poll_interval(1)
    computer.set_default_mpiprocs_per_machine(1)
    return computer


def _executable(name: str) -> str:
    """Return the path of a program of this package: beside the interpreter first, then on PATH."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        raise click.ClickException(f"{name} is not installed beside {sys.executable} nor on PATH: install aiida-hezsp")
    return found


def ensure_codes(computer: "orm.Computer") -> dict[str, "orm.InstalledCode"]:
    """Return the engine and the VASP stand-in as codes on `computer`; make those that do not exist."""
    from aiida import orm
    from aiida.common.exceptions import NotExistent

    wanted: dict[str, tuple[str, str]] = {
        ENGINE_LABEL: ("hezsp-engine", "hezsp.relax"),
        STANDIN_LABEL: ("hezsp-vasp-standin", "vasp.vasp"),
    }
    codes = {}
    for label, (program, plugin) in wanted.items():
        try:
            codes[label] = orm.load_code(f"{label}@{computer.label}")
        except NotExistent:
            code = orm.InstalledCode(
                label=label,
                computer=computer,
                filepath_executable=_executable(program),
                default_calc_job_plugin=plugin,
                prepend_text=_PREPEND,
                with_mpi=False,
            )
            codes[label] = code.store()
    return codes


def ensure_imported_code(label: str) -> "orm.InstalledCode":
    """Return the code that stands for the VASP of imported runs; make it, on localhost, where it does not exist.

    Nothing runs with it: its program is `false`, so that a calculation launched by mistake fails at once.
    """
    from aiida import orm
    from aiida.common.exceptions import NotExistent

    computer = ensure_computer()
    try:
        return orm.load_code(f"{label}@{computer.label}")
    except NotExistent:
        code = orm.InstalledCode(
            label=label,
            description="Stands for the VASP that made imported runs; cannot be run",
            computer=computer,
            filepath_executable="/bin/false",
            default_calc_job_plugin="vasp.vasp",
            with_mpi=False,
        )
        return code.store()


def ensure_standin_potentials(family: str = STANDIN_FAMILY) -> str:
    """Upload the stand-in's placeholder POTCARs as a family where it does not exist; return its name."""
    from aiida.plugins import DataFactory

    from aiida_hezsp.standin.potcars import write_placeholder_potcars

    potcar_type: Any = DataFactory("vasp.potcar")
    if potcar_type.get_potcar_group(family) is not None:
        return family
    with tempfile.TemporaryDirectory() as folder:
        write_placeholder_potcars(Path(folder))
        potcar_type.upload_potcar_family(
            folder,
            family,
            "Placeholders of aiida-hezsp's VASP stand-in: no VASP potentials, no licensed text",
            stop_if_existing=False,
        )
    return family


def load_code_or_fail(identifier: str) -> "orm.AbstractCode":
    """Return a code by label, pk or UUID.

    Raises:
        click.ClickException: there is no such code.
    """
    from aiida import orm
    from aiida.common.exceptions import MultipleObjectsError, NotExistent

    try:
        return orm.load_code(identifier)
    except (NotExistent, MultipleObjectsError, ValueError) as error:
        # Not by orm.AbstractCode: AiiDA's query for it matches every core data node.
        codes = orm.QueryBuilder().append(orm.Data, filters={"node_type": {"like": "data.core.code.%"}})
        known = [code.full_label for code in codes.all(flat=True)]
        listed = ", ".join(sorted(known)) or "none; `aiida-hezsp setup` makes them"
        raise click.ClickException(f"code {identifier!r} was not found; codes of this profile: {listed}") from error


def require_daemon() -> None:
    """Check that the daemon of the loaded profile runs.

    Raises:
        click.ClickException: it does not, or the profile has no broker and hence no daemon.
    """
    from aiida.common.exceptions import ConfigurationError
    from aiida.engine.daemon.client import get_daemon_client

    try:
        running = get_daemon_client().is_daemon_running
    except ConfigurationError as error:
        raise click.ClickException(f"this profile has no daemon ({error}); run without --submit") from error
    if not running:
        raise click.ClickException("the daemon of this profile is not running; start it with `verdi daemon start`")


def use_directory(directory: Path) -> None:
    """Look for AiiDA's configuration in `directory` alone, so that the user's own profiles stay untouched.

    To be called before AiiDA is imported: its import makes a configuration folder where AIIDA_PATH says.
    """
    directory.mkdir(parents=True, exist_ok=True)
    os.environ["AIIDA_PATH"] = str(directory.resolve())
    from aiida.manage.configuration.settings import AiiDAConfigDir

    AiiDAConfigDir.set(directory.resolve() / ".aiida")
