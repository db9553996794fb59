"""Counts the parameters of language models with the `transformers` package, for `tests/language/counted_families.json`.

The package (and torch) is no dependency of the project; install both in an environment of their own:

    python -m venv /tmp/counts && /tmp/counts/bin/pip install transformers torch
    /tmp/counts/bin/python scripts/count_language_models.py tests/language/counted_families.json

Every family of causal language models and of models that read pictures is built on the meta device, without weights:
once as its configuration class is by default, and once with other sizes. What is written is the configuration as the
package would save it and the true count. A family that cannot be built from its defaults is written with the reason.
"""

import json
import re
import signal
import sys
from pathlib import Path

import torch
import transformers
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, AutoModelForImageTextToText, AutoModelForMaskedLM
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

KINDS = (
    ("causal", AutoModelForCausalLM, MODEL_FOR_CAUSAL_LM_MAPPING_NAMES),
    ("pictures", AutoModelForImageTextToText, MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES),
    ("masked", AutoModelForMaskedLM, MODEL_FOR_MASKED_LM_MAPPING_NAMES),
)
OTHER_SIZES = {
    "num_hidden_layers": 6,
    "vocab_size": 50_000,
    "intermediate_size": 7_168,
    "num_key_value_heads": 2,
    "num_experts": 16,
    "num_local_experts": 16,
    "n_routed_experts": 16,
}
"""Sizes of the second configuration of a family, where its class knows them."""

FIRST_SIZES = {
    "nemotron": {"num_key_value_heads": 8},
    "hunyuan_v1_dense": {"head_dim": 128},
    "hunyuan_v1_moe": {"head_dim": 128},
    "ministral": {"head_dim": 128},
    "dots1": {"n_routed_experts": 32, "n_shared_experts": 1, "num_experts_per_tok": 4},
    "deepseek_v2": {"num_experts_per_tok": 6},
    "glm4_moe": {"head_dim": 128},
}
"""Sizes of families whose defaults alone cannot be built."""

LEFT_OUT = re.compile(
    r"(^|_)(id2label|label2id|transformers_version|architectures|dtype|chunk_size_feed_forward|_name_or_path)$"
)
SECONDS = 60  # a family that takes longer to build is noted as not buildable


def main(target: Path) -> None:
    """Writes one entry a family and configuration into the file."""
    signal.signal(signal.SIGALRM, _too_long)
    entries, seen = [], set()
    for kind, auto, names in KINDS:
        for family in sorted(set(names) - seen):
            seen.add(family)
            entries += _entries(kind, auto, family)
    document = {"transformers": transformers.__version__, "torch": torch.__version__, "entries": entries}
    lines = ",\n".join(json.dumps(entry, sort_keys=True) for entry in entries)
    head = json.dumps({**document, "entries": []})
    target.write_text(head.replace("[]", f"[\n{lines}\n]") + "\n", encoding="utf-8")


def _entries(kind, auto, family):
    first = FIRST_SIZES.get(family, {})
    entries = [_entry(kind, auto, family, first)]
    if "parameters" in entries[0]:
        config = entries[0]["config"]
        tied = not config.get("tie_word_embeddings", True)
        other = {key: size for key, size in OTHER_SIZES.items() if isinstance(config.get(key), int)}
        if config.get("num_key_value_heads") == config.get("num_attention_heads") and "kv_lora_rank" in config:
            other.pop("num_key_value_heads")  # latent attention has no groups
        second = _entry(kind, auto, family, first | other | {"tie_word_embeddings": tied})
        entries += [second] if other and "parameters" in second else []
    return entries


def _entry(kind, auto, family, sizes):
    entry = {"model_type": family, "kind": kind}
    signal.alarm(SECONDS)
    try:
        config = CONFIG_MAPPING[family](**sizes)
        with torch.device("meta"):
            model = auto.from_config(config)
        entry["config"] = _saved(config)
        entry |= _counts(model)
    except Exception as error:  # noqa: BLE001 - whatever a family fails with is written beside it
        entry["not_built"] = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:160]
    finally:
        signal.alarm(0)
    print(family, entry.get("parameters", entry.get("not_built")), file=sys.stderr, flush=True)
    return entry


def _counts(model):
    sizes = {name: tensor.numel() for name, tensor in model.named_parameters()}
    counts = {"parameters": sum(sizes.values())}
    for key, pattern in (("in_experts", r"\.experts\."), ("in_towers", _TOWERS)):
        part = sum(size for name, size in sizes.items() if re.search(pattern, name))
        counts |= {key: part} if part else {}
    return counts


_TOWERS = r"vision|visual|image|audio|tower|projector|merger|connector|qformer|aligner|vqmodel|perceiver"


def _saved(value):
    if hasattr(value, "to_diff_dict"):
        value = value.to_diff_dict()
    if isinstance(value, dict):
        return {key: _saved(item) for key, item in value.items() if not LEFT_OUT.search(str(key))}
    return [_saved(item) for item in value] if isinstance(value, list | tuple) else value


def _too_long(*_):
    raise TimeoutError(f"not built in {SECONDS} seconds")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
