"""A trained SF-MSD model: the estimator's file and its JSON description."""

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

    Holds `model.skops` (of SISSO: `model.sisso`, which is JSON) and `model.json`; both are checked when the node is
    made and whenever they are read, a skops file against an explicit list of allowed types. Attributes: `kind` (``GB``,
    ``RF``, ``SISSO``), `features` (names, in order), `summary` (the JSON description without the training rows),
    `label_engines` (VASP, or the stand-in and its calculator), and `variant` where it is a model to compare with.
    """

    SIDECAR = "model.json"
    _LONG = ("calibration", "probe")

    def __init__(self, estimator: str | Path, sidecar: str | Path, **kwargs: Any) -> None:
        """Make an unstored node of the two files.

        Raises:
            ModelFileError: a file is damaged or contains a type that is not allowed.
        """
        super().__init__(**kwargs)
        self.base.repository.put_object_from_file(str(estimator), f"model{Path(estimator).suffix}")
        self.base.repository.put_object_from_file(str(sidecar), self.SIDECAR)
        model = self.load()
        self.base.attributes.set("kind", model.kind)
        self.base.attributes.set("features", list(model.features))
        summary = json.loads(Path(sidecar).read_text(encoding="utf8"))
        self.base.attributes.set("summary", {key: value for key, value in summary.items() if key not in self._LONG})
        self.label_engines = []

    @property
    def kind(self) -> str:
        """Kind of regressor: ``GB``, ``RF`` or ``SISSO``."""
        return str(self.base.attributes.get("kind"))

    @property
    def variant(self) -> str | None:
        """Name of the training set, where it is not the one that screens are made with."""
        found: str | None = self.base.attributes.get("variant", None)
        return found

    @variant.setter
    def variant(self, name: str) -> None:
        self.base.attributes.set("variant", name)

    @property
    def estimator_file(self) -> str:
        """Name of the estimator's file in the repository: `model.skops` or `model.sisso`."""
        names = self.base.repository.list_object_names()
        return next((name for name in names if name != self.SIDECAR), "model.skops")

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
            for name in (self.estimator_file, self.SIDECAR):
                Path(folder, name).write_bytes(self.base.repository.get_object_content(name, mode="rb"))
            return load_model(Path(folder) / self.estimator_file)
