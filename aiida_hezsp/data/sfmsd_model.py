"""A trained SF-MSD model: a skops file and its JSON description."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiida import orm

from aiida_hezsp.data.label_engines import WithLabelEngines

if TYPE_CHECKING:
    from aiida_hezsp.sfmsd import TrainedModel

__all__ = ("SfmsdModelData",)


class SfmsdModelData(WithLabelEngines, orm.Data):
    """A regressor from structural features to MSD, entry point `hezsp.sfmsd_model`.

    Holds `model.skops` and `model.json`; both are checked when the node is made and whenever they are read, against
    an explicit list of allowed types. Attributes: `kind` (``GB``, ``RF``), `features` (names, in order),
    `summary` (the JSON description), `label_engines` (VASP, or the stand-in and its calculator).
    """

    SKOPS = "model.skops"
    SIDECAR = "model.json"

    def __init__(self, skops: str | Path, sidecar: str | Path, **kwargs: Any) -> None:
        """Make an unstored node of the two files.

        Raises:
            ModelFileError: a file is damaged or contains a type that is not allowed.
        """
        super().__init__(**kwargs)
        self.base.repository.put_object_from_file(str(skops), self.SKOPS)
        self.base.repository.put_object_from_file(str(sidecar), self.SIDECAR)
        model = self.load()
        self.base.attributes.set("kind", model.kind)
        self.base.attributes.set("features", list(model.features))
        self.base.attributes.set("summary", json.loads(Path(sidecar).read_text(encoding="utf8")))
        self.label_engines = []

    @property
    def kind(self) -> str:
        """Kind of regressor: ``GB`` or ``RF``."""
        return str(self.base.attributes.get("kind"))

    @property
    def feature_set(self) -> str:
        """Name of the family's feature set that the features are."""
        return str(self.base.attributes.get("summary")["feature_set"])

    @property
    def features(self) -> list[str]:
        """Names of the features, in the order of the model's columns."""
        return list(self.base.attributes.get("features"))

    def load(self) -> "TrainedModel":
        """Return the model.

        Raises:
            ModelFileError: a file is damaged or contains a type that is not allowed.
        """
        from aiida_hezsp.sfmsd import load_model

        with tempfile.TemporaryDirectory() as folder:
            for name in (self.SKOPS, self.SIDECAR):
                Path(folder, name).write_bytes(self.base.repository.get_object_content(name, mode="rb"))
            return load_model(Path(folder) / self.SKOPS)
