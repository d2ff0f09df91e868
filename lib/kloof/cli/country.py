"""`kloof country …`: what is asked of all municipalities of the store together."""

import typer

from kloof.cli.country_gaps import gaps

country_commands = typer.Typer(no_args_is_help=True, help="Ask something of all municipalities of the store at once.")
country_commands.command()(gaps)
