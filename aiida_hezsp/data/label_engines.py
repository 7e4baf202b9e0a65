"""What labelled the images behind a model, carried along with the model."""

from collections.abc import Iterable

__all__ = ("WithLabelEngines",)


class WithLabelEngines:
    """Mixin of the model data types: VASP, or the stand-in and its calculator, as attribute `label_engines`."""

    @property
    def label_engines(self) -> list[str]:
        """What labelled the images this model rests on, e.g. ``["vasp 6.4.2"]``; empty for a pretrained one."""
        return list(self.base.attributes.get("label_engines"))

    @label_engines.setter
    def label_engines(self, engines: Iterable[str]) -> None:
        self.base.attributes.set("label_engines", sorted(set(engines)))
