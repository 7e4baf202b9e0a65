"""What the restarting work chains over one engine job share."""

from aiida import orm
from aiida.common import AttributeDict
from aiida.engine import BaseRestartWorkChain, ExitCode, ProcessHandlerReport, process_handler, while_
from aiida.engine.processes.workchains.workchain import WorkChainSpec

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

    @process_handler(priority=500)
    def continue_interrupted(self, node: orm.CalcJobNode) -> ProcessHandlerReport | None:
        """Continue a job that was ended by the scheduler or lost its machine, from its restart points if it has any."""
        interrupted = (
            self._process_class.exit_codes.ERROR_SCHEDULER_OUT_OF_WALLTIME.status,
            self._process_class.exit_codes.ERROR_SCHEDULER_NODE_FAILURE.status,
            self._process_class.exit_codes.ERROR_NO_OUTPUT.status,
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
