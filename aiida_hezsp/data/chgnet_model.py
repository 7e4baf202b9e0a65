"""A CHGNet model: one safetensors file with its architecture and history in the header."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiida import orm

from aiida_hezsp.data.label_engines import WithLabelEngines

if TYPE_CHECKING:
    from chgnet.model import CHGNet

__all__ = ("ChgnetModelData",)


class ChgnetModelData(WithLabelEngines, orm.SinglefileData):
    """CHGNet weights as safetensors, entry point `hezsp.chgnet_model`.

    The file is checked when the node is made (format, architecture, tensor names and shapes), never unpickled.
    Attributes: `name` (e.g. ``0.3.0``), `version`, `sha256` of the file, `info` (history written by the engine),
    `label_engines` (VASP, or the stand-in and its calculator).
    """

    def __init__(self, file: str | Path, filename: str = "model.safetensors", **kwargs: Any) -> None:
        """Make an unstored node of a model file.

        Args:
            file: path of a `*.safetensors` file in the format of `aiida_hezsp.potential.model_file`.
            filename: name of the file inside the node.

        Raises:
            ModelFileError: the file is damaged, too large, or not a CHGNet model.
        """
        from aiida_hezsp.potential.model_file import read_metadata, sha256_of, verify_model_file

        path = Path(file)
        verify_model_file(path)
        super().__init__(path, filename=filename, **kwargs)
        metadata = read_metadata(path)
        self.base.attributes.set("name", metadata["name"])
        self.base.attributes.set("version", metadata["version"])
        self.base.attributes.set("info", json.loads(metadata.get("info", "{}")))
        self.base.attributes.set("sha256", sha256_of(path))
        self.label_engines = []

    @property
    def name(self) -> str:
        """Name of the model, e.g. ``0.3.0`` or ``md-model``."""
        return str(self.base.attributes.get("name"))

    @property
    def sha256(self) -> str:
        """Checksum of the file, as it stands in the outputs of every job that used it."""
        return str(self.base.attributes.get("sha256"))

    @property
    def info(self) -> dict[str, Any]:
        """History of the model: parent, seeds, epochs, label engines."""
        return dict(self.base.attributes.get("info"))

    def load(self) -> "CHGNet":
        """Return the model, on the CPU and in evaluation mode; the file is checked again, as after an import.

        Raises:
            ModelFileError: the file is damaged, is not a CHGNet model, or not the one whose checksum the node has.
        """
        import tempfile

        from aiida_hezsp.errors import ModelFileError
        from aiida_hezsp.potential.model_file import load_model, sha256_of

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(self.filename).name
            path.write_bytes(self.get_content(mode="rb"))
            if sha256_of(path) != self.sha256:
                raise ModelFileError(f"model {self.uuid} does not hold the file whose checksum it has")
            try:
                return load_model(path)
            except ModelFileError as error:
                raise ModelFileError(f"model {self.uuid}: {str(error).replace(f'{folder}/', '')}") from None

    @classmethod
    def bundled(cls, name: str) -> "ChgnetModelData":
        """Return the stored node of a model that comes with chgnet (`0.2.0`, `0.3.0`, `r2scan`).

        The node is looked up by its checksum first, so that one profile holds one copy.

        Raises:
            ModelFileError: chgnet has no such model.
        """
        import tempfile

        from aiida_hezsp.potential.model_file import load_model, save_model

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.safetensors"
            save_model(path, load_model(name), name=name)
            node = cls(path)
        found = orm.QueryBuilder().append(cls, filters={"attributes.sha256": node.sha256}).first(flat=True)
        return found or node.store()
