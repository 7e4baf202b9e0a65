import pytest

from aiida_hezsp.errors import BenchmarkError, InputError
from aiida_hezsp.potential.benchmarks import FinetuneBenchmark, FinetuneReport, benchmark_finetune
from aiida_hezsp.potential.benchmarks.contenders import STOCK

SMALL = FinetuneBenchmark(threads=1, images=5, batch_size=2, epochs=1, memory=False)


@pytest.fixture(scope="module")
def report():
    return benchmark_finetune(SMALL)


def test_images_of_all_updates_but_the_first_are_timed(report):
    for run in report.runs:
        assert run.images == 3
        assert run.wall_ms > 0
        assert run.images_per_s == 1e3 / run.wall_ms
        assert len(run.losses) == 1


def test_both_go_down_the_same_path(report):
    """The epoch's loss depends on what two updates before it did, and on the order of the images."""
    stock, ours = report.runs
    assert ours.losses == pytest.approx(stock.losses, rel=1e-3)
    (ratio,) = report.ratios
    assert ratio.loss_difference == pytest.approx(abs(ours.losses[0] - stock.losses[0]) / stock.losses[0])


def test_ratios_are_quotients_of_the_reported_numbers(report):
    stock, ours = report.runs
    (ratio,) = report.ratios
    assert ratio.over == stock.contender == STOCK
    assert ratio.wall == stock.wall_ms / ours.wall_ms
    assert ratio.cpu == stock.cpu_ms / ours.cpu_ms
    assert ratio.memory is None


def test_the_document_comes_back(report):
    assert FinetuneReport.model_validate_json(report.model_dump_json()) == report


@pytest.mark.slow
def test_memory_is_measured_apart():
    report = benchmark_finetune(FinetuneBenchmark(threads=1, images=3, batch_size=2, epochs=1))
    stock, ours = report.memory
    assert stock.peak_mb > stock.start_mb + 500  # half a gigabyte an image
    assert report.ratios[0].memory == ours.peak_mb / stock.peak_mb < 0.8


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"epochs": 0}, InputError, "at least 1"),
        ({"images": 2}, InputError, "2 images in batches of 2: more images than one batch are needed"),
        ({"images": 10**7, "batch_size": 10**6}, BenchmarkError, "needs about 480000 GB for a batch of 1000000"),
    ],
)
def test_refusals(change, kind, message):
    with pytest.raises(kind, match=message):
        benchmark_finetune(FinetuneBenchmark(**vars(SMALL) | change))
