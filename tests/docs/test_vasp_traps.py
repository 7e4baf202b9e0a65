"""Every trap that the page lists has a test, and the test exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "vasp-traps.md").read_text(encoding="utf8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and "| test |" not in line]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:60])
def test_the_test_exists(row):
    file, name = re.search(r"`(tests/\S+\.py)::(test_\w+)` \|$", row).groups()
    tree = ast.parse((ROOT / file).read_text(encoding="utf8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
