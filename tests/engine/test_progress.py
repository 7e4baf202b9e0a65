"""What a reader of the log sees: one line for all structures together."""

import re

import pytest

from aiida_hezsp.engine.progress import Board, Reporter, Standing


def board_of(*running, steps=1000, structures=4, **settings):
    board = Board("md", structures, steps, **settings)
    for label, first, now in running:
        board.hear(label, Standing(first))
        board.hear(label, Standing(now, " 812 K"))
    return board


def test_all_structures_are_in_one_line():
    board = board_of(("a", 0, 200), ("b", 0, 100))
    # 300 of 4,000 steps in 30 s: 370 s for the other 3,700.
    expected = "md 0/4 done, 10 steps/s, 00:06:10 left; a 200/1000 812 K, b 100/1000 812 K"
    assert board.line(30.0) == expected


def test_resumed_steps_are_done_but_not_made_here():
    board = board_of(("a", 600, 700), structures=2, finished=1)
    assert board.line(10.0) == "md 1/2 done, 10 steps/s, 00:00:30 left; a 700/1000 812 K"


def test_failures_are_counted_and_no_longer_waited_for(capsys):
    board = board_of(("a", 0, 500), ("b", 0, 100), structures=2)
    board.end("b", "failed: it has blown up", steps=0, failed=True)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "md b failed: it has blown up (1 of 2 done)"
    assert printed[1].startswith("md 0/2 done, 1 failed, ")
    assert board.line(50.0) == "md 0/2 done, 1 failed, 10 steps/s, 00:00:50 left; a 500/1000 812 K"


def test_relaxations_take_as_long_as_the_others_did(capsys):
    board = board_of(("a", 0, 80), structures=3, bound=True)
    assert "left at most; a 80/1000" in board.line(10.0)
    board.end("a", "converged", steps=100, failed=False)
    board.hear("b", Standing(0))
    board.hear("b", Standing(20))
    # 120 steps in 12 s; 80 of b and 100 of the third are expected.
    assert board.line(12.0) == "md 1/3 done, 10 steps/s, 00:00:18 left; b 20/1000"
    assert "md a converged (1 of 3 done)" in capsys.readouterr().out


def test_many_structures_do_not_make_a_long_line():
    board = board_of(*((f"Li3p5Zr0p5_{n}", 0, 10) for n in range(32)), structures=32)
    line = board.line(1.0)
    assert line.endswith(", 28 more")
    assert len(line) < 200
    assert re.match(r"md 0/32 done, 320 steps/s, 00:01:39 left", line)


def test_lines_are_rare_and_reports_too(capsys):
    board = board_of(("a", 0, 200))
    assert capsys.readouterr().out == ""
    board.last -= 6  # the last line is six seconds old
    board.hear("a", Standing(300))
    assert capsys.readouterr().out.count("\n") == 1
    heard = []
    reporter = Reporter(heard.append, every_s=1000)
    for step in range(9):
        reporter.step(step)
    assert heard == [Standing(0)]


@pytest.mark.parametrize(("elapsed", "shown"), [(100, True), (10_000, False)])
def test_the_log_of_a_long_job_stays_short(capsys, elapsed, shown):
    board = board_of(("a", 0, 200))
    board.begin -= elapsed
    board.last -= 30
    board.hear("a", Standing(300))
    assert bool(capsys.readouterr().out) == shown
