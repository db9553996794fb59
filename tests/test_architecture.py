"""The house: imports point one way, and `planner estimate` loads nothing heavy."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

import planner

ROOT = Path(planner.__file__).parent.parent

ROOMS = (
    ("planner.errors", "planner.units", "planner.paths", "planner.outside"),
    ("planner.model",),
    ("planner.options",),
    ("planner.hardware",),
    ("planner.logs",),
    ("planner.measuring",),
    ("planner.cost",),
    ("planner.prices",),
    ("planner.throughput",),
    ("planner.language",),
    ("planner.work",),
    ("planner.results",),
    ("planner.answers",),
    ("planner.accuracy",),
    ("planner.export",),
    ("planner.render",),
    ("planner.web",),
    ("planner.cli",),
    ("planner", "planner.__main__"),
)
"""The rooms from the ground up: a module may import from its own room and from those below."""

APART = (
    ("planner.prices", "planner.cost"),
    ("planner.throughput", "planner.cost"),
    ("planner.throughput", "planner.prices"),
    ("planner.answers", "planner.accuracy"),
    ("planner.accuracy", "planner.answers"),
    ("planner.accuracy", "planner.prices"),
    ("planner.export", "planner.answers"),
    ("planner.web", "planner.cli"),
)
"""Rooms of which the first must not know the second, though it lies above it."""
OF_PRICES = "planner.accuracy.price_"
"""How far prices of some age hold is judged on price books; all else of the accuracy room knows none."""

OF_PROVIDERS = (
    "planner.model",
    "planner.errors",
    "planner.units",
    "planner.paths",
    "planner.outside",
    "planner.hardware.gpus",
    "providers",
)
"""What an adapter may import."""

WHOLE = {
    "_covered",
    "bool",
    "count",
    "counts",
    "len",
    "left_over",
    "machines",
    "pairs",
    "priceless",
    "rows",
    "size",
    "size_bytes",
    "st_size",
    "widths",
}
"""Names of whole numbers, and of lists of them."""

NO_FLOATS = {
    "planner.accuracy.learning.response": "arrays",
    "planner.accuracy.price_fit": "days",
    "providers.gcp_prices": "decimals",
}
"""Modules that add up what `math.fsum` cannot."""

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60


def test_imports_point_one_way():
    """No room imports from a room above it, late imports included."""
    floor = {room: index for index, rooms in enumerate(ROOMS) for room in rooms}
    broken = [
        f"{name} imports {imported}"
        for name, imported in _imports()
        if _inside(name, "planner") and _inside(imported, "planner") and floor[_room(imported)] > floor[_room(name)]
    ]

    assert [] == broken


def test_neighbours_stay_apart():
    """Planning never loads the accuracy room, prices know no costs, and so on."""
    assert [] == [
        f"{name} imports {imported}"
        for name, imported in _imports()
        for room, other in APART
        if _inside(name, room) and _inside(imported, other) and not name.startswith(OF_PRICES)
    ]


def test_adapters_know_the_records_only():
    """A provider's module imports records, errors, units, paths and the names of GPUs."""
    assert [] == [
        f"{name} imports {imported}"
        for name, imported in _imports()
        if _inside(name, "providers") and not any(_inside(imported, place) for place in OF_PROVIDERS)
    ]


def test_no_modules_form_a_circle():
    """No module reaches itself over imports, late ones and those for type checkers included."""
    arrows: dict[str, set[str]] = {name: set() for name in _modules()}
    for name, imported in _imports(for_checkers=True):
        if imported in arrows and imported != name:
            arrows[name].add(imported)

    assert [] == _circles(arrows)


def test_a_circle_is_found():
    """The search for circles finds one of three and leaves out what only leads there."""
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}

    assert [["a", "b", "c"]] == _circles(arrows)


def test_few_modules_lie_loose():
    """Beside the rooms there are the package itself, its start, errors, units and paths."""
    assert {"__init__", "__main__", "errors", "paths", "units"} == {
        path.stem for path in (ROOT / "planner").glob("*.py")
    }


def test_modules_and_functions_are_short():
    """A module is read in one sitting, a function without scrolling."""
    long_modules, long_functions = [], []
    for name, path in _modules().items():
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > MOST_LINES:
            long_modules.append(name)
        long_functions += [
            f"{name}.{node.name}"
            for node in ast.walk(_tree(path))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            and (node.end_lineno or 0) - node.lineno >= MOST_LINES_OF_A_FUNCTION
        ]

    assert ([], []) == (long_modules, long_functions)


def test_fractions_are_added_up_the_same_on_every_python():
    """Python 3.12 adds floats up in another way than 3.11 did: `sum` is for whole numbers, `math.fsum` for all else."""
    assert [] == [
        f"{name}:{node.lineno}"
        for name, path in _modules().items()
        if name not in NO_FLOATS
        for node in _sums(_tree(path))
        if not _is_whole(node.args[0])
    ]


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        ("sum(map(len, parts))", True),
        ("sum(1 for row in rows)", True),
        ("sum(one > limit for one in rows)", True),
        ("sum(not one for one in rows)", True),
        ("sum(group.size for group in groups)", True),
        ("sum(item.usd for item in items)", False),
        ("sum(seconds for _, seconds in parts)", False),
        ("sum([hours * usd for hours, usd in parts])", False),
        ("sum(0.5 for row in rows)", False),
    ],
)
def test_sums_of_fractions_are_told_from_counts(text, is_whole):
    """By what is added: a comparison, a length, or a name of a whole number."""
    (node,) = _sums(ast.parse(text))

    assert is_whole == _is_whole(node.args[0])


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


def _sums(tree):
    """Every call of the builtin `sum`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "sum":
            yield node


def _is_whole(added):
    """Whether what is added is known to be whole numbers: comparisons, lengths, or something named like a count."""
    match added:
        case ast.GeneratorExp(elt=part) | ast.ListComp(elt=part) | ast.Subscript(value=part):
            found = _is_whole(part)
        case ast.Call(func=ast.Name(id="map"), args=[part, _]):
            found = _is_whole(part)
        case ast.BoolOp(values=parts):
            found = all(map(_is_whole, parts))
        case ast.Constant(value=value):
            found = isinstance(value, int)
        case ast.Call(func=ast.Name(id=name)) | ast.Name(id=name) | ast.Attribute(attr=name):
            found = name in WHOLE or name.lstrip("_").startswith(("is_", "has_", "fits"))
        case _:
            found = isinstance(added, ast.Compare) or (isinstance(added, ast.UnaryOp) and isinstance(added.op, ast.Not))
    return found


@functools.cache
def _modules():
    """Every module of ours by its name."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for package in ("planner", "providers")
        for path in sorted((ROOT / package).rglob("*.py"))
    }


@functools.cache
def _tree(path):
    """The module as Python reads it."""
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def _imports(*, for_checkers=False):
    """Pairs of a module and one it imports: the module itself where a name of it is imported."""
    return [*_imported(for_checkers=for_checkers)]


def _imported(*, for_checkers):
    modules = _modules()
    for name, path in modules.items():
        for node in _nodes(_tree(path), for_checkers=for_checkers):
            if isinstance(node, ast.Import):
                yield from ((name, alias.name) for alias in node.names if _ours(alias.name))
            elif isinstance(node, ast.ImportFrom) and node.module and _ours(node.module):
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    yield name, full if full in modules else node.module


def _nodes(tree, *, for_checkers):
    """All statements; without those under `if TYPE_CHECKING:` unless they are asked for."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.expr) or (
            isinstance(node, ast.If)
            and isinstance(node.test, ast.Name)
            and node.test.id == "TYPE_CHECKING"
            and not for_checkers
        ):
            continue
        yield node
        yield from _nodes(node, for_checkers=for_checkers)


def _circles(arrows):
    """Groups of modules that reach each other (Tarjan's strongly connected components of more than one)."""
    order, low, waiting, found = {}, {}, [], []

    def visit(name):
        order[name] = low[name] = len(order)
        waiting.append(name)
        for other in sorted(arrows[name]):
            if other not in order:
                visit(other)
            if other in waiting:
                low[name] = min(low[name], low[other])
        if low[name] == order[name]:
            at = waiting.index(name)
            group = waiting[at:]
            del waiting[at:]
            if len(group) > 1:
                found.append(sorted(group))

    for name in sorted(arrows):
        if name not in order:
            visit(name)
    return found


def _room(module):
    return ".".join(module.split(".")[:2])


def _ours(module):
    return _inside(module, "planner") or _inside(module, "providers")


def _inside(module, room):
    return module == room or module.startswith(room + ".")
