"""Errors of a model on labelled images."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from aiida_hezsp.potential.images import ImageSet
from aiida_hezsp.potential.metrics import errors_of
from aiida_hezsp.potential.network import make_network
from aiida_hezsp.potential.prediction import Predictions, make_graphs, predict_images

if TYPE_CHECKING:
    from chgnet.model import CHGNet

__all__ = ("errors_by_group", "evaluate", "predict", "wants_of")


def wants_of(images: ImageSet) -> dict[str, bool]:
    """Return whether some image has a stress, and a moment, to compare with."""
    return {
        "stress": bool(np.isfinite(images.stresses).any()),
        "magmoms": bool(np.isfinite(images.magmoms).any()),
    }


def predict(
    model: "CHGNet", images: ImageSet, report: Callable[[int], None] | None = None, **wants: bool
) -> Predictions:
    """Return a model's predictions for all images.

    Args:
        model: the model.
        images: to be predicted.
        report: called with the number of images done.
        wants: `stress` and `magmoms`, whether they are wanted; by default if some image has the label.
    """
    network = make_network(model.eval())
    return predict_images(network, make_graphs(network, images), **(wants or wants_of(images)), report=report)


def errors_by_group(images: ImageSet, predictions: Predictions) -> dict[str, dict[str, Any]]:
    """Return the errors of all images (`all`) and of every composition."""
    by_group = {
        str(label): errors_of(images, predictions, np.flatnonzero(images.groups == label))
        for label in np.unique(images.groups)
    }
    return {"all": errors_of(images, predictions)} | by_group


def evaluate(model: "CHGNet", images: ImageSet) -> dict[str, dict[str, Any]]:
    """Return the errors of a model on images: of all, and of every composition; keys as in `errors_of`."""
    return errors_by_group(images, predict(model, images))
