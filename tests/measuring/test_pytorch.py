"""Real PyTorch on the CPU, in an environment of its own: a training script is measured and stopped, and a model is built and measured."""

import json
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.measuring.trainers import is_running, wait_for

TORCH = Path(os.environ.get("PLANNER_TEST_TORCH") or Path.home() / ".cache" / "gpu-cost-planner" / "torch")
PYTHON = TORCH / "bin" / "python"
REASON = f"no PyTorch in {TORCH} (PLANNER_TEST_TORCH): tests/measuring/requirements.txt says how to install it"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.is_file() or not list(TORCH.glob("lib/*/site-packages/torch")), reason=REASON),
]

TRAIN = """
import os, time
import torch

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(256, 512), torch.nn.ReLU(), torch.nn.Linear(512, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
loader = torch.utils.data.DataLoader(
    torch.utils.data.TensorDataset(torch.randn(20_000, 256), torch.randint(10, (20_000,))), batch_size=32, num_workers=1, persistent_workers=True
)
open("pid", "w").write(str(os.getpid()))
step, begun = 0, time.perf_counter()
try:
    for epoch in range(1000):
        for x, y in loader:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            step += 1
            time.sleep(max(0.0, begun + step * 0.05 - time.perf_counter()))
            if step % 5 == 0:
                print(f"epoch {epoch} step {step} loss {loss.item():.4f}")
except KeyboardInterrupt:
    torch.save(model.state_dict(), "checkpoint.pt")
"""


def started(folder, *words):
    settings = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "planner", "measure", *words]
    return subprocess.Popen(
        command, cwd=folder, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_training_script_is_measured_and_leaves_nothing(tmp_path):
    """A step each 50 ms: 640 samples a second; SIGINT lets it write its checkpoint, and its loader's process is gone too."""
    (tmp_path / "train.py").write_text(TRAIN)

    process = started(
        tmp_path, "--seconds", "30", "--batch-size", "32", "--gpu-count", "1", "--", str(PYTHON), "train.py"
    )
    _, err = process.communicate(timeout=200)

    assert 0 == process.returncode, err
    (one,) = tomllib.loads((tmp_path / "planner-calibration.toml").read_text())["runs"]
    assert ("sample", "steady") == (one["sample_unit"], one["verdict"])
    assert one["samples_per_second"] == pytest.approx(640, rel=0.1)
    assert one["startup_seconds"] > 0.5
    assert (tmp_path / "checkpoint.pt").exists()
    assert "SIGTERM" not in err
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_ctrl_c_ends_a_training_script(tmp_path):
    """Interrupted while it trains: exit code 130, and neither the script nor its loaders run on."""
    (tmp_path / "train.py").write_text(TRAIN)
    process = started(tmp_path, "--", str(PYTHON), "train.py")
    wait_for((tmp_path / "pid").exists, 120)

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert 130 == process.returncode
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_a_model_is_built_and_measured(tmp_path):
    """A small Llama by its config.json, on this processor: tokens a second of batches that were asked for, and no GPU made up."""
    folder = tmp_path / "small-llama"
    folder.mkdir()
    config = {
        "model_type": "llama",
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 128,
        "vocab_size": 1000,
    }
    (folder / "config.json").write_text(json.dumps(config))

    process = started(
        tmp_path, "--model", "small-llama/config.json", "--python", str(PYTHON), "--sequence-length", "64", "--batch-size", "4", "--repeats", "1",
        "--seconds", "60",
    )  # fmt: skip
    out, err = process.communicate(timeout=300)

    if "not yet steady" in err:
        pytest.skip("this machine has other work: its pace is not steady")
    assert 0 == process.returncode, err
    (one,) = tomllib.loads((tmp_path / "planner-calibration.toml").read_text())["runs"]
    assert ("small-llama", "token", 4.0, "fp32") == (
        one["model"],
        one["sample_unit"],
        one["batch_size"],
        one["precision"],
    )
    assert "gpu" not in one
    assert one["samples_per_second"] > 100
    assert "CPU" in out
