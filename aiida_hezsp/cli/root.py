"""The root of the command line: one file a command, loaded when it is asked for."""

import warnings
from importlib import import_module

import click

from aiida_hezsp import __version__
from aiida_hezsp.errors import HezspError

__all__ = ("cmd_root",)

# Command name -> module with `cmd_<name>`; a module is imported only when its command is used or listed.
COMMANDS = {
    "benchmark": "aiida_hezsp.cli.benchmark",
    "check": "aiida_hezsp.cli.check",
    "composition": "aiida_hezsp.cli.composition",
    "dataset": "aiida_hezsp.cli.dataset",
    "demo": "aiida_hezsp.cli.demo",
    "explore": "aiida_hezsp.cli.explore",
    "export": "aiida_hezsp.cli.export",
    "figures": "aiida_hezsp.cli.figures",
    "import-vasp": "aiida_hezsp.cli.import_vasp",
    "launch": "aiida_hezsp.cli.launch",
    "models": "aiida_hezsp.cli.models",
    "predict": "aiida_hezsp.cli.predict",
    "rank": "aiida_hezsp.cli.rank",
    "report": "aiida_hezsp.cli.report",
    "search": "aiida_hezsp.cli.search",
    "setup": "aiida_hezsp.cli.setup",
    "show": "aiida_hezsp.cli.show",
    "space": "aiida_hezsp.cli.space",
    "trace": "aiida_hezsp.cli.trace",
    "verify": "aiida_hezsp.cli.verify",
}


class HezspGroup(click.Group):
    """Loads commands when needed and turns our errors and those of files into one clear line and exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), f"cmd_{cmd_name.replace('-', '_')}")
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        # AiiDA makes its folder when it is imported, on a new machine with a warning nobody asked for.
        warnings.filterwarnings("ignore", message="Creating AiiDA configuration folder")
        try:
            return super().invoke(ctx)
        except HezspError as error:
            raise click.ClickException(str(error)) from error
        except BrokenPipeError:
            raise  # `| head` is no error; click ends quietly
        except OSError as error:
            raise click.ClickException(_in_words(error)) from error


def _in_words(error: OSError) -> str:
    """Return what the system refused, and for which file."""
    if error.strerror is None:
        return " ".join(str(error).split()) or type(error).__name__
    return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"


@click.group(cls=HezspGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="aiida-hezsp")
@click.option("-p", "--profile", metavar="NAME", help="AiiDA profile to use; the default one if not given.")
@click.pass_context
def cmd_root(ctx: click.Context, profile: str | None) -> None:
    """Find high-entropy solid electrolytes, every predicted number with the calculations it rests on.

    \b
    Examples:
      aiida-hezsp demo                             the whole route on this machine, in minutes
      aiida-hezsp space lzsp quinary --count       how many compositions a space has
      aiida-hezsp launch discover --dry-run        what a campaign would run and cost
      aiida-hezsp search --all-of Hf --msd 120..   predictions that fulfil criteria
      aiida-hezsp trace Li2p625Zr0p5Hf0p375...     what a prediction rests on
    """
    ctx.obj = {"profile": profile}
