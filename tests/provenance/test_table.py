"""A ranking as a table."""

import csv
import io

from aiida_hezsp.provenance.predictions import rank_predictions
from aiida_hezsp.provenance.table import write_csv, write_rows


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
