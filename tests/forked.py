"""Runs of the command in processes of their own, forked from one that has answered a question already.

A run is as one from a shell: its arguments, environment, folder and files are its own. Only the start of Python, the imports
and the shipped tables, nine tenths of the time of a run, are those of the first process, as they are in `planner serve`.
"""

import atexit
import contextlib
import dataclasses
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import planner

ROOT = Path(__file__).parent.parent
IMPORTED = (
    "answers",
    "cli",
    "cost",
    "export",
    "hardware",
    "language",
    "model",
    "options",
    "prices",
    "render",
    "results",
)
"""Rooms of the planner that are imported beforehand, without the modules that import other packages."""
LEFT_OUT = {"planner.answers.bounds", "planner.cli.agent_lines", "planner.cli.agent_server"}


@dataclasses.dataclass(frozen=True)
class Forks:
    """The process that has answered a question, and the line to it."""

    process: subprocess.Popen
    line: socket.socket

    @classmethod
    def started(cls, folders, root=ROOT):
        """Start it with these variables for its folders; its imports, from that root, go on while the caller does."""
        here, there = socket.socketpair()
        with there:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.forked", str(there.fileno())],
                pass_fds=[there.fileno()],
                cwd=root,
                env={**os.environ, **folders, "PYTHONPATH": str(ROOT)},  # the folder it starts in comes before
            )
        return cls(process, here)

    def run(self, arguments, cwd, environment, timeout=300, module="planner.cli"):
        """Run the command, or `main` of another module; returns the completed process, as `subprocess.run` does."""
        with contextlib.ExitStack() as files:
            stdin = files.enter_context(Path(os.devnull).open("rb"))
            written = [files.enter_context(tempfile.TemporaryFile()) for _ in range(2)]
            order = {"arguments": [*map(str, arguments)], "cwd": str(cwd), "environment": environment, "module": module}
            socket.send_fds(
                self.line, [f"{len(json.dumps(order)):10}".encode()], [one.fileno() for one in (stdin, *written)]
            )
            self.line.sendall(json.dumps(order).encode())
            self.line.settimeout(timeout)
            code = int(self.line.recv(10) or "1000")
            texts = []
            for one in written:
                one.seek(0)
                texts.append(one.read().decode().replace("\r\n", "\n"))
        return subprocess.CompletedProcess(["planner", *map(str, arguments)], code, *texts)

    def close(self):
        """End it."""
        self.line.close()
        self.process.wait(60)


def _serve(line):
    os.fsync = lambda _file: None  # as in the tests themselves
    for room in IMPORTED:
        package = importlib.import_module(f"planner.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name not in LEFT_OUT:
                importlib.import_module(module.name)
    for run in ({"model": "resnet50", "epochs": 90}, {"model": "llama-2-7b", "tokens": 1e9}):  # tables and books
        planner.recommend(**run)
    gc.freeze()
    while True:
        head, files, _, _ = socket.recv_fds(line, 10, 3)
        if not head:
            return
        body = b""
        while len(body) < int(head):
            body += line.recv(int(head) - len(body))
        child = os.fork()
        if not child:
            line.close()
            _run(json.loads(body), files)
        for file in files:
            os.close(file)
        line.sendall(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):10}".encode())


def _run(order, files):
    for place, file in enumerate(files):
        os.dup2(file, place)
        os.close(file)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["planner", *order["arguments"]]
    try:
        importlib.import_module(order["module"]).main()
    except SystemExit as end:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        os._exit(end.code)  # to free what the first process shares takes longer than the run


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as served:
        _serve(served)
