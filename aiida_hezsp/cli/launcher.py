"""One launch: settings and inputs, and what is done with them."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from aiida_hezsp.cli import environment
from aiida_hezsp.cli.inputs import atom_counts, check_model, check_structures, read_options, structures_for
from aiida_hezsp.cli.pw_files import check_pw, pw_namespace, write_pw_files
from aiida_hezsp.cli.refusals import refusals_in_one_line
from aiida_hezsp.cli.vasp_files import check_vasp, write_vasp_files

if TYPE_CHECKING:
    from aiida_hezsp.families import Family

__all__ = ("Launch",)


class Launch:
    """One launch: its settings and inputs, and what is done with them."""

    def __init__(self, ctx: click.Context, kind: str, options: Mapping[str, Any]) -> None:
        from aiida_hezsp.families import load_family
        from aiida_hezsp.workflows.protocol import load_protocol, parse_assignments

        self.kind = kind
        self.options = options
        self.profile: str | None = ctx.obj["profile"]
        self.family: Family = load_family(options["family"])
        self.overrides = parse_assignments(options["assignments"])
        self.settings = load_protocol(options["protocol"], self.overrides)
        if "vasp_code" in options:
            self._check_engine()
        if options.get("write_inputs") and not self.dry_run:
            raise click.UsageError("--write-inputs is for a dry run: add --dry-run")
        if not self.dry_run:
            environment.load_profile_or_fail(self.profile)
            self._check()

    def _check(self) -> None:
        """Check all that the user named before the first node is stored."""
        from aiida_hezsp.workflows.plan import plan

        options = self.options
        if options["submit"]:
            environment.require_daemon()
        if "structures" in options:
            check_structures(options["structures"], self.family, options["cell"])
        else:
            plan(self.kind, self.family, self.settings)  # refuses compositions that do not fit family or cell
        if "engine_code" in options:
            self.engine()
        if self.uses_pw:
            self.dft()
            check_pw(self)
        elif "vasp_code" in options:
            self.vasp()
            check_vasp(self)
        for name in ("model", "relaxation_model", "md_model"):
            if options.get(name):
                check_model(options[name])

    def _check_engine(self) -> None:
        """Check that `dft.engine` exists, and that this command and its options are for it."""
        from aiida_hezsp.workflows.dft.engines import dft_engine

        dft_engine(self.settings["dft"])
        if self.uses_pw and "pw_code" not in self.options:
            raise click.UsageError("this command runs VASP only: leave dft.engine as vasp")
        if not self.uses_pw and (self.options.get("pw_code") or self.options.get("pseudo_family")):
            raise click.UsageError("--pw-code and --pseudo-family are for pw.x: add --set dft.engine=quantumespresso")

    @property
    def uses_pw(self) -> bool:
        """Whether pw.x is to run, not VASP."""
        return "vasp_code" in self.options and self.settings["dft"]["engine"] == "quantumespresso"

    @property
    def dry_run(self) -> bool:
        """Whether only the plan is wanted."""
        return bool(self.options["dry_run"])

    def atom_counts(self) -> list[int]:
        """Return the number of atoms of each structure that the user named; stores nothing."""
        options = self.options
        return atom_counts(options["structures"], self.family, options["cell"], options["seed"], self.profile)

    def structures(self) -> dict[str, Any]:
        """Return the structures that the user named, by label."""
        options = self.options
        return structures_for(options["structures"], self.family, options["cell"], options["seed"])

    def engine(self) -> dict[str, Any]:
        """Return code and options of the engine, as `get_builder_from_protocol` takes them."""
        from aiida import orm

        from aiida_hezsp.workflows.input_checks import validate_engine_options

        options = read_options(self.options["engine_options"], "--engine-options")
        if complaint := validate_engine_options(orm.Dict(options), None):
            raise click.ClickException(f"--engine-options: {complaint}")
        return {
            "engine_code": environment.load_code_or_fail(self.options["engine_code"]),
            "engine_options": options,
        }

    def vasp(self) -> dict[str, Any]:
        """Return the namespace `vasp`."""
        from aiida import orm

        from aiida_hezsp.workflows.dft.potentials import family_potentials

        family_potentials(self.options["potential_family"])  # refuses a family that does not exist
        vasp: dict[str, Any] = {
            "code": environment.load_code_or_fail(self.options["vasp_code"]),
            "potential_family": orm.Str(self.options["potential_family"]),
        }
        if options := read_options(self.options["vasp_options"], "--vasp-options"):
            vasp["options"] = orm.Dict(options)
        return vasp

    def dft(self) -> dict[str, Any]:
        """Return the namespace of the engine that `dft.engine` names, under its name."""
        return {"pw": pw_namespace(self.options)} if self.uses_pw else {"vasp": self.vasp()}

    def family_node(self) -> Any:
        """Return the family as a node."""
        from aiida import orm

        return orm.Dict(self.family.to_dict())

    def show_plan(self, atoms: list[int] | None = None) -> None:
        """Print what would run, on cells with these numbers of atoms where the user named structures."""
        from aiida_hezsp.cli.plan_table import plan_table
        from aiida_hezsp.workflows.plan import plan

        folder = self.options.get("write_inputs")
        if folder is not None:
            environment.load_profile_or_fail(self.profile)
            written = (write_pw_files if self.uses_pw else write_vasp_files)(self, folder)
            code = "pw.x" if self.uses_pw else "VASP"
            click.echo(f"wrote the {code} input files of {written} structures to {folder}", err=True)
        standin = not self.uses_pw and self.options.get("vasp_code", "").startswith(environment.STANDIN_LABEL)
        stages = plan(self.kind, self.family, self.settings, atoms, standin=standin)
        if self.options["as_json"]:
            click.echo(json.dumps([stage.to_dict() for stage in stages], indent=1))
        else:
            plan_table(stages, self.options["protocol"])

    def go(self, process_class: Any, *, report: Callable[[Any], None] | None = None, **inputs: Any) -> None:
        """Run or submit the work chain with these inputs; `report` prints what a finished one found."""
        with refusals_in_one_line():
            builder = process_class.get_builder_from_protocol(
                protocol=self.options["protocol"], overrides=self.overrides, **inputs
            )
        builder.metadata.label = f"{self.kind} ({self.options['protocol']})"
        if self.options["submit"]:
            self._submit(builder)
        else:
            self._run(builder, report)

    def _submit(self, builder: Any) -> None:
        from aiida.engine import submit

        with refusals_in_one_line():
            node = submit(builder)
        self._echo(node, f"submitted {node.process_label}<{node.pk}>; follow it with `verdi process status {node.pk}`")

    def _run(self, builder: Any, report: Callable[[Any], None] | None) -> None:
        from aiida_hezsp.cli.progress import run_with_progress
        from aiida_hezsp.cli.terminal import terminal

        node = run_with_progress(builder, terminal(stderr=True))
        if not node.is_finished_ok:
            raise click.ClickException(
                f"{node.process_label}<{node.pk}> failed: {node.exit_message or node.process_state.value}; "
                f"`verdi process report {node.pk}` tells more"
            )
        if report is not None:
            report(node)
            return
        self._echo(node, f"finished {node.process_label}<{node.pk}>; its outputs: `verdi process show {node.pk}`")

    def _echo(self, node: Any, sentence: str) -> None:
        if self.options["as_json"]:
            click.echo(json.dumps({"pk": node.pk, "uuid": node.uuid, "process": node.process_label}))
        else:
            click.echo(sentence)
