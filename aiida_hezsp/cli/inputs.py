"""Turn what the user types into inputs of work chains."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiida_hezsp.errors import StructureError

if TYPE_CHECKING:
    from aiida import orm
    from pymatgen.core import Structure

    from aiida_hezsp.families import Family

__all__ = (
    "atom_counts",
    "check_model",
    "check_structures",
    "load_node_or_fail",
    "model_node",
    "read_options",
    "read_structure_file",
    "structures_for",
    "unstored_structures",
)

_SUFFIXES = {".cif", ".vasp", ".poscar", ".xyz", ".json"}
_UUID_DASHES = 4


def read_options(text: str, name: str) -> dict[str, Any]:
    """Return a YAML mapping given on the command line.

    Raises:
        click.ClickException: the text is not a YAML mapping.
    """
    import yaml

    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise click.ClickException(f"{name} {text!r} is not YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(value, Mapping):
        raise click.ClickException(f"{name} {text!r} is not a mapping such as {{max_wallclock_seconds: 3600}}")
    return dict(value)


def read_structure_file(path: Path) -> "Structure":
    """Return the structure of a CIF, POSCAR or other file pymatgen reads.

    Raises:
        StructureError: the file cannot be read as a structure, or has partly occupied sites.
    """
    import warnings

    from pymatgen.core import Structure

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            structure = Structure.from_file(path)
    except (ValueError, IndexError, KeyError, TypeError, AssertionError, UnicodeDecodeError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StructureError(f"{path} cannot be read as a structure: {reason}") from error
    if not structure.is_ordered:
        raise StructureError(f"{path} has partly occupied sites: simulations need whole atoms")
    return structure


def _sort_out(arguments: tuple[str, ...]) -> tuple[list[str], list[Path], list[str]]:
    """Return formulas, structure files and node identifiers.

    Raises:
        StructureError: a structure file does not exist, or nothing is given.
    """
    formulas, files, identifiers = [], [], []
    for argument in arguments:
        path = Path(argument)
        if path.is_file():
            files.append(path)
        elif path.suffix.lower() in _SUFFIXES:
            raise StructureError(f"{path} does not exist")
        elif argument.isdigit() or argument.count("-") == _UUID_DASHES:
            identifiers.append(argument)
        else:
            formulas.append(argument)
    if not arguments:
        raise StructureError("no structure is given: name formulas, structure files or StructureData nodes")
    return formulas, files, identifiers


def check_structures(arguments: tuple[str, ...], family: "Family", cell: str) -> None:
    """Check what the user named as structures, against the loaded profile; nothing is stored.

    Raises:
        HezspError: an argument is neither formula, structure file nor node, or does not fit the family or the cell.
        click.ClickException: a node is missing or of another type.
    """
    from aiida import orm

    from aiida_hezsp.chemistry import parse_formula

    formulas, files, identifiers = _sort_out(arguments)
    for formula in formulas:
        parse_formula(family, formula).sites(cell)
    labels = [_label(path.stem) for path in files]
    if twice := sorted({label for label in labels if labels.count(label) > 1}):
        raise StructureError(f"several structure files would have the label {twice[0]}: give them different names")
    for path in files:
        read_structure_file(path)
    for identifier in identifiers:
        load_node_or_fail(identifier, orm.StructureData)


def atom_counts(
    arguments: tuple[str, ...], family: "Family", cell: str, seed: int, profile: str | None = None
) -> list[int]:
    """Return the number of atoms of each structure named on the command line; nothing is stored.

    Args:
        arguments: formulas of the family, paths of structure files, or identifiers of StructureData nodes.
        family: the family.
        cell: ``primitive`` or ``supercell``, for formulas.
        seed: seed of the decoration, for formulas.
        profile: loaded where nodes are named; the default one if not given.

    Raises:
        HezspError: an argument is neither formula, structure file nor node, or does not fit the family.
    """
    from aiida_hezsp.chemistry import decorate, parse_formula

    formulas, files, identifiers = _sort_out(arguments)
    counts = [len(decorate(family, parse_formula(family, formula), cell, seed)) for formula in formulas]
    counts += [len(read_structure_file(path)) for path in files]
    if identifiers:
        from aiida import orm

        from aiida_hezsp.cli.environment import load_profile_or_fail

        load_profile_or_fail(profile)
        counts += [len(load_node_or_fail(identifier, orm.StructureData).sites) for identifier in identifiers]
    return counts


def structures_for(
    arguments: tuple[str, ...], family: "Family", cell: str, seed: int
) -> "dict[str, orm.StructureData]":
    """Return structures by label for formulas, structure files and node identifiers.

    Configurations of formulas are made, and stored, by `hezsp.make_configurations`: call `check_structures` first.

    Args:
        arguments: formulas of the family, paths of structure files, or identifiers of StructureData nodes.
        family: the family.
        cell: ``primitive`` or ``supercell``, for formulas.
        seed: seed of the decoration, for formulas.

    Raises:
        HezspError: an argument is neither formula, structure file nor node, or does not fit the family.
    """
    from aiida import orm

    formulas, structures = _files_and_nodes(arguments)
    if formulas:
        from aiida_hezsp.calculations.make_configurations import make_configurations

        made = make_configurations(
            family=orm.Dict(family.to_dict()), formulas=orm.List(formulas), cell=orm.Str(cell), seed=orm.Int(seed)
        )
        structures |= made["structures"]
    return structures


def unstored_structures(
    arguments: tuple[str, ...], family: "Family", cell: str, seed: int
) -> "dict[str, orm.StructureData]":
    """Return the same structures as `structures_for`, without storing anything.

    Raises:
        HezspError: an argument is neither formula, structure file nor node, or does not fit the family.
    """
    from aiida_hezsp.chemistry import decorate, parse_formula
    from aiida_hezsp.data.structures import structure_data_from_pymatgen

    formulas, structures = _files_and_nodes(arguments)
    for composition in (parse_formula(family, formula) for formula in formulas):
        structures[composition.label] = structure_data_from_pymatgen(decorate(family, composition, cell, seed))
    return structures


def _files_and_nodes(arguments: tuple[str, ...]) -> "tuple[list[str], dict[str, orm.StructureData]]":
    """Return the formulas among the arguments, and the structures of the files and nodes by label."""
    from aiida import orm

    from aiida_hezsp.data.structures import structure_data_from_pymatgen

    formulas, files, identifiers = _sort_out(arguments)
    structures = {_label(path.stem): structure_data_from_pymatgen(read_structure_file(path)) for path in files}
    for identifier in identifiers:
        node = load_node_or_fail(identifier, orm.StructureData)
        structures[f"node_{node.pk}"] = node
    return formulas, structures


def _label(text: str) -> str:
    """Return `text` as a link label."""
    return re.sub("[^a-zA-Z0-9]+", "_", f"s_{text}").rstrip("_")


def load_node_or_fail(identifier: str, node_type: type) -> Any:
    """Return a node of a type by pk or UUID.

    Raises:
        click.ClickException: there is no such node, or it is of another type.
    """
    from aiida.common.exceptions import MultipleObjectsError, NotExistent

    from aiida_hezsp.provenance.identifiers import find_node

    try:
        node = find_node(identifier)
    except (NotExistent, MultipleObjectsError, ValueError) as error:
        raise click.ClickException(f"node {identifier!r} was not found in this profile") from error
    if not isinstance(node, node_type):
        raise click.ClickException(
            f"node {identifier!r} is a {type(node).__name__}; a {node_type.__name__} is needed here"
        )
    return node


def check_model(identifier: str) -> None:
    """Check what the user named as a CHGNet model; nothing is stored.

    Raises:
        ModelFileError: the file is damaged or not a CHGNet model.
        click.ClickException: there is no such file or node, or it is no CHGNet model.
    """
    from aiida_hezsp.potential.model_file import BUNDLED

    if identifier not in BUNDLED:
        model_node(identifier)


def model_node(identifier: str) -> Any:
    """Return a CHGNet model: a bundled name (0.3.0, 0.2.0, r2scan), a safetensors file, or a node.

    Raises:
        ModelFileError: the file is damaged or not a CHGNet model.
        click.ClickException: there is no such node.
    """
    from aiida_hezsp.data import ChgnetModelData
    from aiida_hezsp.potential.model_file import BUNDLED

    if identifier in BUNDLED:
        return ChgnetModelData.bundled(identifier)
    if Path(identifier).is_file():
        return ChgnetModelData(identifier)
    return load_node_or_fail(identifier, ChgnetModelData)
