"""What a reader of a prediction is warned of."""

import pytest

from aiida_hezsp.cli.record import _place_text

MSD = {
    "region": "high", "percentile": 99.5, "place": 3, "n_predictions": 600, "outside_domain": [], "unseen_elements": [],
    "distance": 0.8, "defined": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        ({"outside_domain": ["a", "x_li"]}, "OUTSIDE the training range in a, x_li"),
        ({"unseen_elements": ["Bi"]}, "no training composition has Bi"),
        ({"distance": 2.25}, "UNLIKE the training compositions (distance 2.2; 95 % of them stay below 1)"),
        ({"defined": False}, "the model has NO VALUE here"),
    ],
)
def test_each_reason_for_doubt_is_said(change, warning):
    quiet = _place_text(MSD)
    assert quiet == "high region; percentile 99.5, place 3 of the 600 predictions of this model"
    assert _place_text(MSD | change).startswith(f"{quiet}; {warning}")


def test_predictions_of_older_models_say_nothing_of_it():
    assert _place_text(MSD | {"distance": None}) == _place_text(MSD)
