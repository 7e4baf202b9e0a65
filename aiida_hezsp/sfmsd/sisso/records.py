"""What a fitted SISSO model is as JSON. Expressions are lists of tokens: no file is ever evaluated as code."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from aiida_hezsp.errors import ModelFileError
from aiida_hezsp.sfmsd.sisso.expressions import MAX_TOKENS, Expression
from aiida_hezsp.sfmsd.sisso.models import SissoModel
from aiida_hezsp.sfmsd.table import one_line

__all__ = ("SissoParameters", "SissoRecord")

Name = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Token = StrictInt | Annotated[StrictStr, Field(max_length=8)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SissoParameters(_Record):
    """The parameters of the estimator, but for `progress`."""

    dimension: int = Field(ge=1, le=20)
    complexity: int = Field(ge=0, le=8)
    subspace_size: int = Field(ge=1, le=1_000_000)
    metric: Literal["RMSE", "MAE", "MaxAE"]
    operators: tuple[Name, ...] = Field(max_length=32)
    names: tuple[Name, ...] | None = None
    units: tuple[str, ...] | None
    value_limits: tuple[Number, Number]
    max_correlation: float = Field(gt=0.0, le=1.0)
    n_residuals: int = Field(ge=1, le=1000)
    undefined: Literal["nan", "mean"]
    max_fits: int = Field(ge=0)
    max_memory: Number = Field(gt=0.0)
    max_seconds: Number = Field(gt=0.0)


class _Term(_Record):
    coefficient: Number
    expression: tuple[Token, ...] = Field(min_length=1, max_length=MAX_TOKENS)
    text: str


class _Model(_Record):
    """The model of one dimension."""

    intercept: Number
    terms: tuple[_Term, ...] = Field(max_length=20)
    rmse: Number
    mae: Number
    max_ae: Number

    @classmethod
    def of(cls, model: SissoModel, names: list[str]) -> Self:
        pairs = zip(model.coefficients, model.terms, strict=True)
        terms = tuple(
            _Term(coefficient=weight, expression=tuple(term.postfix()), text=term.text(names)) for weight, term in pairs
        )
        return cls(intercept=model.intercept, terms=terms, rmse=model.rmse, mae=model.mae, max_ae=model.max_ae)

    def model(self, names: list[str]) -> SissoModel:
        expressions = tuple(Expression.from_postfix(term.expression, len(names)) for term in self.terms)
        for term, expression in zip(self.terms, expressions, strict=True):
            if term.text != expression.text(names):
                raise ModelFileError(f"the text {term.text!r} is not its expression, {expression.text(names)!r}")
        weights = tuple(term.coefficient for term in self.terms)
        return SissoModel(expressions, weights, self.intercept, self.rmse, self.mae, self.max_ae)


class SissoRecord(_Record):
    """A fitted model: features by name, parameters, the model of every dimension from 0 on, and the counts."""

    format: Literal["aiida-hezsp.sisso/1"] = "aiida-hezsp.sisso/1"
    features: tuple[Name, ...] = Field(min_length=1, max_length=10_000)
    named: bool
    parameters: SissoParameters
    target_mean: Number
    feature_counts: tuple[int, ...]
    models: tuple[_Model, ...] = Field(min_length=1, max_length=21)

    @classmethod
    def read(cls, content: Any) -> Self:
        """Check a record: JSON text, or what was read from it.

        Raises:
            ModelFileError: the first thing that is wrong, and where.
        """
        try:
            if isinstance(content, str | bytes):
                return cls.model_validate_json(content)
            return cls.model_validate(content)
        except ValidationError as error:
            raise ModelFileError(f"this does not describe a SISSO model: {one_line(error)}") from None

    @classmethod
    def encode(cls, models: list[SissoModel], names: list[str], **rest: Any) -> Self:
        """Return the record of some models over named features."""
        return cls(features=tuple(names), models=tuple(_Model.of(model, names) for model in models), **rest)

    def decode(self) -> list[SissoModel]:
        """Return the models.

        Raises:
            ModelFileError: an expression is none, or not what its text says.
        """
        return [model.model(list(self.features)) for model in self.models]
