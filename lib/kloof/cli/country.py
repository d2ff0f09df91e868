"""`kloof country …`: what is asked of all municipalities of the store together, a command for each question."""

import typer

from kloof.cli.country_events import events
from kloof.cli.country_gaps import gaps
from kloof.cli.country_matched import matched
from kloof.cli.country_mechanisms import mechanisms
from kloof.cli.country_segregation import segregation

country_commands = typer.Typer(
    no_args_is_help=True, help="Ask what all municipalities of the store say together, and where one of them stands."
)
for command in (events, gaps, matched, mechanisms, segregation):
    country_commands.command()(command)
