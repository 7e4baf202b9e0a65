from rich.console import Console

from aiida_hezsp.provenance.trace import trace_prediction
from aiida_hezsp.provenance.tree import trace_tree


def text_of(tree):
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(tree)
    return capture.get()


def test_tree_names_every_dft_calculation(discovery, best):
    text = text_of(trace_tree(trace_prediction(best)))
    for calculation in discovery.vasp_relaxations + discovery.vasp_single_points + discovery.interrupted_vasp:
        assert f"vasp.vasp<{calculation.pk}>" in text
    assert "labels: standin r2scan" in text
    assert "No VASP ran" in text
    assert "144.2 A^2" in text
    assert "(90 %: 124.2 to 164.2)" in text


def test_tree_shows_how_stages_feed_each_other(discovery, best):
    lines = text_of(trace_tree(trace_prediction(best))).splitlines()
    depth = {line.lstrip("│├└─ ").partition(":")[0]: len(line) - len(line.lstrip("│├└─ ")) for line in lines}
    assert depth["SF-MSD training"] < depth["MD runs of the training set"] < depth["Second fine-tuning"]
    assert depth["MD dataset"] == depth["First fine-tuning"] > depth["Second fine-tuning"]
    assert depth["DFT relaxations"] > depth["Relaxation dataset"] > depth["First fine-tuning"]


def test_long_lists_are_cut_unless_all_is_asked_for(discovery, best, monkeypatch):
    monkeypatch.setattr("aiida_hezsp.provenance.tree._LIMIT", 1)
    trace = trace_prediction(best)
    assert "and 3 more compositions" in text_of(trace_tree(trace))
    assert "more compositions" not in text_of(trace_tree(trace, show_all=True))
