import pytest
from ase.filters import FrechetCellFilter

from aiida_hezsp.errors import InputError
from aiida_hezsp.potential import FastCHGNetCalculator
from aiida_hezsp.potential.benchmarks import RelaxBenchmark, RelaxReport, benchmark_relax
from aiida_hezsp.potential.benchmarks.contenders import STOCK
from aiida_hezsp.potential.benchmarks.reference import Float64Evaluator
from aiida_hezsp.potential.benchmarks.relaxation import _judged
from aiida_hezsp.potential.benchmarks.subject import make_subject

SMALL = RelaxBenchmark(atoms=40, backends=("torch",), threads=1, fmax=0.01, max_steps=3, relax_cell=False, memory=False)


@pytest.fixture(scope="module")
def report():
    return benchmark_relax(SMALL)


def test_runs(report):
    stock, ours = report.runs
    assert (stock.contender, ours.contender) == (STOCK, "torch")
    assert stock.n_steps == 3  # too few to converge
    assert 0 < ours.n_steps <= 3
    start = make_subject(40, 1)
    start.calc = FastCHGNetCalculator("0.3.0", backend="torch")
    for run in report.runs:
        assert run.ms_per_step == 1e3 * run.wall_s / (run.n_steps + 1)
        assert run.cpu_s > 0
        assert run.volume == pytest.approx(start.get_volume())
        assert run.fmax == run.force_max > 0.01
        assert run.energy_per_atom < start.get_potential_energy() / 40


def test_ratios_are_quotients_of_the_reported_numbers(report):
    stock, ours = report.runs
    (ratio,) = report.ratios
    assert (ratio.contender, ratio.over) == ("torch", STOCK)
    assert ratio.wall == stock.wall_s / ours.wall_s
    assert ratio.cpu == stock.cpu_s / ours.cpu_s
    assert ratio.per_step == stock.ms_per_step / ours.ms_per_step
    assert ratio.steps == stock.n_steps / ours.n_steps
    assert ratio.energy_difference == 1e3 * (ours.energy_per_atom - stock.energy_per_atom)


def test_the_document_comes_back(report):
    assert RelaxReport.model_validate_json(report.model_dump_json()) == report


def test_the_judge_measures_what_the_optimisers_do(pbe):
    atoms = make_subject(40, 1)
    judged = _judged(atoms, Float64Evaluator(pbe), relax_cell=True)
    atoms.calc = FastCHGNetCalculator(pbe, backend="torch", always=("forces", "stress"))
    assert judged["energy_per_atom"] == pytest.approx(atoms.get_potential_energy() / 40, abs=1e-6)
    rows = (FrechetCellFilter(atoms).get_forces() ** 2).sum(axis=1)
    assert judged["fmax"] == pytest.approx(rows.max() ** 0.5, abs=1e-3)
    assert judged["stress_max"] == pytest.approx(abs(atoms.get_stress()).max() * 160.2177, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"rounds": 0}, "at least 1"), ({"fmax": 0.0}, "fmax must be above 0"), ({"max_steps": 0}, "at least 1")],
)
def test_refusals(change, message):
    with pytest.raises(InputError, match=message):
        benchmark_relax(RelaxBenchmark(**vars(SMALL) | change))
