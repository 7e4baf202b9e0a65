"""What the database finds is what a scan of all predictions finds."""

import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiida_hezsp.errors import PredictionError
from aiida_hezsp.provenance.criteria import Criteria, Range
from aiida_hezsp.provenance.search import search
from aiida_hezsp.provenance.sort_keys import SORT_KEYS

ELEMENTS = ("Zr", "Hf", "Nb", "Ta", "Sn", "Ti", "La", "Ni", "Ca", "Sb", "Gd", "Fe")
TYPES = ("5-1", "4-1", "3-2", "6-1", "8-3", "9-9")
subsets = st.lists(st.sampled_from(ELEMENTS), unique=True, max_size=2).map(tuple)


def ranges(low, high, whole=False):
    ends = st.integers(low, high) if whole else st.floats(low, high) | st.integers(int(low), int(high))
    open_ends = st.none() | ends
    return st.none() | st.builds(Range, open_ends, open_ends)


criteria = st.builds(
    Criteria,
    all_of=subsets,
    any_of=subsets,
    none_of=subsets,
    n_elements=ranges(3, 8, whole=True),
    types=st.just(()) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=3).map(tuple),
    proportions=st.dictionaries(st.sampled_from(ELEMENTS), ranges(0.0, 0.5).filter(bool), max_size=1),
    x_li=ranges(2.5, 4.0),
    s_config=ranges(1.0, 2.1),
    msd=ranges(0, 200),
    regions=st.just(()) | st.lists(st.sampled_from(("low", "medium", "high")), max_size=2).map(tuple),
    family=st.sampled_from((None, None, "lzsp", "nzsp")),
    kind=st.sampled_from((None, None, "GB", "RF", "SISSO")),
)


def inside(value, wanted):
    """Say, in plain Python, whether a value is in a range."""
    if wanted is None:
        return True
    if value is None:
        return wanted.low is None and wanted.high is None
    return (wanted.low is None or value >= wanted.low) and (wanted.high is None or value <= wanted.high)


def region(msd):
    return "low" if msd < 40 else "medium" if msd <= 120 else "high"


def fulfils(row, wanted):
    here = set(row["elements"])
    tests = [
        set(wanted.all_of) <= here,
        not wanted.any_of or here & set(wanted.any_of),
        not here & set(wanted.none_of),
        not wanted.types or row["type"] in wanted.types,
        not wanted.regions or region(row["msd"]) in wanted.regions,
        wanted.family in (None, row["family"]),
        wanted.kind in (None, row["model_kind"]),
    ]
    tests += [inside(row[name], getattr(wanted, name)) for name in ("n_elements", "x_li", "s_config", "msd")]
    tests += [inside(row["site_fractions"].get(name), ends) for name, ends in wanted.proportions.items()]
    return all(tests)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=criteria)
def test_counts_agree_with_a_scan(many, wanted):
    expected = {uuid for uuid, row in many.rows.items() if fulfils(row, wanted)}
    result = search(wanted)
    assert result.total == len(expected)
    assert {row.uuid for row in result.rows} == expected


@pytest.mark.parametrize("kind", [int, float])
def test_whole_numbers_are_compared_as_numbers(many, kind):
    """SQLite would compare 120.4 with an integer 120 as integers."""
    bound = kind(int(np.median([row["msd"] for row in many.rows.values()])))
    expected = sum(row["msd"] >= bound for row in many.rows.values())
    between = sum(bound <= row["msd"] < bound + 1 for row in many.rows.values())
    assert between > 0, "the fixture must have values that the fault would hide"
    assert search(Criteria(msd=Range(low=bound))).total == expected


@pytest.mark.parametrize("key", SORT_KEYS)
def test_sorted_and_limited(many, key):
    rows = search(sort=key, limit=7).rows
    everything = sorted((row[key] for row in many.rows.values()), reverse=True)
    assert [many.rows[row.uuid][key] for row in rows] == everything[:7]
    assert [row.rank for row in rows] == list(range(1, 8))
    rows = search(sort=key, ascending=True, limit=7).rows
    assert [many.rows[row.uuid][key] for row in rows] == everything[::-1][:7]


def test_one_model(many):
    found = search(Criteria(model=many.models["RF"].pk))
    assert found.total == 60
    assert {row.model_kind for row in found.rows} == {"RF"}


def test_formula(many):
    row = next(iter(many.rows.values()))
    assert search(Criteria(formula=row["formula"])).total == search(Criteria(formula=row["label"])).total == 2


def test_what_does_not_exist_is_named():
    with pytest.raises(PredictionError, match=r"'hf' is no element; did you mean Hf\?"):
        Criteria(all_of=("hf",))
    with pytest.raises(PredictionError, match="region 'best' does not exist"):
        Criteria(regions=("best",))
    with pytest.raises(PredictionError, match="cannot sort by 'colour'"):
        search(sort="colour")


@pytest.mark.slow
def test_thousands_are_searched_and_traced_in_half_a_second(thousands):
    from aiida import orm

    from aiida_hezsp.provenance.recall import recall_calculation
    from aiida_hezsp.provenance.trace import trace_prediction

    wanted = Criteria(all_of=("Hf",), none_of=("Ni",), msd=Range(low=60), x_li=Range(2.5, 3.5))
    expected = sum(fulfils(row, wanted) for row in thousands.rows.values())
    start = time.process_time()
    assert search(wanted, limit=20).total == expected
    assert search(limit=20).total == 5000
    assert time.process_time() - start < 1.0
    start = time.process_time()
    trace_prediction(orm.load_node(uuid=next(iter(thousands.rows))))
    assert time.process_time() - start < 1.0
    found = recall_calculation(thousands.discovery.vasp_relaxations[0])
    assert len(found.predictions) == 5000
