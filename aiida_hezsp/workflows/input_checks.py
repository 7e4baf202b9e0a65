"""What can be said about the inputs of the campaigns' work chains before the first hour of DFT or MD is spent."""

from collections.abc import Callable, Mapping
from typing import Any

from aiida import orm
from aiida.common import AttributeDict

from aiida_hezsp.calculations.relax import RelaxCalculation
from aiida_hezsp.chemistry import parse_formula
from aiida_hezsp.errors import HezspError
from aiida_hezsp.families import Family
from aiida_hezsp.potential.model_file import BUNDLED
from aiida_hezsp.sfmsd.features import feature_definitions
from aiida_hezsp.workflows.dft.validation import validate_dft
from aiida_hezsp.workflows.jobs import engine_metadata

__all__ = ("validate_discovery", "validate_engine_options", "validate_potential", "validate_sfmsd")

Inputs = Mapping[str, Any]


def validate_engine_options(value: orm.Dict, _: object) -> str | None:
    """Say which `metadata.options` no engine job has, and which values it would refuse."""
    # All engine jobs have the same options: those of every CalcJob.
    port = RelaxCalculation.spec().inputs["metadata"]["options"]
    given = value.get_dict()
    if unknown := sorted(set(given) - set(port)):
        return f"unknown options of engine jobs: {', '.join(unknown)}; known are {', '.join(sorted(port))}"
    layout = {"jobs": {"threads": 1, "workers": 1}}  # for the default resources alone
    error = port.validate(port.pre_process(engine_metadata(layout, given, "")["options"]))
    return None if error is None else f"options of engine jobs: {error.message}"


def validate_potential(value: Inputs, port: Any) -> str | None:
    """Say what is wrong with stage one: DFT, the model it starts from, compositions held out."""
    return validate_dft(value, port) or _found(_check_potential, value)


def validate_sfmsd(value: Inputs, _: object) -> str | None:
    """Say which feature sets of stage two the family does not have."""
    return _found(_check_sfmsd, value)


def validate_discovery(value: Inputs, port: Any) -> str | None:
    """Say what is wrong with any of the stages."""
    return validate_potential(value, port) or validate_sfmsd(value, port) or _found(_check_screen, value)


def _found(check: Callable[[Family, AttributeDict], str | None], value: Inputs) -> str | None:
    """Return what a check of family and settings finds."""
    if "settings" not in value or "family" not in value:
        return None  # the ports themselves say so
    settings = AttributeDict(value["settings"].get_dict())
    try:
        return check(Family.from_dict(value["family"].get_dict()), settings)
    except HezspError as error:
        return str(error)


def _check_potential(family: Family, settings: AttributeDict) -> str | None:
    potential = settings.potential
    if potential.pretrained not in BUNDLED:
        return f"potential.pretrained is {potential.pretrained}: chgnet comes with {', '.join(BUNDLED)}"
    for formula in potential.holdout:
        parse_formula(family, formula)
    return None


def _check_sfmsd(family: Family, settings: AttributeDict) -> str | None:
    for part in (settings.sfmsd, *settings.sfmsd.variants):
        feature_definitions(family, part["feature_set"])
    return None


def _check_screen(family: Family, settings: AttributeDict) -> str | None:
    kind, models = settings.screen.model, settings.sfmsd.training.models
    if kind not in models:
        return f"screen.model is {kind}, but sfmsd.training.models are {', '.join(models)}"
    if settings.robustness.in_discover:
        parse_formula(family, settings.robustness.formula)
    return None
