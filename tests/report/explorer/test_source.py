import numpy as np
import pytest
from aiida import orm

from aiida_hezsp.errors import PredictionError
from aiida_hezsp.provenance.predictions import rank_predictions
from aiida_hezsp.provenance.trace import trace_prediction
from aiida_hezsp.report.explorer.packing import STEPS, unpack_cells, unpack_coordinates
from aiida_hezsp.report.explorer.source import gather_explorer
from aiida_hezsp.report.explorer.structures import pack_structures


@pytest.fixture(scope="module")
def content(many):
    return gather_explorer()


def test_every_row_is_what_its_node_holds(content, many):
    columns = content.table["columns"]
    assert len(columns["uuid"]) == 360
    assert columns["msd"] == sorted(columns["msd"], reverse=True)
    for place in range(0, 360, 7):
        known = many.rows[columns["uuid"][place]]
        for name in ("formula", "family", "type"):
            assert columns[name][place] == known[name]
        for name in ("msd", "msd_low", "msd_high", "x_li", "s_config", "volume", "shap_base", "n_elements"):
            assert columns[name][place] == pytest.approx(known[name], rel=1e-6)
        assert columns["outside"][place] == known["outside_domain"]
        assert content.table["models"][columns["model"][place]]["kind"] == known["model_kind"]
        assert content.table["engines"][columns["engines"][place]] == known["label_engines"]
        for name in ("features", "shap"):
            found = {feature: values[place] for feature, values in content.table[name].items()}
            assert found == pytest.approx(known[name], rel=1e-6)


def test_features_have_units_and_definitions(content):
    columns = {column["name"]: column for column in content.table["models"][0]["columns"]}
    assert columns["a"]["unit"] == "A"
    assert all(columns[name]["definition"] for name in content.table["features"])


def test_structures_are_those_of_the_predictions(content, many):
    found = pack_structures(content.structures)
    cells, coordinates = unpack_cells(found["cells"]), unpack_coordinates(found["coordinates"])
    starts = np.cumsum([0, *(len(structure.symbols) for structure in content.structures)])
    for place in (0, 17, 359):
        node = orm.load_node(content.table["columns"]["uuid"][place]).creator.inputs.structure
        assert content.table["own"]["structure"][place] == node.uuid
        expected = node.get_ase()
        assert list(content.structures[place].symbols) == expected.get_chemical_symbols()
        assert np.allclose(cells[place], expected.cell.array, atol=1e-5)
        difference = coordinates[starts[place] : starts[place + 1]] - expected.get_scaled_positions()
        assert np.abs(difference - np.round(difference)).max() <= 0.5 / STEPS + 1e-9


def trace_on_page(table, place):
    """Return the UUIDs of processes by stage, as the page puts them together."""
    shared = table["traces"][table["columns"]["trace"][place]]
    found = {stage["key"]: {process["uuid"] for process in stage["processes"]} for stage in shared["stages"]}
    for stage, own in table["own"].items():
        if stage in found:
            found[stage] |= set(own[place])
    return found, shared


@pytest.mark.parametrize("place", [0, 100, 359])
def test_trace_is_that_of_the_trace_command(content, place):
    trace = trace_prediction(orm.load_node(content.table["columns"]["uuid"][place]))
    found, shared = trace_on_page(content.table, place)
    assert found == {stage.key: {process.uuid for process in stage.processes} for stage in trace.stages}
    assert shared["verdict"] == trace.verdict
    assert shared["engines"] == trace.engines


def test_trace_of_a_graph_with_interrupted_runs(discovery):
    table = gather_explorer(discovery.nodes.discover).table
    for place, uuid in enumerate(table["columns"]["uuid"]):
        trace = trace_prediction(orm.load_node(uuid))
        found, _ = trace_on_page(table, place)
        assert found == {stage.key: {process.uuid for process in stage.processes} for stage in trace.stages}
    assert len(table["traces"]) == 1


def test_only_what_was_asked_for(discovery):
    ranked = rank_predictions()
    chosen = {ranked[0].uuid, ranked[2].uuid}
    assert gather_explorer(uuids=chosen).table["columns"]["uuid"] == [ranked[0].uuid, ranked[2].uuid]
    assert gather_explorer(limit=1).table["columns"]["uuid"] == [ranked[0].uuid]
    assert gather_explorer(structures=False).structures is None
    assert gather_explorer(title="Mine").table["title"] == "Mine"
    assert gather_explorer(discovery.nodes.discover).table["title"] == "discover lzsp (demo)"


def test_nothing_left_is_an_error(discovery):
    with pytest.raises(PredictionError, match="no prediction is left"):
        gather_explorer(uuids=[])
