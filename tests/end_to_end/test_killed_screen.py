"""SIGKILL of a screen in its third batch; repeated, it takes what was finished from the cache and ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[1] / "screen_run.py"

pytestmark = pytest.mark.slow


def start(folder, **pipes):
    return subprocess.Popen([sys.executable, str(PROGRAM), str(folder)], start_new_session=True, text=True, **pipes)


def kill_in_third_batch(folder):
    """Start the program and kill it, without warning, as soon as its third relaxation has begun."""
    process = start(folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline, seen = time.monotonic() + 500, set()
    while len(seen) < 3:
        seen |= set((folder / ".aiida" / "scratch").glob("*/*/*/structures.json"))
        assert process.poll() is None, "the program ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


@pytest.mark.timeout(1200)
def test_a_killed_screen_goes_on_when_it_is_repeated(tmp_path):
    kill_in_third_batch(tmp_path)
    process = start(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err[-2000:]
    found = json.loads(out)
    assert (found["exit_status"], found["jobs"], found["failed"]) == (0, 3, {})
    assert found["from_cache"] >= 2  # the batches that were finished when it was killed
    # The killed run had predicted the batches that came back: two and three more make five.
    assert found["predicted"] == 5
    assert len(found["msd"]) == 3
    assert found["msd"] == pytest.approx(found["again"])
