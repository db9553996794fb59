"""How options are called in settings files."""

from __future__ import annotations

import click


def setting_name(param: click.Parameter) -> str:
    """How an option is called without its dashes, as in a settings file: `max_price_age`."""
    names = [name for name in param.opts if name.startswith("--")]
    return names[0].removeprefix("--").replace("-", "_") if names else str(param.name)
