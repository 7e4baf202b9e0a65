"""The architecture of a CHGNet, as it stands in a model file; checked before anything is built from it."""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aiida_hezsp.errors import ModelFileError

__all__ = ("ModelArgs",)

Width = Annotated[int, Field(ge=1, le=1024)]
Hidden = Annotated[int, Field(ge=0, le=1024)] | Annotated[list[Width], Field(max_length=8)]
Dropout = Annotated[int | float, Field(ge=0, lt=1)]
Norm = Literal["batch", "layer"] | None


class ModelArgs(BaseModel):
    """Arguments of `chgnet.model.CHGNet`, with limits: a file cannot ask for more memory than a model may need."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    atom_fea_dim: Width = 64
    bond_fea_dim: Width = 64
    angle_fea_dim: Width = 64
    composition_model: Literal["MPtrj", "MPtrj_e", "MPF", "MP-r2SCAN"] = "MPtrj"
    num_radial: Annotated[int, Field(ge=1, le=256)] = 31
    num_angular: Annotated[int, Field(ge=1, le=255)] = 31
    n_conv: Annotated[int, Field(ge=1, le=16)] = 4
    atom_conv_hidden_dim: Hidden = 64
    update_bond: bool = True
    bond_conv_hidden_dim: Hidden = 64
    update_angle: bool = True
    angle_layer_hidden_dim: Hidden = 0
    conv_dropout: Dropout = 0
    read_out: Literal["ave", "attn", "weighted"] = "ave"
    mlp_hidden_dims: Hidden = [64, 64, 64]
    mlp_dropout: Dropout = 0
    mlp_first: bool = True
    is_intensive: bool = True
    non_linearity: Literal["silu", "relu", "tanh", "gelu"] = "silu"
    atom_graph_cutoff: Annotated[int | float, Field(gt=0, le=12)] = 6
    bond_graph_cutoff: Annotated[int | float, Field(gt=0, le=12)] = 3
    graph_converter_algorithm: Literal["legacy", "fast"] = "fast"
    cutoff_coeff: Annotated[int | float, Field(ge=0, le=64)] = 8
    learnable_rbf: bool = True
    gMLP_norm: Norm = "layer"  # noqa: N815 - chgnet's name
    readout_norm: Norm = "layer"
    version: Annotated[str, Field(max_length=64)] | None = None
    conv_norm: Norm = None
    mlp_out_bias: bool = False
    final_mlp: Literal["normal", "MLP", "gated"] = "MLP"
    num_heads: Annotated[int, Field(ge=1, le=16)] = 3
    skip_connection: bool = False  # these two stand in the arguments of 0.2.0, and chgnet ignores them
    cutofff_coeff: int | float | None = None
    converter_verbose: bool = False

    @classmethod
    def read(cls, text: str) -> dict[str, Any]:
        """Return the arguments given in JSON text, checked, without defaults added.

        Raises:
            ModelFileError: not JSON, or an argument that is unknown or out of bounds.
        """
        try:
            return cls.model_validate_json(text).model_dump(exclude_unset=True)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "JSON"
            raise ModelFileError(f"model_args of the model file: {where}: {first['msg']}") from error

    @classmethod
    def write(cls, arguments: dict[str, Any]) -> str:
        """Return arguments as JSON text that `read` accepts.

        Raises:
            ModelFileError: the model was built with arguments that cannot be stored, e.g. a module.
        """
        try:
            text = json.dumps(arguments)
        except TypeError as error:
            raise ModelFileError(f"this CHGNet cannot be stored: its arguments are not plain data ({error})") from error
        cls.read(text)
        return text
