"""The queue of the work chains: bounded, complete, tolerant of failures; and their settings."""

import pytest
from aiida import orm
from aiida.engine import ToContext, WorkChain, run_get_node, while_
from hypothesis import given
from hypothesis import strategies as st

from aiida_hezsp.workflows.base import HezspWorkChain, batches
from aiida_hezsp.workflows.protocol import ProtocolError


class Leaf(WorkChain):
    """Fails where its number is odd."""

    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("number", valid_type=orm.Int)
        spec.outline(cls.judge)
        spec.exit_code(300, "ERROR_ODD", message="{number} is odd")

    def judge(self):
        number = self.inputs.number.value
        return self.exit_codes.ERROR_ODD.format(number=number) if number % 2 else None


class Queue(HezspWorkChain):
    """Runs a leaf for each number, by the queue alone."""

    SECTIONS = ("jobs",)

    @classmethod
    def define(cls, spec):
        super().define(spec)
        del spec.inputs["engine"]
        spec.input("numbers", valid_type=orm.List)
        spec.outline(cls.begin, while_(cls.has_waiting)(cls.submit_next), cls.tell)
        spec.output("told", valid_type=orm.Dict)

    def begin(self):
        self.ctx.running = []
        self.start_queue("leaf_for", [f"k{number}" for number in self.inputs.numbers])

    def submit_next(self):
        super().submit_next()
        # what was submitted earlier has ended before this step began
        ended = sum(node.is_terminated for node in self.done().values() if isinstance(node, orm.ProcessNode))
        self.ctx.running.append(len(self.ctx.submitted) - ended)

    def done(self):
        return {key: self.ctx[self._slot(key)] for key in self.ctx.submitted if self._slot(key) in self.ctx}

    def leaf_for(self, key):
        return Leaf, {"number": orm.Int(int(key[1:]))}

    def tell(self):
        told = {"running": self.ctx.running, "succeeded": list(self.succeeded()), "failures": self.failures()}
        self.out("told", orm.Dict(told).store())


def run_queue(numbers, width):
    settings = {"batch_size": 1, "max_concurrent": width, "workers": 1, "threads": 1}
    outputs, node = run_get_node(Queue, numbers=orm.List(numbers), settings=orm.Dict({"jobs": settings}))
    assert node.is_finished_ok, node.exit_message
    return outputs["told"].get_dict(), node


def test_all_run_failures_are_told_apart_and_the_number_at_once_is_bounded(aiida_profile_clean):
    told, node = run_queue([0, 1, 2, 3, 4], 2)
    assert told["succeeded"] == ["k0", "k2", "k4"]
    assert set(told["failures"]) == {"k1", "k3"}
    assert told["failures"]["k3"].endswith("3 is odd")
    assert told["failures"]["k3"].startswith("Leaf<")
    assert told["running"] == [2, 2, 1]
    assert len(node.called) == 5


def test_an_empty_queue_ends_at_once(aiida_profile_clean):
    told, node = run_queue([], 2)
    assert told == {"running": [], "succeeded": [], "failures": {}}
    assert node.called == []


class Parent(HezspWorkChain):
    """Passes on why its child failed."""

    SECTIONS = ("jobs",)

    @classmethod
    def define(cls, spec):
        super().define(spec)
        del spec.inputs["engine"]
        spec.input("number", valid_type=orm.Int)
        spec.outline(cls.begin, cls.end)

    def begin(self):
        return ToContext(leaf=self.submit(Leaf, number=self.inputs.number))

    def end(self):
        return self.failed(self.ctx.leaf)


@pytest.mark.parametrize(("number", "status"), [(2, 0), (3, 401)])
def test_a_step_that_failed_ends_the_chain_with_its_reason(aiida_profile_clean, number, status):
    _, node = run_get_node(Parent, number=orm.Int(number), settings=orm.Dict({"jobs": {}}))
    assert node.exit_status == status
    if status:
        assert node.exit_message == f"A step failed: Leaf<{node.called[0].pk}>: 3 is odd"


def test_settings_are_checked_by_section(aiida_profile_clean):
    with pytest.raises(ValueError, match="missing sections: jobs"):
        run_get_node(Parent, number=orm.Int(1), settings=orm.Dict({}))
    with pytest.raises(ValueError, match="unknown sections: md; known are jobs"):
        run_get_node(Parent, number=orm.Int(1), settings=orm.Dict({"jobs": {}, "md": {}}))
    assert Parent.validate_settings(orm.Dict({"jobs": {}, "description": "free text"}), None) is None


def test_a_width_of_zero_is_refused_and_does_not_spin_for_ever(aiida_profile_clean):
    with pytest.raises(ValueError, match=r"'jobs\.max_concurrent' is 0"):
        run_queue([1], 0)


def test_a_builder_has_the_settings_of_the_protocol_and_the_overrides(aiida_profile_clean):
    builder = Queue.get_builder_from_protocol(protocol="demo", overrides={"jobs": {"workers": 7}})
    assert builder.settings["jobs"]["workers"] == 7
    assert set(builder.settings.get_dict()) == {"jobs"}
    with pytest.raises(ProtocolError, match=r"'jobs\.worker' does not exist"):
        Queue.get_builder_from_protocol(protocol="demo", overrides={"jobs": {"worker": 7}})


@given(st.lists(st.text("abc", min_size=1), unique=True), st.integers(1, 7))
def test_batches_are_complete_sorted_and_bounded(labels, size):
    parts = list(batches(labels, size))
    assert [label for part in parts for label in part] == sorted(labels)
    assert all(len(part) == size for part in parts[:-1])
    assert all(0 < len(part) <= size for part in parts)


def test_batches_do_not_depend_on_the_order_of_the_labels():
    assert list(batches(["c", "a", "b"], 2)) == list(batches(["b", "c", "a"], 2)) == [["a", "b"], ["c"]]
