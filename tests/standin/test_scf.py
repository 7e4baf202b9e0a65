from hypothesis import given
from hypothesis import strategies as st

from aiida_hezsp.standin.scf import run_scf


@given(
    st.floats(-1e4, 1e4),
    st.integers(1, 200),
    st.integers(1, 50),
    st.sampled_from([1e-3, 1e-5, 1e-7]),
    st.integers(1, 99),
)
def test_cycle_ends_on_the_energy_or_at_nelm(energy, n_atoms, step, ediff, nelm):
    cycle = run_scf(energy, n_atoms, step, ediff=ediff, nelm=nelm)
    assert len(cycle.energies) <= nelm
    if cycle.converged:
        assert cycle.energy == energy
        assert abs(cycle.energies[-1] - cycle.energies[-2]) < ediff * 1.01 + 1e-11
        assert all(
            abs(a - b) >= ediff * 0.89 - 1e-11 for a, b in zip(cycle.energies[:-1], cycle.energies[1:-1], strict=False)
        )
    else:
        assert len(cycle.energies) == nelm


def test_numbers_of_steps_for_the_lzsp_cell():
    first = run_scf(-400.0, 40, 1, ediff=1e-5, nelm=60)
    later = run_scf(-400.0, 40, 2, ediff=1e-5, nelm=60)
    assert (len(first.energies), len(later.energies)) == (9, 7)


def test_never_reaches_nelm():
    cycle = run_scf(-1.0, 4, 1, ediff=1e-4, nelm=30, never=True)
    assert (len(cycle.energies), cycle.converged) == (30, False)
