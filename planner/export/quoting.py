"""Quotes any text safely as a value of YAML or of Terraform's language."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_./][A-Za-z0-9]+)*")
"""Letters, digits and single marks between them: no YAML reader takes such a text for anything else."""

_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Texts that some YAML reader takes for a truth value or nothing. NO is also Norway."""


def yaml_value(value: str | float) -> str:
    r"""A text or number as a YAML scalar, quoted if there is any doubt.

    >>> yaml_value("us-east-1"), yaml_value("NO"), yaml_value("a: b\n"), yaml_value(8), yaml_value(0.37)
    ('us-east-1', '"NO"', '"a: b\\n"', '8', '0.37')
    """
    if not isinstance(value, str):
        return f"{value:.10g}"
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS and len(value) < 100:
        return value
    return quoted(value)


def hcl_value(value: str | float) -> str:
    r"""A text or number as a literal of Terraform's language; nothing in a text is evaluated.

    >>> print(hcl_value('a "b" ${file("/etc/passwd")} %{ if true }'))
    "a \"b\" \u0024{file(\"/etc/passwd\")} \u0025{ if true }"
    """
    if not isinstance(value, str):
        return f"{value:.10g}"
    # ${ and %{ start a template, however many of these signs stand before them
    return re.sub(r"[$%](?=\{)", lambda sign: f"\\u{ord(sign[0]):04x}", quoted(value))


def quoted(text: str) -> str:
    r"""The text in double quotes, by the escapes that JSON, YAML and Terraform have in common, and \U for what JSON lacks.

    >>> print(quoted('"\\ \N{RIGHT-TO-LEFT OVERRIDE}\N{GRINNING FACE}'))
    "\"\\ \u202e\U0001f600"
    """
    return '"' + "".join(map(_escaped, text)) + '"'


def block(lines: tuple[str, ...], indent: int) -> str:
    """Lines as the literal block of a YAML value, without its key; quoted where a block cannot hold them."""
    text = "".join(f"{line}\n" for line in lines)
    if not lines or lines[0][:1] in {"", " "} or not all(line.isprintable() for line in lines):
        return quoted(text)
    return "|\n" + "\n".join(" " * indent + line if line else "" for line in lines)


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char == "\n":
        return "\\n"
    if " " <= char <= "~":
        return char
    # a lone surrogate cannot be written to a file at all
    code = 0xFFFD if "\ud800" <= char <= "\udfff" else ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
