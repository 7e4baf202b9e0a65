"""Make what the work chains need on this machine."""

import click

__all__ = ("cmd_setup",)


@click.command("setup")
@click.option("--profile-name", default="hezsp", show_default=True, help="Profile to make if none can be loaded.")
@click.pass_context
def cmd_setup(ctx: click.Context, profile_name: str) -> None:
    """Make profile, computer `localhost`, codes and the stand-in's placeholder POTCARs; keep what exists.

    The profile is the embedded one: SQLite and AiiDA's own broker, no service to install. Real VASP and real POTCARs
    are set up as aiida-vasp documents it (`verdi code create`, `aiida-vasp potcar uploadfamily`).

    \b
    Examples:
      aiida-hezsp setup
      aiida-hezsp -p my-profile setup
    """
    from aiida.manage import get_manager

    from aiida_hezsp.cli import environment

    try:
        environment.load_profile_or_fail(ctx.obj["profile"])
    except click.ClickException:
        if ctx.obj["profile"]:
            raise
        environment.create_embedded_profile(profile_name)
    computer = environment.ensure_computer()
    codes = environment.ensure_codes(computer)
    family = environment.ensure_standin_potentials()
    click.echo(f"profile     {get_manager().get_profile().name}")
    click.echo(f"computer    {computer.label}")
    for label, code in codes.items():
        click.echo(f"code        {label}@{computer.label} ({code.filepath_executable})")
    click.echo(f"potentials  {family} (placeholders of the VASP stand-in)")
