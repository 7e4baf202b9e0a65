"""Energy, forces, stress and moments of every backend against stock chgnet in float64, case by case."""

import numpy as np
import pytest
from potential.exactness.cases import CASES, QUICK
from potential.exactness.judge import Deviation, allowed
from potential.exactness.models import MODELS
from potential.exactness.record import PROPERTY

QUICK_MODELS = {"0.3.0": QUICK, "0.2.0": QUICK[:1] + QUICK[3::3], "r2scan": QUICK[:1], "perturbed": QUICK[4::4]}
JUMP = "bonds at a cutoff: 3 A 0 and a third atom"


def trials():
    """Return all cases and models; all but a few belong to the long suite."""
    for case in CASES:
        for name in MODELS:
            quick = case in QUICK_MODELS.get(name, ())
            yield pytest.param(case, name, marks=[] if quick else pytest.mark.exactness, id=f"{case}-{name}")


def evaluate_all(evaluator, arrays):
    return evaluator.evaluate(*arrays, forces=True, stress=True, magmoms=True)


@pytest.mark.parametrize(("case", "model"), trials())
def test_is_within_the_limits_and_never_worse_than_stock(judge, backend, case, model, request, record_property):
    arrays, wanted, stock = judge.verdict(case, model)
    deviation = Deviation.of(evaluate_all(judge.evaluator(backend, model), arrays), wanted)
    if case == JUMP and model == "0.2.0":
        deviation = min(deviation, other_side(judge, backend), key=lambda found: found.forces)
    name = request.node.callspec.params["backend"]
    row = {"group": CASES[case].group, "case": CASES[case].name, "model": model, "backend": name}
    sizes = {"n_atoms": len(arrays[0]), "largest_force": float(np.abs(wanted.forces).max())}
    record_property(PROPERTY, {**row, **sizes, "deviation": deviation.as_dict(), "stock": stock.as_dict()})
    most = allowed(wanted, stock).as_dict()
    beyond = {key: (value, most[key]) for key, value in deviation.as_dict().items() if not value <= most[key]}
    assert not beyond, f"deviation and what is allowed: {beyond}"


def other_side(judge, backend):
    """Return the deviation from 0.2.0 just outside 3 A.

    The bias of its bond updates acts as soon as there is an angle anywhere, so that its energy jumps where the first
    angle appears (chgnet issue 79). Exactly there either side is right: stock takes the one, a backend may take the
    other.
    """
    arrays, _, _ = judge.verdict(JUMP, "0.2.0")
    _, outside, _ = judge.verdict(JUMP.replace("3 A 0", "3 A +1e-09"), "0.2.0")
    return Deviation.of(evaluate_all(judge.evaluator(backend, "0.2.0"), arrays), outside)


def test_quick_cases_exist_and_are_of_every_group():
    assert set(QUICK) <= set(CASES)
    left_out = {"LZSP, 160 atoms", "every dopant element, 40 atoms", "94 elements, 94 atoms"}
    assert {CASES[case].group for case in QUICK} | left_out == {case.group for case in CASES.values()}
