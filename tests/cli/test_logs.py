import logging

import pytest
from aiida.cmdline.utils.log import CliHandler

from aiida_hezsp.cli.logs import quiet_console


@pytest.mark.parametrize("handler", [logging.StreamHandler(), CliHandler()])
def test_the_terminal_gets_what_is_grave_enough(handler):
    handler.setLevel(logging.NOTSET)
    logger = logging.getLogger("aiida")
    logger.addHandler(handler)
    before = {other: other.level for other in logger.handlers}
    try:
        quiet_console(logging.WARNING)
        assert handler.level == logging.WARNING
    finally:
        for other, level in before.items():
            other.setLevel(level)
        logger.removeHandler(handler)
