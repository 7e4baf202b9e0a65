"""Show a plan as a table."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from aiida_hezsp.workflows.costs import Stage

__all__ = ("plan_table",)


def plan_table(stages: Iterable[Stage], protocol: str) -> None:
    """Print the stages of a plan and their sum."""
    stages = list(stages)
    table = Table(title=f"What would run (protocol {protocol}); costs are estimates", show_footer=True)
    table.add_column("stage", "total")
    table.add_column("what")
    table.add_column("structures", justify="right")
    table.add_column("jobs", str(sum(stage.jobs for stage in stages)), justify="right")
    table.add_column("steps", justify="right")
    table.add_column("core-hours", f"{sum(stage.core_hours for stage in stages):,.2f}", justify="right")
    table.add_column("disk MB", f"{sum(stage.disk_mb for stage in stages):,.0f}", justify="right")
    for stage in stages:
        table.add_row(
            stage.name,
            stage.what,
            f"{stage.structures:,}",
            f"{stage.jobs:,}",
            f"{stage.steps:,}" if stage.steps else "",
            f"{stage.core_hours:,.2f}",
            f"{stage.disk_mb:,.0f}",
        )
    Console().print(table)
