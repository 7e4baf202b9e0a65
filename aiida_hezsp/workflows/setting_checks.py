"""What values the settings of a protocol may have: types and ranges, one line a setting."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, TypeAdapter, ValidationError, model_validator

from aiida_hezsp.sfmsd.balance import SplitStep
from aiida_hezsp.sfmsd.sisso.candidates import SissoSearch

__all__ = ("complaints",)

Count = Annotated[int, Field(strict=True, ge=1)]
Whole = Annotated[int, Field(strict=True, ge=0)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**32)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[Number, Field(gt=0.0)]
NotNegative = Annotated[Number, Field(ge=0.0)]
Fraction = Annotated[Number, Field(ge=0.0, le=1.0)]
Kelvin = Annotated[Number, Field(gt=0.0, le=10_000.0)]
Name = Annotated[StrictStr, Field(min_length=1)]
Port = Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9]+(_[A-Za-z0-9]+)*$")]  # AiiDA nests ports at two underscores


class _Choice(BaseModel):
    """Compositions: `formulas`, or `n` of a `space`."""

    model_config = ConfigDict(extra="forbid")
    name: Name | None = None
    space: Name | None = None
    n: Count | None = None
    formulas: list[Name] | None = None
    seed: Seed | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.formulas and (self.space is None or self.seed is None or "n" not in self.model_fields_set):
            raise ValueError("give formulas, or a space with n (null: all of it) and seed")
        return self


class _Variant(BaseModel):
    """Models to compare with."""

    model_config = ConfigDict(extra="forbid")
    name: Port
    feature_set: Name
    datasets: list[Name] | None
    splits: list[SplitStep]
    test_fraction: Fraction = 0.0


Choices = Annotated[list[_Choice], Field(min_length=1)]
Window = tuple[Fraction, Fraction]

_FINETUNE = {
    "epochs": Count,
    "batch_size": Count,
    "micro_batch": Count | None,
    "learning_rate": Positive,
    "optimizer": Name,
    "scheduler": Name,
    "weights": dict.fromkeys(("energy", "forces", "stress", "magmoms"), NotNegative),
    "refit_atomref": StrictBool,
    "split": {"by": Name, "train": Fraction, "validation": Fraction, "test": Fraction},
    "seed": Seed,
}

# Names whose choice the engine, the family or a rule of the science knows (optimizers, cells, acquisitions) are texts
# here. INCAR tags and variables of pw.x are left to aiida-vasp and pw.x.
_WANTED: dict[str, Any] = {
    "jobs": {
        "batch_size": Count,
        "max_concurrent": Count,
        "workers": Count,
        "threads": Count,
        "device": Name,
        "evaluated_together": Count | None,
    },
    "dft": {
        "engine": Name,
        "new_tags": list[Name],
        "kpoints_distance": Positive,
        "max_iterations": Count,
        "aimd": {
            "temperature": Kelvin,
            "timestep": Positive,
            "n_steps": Count,
            "segment_steps": Count,
            "max_unconverged": Fraction,
            "max_failures": Whole,
            "seed": Seed,
            "record_every": Count,
            "frames_every": Count | None,
            "window": Window,
            "bond_lengths": {"anion": Name, "max_length": Positive, "bin_width": Positive, "skip": Fraction},
        },
        "images": {"head": Whole, "tail": Whole, "seed": Seed, "outlier_threshold": Positive | None},
    },
    "potential": {
        "pretrained": Name,
        "compositions": _Choice,
        "cell": Name,
        "md_cell": Name,
        "configuration_seed": Seed,
        "holdout": list[Name],
        "relaxation_finetune": _FINETUNE,
        "md_finetune": _FINETUNE,
        "md": {"temperature": Kelvin, "timestep": Positive, "n_steps": Count, "frames_every": Count, "seed": Seed},
        "transition": {"cutoff": Positive, "n_images": Count},
    },
    "relax": {
        "fmax": Positive,
        "max_steps": Whole,
        "optimizer": Name,
        "relax_cell": StrictBool,
        "restart_every": Count,
    },
    "md": {
        "temperatures": Annotated[list[Kelvin], Field(min_length=1)],
        "extrapolate_to": Kelvin,
        "timestep": Positive,
        "n_steps": Count,
        "taut": Positive,
        "record_every": Count,
        "frames_every": Count | None,
        "restart_every": Count,
        "max_temperature_factor": Positive,
        "max_displacement": Positive,
        "min_distance": NotNegative,
        "window": Window,
        "diffusion_start": NotNegative,
        "seed": Seed,
    },
    "sfmsd": {
        "compositions": Choices,
        "cell": Name,
        "configuration_seed": Seed,
        "feature_set": Name,
        "test_fraction": Fraction,
        "split_seed": Seed,
        "training": {
            "models": Annotated[list[Name], Field(min_length=1)],
            "search_iterations": Annotated[Count, Field(le=100_000)],
            "cv": Annotated[int, Field(strict=True, ge=2, le=1000)],
            "seed": Seed,
            "coverage": Annotated[Number, Field(gt=0.0, lt=1.0)],
            "interval_neighbours": Annotated[Whole, Field(le=1000)],
            "max_target": Positive | None,
            "splits": list[SplitStep],
            "sisso": SissoSearch,
        },
        "variants": list[_Variant],
    },
    "screen": {"compositions": Choices, "cell": Name, "configuration_seed": Seed, "model": Name},
    "verify": {
        "regions": {
            "low": Number,
            "high": Number,
            "per_region": Whole,
            "seed": Seed,
            "max_error": NotNegative,
            "max_relative_error": NotNegative,
        },
        "cell": Name,
        "configuration_seed": Seed,
        "arrhenius": {"host": StrictBool, "temperatures": list[Kelvin], "n_steps": Count | None},
    },
    "robustness": {"in_discover": StrictBool, "formula": Name, "n": Count, "cell": Name, "seed": Seed},
    "active": {
        "acquisition": Name,
        "kappa": Number,
        "first": Count,
        "per_round": Count,
        "rounds": Whole,
        "seed": Seed,
    },
}


def complaints(settings: Mapping[str, Any]) -> list[str]:
    """Return for each impossible value its dotted name, the value and what is wanted; nothing where all is well.

    Settings that are not there are not missed: a work chain has only some sections of a protocol.
    """
    return list(_walk(settings, _WANTED, ""))


def _walk(settings: Mapping[str, Any], wanted: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield what is wrong below `path`."""
    for name, want in wanted.items():
        if name not in settings:
            continue
        where, value = f"{path}{name}", settings[name]
        if not isinstance(want, Mapping):
            yield from _complain(where, value)
        elif isinstance(value, Mapping):
            yield from _walk(value, want, f"{where}.")
        else:
            yield f"setting {where!r} has settings of its own ({', '.join(want)}), not {value!r}"


def _complain(where: str, value: Any) -> Iterator[str]:
    """Yield what is wrong with one value."""
    try:
        _adapter(where).validate_python(value)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            name = ".".join((where, *map(str, found["loc"])))
            if found["type"] == "missing":
                yield f"setting {name!r} is missing"
            else:
                sentence = found["msg"].removeprefix("Value error, ")
                yield f"setting {name!r} is {_short(found['input'])}: {sentence[:1].lower()}{sentence[1:]}"


@cache
def _adapter(where: str) -> TypeAdapter[Any]:
    """Return the checker of one setting."""
    want: Any = _WANTED
    for name in where.split("."):
        want = want[name]
    return TypeAdapter(want)


def _short(value: Any, longest: int = 80) -> str:
    """Return a value as it is written, cut where it is long."""
    text = repr(value)
    return text if len(text) <= longest else f"{text[:longest]}..."
