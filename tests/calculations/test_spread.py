import numpy as np
import pytest
from aiida import orm

from aiida_hezsp.calculations.spread import spread


def test_sums_up_by_composition(aiida_profile_clean):
    rows = {"A_s1": ("A", 10.0, 500.0), "A_s2": ("A", 14.0, 510.0), "A_s3": ("A", 18.0, 502.0), "B_s1": ("B", 7.0, 1.0)}
    nodes = {
        key: orm.Dict({"label": label, "msd": msd, "volume": volume}) for key, (label, msd, volume) in rows.items()
    }
    result = spread(predictions=nodes)
    found = result.get_dict()
    msd, volume = np.array([10.0, 14.0, 18.0]), np.array([500.0, 510.0, 502.0])
    assert found["A"]["n"] == 3
    assert found["A"]["msd_mean"] == pytest.approx(msd.mean())
    assert found["A"]["msd_std"] == pytest.approx(msd.std(ddof=1))
    assert (found["A"]["msd_min"], found["A"]["msd_max"]) == (10.0, 18.0)
    assert found["A"]["volume_std"] == pytest.approx(volume.std(ddof=1))
    assert found["B"]["msd_std"] is None
    assert {node.uuid for node in result.creator.inputs.predictions.values()} == {node.uuid for node in nodes.values()}
