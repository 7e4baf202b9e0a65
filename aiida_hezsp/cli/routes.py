"""Family and CHGNet models that no option names: those that the graph leads to."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from aiida import orm

    from aiida_hezsp.families import Family

__all__ = ("chosen_model", "family_of", "unless_named")


def unless_named(ctx: click.Context, option: str, found: Any) -> Any:
    """Return what the graph says, or None where the user gave the option, which then holds."""
    named = ctx.get_parameter_source(option) is not click.core.ParameterSource.DEFAULT
    return None if named else found


def family_of(node: "orm.Dict") -> "Family":
    """Return the family in a node."""
    from aiida_hezsp.families import Family

    return Family.from_dict(node.get_dict())


def chosen_model(options: Mapping[str, Any], name: str, found: Any, what_it_did: str) -> Any:
    """Return the node of the CHGNet model that the option `name` says, else the one found in the graph.

    Raises:
        click.ClickException: there is neither.
    """
    from aiida_hezsp.cli.inputs import model_node

    if options.get(name):
        return model_node(options[name])
    if found is None:
        raise click.ClickException(
            f"the graph does not say which model {what_it_did}: name one by --{name.replace('_', '-')}"
        )
    return found
