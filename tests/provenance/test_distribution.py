import math
import operator

import numpy as np
import pytest
from aiida import orm
from scipy.stats import percentileofscore

from aiida_hezsp.provenance.criteria import Criteria
from aiida_hezsp.provenance.distribution import REGIONS, MsdDistribution, distribution_of, place_of, region_of


def test_percentiles_are_scipys():
    values = [3.0, 1.0, 2.0, 2.0, 8.5]
    distribution = MsdDistribution(tuple(sorted(values)))
    for msd in (0.5, 1.0, 2.0, 2.5, 8.5, 9.0):
        assert distribution.percentile(msd) == pytest.approx(percentileofscore(values, msd, kind="mean"))
    assert distribution.place(8.5) == 1
    assert distribution.place(2.0) == 3
    assert distribution.place(0.0) == 6


def test_of_nothing():
    empty = MsdDistribution(())
    assert empty.percentile(1.0) is None
    assert empty.histogram(4)[0] == [0, 0, 0, 0]


def test_distribution_of_each_model(many):
    for kind in ("GB", "RF"):
        expected = sorted(row["msd"] for row in many.rows.values() if row["model_kind"] == kind)
        distribution = distribution_of(many.models[kind])
        assert distribution.values == pytest.approx(expected)
        counts, edges = distribution.histogram(10)
        assert (sum(counts), len(edges)) == (len(expected), 11)
        assert sum(distribution.regions().values()) == distribution.n
        assert distribution.regions()["high"] == int((np.array(expected) > 120).sum())


def test_place_of_a_prediction(many):
    uuid, row = max(((u, r) for u, r in many.rows.items() if r["model_kind"] == "GB"), key=lambda item: item[1]["msd"])
    distribution, percentile = place_of(orm.load_node(uuid=uuid))
    assert distribution.n == 300
    assert percentile == pytest.approx(100 * 299.5 / 300)
    assert distribution.place(row["msd"]) == 1


def test_regions_cover_everything():
    assert [region_of(msd) for msd in (0.0, 39.9, 40.0, 120.0, 120.1, 1e9)] == ["low"] * 2 + ["medium"] * 2 + [
        "high"
    ] * 2
    assert REGIONS["high"][1] == math.inf


@pytest.mark.parametrize("msd", [0.0, 39.9, 40.0, 120.0, 120.1])
def test_the_filter_of_a_region_agrees_with_its_rule(msd):
    holds = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
    found = []
    for name in REGIONS:
        ((condition,),) = (entry["or"] for entry in Criteria(regions=(name,)).to_filters())
        found += [name] if all(holds[sign](msd, end) for sign, end in condition["attributes.msd"].items()) else []
    assert found == [region_of(msd)]
