"""What labelled the images behind a model, carried along with the model."""

from collections.abc import Iterable

from aiida import orm

__all__ = ("WithLabelEngines", "engines_behind")


class WithLabelEngines:
    """Mixin of the model data types: VASP, or the stand-in and its calculator, as attribute `label_engines`."""

    @property
    def label_engines(self) -> list[str]:
        """What labelled the images this model rests on, e.g. ``["vasp 6.4.2"]``; empty for a pretrained one."""
        return list(self.base.attributes.get("label_engines"))

    @label_engines.setter
    def label_engines(self, engines: Iterable[str]) -> None:
        self.base.attributes.set("label_engines", sorted(set(engines)))


def engines_behind(results: Iterable[orm.Dict]) -> set[str]:
    """Return what labelled the images behind the CHGNet models of engine jobs.

    Args:
        results: output `results` of the jobs.
    """
    models = (node.get_dict().get("model") or {} for node in results)
    return {engine for model in models for engine in model.get("label_engines", ())}
