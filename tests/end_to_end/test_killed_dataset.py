"""SIGKILL of a dataset work chain in the middle of its calculations; repeated, it ends with the same dataset."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from aiida_hezsp.potential.images import ImageSet

PROGRAM = Path(__file__).parents[1] / "dataset_run.py"

pytestmark = pytest.mark.slow


def command(folder, result):
    return [sys.executable, str(PROGRAM), str(folder), str(result)]


def run(folder, result):
    done = subprocess.run(command(folder, result), capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def kill_in_second_calculation(folder, result):
    """Start the program and kill it, without warning, as soon as its second calculation has begun."""
    process = subprocess.Popen(
        command(folder, result), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline, seen = time.monotonic() + 400, set()
    while len(seen) < 2:  # a finished calculation's folder is cleaned
        seen |= set((folder / ".aiida" / "scratch").glob("*/*/*/INCAR"))
        assert process.poll() is None, "the program ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def test_a_killed_dataset_is_the_same_when_it_is_repeated(tmp_path):
    whole = run(tmp_path / "whole", tmp_path / "whole.npz")
    assert (whole["exit_status"], whole["jobs"], whole["from_cache"], whole["failed"]) == (0, 3, 0, {})
    kill_in_second_calculation(tmp_path / "killed", tmp_path / "killed.npz")
    assert not (tmp_path / "killed.npz").exists()
    resumed = run(tmp_path / "killed", tmp_path / "killed.npz")
    assert (resumed["exit_status"], resumed["jobs"], resumed["failed"]) == (0, 3, {})
    assert resumed["from_cache"] >= 1
    # every image leads to a calculation of the run that made the dataset
    assert set(resumed["origins"]) <= set(resumed["pks"])
    expected, found = ImageSet.load(tmp_path / "whole.npz"), ImageSet.load(tmp_path / "killed.npz")
    assert len(found) == 15
    for field in fields(ImageSet):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(expected, field.name), err_msg=field.name)
