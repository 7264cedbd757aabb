"""How commands look to a person who types them, where typer's own ways would get between."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperCommand, TyperGroup

from vddkctl.errors import Interrupted


class Commands(TyperGroup):
    """A group that tells of Ctrl-C, which typer would turn into a silent 130."""

    def make_context(self, *words: Any, **more: Any) -> Any:
        """Read the command line."""
        try:
            return super().make_context(*words, **more)
        except KeyboardInterrupt:
            raise Interrupted("interrupted") from None

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted("interrupted") from None


class Command(TyperCommand):
    """A command whose help names its arguments as the conventions of Unix do, without types of Python."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words; ``-v=2`` is ``-vv``, as it is to kubectl."""
        return super().parse_args(ctx, [_counted(word) for word in args])

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """``FILE`` for an argument that is needed, ``[FILE]`` for one that can be left out."""
        return [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, in two lists."""
        arguments, options = [], []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            if parameter.param_type_name == "option":
                options.append(record)
            else:
                arguments.append((record[0].partition(" ")[0], record[1]))
        for title, records in (("Arguments", arguments), ("Options", options)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _counted(word: str) -> str:
    number = re.fullmatch("(?:-v|--verbose)=([1-9])", word)
    return f"-{'v' * int(number[1])}" if number else word
