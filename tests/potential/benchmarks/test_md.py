import json
from itertools import product

import numpy as np
import pytest

from aiida_hezsp.errors import BenchmarkError, InputError
from aiida_hezsp.potential.benchmarks import MdBenchmark, MdReport, benchmark_md
from aiida_hezsp.potential.benchmarks.circumstances import Circumstances
from aiida_hezsp.potential.benchmarks.contenders import STOCK, STOCK_FORCES
from aiida_hezsp.potential.benchmarks.md import MdJob, MdSession, _fitting
from aiida_hezsp.potential.benchmarks.subject import make_subject
from aiida_hezsp.potential.evaluation import set_threads

SMALL = MdBenchmark(atoms=40, backends=("torch",), threads=1, block_steps=1, rounds=2, memory=False, profile=True)


@pytest.fixture(scope="module")
def said():
    return []


@pytest.fixture(scope="module")
def report(said):
    return benchmark_md(SMALL, Circumstances("how", {"torch": "2"}, report=lambda *told: said.append(told)))


def test_one_thread_is_one_layout(report):
    (layout,) = report.layouts
    assert (layout.name, layout.processes, layout.threads) == ("single", 1, 1)
    assert [timing.contender for timing in layout.timings] == [STOCK, STOCK_FORCES, "torch"]
    for timing in layout.timings:
        assert (timing.blocks, timing.steps) == (2, 2)
        assert timing.wall_ms_best <= timing.wall_ms <= timing.wall_ms_worst
        assert timing.steps_per_s == pytest.approx(1e3 / timing.wall_ms)


def test_ratios_are_quotients_of_the_reported_times(report):
    (layout,) = report.layouts
    timing = {one.contender: one for one in layout.timings}
    assert [(one.contender, one.over) for one in layout.ratios] == [("torch", STOCK), ("torch", STOCK_FORCES)]
    for one in layout.ratios:
        assert one.wall == timing[one.over].wall_ms / timing[one.contender].wall_ms
        assert one.cpu == timing[one.over].cpu_ms / timing[one.contender].cpu_ms
        assert one.cpu > 1  # CPU time: however busy the machine is
    best = {one.contender: one for one in report.best}
    assert best[STOCK].ratio is None
    assert best["torch"].ratio == best["torch"].steps_per_s / best[STOCK].steps_per_s


def test_deviations_are_small_and_stock_is_the_coarser(report):
    found = {(one.contender, one.reference): one for one in report.deviations}
    assert set(found) == {(STOCK, "float64"), ("torch", "float64"), ("torch", STOCK)}
    assert all(one.frames == 3 for one in report.deviations)  # the start, and after every round
    ours, stock = found["torch", "float64"], found[STOCK, "float64"]
    assert 0 < ours.force_mae < ours.force_max < 1e-4
    assert ours.energy_per_atom < 1e-5
    assert ours.force_mae < stock.force_mae < stock.force_max < 1e-3


def test_stages_add_up(report):
    (profile,) = report.profile
    assert set(profile.stages_ms) == {"graph", "evaluation", "integrator"}
    assert sum(profile.stages_ms.values()) == pytest.approx(profile.step_ms)
    assert profile.stages_ms["evaluation"] > profile.stages_ms["integrator"] > 0
    assert profile.gemm_gflops > 0
    assert profile.floor_ms == pytest.approx(3.9e3 / 4 / profile.gemm_gflops)


def test_the_document_is_complete_and_comes_back(report):
    assert MdReport.model_validate_json(report.model_dump_json()) == report
    assert (report.command, report.versions, report.skipped) == ("how", {"torch": "2"}, {})
    assert (report.subject.atoms, report.subject.model, report.memory) == (40, "0.3.0", [])
    text = json.dumps(report.model_dump())  # no NaN, no objects
    assert "NaN" not in text


def test_progress_grows(report, said):
    fractions = [done for _, done in said]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert len(fractions) == 2 * 3 + 1 + 1
    assert fractions[-1] == pytest.approx(1 - 1 / len(fractions))


def test_all_contenders_walk_the_same_path():
    contenders = (STOCK, STOCK_FORCES, "torch")
    session = MdSession(MdJob(make_subject(40, 1), contenders, "0.3.0", 1, 1000.0, 1.0, 1, set_threads))
    start = session.positions(STOCK)
    for name in contenders:
        wall, cpu = session.block(name, 2)
        assert wall > 0
        assert cpu > 0
    moved = session.positions(STOCK) - start
    assert 0.01 < np.abs(moved).max() < 0.5
    for name in contenders[1:]:
        np.testing.assert_allclose(session.positions(name), session.positions(STOCK), atol=1e-5)
    temperatures = [session.runs[name].atoms.get_temperature() for name in contenders]
    assert temperatures == pytest.approx([temperatures[0]] * 3, rel=1e-4)


@pytest.mark.slow
def test_processes_and_memory():
    report = benchmark_md(
        MdBenchmark(atoms=40, backends=("torch",), threads=2, layouts=("processes", "threads"), block_steps=1, rounds=1)
    )
    threads, processes = report.layouts
    assert (threads.processes, threads.threads, processes.processes, processes.threads) == (1, 2, 2, 1)
    for timing in processes.timings:
        assert (timing.blocks, timing.steps) == (2, 2)
        assert timing.steps_per_s == pytest.approx(2e3 / timing.wall_ms)
    speeds = {(layout.name, one.contender): one.steps_per_s for layout, one in _pairs(report.layouts)}
    for best in report.best:
        assert best.steps_per_s == max(speeds[name, best.contender] for name in ("threads", "processes"))
        assert best.steps_per_s == speeds[best.layout, best.contender]
    peaks = {one.contender: one for one in report.memory}
    assert set(peaks) == {STOCK, STOCK_FORCES, "torch"}
    assert all(50 < one.start_mb < one.peak_mb < 4000 for one in report.memory)
    assert peaks["torch"].peak_mb - peaks["torch"].start_mb < peaks[STOCK].peak_mb - peaks[STOCK].start_mb


def _pairs(layouts):
    return [pair for layout in layouts for pair in product([layout], layout.timings)]


def test_processes_that_do_not_fit_are_left_out():
    many, warnings = {"single": (1, 1), "processes": (10**6, 1)}, []
    assert _fitting(many, 160, Circumstances(warn=warnings.append)) == {"single": (1, 1)}
    assert warnings[0].startswith("layout processes: 1000000 processes need about 3600000 GB, but")
    with pytest.raises(BenchmarkError, match="choose fewer threads"):
        _fitting({"processes": (10**6, 1)}, 160, Circumstances())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rounds": 0}, "must be at least 1"),
        ({"block_steps": 0}, "must be at least 1"),
        ({"threads": 0}, "must be at least 1"),
        ({"atoms": 41}, "no cell of 41 atoms"),
        ({"threads": 2, "layouts": ("both",)}, "layout 'both' does not exist"),
        ({"backends": ("fortran",)}, "backend 'fortran' does not exist"),
    ],
)
def test_refusals(change, message):
    with pytest.raises(InputError, match=message):
        benchmark_md(MdBenchmark(**vars(SMALL) | change))
