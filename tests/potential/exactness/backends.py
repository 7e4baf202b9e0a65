"""The backends on trial. A new one, or an instruction set of one, is a line of `BACKENDS`."""

from dataclasses import dataclass

from aiida_hezsp.potential import make_evaluator
from aiida_hezsp.potential.native import why_not

__all__ = ("BACKENDS", "Backend")


@dataclass(frozen=True)
class Backend:
    """`kind` and `instruction_set` as `make_evaluator` takes them."""

    kind: str
    instruction_set: str = "best"

    def missing(self):
        """Return why this backend is not here, or None."""
        if self.kind != "native":
            return None
        if why_not() is not None:
            return "the native kernel is not built"
        from aiida_hezsp.potential.native._kernel import instruction_sets

        if self.instruction_set not in {"best", *instruction_sets()}:
            return f"this processor has no {self.instruction_set}"
        return None

    def is_quick(self):
        """Return whether the short suite tries it: of the native ones, the instructions this processor would use."""
        if self.kind != "native" or why_not() is not None:
            return True
        from aiida_hezsp.potential.native._kernel import instruction_sets

        return self.instruction_set in {"best", instruction_sets()[0]}

    def evaluator(self, model):
        """Return an evaluator of a model on one thread."""
        return make_evaluator(model, self.kind, 1, self.instruction_set)


BACKENDS = {
    "torch": Backend("torch"),
    "native avx512": Backend("native", "avx512"),
    "native avx2": Backend("native", "avx2"),
    "native plain": Backend("native", "plain"),
}
