"""Ctrl-C: no job goes on without its process, no node is left open, and what cannot be killed is named."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from aiida import orm
from aiida.common import LinkType
from aiida.engine import ProcessState

from aiida_hezsp.cli.interrupt import interrupts_between_steps, kill_processes

PROGRAM = """
import json, sys
from pathlib import Path
from aiida_hezsp.cli import environment
folder = Path(sys.argv[1])
environment.use_directory(folder)
if sys.argv[2] == "setup":
    environment.create_embedded_profile("interrupted")
    environment.ensure_codes(environment.ensure_computer())
elif sys.argv[2] == "nodes":
    environment.load_profile_or_fail("interrupted")
    from aiida import orm
    query = orm.QueryBuilder().append(orm.ProcessNode, project="*")
    print(json.dumps([
        {"label": n.process_label, "state": n.process_state.value, "sealed": n.is_sealed,
         "job_id": n.base.attributes.get("job_id", None), "workdir": n.base.attributes.get("remote_workdir", None),
         "status": n.process_status} for n in query.all(flat=True)]))
else:
    from aiida_hezsp.cli import cmd_root
    cmd_root(sys.argv[2:], prog_name="aiida-hezsp")
"""


@pytest.fixture
def program(tmp_path):
    """Start this package in a profile of its own, as a process that a test can interrupt."""

    def start(*arguments):
        words = [sys.executable, "-c", PROGRAM, str(tmp_path / "profile"), *arguments]
        return subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    return start


def wait_until(condition, seconds=240):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.2)


def engines(folder):
    """The processes of the engine that run in a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError):
            continue
    return found


def test_an_interrupted_run_leaves_neither_jobs_nor_open_nodes(program, tmp_path):
    output, errors = program("setup").communicate(timeout=240)
    scratch = tmp_path / "profile" / ".aiida" / "scratch"
    assert scratch.is_dir(), errors
    options = ["--cell", "primitive", "--protocol", "demo", "--set", "md.n_steps=1000000", "--set", "jobs.workers=1"]
    run = program("-p", "interrupted", "launch", "md", "Li3Zr2Si2PO12", *options)
    try:
        wait_until(lambda: run.poll() is not None or any(scratch.rglob("hezsp-engine.log")))
        assert run.poll() is None, run.communicate()
        assert engines(scratch)
        os.kill(run.pid, signal.SIGINT)
        output, errors = run.communicate(timeout=60)
    finally:
        left = engines(scratch)
        for process in left:
            process.kill()
        run.kill()
    assert run.returncode == 1
    assert "was killed, with 1 running job" in errors
    assert errors.rstrip().endswith("Aborted!")
    assert "Traceback" not in errors
    wait_until(lambda: not engines(scratch), 20)
    assert left == []
    output, errors = program("nodes").communicate(timeout=240)
    nodes = json.loads(output)
    jobs = [node for node in nodes if node["label"] == "MdCalculation"]
    assert [job["state"] for job in jobs] == ["killed"]
    assert all(node["sealed"] and node["state"] in {"killed", "finished"} for node in nodes)
    assert {node["status"] for node in nodes if node["state"] == "killed"} == {"Killed by Ctrl-C"}


def test_what_has_ended_stays_and_the_rest_is_sealed_as_killed(localhost):
    root = orm.WorkChainNode().store()
    nodes = {}
    for name in ("running", "finished"):
        node = orm.CalcJobNode(computer=localhost)
        node.set_option("resources", {"num_machines": 1})
        node.base.links.add_incoming(root, LinkType.CALL_CALC, name)
        nodes[name] = node.store()
    nodes["finished"].set_process_state(ProcessState.FINISHED)
    job = subprocess.Popen(["sleep", "600"], start_new_session=True)
    nodes["running"].set_job_id(str(job.pid))
    assert kill_processes([root, *nodes.values()]) == (1, [])
    assert job.wait(20) == -signal.SIGTERM
    assert root.is_killed
    assert root.is_sealed
    assert nodes["running"].is_killed
    assert nodes["finished"].process_state is ProcessState.FINISHED


def test_a_job_that_cannot_be_killed_is_named_and_its_node_sealed(localhost, monkeypatch):
    from aiida.engine.daemon import execmanager

    def fail(*_arguments):
        raise OSError("no route\nto host")

    node = orm.CalcJobNode(computer=localhost)
    node.set_option("resources", {"num_machines": 1})
    node.store()
    node.set_process_label("MdCalculation")
    node.set_job_id("42")
    monkeypatch.setattr(execmanager, "kill_calculation", fail)
    line = f"job 42 of MdCalculation<{node.pk}> may still run on localhost: no route to host"
    assert kill_processes([node]) == (0, [line])
    assert node.is_killed
    assert node.is_sealed


def test_an_interrupt_waits_for_the_end_of_a_step_a_second_does_not():
    loop, steps = asyncio.new_event_loop(), []

    async def work(n):
        for _ in range(n):
            os.kill(os.getpid(), signal.SIGINT)
            steps.append("whole")
        await asyncio.sleep(60)

    before = signal.getsignal(signal.SIGINT)
    for n, whole in ((1, 1), (2, 1)):
        steps.clear()
        with pytest.raises(KeyboardInterrupt), interrupts_between_steps(loop):
            loop.run_until_complete(work(n))
        assert len(steps) == whole
    assert signal.getsignal(signal.SIGINT) is before
    loop.close()
