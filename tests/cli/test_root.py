"""The commands as a whole: help with an example everywhere, quick start, errors in one line."""

import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from aiida_hezsp import __version__
from aiida_hezsp.cli.root import COMMANDS, cmd_root


def commands(command=cmd_root, path=()):
    """Yield every command with the words that call it."""
    context = click.Context(command)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), (*path, name))
    yield path, command


ALL = dict(commands())
LEAVES = {path: command for path, command in ALL.items() if not isinstance(command, click.Group)}


@pytest.mark.parametrize("path", ALL, ids=lambda path: " ".join(path) or "aiida-hezsp")
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help_with_an_example(path, option):
    result = CliRunner().invoke(cmd_root, [*path, option])
    assert result.exit_code == 0
    assert f"aiida-hezsp {' '.join(path)}".strip() in result.output
    assert "Example" in result.output


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_option_says_what_it_does(path):
    for parameter in LEAVES[path].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{' '.join(path)}: {parameter.name}"


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_the_arguments_of_a_command_are_in_its_text(path):
    """A reader of the help learns what an argument is: it is named in capitals in the description."""
    text = LEAVES[path].help or ""
    for parameter in LEAVES[path].params:
        if isinstance(parameter, click.Argument):
            assert parameter.name.upper().rstrip("S") in text.upper()


def test_commands_are_those_of_the_files():
    folder = Path(sys.modules["aiida_hezsp.cli.root"].__file__).parent
    for name, module in COMMANDS.items():
        assert (folder / f"{module.rpartition('.')[2]}.py").is_file()
        assert module == f"aiida_hezsp.cli.{name.replace('-', '_')}"


def test_version():
    result = CliRunner().invoke(cmd_root, ["--version"])
    assert result.output == f"aiida-hezsp, version {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("landings",), "No such command 'landings'"),
        (("launch", "everything"), "No such command 'everything'"),
        (("launch", "relax"), "Missing argument 'STRUCTURES...'"),
        (("launch", "relax", "Li3Zr2Si2PO12", "--fast"), "No such option"),
    ],
)
def test_wrong_words_are_usage_errors(arguments, message):
    result = CliRunner().invoke(cmd_root, arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["launch", "--help"], ["launch", "relax", "--help"], ["setup", "-h"]]
)
def test_help_does_not_wait_for_heavy_imports(arguments):
    code = (
        "import sys; from aiida_hezsp.cli import cmd_root\n"
        "try:\n    cmd_root(sys.argv[1:], prog_name='aiida-hezsp')\n"
        "finally:\n    print('HEAVY', sorted({'torch', 'chgnet', 'aiida', 'pymatgen', 'sklearn'} & set(sys.modules)))"
    )
    begin = time.perf_counter()
    result = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert result.stdout.endswith("HEAVY []\n")
    assert time.perf_counter() - begin < 10


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            FileNotFoundError(2, "No such file or directory", "missing/x.json"),
            "missing/x.json: No such file or directory",
        ),
        (OSError(28, "No space left on device"), "No space left on device"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_what_the_system_refuses_is_one_line(monkeypatch, error, line):
    def fail(*_arguments, **_options):
        raise error

    monkeypatch.setattr(click.Command, "invoke", fail)
    result = CliRunner().invoke(cmd_root, ["composition", "Li3Zr2Si2PO12"])
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"Error: {line}\n")
