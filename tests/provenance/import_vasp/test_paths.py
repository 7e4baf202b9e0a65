"""Runs are joined by their structures, not by the names of their directories."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from aiida_hezsp.provenance.import_vasp.paths import join_paths


@dataclass(frozen=True, eq=False)
class Run:
    name: str
    kind: str
    initial: Structure
    final: Structure


def rock_salt(a, shift=0.0, symbols=("Li", "F")):
    return Structure(Lattice.cubic(a), symbols, [[0, 0, 0], [0.5 + shift, 0.5, 0.5]])


FIRST = Run("first", "relaxation", rock_salt(4.1, 0.02), rock_salt(4.05, 0.01))
SECOND = Run("second", "relaxation", rock_salt(4.05, 0.01), rock_salt(4.03))
THIRD = Run("third", "relaxation", rock_salt(4.03), rock_salt(4.0299))
OTHER = Run("other", "relaxation", rock_salt(5.0, 0, ("Li", "Cl")), rock_salt(4.05, 0.01, ("Li", "Cl")))


def names(*runs):
    return [[run.name for run in path] for path in join_paths(runs)]


def test_a_relaxation_over_three_directories_is_one_path():
    assert names(FIRST, SECOND, THIRD) == [["first", "second", "third"]]


def test_others_between_do_not_matter():
    assert names(FIRST, OTHER, SECOND) == [["first", "second"], ["other"]]


def test_rounding_is_allowed_for_and_whole_lattice_vectors_are_nothing():
    rounded = SECOND.initial.copy()
    rounded.translate_sites([1], [4e-6, 0, 0])
    wrapped = Structure(rounded.lattice, rounded.species, np.add(rounded.frac_coords, [[0, 0, 0], [-1, 0, 1]]))
    assert names(FIRST, replace(SECOND, initial=wrapped)) == [["first", "second"]]


@pytest.mark.parametrize("change", [{"kind": "single point"}, {"kind": "md"}, {"initial": rock_salt(4.06, 0.01)}])
def test_what_does_not_continue_stays_alone(change):
    assert names(FIRST, replace(SECOND, **change)) == [["first"], ["second"]]


def test_the_order_of_atoms_counts():
    swapped = Structure(SECOND.initial.lattice, ["F", "Li"], np.roll(SECOND.initial.frac_coords, 1, axis=0))
    assert names(FIRST, replace(SECOND, initial=swapped)) == [["first"], ["second"]]


def test_the_same_relaxation_done_twice_is_two_paths():
    again = replace(FIRST, name="again", initial=FIRST.initial, final=FIRST.initial)
    assert names(again, FIRST) == [["again"], ["first"]]
