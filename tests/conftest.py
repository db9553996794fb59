"""Guards for every test: no network beyond loopback, no real credentials, no settings of whoever runs the tests."""

import functools
import gc
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from tests import within
from tests.examples import examples
from tests.forked import Forks

# a busy machine is no failure, and what lands is judged by the same examples each time
settings.register_profile(
    "planner",
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("planner")

# some hundred processes start, and need not compile everything anew
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# tests run beside each other already: threads of an algebra library that wait for their turn take a quarter more
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# no test pulls the plug of the machine, and a disk takes up to 50 ms to have safely what a book is made of
os.fsync = lambda _file: None

ROOT = Path(__file__).parent.parent

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_FOREIGN = ("AWS_", "AZURE_", "GOOGLE_", "GCLOUD_", "CLOUDSDK_", "PLANNER_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory):
    """The folder for caches of all tests and workers: what lies there is derived, and takes longer to make than most tests."""
    folder = tmp_path_factory.getbasetemp()
    return (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "cache"


@pytest.fixture(scope="session", autouse=True)
def _alone(tmp_path_factory, shared_cache):
    """No variable of the caller's shell steers the planner or an SDK, and only this machine is reached."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.upper().startswith(_FOREIGN):
                patch.delenv(name)
        _set_home(patch, tmp_path_factory)
        patch.setenv("XDG_CACHE_HOME", str(shared_cache))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("NO_GCE_CHECK", "true")
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        patch.setattr(socket.socket, "connect", _guarded(socket.socket.connect))
        yield patch


@pytest.fixture(autouse=True)
def _nothing_left(_alone, tmp_path_factory):
    """What a test wrote into its home folder, and a device that it named or described, is none of the next one's."""
    yield
    gpus = sys.modules.get("planner.hardware.gpus")
    if gpus is not None:
        gpus.OWN_NAMES.clear()
    with os.scandir(os.environ["HOME"]) as left:
        is_used = any(left)
    if is_used:
        _set_home(_alone, tmp_path_factory)


# to make a folder for each test and to delete it takes longer than most tests
def _set_home(patch, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    patch.setenv("HOME", str(home))
    patch.setenv("XDG_DATA_HOME", str(home / "data"))
    patch.setenv("XDG_CONFIG_HOME", str(home / "config"))


def _guarded(connect):
    """A connection to anything but this machine is a failure, not a time-out."""

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in _LOOPBACK:
            raise AssertionError(f"a test tried to reach {address!r}")
        return connect(self, address)

    return guarded


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What was imported and collected stays, and is no longer gone through for garbage: a quarter of the time of all tests."""
    gc.disable()
    found = yield
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
    gc.enable()
    return found


def pytest_collection_modifyitems(items):
    """Slow tests come first: at the end, no worker is left with one while the others have nothing to do."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """One worker more than processors: some tests wait for a process, a pace or the disk, and another has work meanwhile."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """One worker runs all tests of a module with a fixture or a cache of the module: what they share is made once."""
    return _Scheduling(config, log)


class _Scheduling(LoadScopeScheduling):
    # xdist's own groups are ignored under pytest 9.2, which no longer asks for the name that xdist 3.8 gives to a test
    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        folder = file.rpartition("/")[0]
        return folder if folder in _LOADED_ONCE else file if _shares(file) else nodeid

    # what is done is counted again after each test: with thousands of tests that takes longer than a thousand of them
    def mark_test_complete(self, node, item_index, duration=0):
        super().mark_test_complete(node, item_index, duration)
        scope = self._split_scope(self.registered_collections[node][item_index])
        if all(self.assigned_work[node][scope].values()):
            del self.assigned_work[node][scope]


# SDKs of clouds and a server take seconds to load, in every worker that has one of these tests
_LOADED_ONCE = {"tests/providers", "tests/web"}


@functools.cache
def _shares(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    return 'scope="module"' in text or "@functools.cache" in text


def pytest_configure(config):
    """Examples in docstrings are looked for where there are some."""
    config.pluginmanager.register(_Doctests())


class _Doctests:
    # to import every module and to walk all that it holds takes seconds
    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(self, file_path):
        found = yield
        return [one for one in found if type(one).__name__ != "DoctestModule" or b">>>" in file_path.read_bytes()]


def pytest_addoption(parser):
    """`--update-golden` rewrites the golden files from what the code prints now; review the diff like code."""
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden/*")


@pytest.fixture
def golden(request):
    """Compares a text with a file of tests/golden, or rewrites the file."""

    def compare(name, text):
        path = Path(__file__).parent / "golden" / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text

    return compare


@pytest.fixture(scope="session")
def _forks(tmp_path_factory, shared_cache):
    """The one process of a worker from which runs of the command are forked."""
    home = str(tmp_path_factory.mktemp("home"))
    forks = Forks.started({"HOME": home, "XDG_DATA_HOME": home, "XDG_CACHE_HOME": str(shared_cache)})
    yield forks
    forks.close()


@pytest.fixture
def start_planner(tmp_path):
    """Runs the command as a process of its own, from the start of Python on; returns the completed process."""

    def run(*arguments, environment=None, **options):
        return subprocess.run(
            [sys.executable, "-m", "planner", *map(str, arguments)],
            **{"capture_output": True, "text": True, "cwd": tmp_path, "timeout": 300, **options},
            env=_environment(environment),
            check=False,
        )

    return run


@pytest.fixture
def run_planner(tmp_path, fork_planner):
    """Runs the command in the process of the tests, which keeps what it has read; returns the completed process.

    Only folder and variables can be set: where more of the process matters, it is `start_planner` that runs it.
    """

    def run(*arguments, environment=None, cwd=tmp_path):
        settings = _environment(environment)
        # whoever watches a process does so to its end, and a bug that is looked for ends it
        if {"--verbose", "--debug"} & {*arguments} or "PLANNER_VERBOSE" in settings:
            return fork_planner(*arguments, environment=environment, cwd=cwd)
        return within.run(arguments, cwd, settings)

    return run


@pytest.fixture(scope="session")
def fork_planner(_forks):
    """Runs the command, or `main` of a module that calls it, in a process of its own, for which Python has started before."""

    def run(*arguments, cwd, environment=None, module="planner.cli"):
        return _forks.run(arguments, cwd, _environment(environment), module=module)

    return run


def _environment(changes):
    settings = {**os.environ, "PYTHONPATH": str(ROOT), **(changes or {})}
    settings.pop("COLUMNS", None)
    return settings
