"""Read docstrings as the prose they are: single backticks mean code, and nothing else is markup.

The package's docstrings are written to be read in an editor. Outside of backticks, what reStructuredText would take
for markup (`*`, `|`, a trailing `_`) is escaped before napoleon sees it.
"""

import re
from typing import Any

from sphinx.application import Sphinx

_CODE = re.compile(r"(``.+?``|`[^`]+`)")
_MARKUP = re.compile(r"([*|\\]|_(?=\W|$))")


def _plain(line: str) -> str:
    parts = _CODE.split(line)
    for index, part in enumerate(parts):
        if index % 2 == 0:
            parts[index] = _MARKUP.sub(r"\\\1", part)
        elif not part.startswith("``"):
            parts[index] = f"`{part}`"
    return "".join(parts)


def _process(_app: Sphinx, what: str, name: str, _obj: object, _options: object, lines: list[str]) -> None:
    if not name.startswith("aiida_hezsp"):
        return
    lines[:] = [_plain(line) for line in lines]
    if what in {"attribute", "data", "property"}:
        lines.insert(0, "")  # or napoleon takes what stands before a colon for the type


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension, before napoleon (whose priority is 500)."""
    app.connect("autodoc-process-docstring", _process, priority=400)
    return {"parallel_read_safe": True}
