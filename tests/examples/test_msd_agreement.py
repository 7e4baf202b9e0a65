"""The judgement on pairs of trajectories: random walks of known D, and short real runs."""

import json

import numpy as np
import pytest
from scipy.stats import ttest_ind

from aiida_hezsp.errors import TrajectoryError

FRAMES, IONS = 400, 24


@pytest.fixture(scope="module")
def agreement(example):
    return example("msd_agreement")


def walk(seed, step=0.2):
    return np.cumsum(np.random.default_rng(seed).normal(0, step, (FRAMES, IONS, 3)), axis=0)


@pytest.fixture
def saved(tmp_path):
    """The function that writes a trajectory."""

    def save(name, positions, interval=10.0, **more):
        file = tmp_path / f"{name}.npz"
        np.savez_compressed(file, positions=positions, times=np.arange(len(positions)) * interval, **more)
        return str(file)

    return save


def compare(agreement, tmp_path, reference, ours, *options):
    out = tmp_path / "result"
    agreement.main(["--reference", *reference, "--ours", *ours, "--out", str(out), *options])
    assert out.with_suffix(".png").stat().st_size > 10_000
    return json.loads(out.with_suffix(".json").read_text(encoding="utf8"))


def test_equal_walks_agree_and_their_d_is_the_planted_one(agreement, saved, tmp_path):
    found = compare(agreement, tmp_path, [saved("a", walk(0)), saved("b", walk(1))], [saved("c", walk(2))])
    assert found["judgement"]["agree"]
    assert found["judgement"]["judged_by"] == "errors"
    assert found["judgement"]["by_ions"]["p_of_D"] > 0.01
    planted = 3 * 0.2**2 / 10.0 / 6 * 0.1  # MSD of a step over its time, cm^2/s
    for side, runs in (("reference", 2), ("ours", 1)):
        assert (found[side]["runs"], found[side]["ions"]) == (runs, runs * IONS)
        assert found[side]["D"] == pytest.approx(planted, abs=4 * found[side]["error_from_ions"])
        assert found[side]["D_of_blocks"] == pytest.approx(planted, abs=4 * found[side]["error_from_blocks"])
    assert found["judgement"]["together_fs"] is None
    assert found["length_ps"] == pytest.approx(3.99)


def test_a_walk_four_times_as_fast_does_not_agree(agreement, saved, tmp_path):
    runs = [[saved(f"{step}{seed}", walk(seed, step)) for seed in range(3)] for step in (0.2, 0.4)]
    for count, judged_by in ((3, "runs"), (1, "errors")):
        found = compare(agreement, tmp_path, *(side[:count] for side in runs))["judgement"]
        assert found["judged_by"] == judged_by
        assert not found["agree"]
        assert found["by_ions"]["p_of_D"] < 0.05
        assert found["smallest_visible_difference"] < 1


def test_one_run_is_judged_by_several_of_the_other_side_as_scipy_does(agreement, saved, tmp_path):
    found = compare(agreement, tmp_path, [saved("a", walk(0))], [saved(f"b{n}", walk(n)) for n in (1, 2, 3)])
    wanted = ttest_ind(found["ours"]["D_of_runs"], found["reference"]["D_of_runs"])
    runs = found["judgement"]["by_runs"]
    assert (runs["t_of_D"], runs["p_of_D"]) == pytest.approx((wanted.statistic, wanted.pvalue))
    assert found["judgement"]["agree"] == (min(runs["p_of_D"], runs["p_of_msd"]) > 0.05)


def test_the_start_can_be_left_out(agreement, saved, tmp_path):
    walked = walk(0)
    resting = np.concatenate([np.repeat(walked[:1], 100, axis=0), walked])
    found = compare(agreement, tmp_path, [saved("a", resting)], [saved("b", resting)], "--skip", "1")
    assert found["length_ps"] == pytest.approx(3.99)
    assert found["reference"]["D"] == pytest.approx(
        compare(agreement, tmp_path, *[[saved("c", walked)]] * 2)["ours"]["D"]
    )


def test_equal_walks_are_told_apart_as_rarely_as_the_level_says(agreement, monkeypatch):
    monkeypatch.setattr(agreement, "EXCHANGES", 200)
    times, p = np.arange(FRAMES) * 10.0, []
    for seed in range(40):
        sides = [agreement.Side((walk(1000 * side + seed)[:100],), times[:100]) for side in (1, 2)]
        p.append(agreement.by_ions(sides, (0.2, 0.8))["p_of_D"])
    assert np.mean(np.array(p) < 0.05) < 0.2
    assert 0.35 < np.mean(p) < 0.65


def test_runs_from_one_start_are_followed_until_they_part(agreement, saved, tmp_path):
    first = walk(3)
    second = first.copy()
    second[100:] += walk(4)[100:] - walk(4)[100] + 0.2
    found = compare(agreement, tmp_path, [saved("a", first)], [saved("b", second)])
    assert found["judgement"]["together_fs"] == 1000.0


def test_kinisi_gives_the_same_d(agreement, saved, tmp_path):
    pytest.importorskip("kinisi.analyze")
    found = compare(agreement, tmp_path, [saved("a", walk(5)[:150])], [saved("b", walk(6)[:150])], "--kinisi")
    for side in ("reference", "ours"):
        spread = np.hypot(found[side]["error_kinisi"], found[side]["error_from_ions"])
        assert found[side]["D_kinisi"] == pytest.approx(found[side]["D"], abs=3 * spread)


def test_runs_cut_to_a_common_length_and_wrong_files_are_refused(agreement, saved, tmp_path):
    found = compare(agreement, tmp_path, [saved("a", walk(7))], [saved("b", walk(8)[:300])])
    assert found["length_ps"] == pytest.approx(2.99)
    with pytest.raises(TrajectoryError, match="different intervals"):
        compare(agreement, tmp_path, [saved("a", walk(7))], [saved("c", walk(8), interval=20.0)])
    broken = tmp_path / "broken.npz"
    np.savez(broken, positions=walk(9))
    with pytest.raises(TrajectoryError, match="lacks times"):
        compare(agreement, tmp_path, [str(broken)], [str(broken)])
