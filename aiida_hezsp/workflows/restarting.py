"""What the restarting work chains over one engine job share."""

from collections.abc import Mapping
from typing import Any

from aiida import orm
from aiida.common import AttributeDict
from aiida.engine import BaseRestartWorkChain, ExitCode, ProcessBuilder, ProcessHandlerReport, process_handler, while_
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.workflows.jobs import engine_metadata
from aiida_hezsp.workflows.protocol import load_protocol

__all__ = ("EngineRestartWorkChain",)


class EngineRestartWorkChain(BaseRestartWorkChain):
    """Base of the work chains that run one engine job and continue it after a walltime or a lost machine."""

    NAMESPACE = "job"

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports and outline."""
        super().define(spec)
        spec.expose_inputs(cls._process_class, namespace=cls.NAMESPACE, exclude=("restart_folder",))
        spec.expose_outputs(cls._process_class)
        spec.outline(
            cls.setup,
            while_(cls.should_run_process)(
                cls.run_process,
                cls.inspect_process,
            ),
            cls.results,
        )

    def setup(self) -> None:
        """Take the inputs of the job."""
        super().setup()
        self.ctx.inputs = AttributeDict(self.exposed_inputs(self._process_class, self.NAMESPACE))

    @classmethod
    def get_builder_from_protocol(
        cls,
        engine_code: orm.AbstractCode,
        protocol: str = "fast",
        overrides: Mapping[str, Any] | None = None,
        engine_options: Mapping[str, Any] | None = None,
        **inputs: Any,
    ) -> ProcessBuilder:
        """Return a builder with the settings of a protocol.

        Args:
            engine_code: the code `hezsp-engine`.
            protocol: ``demo``, ``fast`` or ``paper``.
            overrides: settings that differ, nested as in the protocol.
            engine_options: `metadata.options` of the job.
            inputs: the other inputs of the job, as its ports name them, and what `parameters` takes.

        Raises:
            ProtocolError: the protocol or an overridden setting does not exist.
        """
        settings = load_protocol(protocol, overrides)
        builder = cls.get_builder()
        job = builder[cls.NAMESPACE]
        job.code = engine_code
        job.parameters = orm.Dict(cls.parameters(settings, inputs))
        job.metadata = engine_metadata(settings, engine_options, cls.NAMESPACE)
        for name, value in inputs.items():
            job[name] = value
        return builder

    @classmethod
    def parameters(cls, settings: Mapping[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters of the job; takes out of `inputs` what is a parameter and not a port."""
        raise NotImplementedError

    @process_handler(priority=500)
    def continue_interrupted(self, node: orm.CalcJobNode) -> ProcessHandlerReport | None:
        """Continue a job that the scheduler or the machine ended, from its restart points if it has any."""
        interrupted = (
            self._process_class.exit_codes.ERROR_SCHEDULER_OUT_OF_WALLTIME.status,
            self._process_class.exit_codes.ERROR_SCHEDULER_NODE_FAILURE.status,
            self._process_class.exit_codes.ERROR_NO_OUTPUT.status,
            self._process_class.exit_codes.ERROR_ENGINE_BROKE_DOWN.status,
        )
        if node.exit_status not in interrupted:
            return None
        if self._process_class.RESTART_FOLDERS and "remote_folder" in node.outputs:
            self.ctx.inputs.restart_folder = node.outputs.remote_folder
            self.report(f"{node.process_label}<{node.pk}> was interrupted: continuing from its restart points")
        else:
            self.report(f"{node.process_label}<{node.pk}> was interrupted: starting it again")
        return ProcessHandlerReport(do_break=True)

    @process_handler(priority=400)
    def give_up(self, node: orm.CalcJobNode) -> ProcessHandlerReport | None:
        """Stop at an error that the same inputs would give again."""
        if node.is_finished_ok or not isinstance(node.exit_status, int):
            return None
        self.report(f"{node.process_label}<{node.pk}> failed: {node.exit_message}")
        return ProcessHandlerReport(do_break=True, exit_code=ExitCode(node.exit_status, node.exit_message))
