"""Published steps of language models in stacks of today, with their addresses: near the figure, and inside its range."""

import pytest

from planner.errors import NoThroughputError
from planner.language.prediction import predict_language_model
from planner.work.language import plan_language_work
from tests.builders import language_of

TITAN = (
    "https://github.com/pytorch/torchtitan/blob/31a17bfdb70bab6f62a13d21816a5339b911d6e3/benchmarks/"
    "llama3_h100_202412_torchtitan.md"
)
INTERNLM = "https://github.com/InternLM/InternLM/blob/main/doc/en/train_performance.md"
FLAGPERF = (
    "https://github.com/FlagOpen/FlagPerf/blob/0f139fc9c89c7a2ecaa85b7c51e36526527df4c7/training/nvidia/"
    "llama2_7b-megatron-deepspeed/README.md"
)
OPEN_LM = "https://github.com/mlfoundations/open_lm/issues/21"
TORCHTUNE = "https://github.com/pytorch/torchtune/blob/0031bfb080bd35ec533c412df883cf2bf7bf7fe4/README.md"


@pytest.mark.parametrize(
    ("model", "where", "step", "published", "source"),
    [
        ("llama-3-8b", ("h100-80gb-sxm", 8), (8192, 131_072, "bf16"), (53_336, 0.2), TITAN),
        ("llama-3-8b", ("h100-80gb-sxm", 8), (8192, 131_072, "bf16"), (46_096, 0.33), TITAN),  # not compiled
        ("llama-3-8b", ("h100-80gb-sxm", 8), (8192, 131_072, "fp8"), (68_256, 0.2), TITAN),
        ("internlm-7b", ("a100-80gb-sxm", 8), (2048, 131_072, "bf16"), (32_624, 0.2), INTERNLM),
        ("internlm-7b", ("a100-80gb-sxm", 16), (2048, 262_144, "bf16"), (63_024, 0.2), INTERNLM),
        ("llama-2-7b", ("a100-40gb-sxm", 8), (4096, 262_144, "bf16"), (22_944, 0.25), FLAGPERF),
        ("llama-7b", ("a100-80gb-sxm", 8), (2048, 1_048_576, "bf16"), (32_000, 0.2), OPEN_LM),
    ],
)
def test_a_published_step_on_eight_gpus_and_more(model, where, step, published, source):
    """The default stack on cards of 700 W (torchtitan's have 500), its layout searched: inside the range and not far off."""
    found = steps_of(model, where, step)

    tokens_per_second, within = published
    assert found.low < tokens_per_second < found.high, source
    assert pytest.approx(tokens_per_second, rel=within) == found.samples_per_second, source


@pytest.mark.parametrize(("method", "published"), [("lora", 3_083), ("qlora", 2_413)])
def test_adapters_of_torchtune_on_one_card(method, published):
    """Llama 3.1 8B on an RTX 4090, two sequences of 2,048 tokens: inside the range of fused code, within a quarter."""
    found = steps_of("llama-3-8b", ("rtx-4090", 1), (2048, 4096, "bf16"), method=method, stack="fused")

    assert found.low < published < found.high, TORCHTUNE
    assert pytest.approx(published, rel=0.25) == found.samples_per_second, TORCHTUNE


def steps_of(model, where, step, **options):
    """Throughput of steps of that many tokens, in sequences of that length."""
    length, batch_tokens, precision = step
    given = language_of(tokens=1e9, sequence_length=length, batch_tokens=batch_tokens, **options)
    work = plan_language_work(model=model, precision=precision, options=given).workload
    found = predict_language_model(work, [where])[where]
    assert not isinstance(found, NoThroughputError), found
    return found
