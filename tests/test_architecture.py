"""The house: imports point one way, and `planner estimate` loads nothing heavy."""

import ast
import subprocess
import sys
from pathlib import Path

import planner

ROOT = Path(planner.__file__).parent.parent

ALLOWED = {
    "planner.model": (),
    "planner.errors": (),
    "planner.units": (),
    "planner.clock": (),
    "planner.arguments": ("planner.errors", "planner.model"),
    "planner.paths": ("planner.errors",),
    "planner.hardware": ("planner.model", "planner.errors", "planner.units", "planner.paths", "planner.hardware"),
    "planner.throughput": (
        "planner.arguments",
        "planner.model",
        "planner.errors",
        "planner.units",
        "planner.paths",
        "planner.hardware",
        "planner.throughput",
    ),
    "planner.cost": (
        "planner.model",
        "planner.errors",
        "planner.units",
        "planner.paths",
        "planner.hardware",
        "planner.cost",
    ),
    "planner.prices": (
        "planner.arguments",
        "planner.clock",
        "planner.model",
        "planner.errors",
        "planner.units",
        "planner.paths",
        "planner.hardware",
        "planner.prices",
    ),
    "providers": (
        "planner.model",
        "planner.errors",
        "planner.units",
        "planner.paths",
        "planner.hardware.gpus",
        "providers",
    ),
}
"""Room and the rooms it may import from; rooms that are not named here are the upper floor and may import any below."""


def test_imports_point_one_way():
    """No room imports from a room above it."""
    broken = [
        f"{name} imports {imported}"
        for name, imported in _imports()
        for room, allowed in ALLOWED.items()
        if _inside(name, room) and not any(_inside(imported, place) for place in allowed)
    ]

    assert [] == broken


def test_planner_never_imports_providers():
    """Adapters are found by a string in the registry, never by an import."""
    assert [] == [name for name, imported in _imports() if _inside(name, "planner") and _inside(imported, "providers")]


def test_the_library_does_not_know_the_command_line():
    """Only the command line imports the command line."""
    users = {name for name, imported in _imports() if _inside(imported, "planner.cli")}

    assert [] == [name for name in users if not (_inside(name, "planner.cli") or name == "planner.__main__")]


def test_estimate_loads_neither_pandas_nor_a_cloud_sdk():
    """The whole command runs without a heavy package."""
    code = (
        "import sys\n"
        "sys.argv = ['planner', 'estimate', '--model', 'resnet50', '--epochs', '90', '--format', 'table']\n"
        "from planner.cli import main\n"
        "try:\n    main()\nexcept SystemExit as leaving:\n    assert leaving.code == 0, leaving.code\n"
        "heavy = {'pandas', 'numpy', 'boto3', 'botocore', 'google', 'azure', 'requests', 'providers', 'asyncio'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)

    assert "HEAVY []" == done.stdout.splitlines()[-1], done.stderr


def test_importing_does_no_work():
    """Importing the package opens no file of ours and loads no other module of ours."""
    code = "import sys, planner; print(sorted(name for name in sys.modules if name.startswith('planner.')))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)

    assert "[]\n" == done.stdout


def test_the_public_surface_is_pinned():
    """Names that other people's scripts rely on."""
    assert [
        "Comparison",
        "EstimateResult",
        "PlannerError",
        "Recommendation",
        "compare",
        "estimate",
        "estimate_many",
        "offers",
        "offers_frame",
        "predict_throughput",
        "recommend",
    ] == planner.__all__


def test_a_function_wins_over_the_module_of_its_name():
    """`planner.estimate` is the function even after its module was imported."""
    code = "import planner.estimate\nfrom planner.estimate import STARTUP_SECONDS\nprint(callable(planner.estimate))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)

    assert "True\n" == done.stdout


def _imports():
    for package in ("planner", "providers"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            for node in _runtime_nodes(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    yield from ((name, alias.name) for alias in node.names if _ours(alias.name))
                elif isinstance(node, ast.ImportFrom) and node.module and _ours(node.module):
                    yield name, node.module


def _runtime_nodes(tree):
    """All nodes except those under `if TYPE_CHECKING:`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from _runtime_nodes(node)


def _ours(module):
    return _inside(module, "planner") or _inside(module, "providers")


def _inside(module, room):
    return module == room or module.startswith(room + ".")
