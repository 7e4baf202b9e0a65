"""Backends, verdicts, and the record of deviations.

make exactness EXACTNESS_OPTIONS="--exactness-record docs/explanation/exactness.json"
"""

from pathlib import Path

import pytest
from potential.exactness.backends import BACKENDS
from potential.exactness.cases import CASES
from potential.exactness.judge import Deviation, StockWitness
from potential.exactness.models import model
from potential.exactness.record import PROPERTY, write_record
from potential.exactness.reference import Float64Reference

from aiida_hezsp.potential.evaluation import set_threads


def pytest_addoption(parser):
    parser.addoption("--exactness-record", type=Path, help="write the deviations of all backends to this JSON file")


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    set_threads(1)


def backends():
    """Return the backends; those that the short suite leaves out are marked."""
    return [pytest.param(n, marks=[] if b.is_quick() else pytest.mark.exactness) for n, b in BACKENDS.items()]


@pytest.fixture(params=backends())
def backend(request):
    """A backend that is here."""
    chosen = BACKENDS[request.param]
    if reason := chosen.missing():
        pytest.skip(reason)
    return chosen


class Judge:
    """Evaluates cases in float64 and by stock, each once; evaluators are made once for every model."""

    def __init__(self):
        self.references, self.witnesses, self.evaluators, self.verdicts = {}, {}, {}, {}

    def reference(self, name):
        """Return the float64 evaluator of a model."""
        if name not in self.references:
            self.references[name] = Float64Reference(model(name))
            self.witnesses[name] = StockWitness(model(name))
        return self.references[name]

    def evaluator(self, backend, name):
        """Return a backend's evaluator of a model."""
        key = (backend, name)
        if key not in self.evaluators:
            self.evaluators[key] = backend.evaluator(model(name))
        return self.evaluators[key]

    def verdict(self, case, name):
        """Return a case as arrays, its float64 evaluation, and stock's deviation from it."""
        if (case, name) not in self.verdicts:
            atoms = CASES[case].build()
            arrays = (atoms.numbers, atoms.positions, atoms.cell.array)
            wanted = self.reference(name).evaluate(*arrays)
            self.verdicts[case, name] = arrays, wanted, Deviation.of(self.witnesses[name].evaluate(*arrays), wanted)
        return self.verdicts[case, name]


@pytest.fixture(scope="session")
def judge():
    return Judge()


class Recorder:
    """Gathers what tests recorded, in the process that sees all reports."""

    def __init__(self, path):
        self.path, self.rows = path, []

    def pytest_runtest_logreport(self, report):
        if report.when == "call":
            self.rows += [value for name, value in report.user_properties if name == PROPERTY]

    def pytest_sessionfinish(self):
        write_record(self.path, self.rows)


def pytest_configure(config):
    path = config.getoption("--exactness-record", default=None)
    if path is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(path))
