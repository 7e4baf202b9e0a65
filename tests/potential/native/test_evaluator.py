"""What is the native kernel's own; that it is exact is shown by the exactness suite."""

import builtins
import sys

import numpy as np
import pytest

from aiida_hezsp.errors import InputError, ModelFileError
from aiida_hezsp.potential import FastCHGNetCalculator, make_evaluator
from aiida_hezsp.potential.native import why_not

pytestmark = pytest.mark.skipif(why_not() is not None, reason="the native kernel is not built")


@pytest.fixture
def atoms(crystals):
    atoms = crystals["Li2O"].repeat((2, 2, 1))
    atoms.positions += np.random.default_rng(5).normal(0, 0.1, atoms.positions.shape)
    return atoms


def evaluate(evaluator, atoms, **wanted):
    return evaluator.evaluate(atoms.numbers, atoms.positions, atoms.cell.array, **wanted)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_bits_again_and_again(pbe, atoms, threads):
    evaluator = make_evaluator(pbe, "native", threads)
    first = evaluate(evaluator, atoms, stress=True, magmoms=True)
    other = atoms.copy()
    other.rattle(0.2)
    evaluate(evaluator, other)
    for result in (evaluate(evaluator, atoms, stress=True, magmoms=True), evaluate(evaluator, atoms, stress=True)):
        assert result.energy == first.energy
        np.testing.assert_array_equal(result.forces, first.forces)
        np.testing.assert_array_equal(result.stress, first.stress)


def test_threads_agree(pbe, atoms):
    one = evaluate(make_evaluator(pbe, "native", 1), atoms, stress=True)
    for threads in (2, 5, 64):  # more than there are tiles for: some have nothing to do
        many = evaluate(make_evaluator(pbe, "native", threads), atoms, stress=True)
        assert many.energy == pytest.approx(one.energy, abs=1e-5)
        np.testing.assert_allclose(many.forces, one.forces, atol=1e-5)
        np.testing.assert_allclose(many.stress, one.stress, atol=1e-6)


def test_instruction_sets_agree_and_are_named(pbe, atoms):
    from aiida_hezsp.potential.native._kernel import instruction_sets

    names = instruction_sets()
    assert names[-1] == "plain"
    results = [make_evaluator(pbe, "native", instruction_set=name) for name in names]
    assert [evaluator.name for evaluator in results] == [f"native {name}" for name in names]
    assert make_evaluator(pbe, "native").name == f"native {names[0]}"
    forces = [evaluate(evaluator, atoms).forces for evaluator in results]
    for other in forces[1:]:
        np.testing.assert_allclose(other, forces[0], atol=2e-5)


def test_only_what_is_asked_is_given(pbe, atoms):
    evaluator = make_evaluator(pbe, "native")
    energy = evaluate(evaluator, atoms, forces=False)
    assert (energy.forces, energy.stress, energy.magmoms) == (None, None, None)
    moments = evaluate(evaluator, atoms, forces=False, magmoms=True)
    assert moments.magmoms.shape == (len(atoms),)
    assert moments.energy == energy.energy


def test_timings_cover_the_stages_and_start_anew(pbe, atoms):
    evaluator = make_evaluator(pbe, "native")
    evaluate(evaluator, atoms)
    times = evaluator.timings()
    assert set(times) == {"functions", "edges", "bonds", "angles", "atoms"}
    assert all(value > 0 for value in times.values())
    assert set(evaluator.timings().values()) == {0.0}


def test_a_wrong_instruction_set_or_architecture_is_refused(pbe):
    with pytest.raises(InputError, match="this processor has no 'sse9'"):
        make_evaluator(pbe, "native", instruction_set="sse9")
    with pytest.raises(InputError, match="threads is 0: at least 1 is needed"):
        FastCHGNetCalculator(pbe, threads=0)
    from chgnet.model import CHGNet

    small = CHGNet(atom_fea_dim=32, bond_fea_dim=32, angle_fea_dim=32)
    with pytest.raises(ModelFileError, match="atom_fea_dim=32 is not known to the native kernel: use backend 'torch'"):
        make_evaluator(small, "native")
    assert make_evaluator(small, "auto").name == "torch"


def test_without_the_kernel_torch_takes_over_and_says_why(pbe, monkeypatch):
    real = builtins.__import__

    def without_kernel(name, *args, **kwargs):
        if name.endswith("native._kernel"):
            raise ImportError("no module named _kernel")
        return real(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "aiida_hezsp.potential.native._kernel", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_kernel)
    assert make_evaluator(pbe, "auto").name == "torch"
    with pytest.raises(InputError, match="was not built when aiida-hezsp was installed"):
        make_evaluator(pbe, "native")
