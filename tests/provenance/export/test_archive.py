import gzip
import io

import pytest
from aiida import orm
from aiida.tools.archive import create_archive

from aiida_hezsp.errors import ArchiveError, PredictionError
from aiida_hezsp.provenance.export import export_archive, inspect_archive

POTCAR = f" PAW_PBE Li 17Jan2003\n parameters from PSCTR are:\n   VRHFIN =Li: s1p0\n{'0.1 ' * 50}\n End of Dataset\n"


def test_process_goes_along_with_its_steps(discovery, tmp_path):
    predictions = list(discovery.predictions.values())
    alone = export_archive(predictions, tmp_path / "alone.aiida")
    whole = export_archive(predictions, tmp_path / "whole.aiida", process=discovery.nodes.discover)
    assert "WorkChainNode" not in alone.node_types
    assert whole.node_types["WorkChainNode"] == 1
    assert alone.groups == whole.groups  # the same predictions, the same groups


def poisoned(discovery, content, name):
    """Store a prediction whose relaxation retrieved a file; return both."""
    from discovery_graph import calcfunction, calcjob, structure

    folder, relaxed, prediction = (
        orm.FolderData(),
        structure("X"),
        orm.Dict({"label": "X", "formula": "X", "msd": 1.0}),
    )
    folder.base.repository.put_object_from_filelike(io.BytesIO(content), name)
    model = {"model": discovery.nodes.pretrained}
    calcjob("hezsp.relax", model, {"structures__X": relaxed, "retrieved": folder})
    calcfunction("predict", {"structure": relaxed}, {"result": prediction})
    return prediction, folder


@pytest.mark.parametrize(
    ("content", "name"), [(POTCAR.encode(), "raw/POTCAR.copy"), (gzip.compress(POTCAR.encode()), "all.gz")]
)
def test_potcar_text_in_a_retrieved_file_is_refused(discovery, tmp_path, content, name):
    prediction, folder = poisoned(discovery, content, name)
    with pytest.raises(ArchiveError, match=rf"{name} of node {folder.uuid}: holds the text of a POTCAR"):
        export_archive([prediction], tmp_path / "x.aiida")
    assert list(tmp_path.iterdir()) == []


def test_potcar_text_in_extras_is_refused(discovery, tmp_path):
    prediction, folder = poisoned(discovery, b"nothing", "file")
    folder.base.extras.set("note", {"what": POTCAR})
    with pytest.raises(ArchiveError, match=f"text of a POTCAR in the extras of node {folder.uuid}"):
        export_archive([prediction], tmp_path / "x.aiida")
    assert list(tmp_path.iterdir()) == []


def test_potcar_file_nodes_are_refused(discovery, tmp_path):
    """A node of aiida-vasp's own type, as `verdi archive create --all` would take along."""
    from aiida_vasp.data.potcar import PotcarFileData

    from aiida_hezsp.standin.potcars import placeholder_potcar

    node, _ = PotcarFileData.get_or_create_from_contents(placeholder_potcar("Li_sv").encode())
    create_archive([node], filename=tmp_path / "file.aiida")
    with pytest.raises(ArchiveError, match="1 PotcarFileData nodes: they hold the licensed text"):
        inspect_archive(tmp_path / "file.aiida")


def test_the_profile_is_left_as_it_is(discovery, best, tmp_path):
    before = orm.QueryBuilder().append(orm.Group).count()
    export_archive([best], tmp_path / "best.aiida")
    assert orm.QueryBuilder().append(orm.Group).count() == before


def test_same_nodes_and_links_as_aiida_takes(discovery, tmp_path):
    """AiiDA's own `create_archive`, with its rules for what goes along, is the reference."""
    predictions = list(discovery.predictions.values())
    ours = export_archive(predictions, tmp_path / "ours.aiida", process=discovery.nodes.discover)
    create_archive([*predictions, discovery.nodes.discover], filename=tmp_path / "aiida.aiida")
    theirs = inspect_archive(tmp_path / "aiida.aiida")
    assert (ours.n_nodes, ours.n_links, ours.n_files) == (theirs.n_nodes, theirs.n_links, theirs.n_files)
    assert ours.node_types == theirs.node_types


def test_trajectories_that_nothing_used_stay_behind(discovery, tmp_path):
    """Those of the eight targets, and of the VASP run that lost its machine; datasets were made of the others."""
    predictions = list(discovery.predictions.values())
    whole = export_archive(predictions, tmp_path / "whole.aiida")
    small = export_archive(predictions, tmp_path / "small.aiida", trajectories=False)
    assert small.n_left_out == 9
    fewer = {kind: number - small.node_types[kind] for kind, number in whole.node_types.items()}
    assert {kind: number for kind, number in fewer.items() if number} == {"ArrayData": 8, "TrajectoryData": 1}


def test_wrong_targets(discovery, best, tmp_path):
    (tmp_path / "there.aiida").write_text("keep me")
    with pytest.raises(ArchiveError, match="exists already"):
        export_archive([best], tmp_path / "there.aiida")
    assert (tmp_path / "there.aiida").read_text() == "keep me"
    with pytest.raises(ArchiveError, match="is a directory"):
        export_archive([best], tmp_path)
    with pytest.raises(ArchiveError, match="is not a directory"):
        export_archive([best], tmp_path / "no" / "where.aiida")
    with pytest.raises(ArchiveError, match="nothing to export"):
        export_archive([], tmp_path / "none.aiida")
    with pytest.raises(PredictionError, match="is a StructureData"):
        export_archive([best.creator.inputs.structure], tmp_path / "wrong.aiida")
    with pytest.raises(ArchiveError, match="not a zip file, or cut off"):
        inspect_archive(tmp_path / "there.aiida")
