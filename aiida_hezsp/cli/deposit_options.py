"""Options for the metadata of a record: from a file, from options, or asked for on a terminal."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from aiida_hezsp.provenance.deposit_metadata import DepositMetadata

__all__ = ("asked_metadata", "metadata_options", "print_template")

_OPTIONS = (
    click.option("--metadata", "metadata_file", type=click.Path(path_type=Path, dir_okay=False), help="YAML file."),
    click.option("--title", help="Title of the record."),
    click.option("--description", help="What was computed, and what it is good for."),
    click.option(
        "--author", "authors", multiple=True, metavar="NAME[;AFFILIATION[;ORCID]]", help="An author; may be repeated."
    ),
    click.option("--licence", "--license", "licence", metavar="SPDX", help="Licence, e.g. CC-BY-4.0."),
    click.option("--keyword", "keywords", multiple=True, help="A keyword; three at least."),
    click.option("--reference", "references", multiple=True, help="A DOI or citation; may be repeated."),
)
_QUESTIONS = {
    "title": "Title",
    "description": "Description",
    "authors": "Authors (NAME;AFFILIATION;ORCID, several separated by |)",
    "licence": "Licence (SPDX identifier)",
    "keywords": "Keywords (three at least, separated by commas)",
}
_SEPARATORS = {"authors": "|", "keywords": ","}


def metadata_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def print_template(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    """Print a metadata file to fill in."""
    del parameter
    if not value or ctx.resilient_parsing:
        return
    from aiida_hezsp.provenance.deposit_metadata import METADATA_TEMPLATE

    click.echo(METADATA_TEMPLATE, nl=False)
    ctx.exit()


def asked_metadata(metadata_file: Path | None, **given: Any) -> "DepositMetadata":
    """Return metadata: options over the file, and what is still missing asked for where a terminal is.

    Raises:
        ArchiveError: something is missing or wrong.
    """
    from aiida_hezsp.provenance.deposit_metadata import load_yaml, make_metadata

    content = {} if metadata_file is None else load_yaml(metadata_file)
    content |= {name: list(value) if isinstance(value, tuple) else value for name, value in given.items() if value}
    if sys.stdin.isatty():
        content |= {name: _ask(name) for name in _QUESTIONS if name not in content}
    if isinstance(content.get("authors"), list):
        content["authors"] = [_author(author) for author in content["authors"]]
    return make_metadata(content, "options" if metadata_file is None else str(metadata_file))


def _ask(name: str) -> Any:
    default = "CC-BY-4.0" if name == "licence" else None
    answer = click.prompt(_QUESTIONS[name], default=default, err=True)
    separator = _SEPARATORS.get(name)
    return [part.strip() for part in answer.split(separator) if part.strip()] if separator else answer


def _author(author: Any) -> Any:
    """Return an author as the metadata have it; text is NAME, AFFILIATION and ORCID between semicolons."""
    if not isinstance(author, str):
        return author
    parts = [part.strip() for part in author.split(";")]
    named = zip(("name", "affiliation", "orcid"), parts, strict=False)
    return {name: part for name, part in named if part}
