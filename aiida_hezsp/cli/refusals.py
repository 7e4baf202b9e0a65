"""What a process refuses when it is built or started, as one line."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiida_hezsp.errors import HezspError, InputError

__all__ = ("refusals_in_one_line",)


@contextmanager
def refusals_in_one_line() -> Iterator[None]:
    """Turn the bare ValueError by which AiiDA refuses inputs into an error of ours.

    Only for building and starting a process: a ValueError while it runs is a fault, and keeps its traceback.

    Raises:
        InputError: the inputs were refused; the text of the validator in one line.
    """
    try:
        yield
    except HezspError:
        raise  # some of ours are ValueErrors too
    except ValueError as error:
        raise InputError(" ".join(str(error).split())) from error
