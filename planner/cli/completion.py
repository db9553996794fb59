"""Shell completion: the words that bash, zsh and fish offer at the tab key.

click finds out which option is being typed; here stands how the shells ask and what they are answered. Nothing here
may print an error: it would land in the middle of the line that somebody types.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

_END = "\N{END OF TEXT}"

_BASH = """\
%(complete_func)s() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        case "$line" in
            dir,*) compopt -o dirnames 2>/dev/null ;;
            file,*) compopt -o default 2>/dev/null ;;
            plain,*) COMPREPLY+=("${line#plain,}") ;;
        esac
    done < <(env COMP_TEXT="${COMP_LINE:0:COMP_POINT}" COMP_BREAKS="$COMP_WORDBREAKS" \
%(complete_var)s=bash_complete "$1" 2>/dev/null)
    return 0
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class _Silent(ShellComplete):
    """Answers of any kind of shell: those of click, whole words, and nothing where something goes wrong."""

    def complete(self) -> str:
        try:
            arguments, word = self.get_completion_args()
            items = self.get_completions(arguments, word)
            option = re.match(r"(--?[\w-]+=)", word)
            if option:  # click answers with values alone, the shell replaces the whole word
                for item in items:
                    item.value = option[1] + item.value
            return "\n".join(self.format_completion(item) for item in items)
        except Exception:  # noqa: BLE001 - any message would land in the line that is being typed
            return ""


class _Bash(_Silent, BashComplete):
    """bash breaks words at `:` and `=` and wants only what follows; the line as typed tells what that is."""

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        words = split_arg_string(os.environ["COMP_TEXT"] + _END)
        return words[1:-1], words[-1].removesuffix(_END)

    def complete(self) -> str:
        text = os.environ["COMP_TEXT"]
        self.is_quoted = _is_quoted(text)
        word = "" if self.is_quoted else self.get_completion_args()[1]
        breaks = [at for at, char in enumerate(word) if char in os.environ.get("COMP_BREAKS", "") and char in ":="]
        self.is_typed = breaks[-1] + 1 if breaks else 0
        return super().complete()

    def format_completion(self, item: CompletionItem[Any]) -> str:
        value = item.value[self.is_typed :]
        if not self.is_quoted:
            value = re.sub(r"([^\w@%+=:,./-])", r"\\\1", value)
        return f"{item.type},{value}"


class _Zsh(_Silent, ZshComplete):
    """zsh as click does it."""


class _Fish(_Silent, FishComplete):
    """fish as click does it, with words that hold blanks."""

    def get_completion_args(self) -> tuple[list[str], str]:
        words = split_arg_string(os.environ["COMP_WORDS"] + _END)
        return words[1:-1], words[-1].removesuffix(_END)


def register() -> None:
    """Registers our completion of bash, zsh and fish with click."""
    for shell in (_Bash, _Zsh, _Fish):
        add_completion_class(shell)


def command_items(commands: dict[str, str], incomplete: str) -> list[CompletionItem[str]]:
    """The commands that begin like this, with their summaries."""
    return [CompletionItem(name, help=text) for name, text in sorted(commands.items()) if name.startswith(incomplete)]


def candidates(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Values that an option or argument can take and that begin like this, in any case."""
    from planner.cli.completion_values import values_of  # noqa: PLC0415 - loads tables

    try:
        found = values_of(ctx, param, incomplete)
    except Exception:  # noqa: BLE001 - any message would land in the line that is being typed
        return []
    return [CompletionItem(value) for value in found if value.isprintable()]


def _is_quoted(text: str) -> bool:
    """Whether the line ends inside quotes."""
    try:
        shlex.split(text + "\\ " if text.endswith("\\") else text)
    except ValueError:
        return True
    return False
