"""Values of settings: impossible ones are refused by name, value and what is wanted; those of the protocols are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiida_hezsp.workflows.protocol import PROTOCOLS, ProtocolError, load_protocol, parse_assignments
from aiida_hezsp.workflows.setting_checks import complaints

COUNTS = ("jobs.batch_size", "jobs.max_concurrent", "md.n_steps", "robustness.n", "potential.transition.n_images")


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_value_of_the_protocols_is_possible(name):
    assert complaints(load_protocol(name)) == []


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("jobs.max_concurrent=0", "'jobs.max_concurrent' is 0: input should be greater than or equal to 1"),
        ("jobs.batch_size=0", "'jobs.batch_size' is 0: input should be greater than or equal to 1"),
        ("jobs.batch_size=null", "'jobs.batch_size' is None: input should be a valid integer"),
        ("jobs.workers=true", "'jobs.workers' is True: input should be a valid integer"),
        ("relax.fmax=0", "'relax.fmax' is 0: input should be greater than 0"),
        ("relax.fmax=abc", "'relax.fmax' is 'abc': input should be a valid number"),
        ("relax.fmax=.inf", "'relax.fmax' is inf: input should be a finite number"),
        ("md.temperatures=1000", "'md.temperatures' is 1000: input should be a valid list"),
        ("md.temperatures=[]", "'md.temperatures' is []: list should have at least 1 item"),
        ("md.temperatures=[900, -1]", "'md.temperatures.1' is -1: input should be greater than 0"),
        ("sfmsd.variants=[{name: x}]", "'sfmsd.variants.0.feature_set' is missing"),
        ("screen.compositions=5", "'screen.compositions' is 5: input should be a valid list"),
        ("screen.compositions=[]", "'screen.compositions' is []: list should have at least 1 item"),
        ("screen.compositions=[{space: quinary}]", "give formulas, or a space with n"),
        ("sfmsd.training.sisso.dimension=3", "'sfmsd.training.sisso.dimension' is 3"),
    ],
)
def test_an_impossible_value_is_named(assignment, message):
    with pytest.raises(ProtocolError) as caught:
        load_protocol("demo", parse_assignments((assignment,)))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "assignment",
    [
        "md.frames_every=null",
        "md.temperatures=[900]",
        "relax.fmax=1",
        "screen.compositions=[{formulas: [Li3Zr2Si2PO12]}]",
    ],
)
def test_null_whole_numbers_and_short_forms_are_taken(assignment):
    load_protocol("demo", parse_assignments((assignment,)))


@given(st.sampled_from(COUNTS), st.one_of(st.none(), st.booleans(), st.text(), st.floats(), st.integers(max_value=0)))
def test_no_count_takes_anything_but_a_positive_whole_number(name, value):
    section, _, rest = name.partition(".")
    *between, last = rest.split(".")
    nested = {last: value}
    for part in reversed(between):
        nested = {part: nested}
    (line,) = complaints({section: nested})
    assert line.startswith(f"setting {name!r} is ")


def test_sections_and_settings_that_are_not_there_are_not_missed():
    assert complaints({}) == complaints({"jobs": {}, "description": "free text"}) == []


def test_a_value_in_place_of_a_section_is_named():
    assert complaints({"verify": {"regions": 3}})[0].startswith("setting 'verify.regions' has settings of its own (low")
