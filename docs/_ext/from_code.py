"""Fill pages from the code: a marker in a page is replaced by Markdown made from what it names.

Markers are HTML comments on a line of their own:

    <!-- process aiida.workflows hezsp.relax -->   description, outline, inputs, outputs, exit codes
    <!-- class aiida.data hezsp.images -->         autodoc of a class behind an entry point
    <!-- modules aiida_hezsp.chemistry -->         autodoc of every module of a package, or of one module
    <!-- model aiida_hezsp.engine.relax RelaxInput -->  table of a pydantic model's keys
    <!-- help aiida_hezsp.engine.main hezsp-engine -->  what a program prints with --help
    <!-- stages -->                                the stages of a trace, as a tree
    <!-- exactness explanation/exactness.json -->  tables of the exactness suite's record
    <!-- finetuning examples/.../result.json -->   errors before and after, of the first-principles evidence
    <!-- unseen examples/.../result.json -->       force errors of each composition that was kept out, of the same
    <!-- diffusion examples/.../diffusion.json --> D by model and composition, of the same
"""

import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from textwrap import dedent
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from evidence_tables import diffusion_table, finetuning_table, unseen_table
from exactness_table import exactness_tables
from sphinx.application import Sphinx

_SECTION = re.compile(r"^(Args|Returns|Raises):$", re.MULTILINE)
_MARKER = re.compile(
    r"^<!-- (class|diffusion|exactness|finetuning|help|model|modules|process|stages|unseen) ?(.*?) -->$", re.MULTILINE
)


def _load(group: str, name: str) -> Any:
    (found,) = entry_points(group=group, name=name)
    return found.load()


def _directive(name: str, argument: str, *options: str) -> str:
    """Return an autodoc directive, wrapped for MyST."""
    fields = [option if ": " in option else f"{option}:" for option in options]
    lines = [f".. {name}:: {argument}", *(f"   :{field}" for field in fields)]
    return "\n".join(["```{eval-rst}", *lines, "```"])


def _class(group: str, name: str) -> str:
    loaded = _load(group, name)
    path = f"{loaded.__module__}.{loaded.__qualname__}"
    options = ("members", "exclude-members: AttributesModel, ReadModel, WriteModel")
    return f"Entry point `{name}` (group `{group}`), class `{path}`.\n\n{_directive('autoclass', path, *options)}"


def _modules(package: str) -> str:
    module = importlib.import_module(package)
    names = [package]
    if hasattr(module, "__path__"):
        names += [f"{package}.{found.name}" for found in pkgutil.iter_modules(module.__path__) if not found.ispkg]
        names = [name for name in names if name.rpartition(".")[2] != "__main__"]
    shown = [name for name in names[1:] or names if getattr(importlib.import_module(name), "__all__", None)]
    return "\n\n".join(f"## `{name}`\n\n{_module(name)}" for name in shown)


def _module(name: str) -> str:
    """Return the autodoc directive of a module, without its annotated type aliases (their patterns are no prose)."""
    module = importlib.import_module(name)
    aliases = [member for member in module.__all__ if get_origin(getattr(module, member)) is Annotated]
    excluded = [f"exclude-members: {', '.join(aliases)}"] if aliases else []
    return _directive("automodule", name, "members", *excluded)


def _help(module: str, program: str, *arguments: str) -> str:
    code = f"import sys; sys.argv = [{program!r}, *sys.argv[1:]]; from {module} import main; main()"
    command = [sys.executable, "-c", code, *arguments, "--help"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)  # noqa: S603 - our own
    return f"```console\n$ {' '.join([program, *arguments, '--help'])}\n{shown.stdout.rstrip()}\n```"


def _model(module: str, name: str) -> str:
    model = getattr(importlib.import_module(module), name)
    rows = []
    for key, field in model.model_fields.items():
        kind = _type_name(field.annotation)
        default = "required" if field.is_required() else f"`{_plain_default(field.default)}`"
        rows.append(f"| `{key}` | `{_cell(kind)}` | {default} | {_cell(field.description)} |")
    return "\n".join(["| key | type | default | what |", "|---|---|---|---|", *rows])


def _type_name(kind: Any) -> str:
    """Return a type as it is read: without the constraints of `Annotated`, without module paths."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _type_name(arguments[0])
    if origin is Literal:
        return " | ".join(map(repr, arguments))
    names = ["None" if kind is type(None) else "..." if kind is ... else _type_name(kind) for kind in arguments]
    if origin in {Union, UnionType}:
        return " | ".join(names)
    name = getattr(kind, "__name__", str(kind))
    return f"{name}[{', '.join(names)}]" if names else name


def _plain_default(value: Any) -> str:
    return json.dumps(value.model_dump() if hasattr(value, "model_dump") else value)


def _stages() -> str:
    from aiida_hezsp.provenance.stages import STAGES

    def lines(parent: str | None, indent: str) -> Iterator[str]:
        for stage in STAGES:
            if stage.feeds == parent:
                yield f"{indent}{stage.title}"
                yield from lines(stage.key, f"{indent}    ")

    return "\n".join(["```text", *lines(None, ""), "```"])


def _process(group: str, name: str) -> str:
    from aiida.engine import WorkChain

    loaded = _load(group, name)
    function = inspect.isfunction(loaded)
    spec = loaded.process_class.spec() if function else loaded.spec()
    kind = "calcfunction" if function else next(c.__name__ for c in loaded.__mro__ if c.__module__.startswith("aiida."))
    parts = [f"Entry point `{name}` (group `{group}`), {kind} `{loaded.__module__}.{loaded.__qualname__}`."]
    docstring = inspect.getdoc(loaded) or ""
    parts.append(_text(docstring, without="Args" if function else ""))
    if not function and issubclass(loaded, WorkChain):
        parts += ["## Outline", "\n".join(["```text", *_outline(spec.get_outline().get_description()), "```"])]
    parts += ["## Inputs", _ports(spec.inputs) + (_namespaces(docstring) if function else "")]
    if not function:
        parts += ["## Outputs", _ports(spec.outputs), "## Exit codes", _exit_codes(spec.exit_codes)]
    return "\n\n".join(parts)


def _text(docstring: str, without: str = "") -> str:
    """Return a Google docstring as Markdown, its sections as lists, one section left out."""
    head, *sections = _SECTION.split(docstring)
    parts = [head.strip()]
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        text = dedent(body.strip("\n"))
        if title == without:
            continue
        if title == "Returns":
            parts.append(f"**Returns.** {text.strip()}")
            continue
        entries = re.split(r"\n(?=\S)", text.strip())
        items = [
            f"- `{key.strip()}`: {' '.join(value.split())}" for key, _, value in (e.partition(":") for e in entries)
        ]
        parts.append(f"**{title}.**\n\n" + "\n".join(items))
    return "\n\n".join(parts).replace("``", "`")


def _namespaces(docstring: str) -> str:
    """Return the table row for `**inputs` of a calcfunction, whose namespaces its docstring names."""
    found = re.search(r"^    inputs: (.+(?:\n {6,}.+)*)", docstring, re.MULTILINE)
    return f"\n| `**inputs` | `Data` | yes | {_cell(found[1])} |" if found else ""


def _outline(part: Any, indent: str = "") -> Iterator[str]:
    """Yield the lines of an outline; AiiDA describes a step as `name(docstring)`, of which one sentence is enough."""
    if isinstance(part, str):
        name, _, what = part.partition("(")
        sentence = what.removesuffix(")").partition(". ")[0].rstrip(".")
        yield f"{indent}{name:<{max(1, 34 - len(indent))}}{sentence}".rstrip()
    elif isinstance(part, dict):
        for key, below in part.items():
            yield indent + key
            yield from _outline(below, indent + "    ")
    else:
        for entry in part:
            yield from _outline(entry, indent)


def _ports(namespace: Any) -> str:
    rows = list(_rows(namespace, ""))
    if not rows:
        return "None."
    return "\n".join(["| port | type | required | what |", "|---|---|---|---|", *rows])


def _rows(namespace: Any, prefix: str) -> Iterator[str]:
    """Yield a table row per port; AiiDA's own `metadata` is left out, its options are AiiDA's."""
    for name, port in namespace.items():
        if name in {"metadata", "monitors"}:
            continue
        is_namespace = hasattr(port, "ports")
        path = f"{prefix}{name}"
        if is_namespace and len(port):
            yield from _rows(port, f"{path}.")
            continue
        shown = f"{path}.<label>" if is_namespace else path
        yield f"| `{shown}` | {_types(port.valid_type)} | {'yes' if port.required else 'no'} | {_cell(port.help)} |"


def _types(valid: Any) -> str:
    types = valid if isinstance(valid, tuple) else (valid,)
    return ", ".join(f"`{kind.__name__}`" for kind in types if kind not in {None, type(None)}) or "any"


def _exit_codes(codes: Iterable[str] | Any) -> str:
    """Return the table of exit codes; those below 200 that every AiiDA process has are left out."""
    rows = [
        f"| {code.status} | `{label}` | {_cell(code.message)} |"
        for label, code in sorted(codes.items(), key=lambda item: item[1].status)
        if code.status not in {0, 1, 2, 10, 11}
    ]
    return "\n".join(["| status | label | message |", "|---|---|---|", *rows])


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|").replace("<", "&lt;")


_MAKERS = {
    "class": _class,
    "diffusion": diffusion_table,
    "exactness": exactness_tables,
    "finetuning": finetuning_table,
    "help": _help,
    "model": _model,
    "modules": _modules,
    "process": _process,
    "stages": _stages,
    "unseen": unseen_table,
}


def _fill(_app: Sphinx, _docname: str, source: list[str]) -> None:
    source[0] = _MARKER.sub(lambda match: _MAKERS[match[1]](*match[2].split()), source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True}
