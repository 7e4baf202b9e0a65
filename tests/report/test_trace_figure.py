"""The figure says what the trace says."""

import xml.etree.ElementTree as ET

import pytest

from aiida_hezsp.provenance.trace import trace_prediction
from aiida_hezsp.report.trace_figure import trace_figure, write_trace_figure


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_boxes_have_the_counts(discovery, best):
    trace = trace_prediction(best)
    found = texts(trace_figure(trace))
    assert any(text.startswith(best["formula"]) for text in found)
    assert trace.verdict in found
    for title in ("DFT relaxations", "Second fine-tuning", "SF-MSD training", "Prediction"):
        assert title in found
    n_images = sum(item.facts["n_images"] for item in trace["md_dataset"].data)
    assert f"{n_images} images" in found
    assert f"{trace['relaxation_dft'].count} calculations" in found


def test_nothing_overlaps(discovery, best):
    """Texts inside a box stay inside their box, and boxes do not touch."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.patches import FancyBboxPatch

    figure = trace_figure(trace_prediction(best))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    boxes = [p.get_window_extent(renderer) for p in figure.axes[0].patches if isinstance(p, FancyBboxPatch)]
    large = [box for box in boxes if box.height > 100]
    assert len(large) >= 10
    for number, box in enumerate(large):
        assert not any(box.overlaps(other) for other in large[number + 1 :])
    for text in figure.axes[0].texts:
        extent = text.get_window_extent(renderer)
        owner = next((box for box in boxes if box.contains(extent.x0 + 1, (extent.y0 + extent.y1) / 2)), None)
        assert owner is None or extent.x1 <= owner.x1 + 1, text.get_text()


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_written(discovery, best, tmp_path, suffix):
    path = tmp_path / f"trace.{suffix}"
    write_trace_figure(trace_prediction(best), path)
    assert path.stat().st_size > 5000
    if suffix == "svg":
        assert ET.parse(path).getroot().tag.endswith("svg")


def test_potential_used_as_it_came(discovery):
    from discovery_graph import Discovery, predict_all

    bare = Discovery()
    bare.nodes.sfmsd_model = discovery.nodes.sfmsd_model.clone().store()
    predict_all(bare, discovery.nodes.pretrained)
    found = texts(trace_figure(trace_prediction(next(iter(bare.predictions.values())))))
    assert "by the pretrained CHGNet" in found
    assert "by the relaxation model" not in found
    assert "DFT relaxations" not in found
