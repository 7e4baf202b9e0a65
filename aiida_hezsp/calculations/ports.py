"""Ports that several engine jobs share."""

from aiida import orm
from aiida.engine import CalcJobProcessSpec

from aiida_hezsp.data import ChgnetModelData, ImageData

__all__ = ("add_images", "add_model", "add_restart", "add_structures")


def add_model(spec: CalcJobProcessSpec) -> None:
    """Declare the CHGNet model that the job uses."""
    spec.input("model", valid_type=ChgnetModelData, help="The CHGNet model.")


def add_structures(spec: CalcJobProcessSpec) -> None:
    """Declare the structures of the job, keyed by composition label."""
    spec.input_namespace(
        "structures",
        valid_type=orm.StructureData,
        dynamic=True,
        validator=_validate_structures,
        help="The structures, keyed by label; about 25 a job keep AiiDA's share of the time small.",
    )


def add_images(spec: CalcJobProcessSpec) -> None:
    """Declare the labelled images of the job."""
    spec.input("images", valid_type=ImageData, help="The labelled images.")


def add_restart(spec: CalcJobProcessSpec) -> None:
    """Declare the folder of an interrupted job that this one continues."""
    spec.input(
        "restart_folder",
        valid_type=orm.RemoteData,
        required=False,
        non_db=False,
        help="Remote folder of an interrupted job of the same inputs; the run continues to the same end.",
    )


def _validate_structures(value: dict[str, orm.StructureData] | None, _: object) -> str | None:
    """Say what is wrong with a namespace of structures, if anything is."""
    if not value:
        return "at least one structure is needed"
    empty = [label for label, node in value.items() if isinstance(node, orm.StructureData) and not node.sites]
    return f"structures without atoms: {', '.join(sorted(empty))}" if empty else None
