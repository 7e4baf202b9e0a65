"""Path = entry point = page: nothing of the package is without its page."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest

from aiida_hezsp.cli import cmd_root
from aiida_hezsp.cli.data import cmd_data

DOCS = Path(__file__).parents[2] / "docs"
GROUPS = {
    "aiida.calculations": "calculations",
    "aiida.data": "data",
    "aiida.parsers": "parsers",
    "aiida.workflows": "workflows",
}
ENTRY_POINTS = [
    (group, found.name) for group in GROUPS for found in entry_points(group=group) if found.name.startswith("hezsp.")
]
ROOMS = sorted(path.parent.name for path in (DOCS.parent / "aiida_hezsp").glob("*/__init__.py"))


def commands(command, path):
    """Yield the full name of a command and of all below it."""
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), f"{path} {name}")


@pytest.mark.parametrize(("group", "name"), ENTRY_POINTS)
def test_every_entry_point_has_its_page(group, name):
    room = GROUPS[group]
    page = DOCS / "reference" / room / f"{name.removeprefix('hezsp.').replace('.', '/')}.md"
    assert page.is_file(), f"{name} needs the page {page.relative_to(DOCS)}"
    marker = "process" if group in {"aiida.calculations", "aiida.workflows"} else "class"
    assert f"<!-- {marker} {group} {name} -->" in page.read_text(encoding="utf8")
    listed = (DOCS / "reference" / room / "index.md").read_text(encoding="utf8")
    assert f"\n{page.relative_to(DOCS / 'reference' / room).with_suffix('')}\n" in listed


def test_every_page_belongs_to_an_entry_point():
    expected = {f"{GROUPS[group]}/{name.removeprefix('hezsp.').replace('.', '/')}" for group, name in ENTRY_POINTS}
    found = {
        path.relative_to(DOCS / "reference").with_suffix("").as_posix()
        for room in GROUPS.values()
        for path in (DOCS / "reference" / room).rglob("*.md")
        if path.name != "index.md"
    }
    assert found == expected


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_its_page(room):
    page = "cli" if room == "cli" else room if room not in GROUPS.values() else f"{room}/index"
    assert (DOCS / "reference" / f"{page}.md").is_file()


@pytest.fixture(scope="module")
def cli_page(tmp_path_factory):
    """The page of the command line, built alone, as text."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "source").mkdir()
    shutil.copy(DOCS / "reference" / "cli.md", folder / "source")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "text", "-c", DOCS, "-D", "root_doc=cli"]
    built = subprocess.run(
        [*command, folder / "source", folder / "built"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert built.returncode == 0, built.stderr
    return (folder / "built" / "cli.txt").read_text(encoding="utf8").splitlines()


@pytest.mark.parametrize("path", [*commands(cmd_root, "aiida-hezsp"), *commands(cmd_data, "verdi data hezsp")])
def test_every_command_is_on_the_page(cli_page, path):
    name = path.rpartition(" ")[2]
    assert any(line.strip() in {name, path} for line in cli_page), f"no heading {name!r}"
    assert any(line.strip().startswith(f"{path} ") for line in cli_page), f"no usage of {path!r}"
