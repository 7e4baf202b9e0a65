"""Errors of predictions: targets that do not vary have no R2."""

import numpy as np
import pytest

from aiida_hezsp.sfmsd.metrics import measure


def test_targets_that_do_not_vary_have_no_r2():
    targets = np.full(3, 0.1)
    assert ((targets - targets.mean()) ** 2).sum() > 0.0  # rounding
    found = measure(targets, targets + 0.5)
    assert found.r2 is None
    assert found.mae == pytest.approx(0.5)
    assert measure([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]).r2 == 1.0
