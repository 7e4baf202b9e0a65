"""Show a plan as a table."""

from collections.abc import Iterable

from rich.box import SIMPLE
from rich.table import Table

from aiida_hezsp.cli.terminal import terminal
from aiida_hezsp.workflows.costs import Stage

__all__ = ("plan_table",)


def plan_table(stages: Iterable[Stage], protocol: str) -> None:
    """Print the stages of a plan and their sum."""
    stages = list(stages)
    table = Table(title=f"What would run (protocol {protocol}); costs are estimates", box=SIMPLE, show_footer=True)
    table.add_column("stage", "total", no_wrap=True)
    table.add_column("what")
    table.add_column("structures", justify="right")
    table.add_column("jobs", f"{sum(stage.jobs for stage in stages):,}", justify="right")
    table.add_column("core-hours", f"{sum(stage.core_hours for stage in stages):,.2f}", justify="right")
    table.add_column("disk MB", f"{sum(stage.disk_mb for stage in stages):,.0f}", justify="right")
    for stage in stages:
        numbers = (f"{stage.structures:,}", f"{stage.jobs:,}", f"{stage.core_hours:,.2f}", f"{stage.disk_mb:,.0f}")
        table.add_row(stage.name, stage.what, *numbers)
    terminal().print(table)
