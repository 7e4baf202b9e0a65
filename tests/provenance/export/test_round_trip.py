"""Out of one profile, into an empty one. A file of its own: nodes do not survive that their profile is closed."""

from aiida import orm
from aiida.tools.archive import import_archive

from aiida_hezsp.provenance.export import export_archive
from aiida_hezsp.provenance.predictions import load_prediction
from aiida_hezsp.provenance.trace import trace_prediction


def test_round_trip_gives_the_same_trace(discovery, best, tmp_path, request):
    path = tmp_path / "best.aiida"
    best.creator.base.extras.set("_aiida_cached_from", "a node of this profile")  # archives drop it
    assert trace_prediction(best)["prediction"].processes[0].cached
    report = export_archive([best], path)
    here = trace_prediction(best).to_dict(pks=False)
    uuid = best.uuid
    assert report.n_predictions == 1
    assert report.size == path.stat().st_size
    assert report.node_types["ImageData"] == 6
    assert list(tmp_path.iterdir()) == [path]
    request.getfixturevalue("empty_profile")
    assert orm.QueryBuilder().append(orm.Node).count() == 0
    import_archive(path)
    assert orm.QueryBuilder().append(orm.Node).count() == report.n_nodes
    there = load_prediction(uuid)
    assert trace_prediction(there).to_dict(pks=False) == here
    groups = orm.QueryBuilder().append(orm.Group, filters={"label": {"like": "hezsp/predictions/%"}}).all(flat=True)
    assert [node.uuid for group in groups for node in group.nodes] == [uuid]
