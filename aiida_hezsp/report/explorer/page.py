"""Write the explorer: templates, styles, scripts and data joined into one HTML file that needs no network."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from aiida_hezsp.errors import HezspError
from aiida_hezsp.report.explorer.packing import pack_json
from aiida_hezsp.report.explorer.source import ExplorerContent
from aiida_hezsp.report.explorer.structures import pack_structures

__all__ = ("SCRIPTS", "render_explorer", "write_explorer")

_FOLDER = Path(__file__).parent / "assets"
# In the order in which they are joined: what is used at load time comes before what uses it.
SCRIPTS = (
    "dom.js",
    "unpack.js",
    "elements.js",
    "geometry.js",
    "table.js",
    "link.js",
    "periodic.js",
    "filters.js",
    "grid.js",
    "charts.js",
    "viewer.js",
    "files.js",
    "detail.js",
    "main.js",
)
_STANDIN = "standin"


def write_explorer(content: ExplorerContent, path: Path) -> None:
    """Write the page.

    Raises:
        HezspError: the folder of the page does not exist.
    """
    if not path.parent.is_dir():
        raise HezspError(f"{path.parent} is not a directory")
    path.write_text(render_explorer(content), encoding="utf8")


def render_explorer(content: ExplorerContent) -> str:
    """Return the page as HTML.

    Its content security policy lets nothing in but its own style and script, named by their hashes, so that data
    could not run even if they were ever taken for markup.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    style, script = _asset("explorer.css"), _script()
    structures = content.structures
    return environment.get_template("explorer.html").render(
        **_facts(content.table),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        table=pack_json(content.table),
        structures=None if structures is None else pack_json(pack_structures(structures)),
    )


def _facts(table: dict[str, Any]) -> dict[str, Any]:
    """Return what the page says before its script runs."""
    engines, numbers = table["engines"], table["columns"]["engines"]
    made = [any(name.startswith(_STANDIN) for name in names) for names in engines]
    return {
        "title": table["title"],
        "version": table["version"],
        "created": table["created"],
        "n": len(numbers),
        "n_standin": sum(made[number] for number in numbers),
        "standins": sorted({name for names in engines for name in names if name.startswith(_STANDIN)}),
        "models": list(dict.fromkeys(f"model {model['kind']}" for model in table["models"])),
    }


def _script() -> str:
    """Return all scripts in one function, so that they share names with each other and with nothing else."""
    parts = "\n".join(_asset(name) for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();\n'


def _asset(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf8")


def _hash(text: str) -> str:
    """Return the hash by which a content security policy knows an inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf8")).digest()).decode("ascii")
