"""Cloud SDKs, imported only when a fetch needs them."""

from __future__ import annotations

import importlib
import logging
from typing import Any

from planner.errors import ProviderError

_HELPERS = ("msal", "urllib3")
"""Libraries that the clouds' libraries use."""


class MissingSdkError(ProviderError):
    """A cloud SDK is not installed; the message says how to install it."""


def load_sdk(module: str, *, extra: str) -> Any:
    """The module of a cloud SDK; `extra` is the optional dependency that brings it.

    Raises:
        MissingSdkError: it is not installed. An import that fails inside the SDK is a bug and passes through.
    """
    # what a library logs, tracebacks among it, is for whoever asks for it, and not for a terminal
    for name in (module.partition(".")[0], *_HELPERS):
        if not any(isinstance(one, logging.NullHandler) for one in logging.getLogger(name).handlers):
            logging.getLogger(name).addHandler(logging.NullHandler())
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise MissingSdkError(
            f"The Python module {module} is not installed. Run: pip install 'gpu-cost-planner[{extra}]'"
        ) from error
