"""The reference of the command line, from what `--help` is made of."""

from collections.abc import Iterator
from typing import Any

import click
import typer

from misread.cli import app


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its full name, `study` or `data list`, in the order of `--help`."""
    yield from _below(typer.main.get_command(app), "")


def _below(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if hasattr(command, "list_commands"):
            yield from _below(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


def options(command: Any) -> list[Any]:
    """Its options but for --help."""
    return [one for one in command.params if one.param_type_name == "option" and one.name != "help"]


def arguments(command: Any) -> list[Any]:
    """Its arguments."""
    return [one for one in command.params if one.param_type_name == "argument"]


def text() -> str:
    """The page."""
    parts = [
        "# Commands\n\nMade from what `misread COMMAND --help` prints. Results go to standard output, everything "
        "else to standard error. The exit code is 0 when all is well, 2 for an argument or option that makes no "
        "sense, and 1 for everything else that goes wrong; [every error](errors.md) is one line.\n"
    ]
    parts += [_section(name, command) for name, command in commands()]
    return "\n".join(parts)


def _section(name: str, command: Any) -> str:
    usage = " ".join(f"{_metavar(one)}" if one.required else f"[{_metavar(one)}]" for one in arguments(command))
    shown = f"misread {name} [OPTIONS] {usage}".rstrip()
    lines = [f"(command-{name.replace(' ', '-')})=", f"## misread {name}", "", _plain(command.help), ""]
    lines += ["```text", shown, "```", ""]
    for one in arguments(command):
        lines += [f"`{_metavar(one)}`", f": {_described(one)}", ""]
    for one in options(command):
        flag = getattr(one, "is_flag", False)
        names = ", ".join([*one.opts, *one.secondary_opts])
        lines += [f"`{names}{'' if flag else ' ' + _metavar(one)}`", f": {_described(one)}", ""]
    return "\n".join(lines)


def _metavar(parameter: Any) -> str:
    if parameter.metavar:
        return str(parameter.metavar)
    if parameter.param_type_name == "argument":
        return str(parameter.name).upper()
    return str(parameter.display_type(None)).strip("<>").upper().removesuffix(" RANGE")


def _described(parameter: Any) -> str:
    said = _plain(parameter.help)
    default = parameter.default
    if default is None or default in (False, "", ()) or callable(default) or parameter.required:
        return said
    return f"{said} Default: `{default}`."


def _plain(help_text: str | None) -> str:
    words = " ".join((help_text or "").split())
    return words.replace("<", "&lt;").replace("*", "\\*")
