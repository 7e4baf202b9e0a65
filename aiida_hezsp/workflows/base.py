"""What the work chains share: the engine, the settings, jobs in batches and in bounded number."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aiida import orm
from aiida.common import AttributeDict
from aiida.engine import ExitCode, ProcessBuilder, WorkChain
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.families import Family
from aiida_hezsp.workflows.input_checks import validate_engine_options
from aiida_hezsp.workflows.jobs import engine_metadata
from aiida_hezsp.workflows.protocol import load_protocol
from aiida_hezsp.workflows.setting_checks import complaints

__all__ = ("HezspWorkChain", "batches")


def batches(labels: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield the labels in lists of at most `size`, in sorted order."""
    ordered = sorted(labels)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


class HezspWorkChain(WorkChain):
    """Base of the work chains: `engine` and `settings`, and a queue that keeps a bounded number of processes running.

    `core.direct` starts every submitted job at once, so the work chain itself bounds how many run. A subclass calls
    `start_queue` with the keys of what is to be run and loops over `while_(cls.has_waiting)(cls.submit_next)`; `done`,
    `succeeded` and `failures` then tell how it went.
    """

    SECTIONS: tuple[str, ...] = ()  # of the protocol, that this work chain and those below it read

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare the ports that all work chains have."""
        super().define(spec)
        spec.input("engine.code", valid_type=orm.AbstractCode, help="The code `hezsp-engine`.")
        spec.input(
            "engine.options",
            valid_type=orm.Dict,
            required=False,
            serializer=orm.to_aiida_type,
            validator=validate_engine_options,
            help="`metadata.options` of engine jobs: resources, walltime, queue.",
        )
        spec.input(
            "settings",
            valid_type=orm.Dict,
            serializer=orm.to_aiida_type,
            validator=cls.validate_settings,
            help=f"Sections {', '.join(cls.SECTIONS)} of a protocol.",
        )
        spec.exit_code(401, "ERROR_SUB_PROCESS_FAILED", message="A step failed: {message}")
        spec.exit_code(410, "ERROR_NOTHING_LEFT", message="Not one structure came through: {message}")

    @classmethod
    def validate_settings(cls, value: orm.Dict, _: object) -> str | None:
        """Say which sections are missing or unknown, and which values are impossible."""
        given = set(value.get_dict()) - {"description"}
        if missing := set(cls.SECTIONS) - given:
            return f"missing sections: {', '.join(sorted(missing))}"
        if unknown := given - set(cls.SECTIONS):
            return f"unknown sections: {', '.join(sorted(unknown))}; known are {', '.join(cls.SECTIONS)}"
        return "; ".join(complaints(value.get_dict())) or None

    @classmethod
    def get_builder_from_protocol(
        cls,
        engine_code: orm.AbstractCode | None = None,
        protocol: str = "fast",
        overrides: Mapping[str, Any] | None = None,
        engine_options: Mapping[str, Any] | None = None,
        **inputs: Any,
    ) -> ProcessBuilder:
        """Return a builder with the settings of a protocol.

        Args:
            engine_code: the code `hezsp-engine`, for work chains that run it.
            protocol: ``demo``, ``fast`` or ``paper``.
            overrides: settings that differ, nested as in the protocol.
            engine_options: `metadata.options` of engine jobs.
            inputs: the other inputs of the work chain, as its ports name them.

        Raises:
            ProtocolError: the protocol or an overridden setting does not exist, or a value is impossible.
        """
        builder = cls.get_builder()
        if engine_code is not None:
            builder.engine.code = engine_code
        if engine_options:
            builder.engine.options = orm.Dict(dict(engine_options))
        settings = load_protocol(protocol, overrides)
        builder.settings = orm.Dict({name: settings[name] for name in cls.SECTIONS})
        for name, value in inputs.items():
            if isinstance(value, Mapping):
                for key, entry in value.items():
                    builder[name][key] = entry
            else:
                builder[name] = value
        return builder

    @property
    def settings(self) -> AttributeDict:
        """The settings, read by attribute: `self.settings.relax.fmax`."""
        return AttributeDict(self.inputs.settings.get_dict())

    @property
    def family(self) -> Family:
        """The family of the input `family`."""
        return Family.from_dict(self.inputs.family.get_dict())

    def sections(self, *names: str) -> orm.Dict:
        """Return an unstored Dict with some sections of the settings, for a work chain below."""
        settings = self.inputs.settings.get_dict()
        return orm.Dict({name: settings[name] for name in names})

    def failed(self, node: orm.ProcessNode) -> ExitCode | None:
        """Return an exit code if a process of this work chain did not finish well."""
        if node.is_finished_ok:
            return None
        reason = node.exit_message or node.process_state.value
        return self.exit_codes.ERROR_SUB_PROCESS_FAILED.format(message=f"{node.process_label}<{node.pk}>: {reason}")

    def engine_metadata(self, label: str) -> dict[str, Any]:
        """Return the metadata of an engine job of this work chain."""
        options = self.inputs.engine.options.get_dict() if "options" in self.inputs.engine else None
        return engine_metadata(self.settings, options, label)

    def start_queue(self, method: str, keys: Iterable[str]) -> None:
        """Set what is to be run: `method(key)` returns a process class and its inputs when the turn of `key` comes."""
        self.ctx.queue_method = method
        self.ctx.waiting = list(keys)
        self.ctx.submitted = []

    def has_waiting(self) -> bool:
        """Return whether processes wait to be submitted."""
        return bool(self.ctx.waiting)

    def submit_next(self) -> None:
        """Submit as many of the waiting processes as may run at once."""
        width = self.settings.jobs.max_concurrent
        batch, self.ctx.waiting = self.ctx.waiting[:width], self.ctx.waiting[width:]
        for key in batch:
            process_class, inputs = getattr(self, self.ctx.queue_method)(key)
            node = self.submit(process_class, **inputs)
            self.to_context(**{self._slot(key): node})
            self.ctx.submitted.append(key)

    def done(self) -> dict[str, orm.ProcessNode]:
        """Return the processes of the queue by key."""
        return {key: self.ctx[self._slot(key)] for key in self.ctx.submitted}

    def succeeded(self) -> dict[str, orm.ProcessNode]:
        """Return the processes of the queue that finished well, by key."""
        return {key: node for key, node in self.done().items() if node.is_finished_ok}

    def _slot(self, key: str) -> str:
        """Return the name in the context of a process of the queue."""
        return f"{self.ctx.queue_method}__{key}"

    def failures(self) -> dict[str, str]:
        """Return why processes failed, by key."""
        return {
            key: f"{node.process_label}<{node.pk}> {node.exit_message or node.process_state.value}"
            for key, node in self.done().items()
            if not node.is_finished_ok
        }
