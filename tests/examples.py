"""How many examples a property is tried with: a third in the fast tests, all of them with `EXAMPLES=many`, as `.ci/run` asks for."""

import os

IS_MANY = "many" == os.environ.get("EXAMPLES")


def examples(count):
    """So many examples where many are asked for, and a third of them otherwise."""
    return count if IS_MANY else max(2, count // 3)
