"""Progress: what ended is told once, what runs is shown with its last line, AiiDA's own reports stay away."""

import io

import pytest
from aiida import orm
from aiida.common import LinkType
from aiida.engine import ProcessState, WorkChain, calcfunction
from rich.console import Console

from aiida_hezsp.cli.progress import _last_line, _Progress, run_with_progress


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=200)


def child_of(parent, node_class, label, link):
    node = node_class(label=label)
    if node_class is orm.CalcJobNode:
        node.computer = parent.computer_of_children
        node.set_option("resources", {"num_machines": 1})
    node.base.links.add_incoming(parent, link, label.replace(" ", "_"))
    node.store()
    node.set_process_label("SomeProcess")
    return node


@pytest.fixture
def tree(localhost):
    """A work chain with a work chain, a job below that, a job of its own and a calcfunction."""
    root = orm.WorkChainNode(label="root").store()
    root.computer_of_children = localhost
    inner = child_of(root, orm.WorkChainNode, "inner", LinkType.CALL_WORK)
    inner.computer_of_children = localhost
    return {
        "root": root,
        "inner": inner,
        "deep": child_of(inner, orm.CalcJobNode, "deep job", LinkType.CALL_CALC),
        "job": child_of(root, orm.CalcJobNode, "own job", LinkType.CALL_CALC),
        "function": child_of(root, orm.CalcFunctionNode, "function", LinkType.CALL_CALC),
    }


def finish(node, status=0, message=None):
    node.set_process_state(ProcessState.FINISHED)
    node.set_exit_status(status)
    node.set_exit_message(message)


@pytest.fixture
def progress(console, tree):
    progress = _Progress(console)
    progress.root = tree["root"].uuid
    return progress


def test_everything_below_the_root_is_found_oldest_first(progress, tree):
    found = [node.uuid for node in progress.descendants()]
    assert found == [tree[name].uuid for name in ("inner", "deep", "job", "function")]


def test_what_ended_is_told_once_with_its_outcome(progress, tree):
    assert progress.ended(progress.descendants()) == []
    finish(tree["deep"])
    finish(tree["job"], 320, "fmax must be positive")
    finish(tree["function"])
    told = [line.plain for line in progress.ended(progress.descendants())]
    assert len(told) == 2  # calcfunctions are not news
    assert "deep job" in told[0]
    assert told[0].endswith("done")
    assert f"<{tree['job'].pk}>" in told[1]
    assert told[1].endswith("FAILED: fmax must be positive")
    assert progress.ended(progress.descendants()) == []


def test_what_comes_from_the_cache_is_told_so(progress, tree):
    finish(tree["job"])
    tree["job"].base.extras.set("_aiida_cached_from", tree["deep"].uuid)
    (line,) = progress.ended(progress.descendants())
    assert line.plain.endswith("done, from the cache")


def test_what_runs_is_shown_with_the_last_line_of_its_log(progress, tree, tmp_path):
    tree["job"].set_remote_workdir(str(tmp_path))
    (tmp_path / "hezsp-engine.log").write_text("relax a 1/20 steps\nrelax a 12/20 steps 3.1 steps/s\n\n")
    finish(tree["deep"])
    (line,) = progress.running(progress.descendants())
    assert "own job" in line.plain
    assert line.plain.endswith("relax a 12/20 steps 3.1 steps/s")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ""),
        (b"one", "one"),
        (b"x" * 10_000 + b"\nlast", "last"),
        (b"\xff\xfe broken \xff\n", "\ufffd\ufffd broken \ufffd"),
    ],
)
def test_any_log_gives_a_line(tree, tmp_path, content, expected):
    tree["job"].set_remote_workdir(str(tmp_path))
    (tmp_path / "OSZICAR").write_bytes(content)
    assert _last_line(tree["job"]) == expected


def test_a_job_without_folder_or_log_has_no_line(tree, tmp_path):
    assert _last_line(tree["job"]) == ""
    tree["job"].set_remote_workdir(str(tmp_path / "not there"))
    assert _last_line(tree["job"]) == ""


@calcfunction
def double(number):
    return orm.Int(2 * number.value)


class Inner(WorkChain):
    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("number", valid_type=orm.Int)
        spec.output("result", valid_type=orm.Int)
        spec.outline(cls.work)
        spec.exit_code(300, "ERROR_NEGATIVE", message="{number} is negative")

    def work(self):
        self.report("a report that belongs into the database, not into the terminal")
        if self.inputs.number.value < 0:
            return self.exit_codes.ERROR_NEGATIVE.format(number=self.inputs.number.value)
        self.out("result", double(self.inputs.number))
        return None


class Outer(WorkChain):
    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.expose_inputs(Inner)
        spec.outline(cls.begin, cls.end)
        spec.exit_code(401, "ERROR_INNER", message="inner failed")

    def begin(self):
        self.to_context(inner=self.submit(Inner, number=self.inputs.number, metadata={"label": "the inner one"}))

    def end(self):
        return None if self.ctx.inner.is_finished_ok else self.exit_codes.ERROR_INNER


def run(console, number):
    builder = Outer.get_builder()
    builder.number = orm.Int(number)
    return run_with_progress(builder, console)


def test_a_run_returns_its_node_and_tells_its_steps(aiida_profile_clean, console, capsys):
    node = run(console, 3)
    assert node.is_finished_ok
    assert node.called[0].outputs.result.value == 6
    text = console.file.getvalue()
    assert "the inner one" in text
    assert "done" in text
    captured = capsys.readouterr()
    assert "belongs into the database" not in captured.out + captured.err + text


def test_a_run_that_fails_returns_its_node_too(aiida_profile_clean, console):
    node = run(console, -3)
    assert node.exit_status == 401
    assert "FAILED: -3 is negative" in console.file.getvalue()
