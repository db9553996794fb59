"""Keys for price lists that ask for one: looked up in the environment, sent in a header, never shown."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence

from planner.errors import NotAskedError, ProviderError
from providers.http import HttpStatusError


class KeyedProvider:
    """The part that adapters of one price list with a key share.

    Args:
        environ: where the variables of the key are looked up; by default the process's environment.
        address: of the list; by default `address` of the class.
        sleep: waits between tries.
    """

    address: str

    def __init__(
        self,
        *,
        environ: Mapping[str, str] | None = None,
        address: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._address = self.address if address is None else address
        self._sleep = sleep


def key_in(environ: Mapping[str, str], variables: Sequence[str], where: str) -> str:
    """The key in the first of the variables that is set.

    Args:
        environ: where to look.
        variables: names that the key may go by.
        where: whose key it is and where one is made, for the message.

    Raises:
        NotAskedError: none is set.
        ProviderError: what it holds cannot be a key.
    """
    for variable in variables:
        key = environ.get(variable, "").strip()
        if key and key.isascii() and key.isprintable() and " " not in key:
            return key
        if key:
            raise ProviderError(f"{variable} does not hold a key: it has spaces or characters that no key has.")
    raise NotAskedError(f"{' or '.join(variables)} is not set. A key that may read is enough: {where}.")


def key_state(environ: Mapping[str, str], variables: Sequence[str]) -> str:
    """One line for `planner providers`: where a key was found, or which variable is missing."""
    found = [variable for variable in variables if environ.get(variable, "").strip()]
    return f"prices: key in {found[0]}" if found else f"missing: set {' or '.join(variables)}"


def refused(error: HttpStatusError, variables: Sequence[str]) -> ProviderError:
    """The error to raise in place of a status: a key that is not accepted is said to be one."""
    if error.status not in (401, 403):
        return error
    return ProviderError(
        f"{error} The key in {' or '.join(variables)} is wrong, has run out, or may not read prices: make a new one."
    )
