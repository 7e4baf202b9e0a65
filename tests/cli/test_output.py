"""Files to write: refused before anything is computed. Tables: plain text."""

import pytest

from aiida_hezsp.cli.output import check_output, print_table
from aiida_hezsp.errors import InputError


def test_a_new_file_of_the_right_kind_is_accepted(tmp_path):
    check_output(tmp_path / "a.PNG", suffixes=(".png", ".svg"), overwrite=False)
    (tmp_path / "b.xyz").touch()
    check_output(tmp_path / "b.xyz")


def test_what_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "a.png").touch()
    with pytest.raises(InputError, match=r"use \.png, \.svg"):
        check_output(tmp_path / "a.gif", suffixes=(".png", ".svg"))
    with pytest.raises(InputError, match="exists already: choose another name, or add --force"):
        check_output(tmp_path / "a.png", overwrite=False, option="--force")
    with pytest.raises(InputError, match="missing is no folder"):
        check_output(tmp_path / "missing" / "a.png")
    with pytest.raises(InputError, match=r"a\.png is no folder"):
        check_output(tmp_path / "a.png" / "b.png")


def test_a_table_is_plain_text(capsys):
    print_table(["PK", "Name"], [[1, "[bold]"], [22, "b"]])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["PK", "Name"], ["1", "[bold]"], ["22", "b"]]
