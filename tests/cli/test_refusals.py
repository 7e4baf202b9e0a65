"""Refused inputs are one line; our own errors keep their kind, and other faults their traceback."""

import pytest

from aiida_hezsp.cli.refusals import refusals_in_one_line
from aiida_hezsp.errors import InputError, SettingsError


@pytest.mark.parametrize(
    ("raised", "expected", "text"),
    [
        (ValueError("port a:\n  is   wrong"), InputError, "port a: is wrong"),
        (SettingsError("ours\nas it is"), SettingsError, "ours\nas it is"),
        (KeyError("a fault"), KeyError, "'a fault'"),
    ],
)
def test_only_bare_value_errors_are_translated(raised, expected, text):
    with pytest.raises(Exception) as caught, refusals_in_one_line():  # noqa: PT011
        raise raised
    assert type(caught.value) is expected
    assert str(caught.value) == text
