import csv
import io

import pytest
from aiida import orm
from aiida.tools.archive import create_archive

from aiida_hezsp.errors import ArchiveError, PredictionError
from aiida_hezsp.provenance.export import export_archive, inspect_archive
from aiida_hezsp.provenance.predictions import rank_predictions
from aiida_hezsp.provenance.table import write_csv, write_rows

POTCAR = f" PAW_PBE Li 17Jan2003\n parameters from PSCTR are:\n   VRHFIN =Li: s1p0\n{'0.1 ' * 50}\n End of Dataset\n"


def test_process_goes_along_with_its_steps(discovery, tmp_path):
    predictions = list(discovery.predictions.values())
    alone = export_archive(predictions, tmp_path / "alone.aiida")
    whole = export_archive(predictions, tmp_path / "whole.aiida", process=discovery.nodes.discover)
    assert "WorkChainNode" not in alone.node_types
    assert whole.node_types["WorkChainNode"] == 1
    assert alone.groups == whole.groups  # the same predictions, the same groups


def test_potcar_text_in_a_retrieved_file_is_refused(discovery, tmp_path):
    from discovery_graph import calcfunction, calcjob, structure

    poisoned, relaxed, prediction = (
        orm.FolderData(),
        structure("X"),
        orm.Dict({"label": "X", "formula": "X", "msd": 1.0}),
    )
    poisoned.base.repository.put_object_from_filelike(io.BytesIO(POTCAR.encode()), "raw/POTCAR.copy")
    model = {"model": discovery.nodes.pretrained}
    calcjob("hezsp.relax", model, {"structures__X": relaxed, "retrieved": poisoned})
    calcfunction("predict", {"structure": relaxed}, {"result": prediction})
    with pytest.raises(ArchiveError, match=rf"text of a POTCAR .*raw/POTCAR.copy of node {poisoned.uuid}"):
        export_archive([prediction], tmp_path / "x.aiida")
    assert list(tmp_path.iterdir()) == []


def test_potcar_file_nodes_are_refused(discovery, tmp_path):
    (tmp_path / "POTCAR").write_text(POTCAR)
    node = orm.SinglefileData(tmp_path / "POTCAR").store()
    create_archive([node], filename=tmp_path / "file.aiida")
    with pytest.raises(ArchiveError, match=f"text of a POTCAR would be in file.aiida: POTCAR of node {node.uuid}"):
        inspect_archive(tmp_path / "file.aiida")


def test_potcar_marks_across_blocks_are_found(monkeypatch):
    from aiida_hezsp.provenance import export

    monkeypatch.setattr(export, "_READ", 7)
    assert export._is_potcar(io.BytesIO(POTCAR.encode()))
    assert not export._is_potcar(io.BytesIO(POTCAR.replace("End of", "End if").encode()))


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
    with pytest.raises(ArchiveError, match="not a readable AiiDA archive"):
        inspect_archive(tmp_path / "there.aiida")


def test_csv_has_units_features_and_exact_numbers(discovery, tmp_path):
    ranked = rank_predictions(discovery.nodes.discover)
    write_csv(ranked, tmp_path / "ranking.csv")
    rows = list(csv.DictReader((tmp_path / "ranking.csv").open(encoding="utf8")))
    assert [float(row["msd_A2"]) for row in rows] == [row.msd for row in ranked]
    assert [float(row["feature_csm_M_mean"]) for row in rows] == [row.features["csm_M_mean"] for row in ranked]
    assert rows[0]["uuid"] == ranked[0].uuid
    assert rows[0]["label_engines"] == "standin r2scan"
    text = io.StringIO()
    write_rows(ranked, text)
    assert text.getvalue() == (tmp_path / "ranking.csv").read_text(encoding="utf8")
