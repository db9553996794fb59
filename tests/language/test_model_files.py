"""Model files of every family: counted as the family's own code builds it, or refused with the reason.

The true counts are those of the `transformers` package; `scripts/count_language_models.py` made the table.
"""

import json
from pathlib import Path

import pytest

from planner.errors import DataError
from planner.language.families import load_families
from planner.language.listed import load_language_models
from planner.work.model_file import language_model_from_config

TABLE = json.loads((Path(__file__).parent / "counted_families.json").read_text(encoding="utf-8"))
COUNTED = [entry for entry in TABLE["entries"] if "parameters" in entry]
NEAR = 0.02
"""How far a count may be off: biases and small norms are not worth a rule of their own."""


def _read(config, folder):
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return language_model_from_config(path)


def _verdict(entry, folder):
    """`right`, `refused` or `wrong` for a file of the table, and our count."""
    try:
        model = _read(entry["config"], folder)
    except DataError:
        return "refused", None
    text = entry["parameters"] - entry.get("in_towers", 0)
    is_said = "in_towers" not in entry or any("is counted" in remark for remark in model.remarks)
    is_right = is_said and abs(model.parameters / text - 1) <= NEAR
    return ("right" if is_right else "wrong"), model


def test_the_table_holds_enough_families():
    """At least 150 families were built, with the version of the package that built them."""
    assert len({entry["model_type"] for entry in COUNTED}) >= 150
    assert TABLE["transformers"]


def test_no_family_is_counted_wrong(tmp_path):
    """Each file is counted within 2 % of what the package builds, or refused; the text model alone where that is said."""
    wrong = [entry["model_type"] for entry in COUNTED if _verdict(entry, tmp_path)[0] == "wrong"]

    assert [] == wrong


def test_many_families_are_understood(tmp_path):
    """At least 120 families are counted right, in every file of the table."""
    verdicts = {}
    for entry in COUNTED:
        verdicts.setdefault(entry["model_type"], set()).add(_verdict(entry, tmp_path)[0])

    assert sum(found == {"right"} for found in verdicts.values()) >= 120


def test_active_parameters_of_mixtures_leave_idle_experts_out(tmp_path):
    """What the package keeps in experts counts by the share of them that a token passes."""
    for entry in COUNTED:
        verdict, model = _verdict(entry, tmp_path)
        if verdict == "right" and entry.get("in_experts") and model.experts:
            idle = entry["in_experts"] * (1 - model.experts_per_token / model.experts)
            active = entry["parameters"] - entry.get("in_towers", 0) - idle
            assert pytest.approx(active, rel=0.05) == model.active_parameters, entry["model_type"]


CASES = {
    "experts nested under ffn_config": (
        {"model_type": "dbrx", "d_model": 6144, "n_heads": 48, "n_layers": 40, "max_seq_len": 32768, "vocab_size": 100352,
         "attn_config": {"kv_n_heads": 8, "clip_qkv": 8}, "tie_word_embeddings": False,
         "ffn_config": {"ffn_hidden_size": 10752, "moe_num_experts": 16, "moe_top_k": 4}},
        # embeddings twice, attention with 8 groups of 128, 16 experts of three matrices, a router and two norms a layer
        2 * 100352 * 6144 + 40 * (6144 * (6144 + 2 * 8 * 128) + 6144**2 + 16 * 3 * 6144 * 10752 + 18 * 6144) + 6144,
    ),
    "every second layer with experts": (
        {"model_type": "llama4", "text_config": {
            "model_type": "llama4_text", "head_dim": 128, "hidden_size": 5120, "intermediate_size": 8192,
            "intermediate_size_mlp": 16384, "interleave_moe_layer_step": 2, "num_attention_heads": 40,
            "num_key_value_heads": 8, "num_experts_per_tok": 1, "num_hidden_layers": 48, "num_local_experts": 128,
            "vocab_size": 202048}, "tie_word_embeddings": False},
        # 24 layers with 128 experts and a shared one and a router, 24 dense ones of twice the width
        2 * 202048 * 5120 + 48 * (2 * 5120 * (40 + 8) * 128 + 2 * 5120) + 5120
        + 24 * (3 * 5120 * 8192 * 129 + 5120 * 128 + 3 * 5120 * 16384),
    ),
    "no gate": (
        {"model_type": "nemotron", "hidden_act": "relu2", "hidden_size": 3072, "intermediate_size": 9216,
         "num_attention_heads": 24, "num_hidden_layers": 32, "num_key_value_heads": 8, "head_dim": 128,
         "tie_word_embeddings": False, "vocab_size": 256000, "max_position_embeddings": 4096},
        4_190_509_056,
    ),
    "both halves of the feed-forward": (
        {"model_type": "qwen", "hidden_size": 4096, "intermediate_size": 22016, "kv_channels": 128, "no_bias": True,
         "num_attention_heads": 32, "num_hidden_layers": 32, "vocab_size": 151936, "seq_length": 8192,
         "tie_word_embeddings": False},
        7_721_324_544,
    ),
    "one key-value head whatever is stated": (
        {"model_type": "falcon", "hidden_size": 4544, "num_hidden_layers": 32, "num_attention_heads": 71,
         "num_kv_heads": 71, "multi_query": True, "new_decoder_architecture": False, "parallel_attn": True,
         "alibi": False, "bias": False, "vocab_size": 65024},
        6_921_720_704,
    ),
    "positions and heads of another name": (
        {"model_type": "gpt_neo", "hidden_size": 768, "intermediate_size": None, "max_position_embeddings": 2048,
         "num_heads": 12, "num_layers": 12, "vocab_size": 50257, "window_size": 256,
         "attention_types": [[["global", "local"], 6]], "activation_function": "gelu_new"},
        125_198_592,
    ),
    "latent attention with 20 heads": (
        {"model_type": "glm4_moe_lite", "vocab_size": 154880, "hidden_size": 2048, "intermediate_size": 10240,
         "moe_intermediate_size": 1536, "num_hidden_layers": 47, "num_attention_heads": 20, "num_key_value_heads": 20,
         "q_lora_rank": 768, "kv_lora_rank": 512, "qk_nope_head_dim": 192, "qk_rope_head_dim": 64, "v_head_dim": 256,
         "n_routed_experts": 64, "n_shared_experts": 1, "num_experts_per_tok": 4, "tie_word_embeddings": False},
        29_943_390_976,  # the first layer has no experts, which the file need not say
    ),
    "width of the embedding as one family calls it": (
        {"model_type": "bloom", "n_embed": 4096, "num_attention_heads": 32, "n_layer": 30, "vocab_size": 250880,
         "n_inner": None, "seq_length": 2048},
        7_069_016_064,
    ),
    "keys that say how the layers are run": (
        {"model_type": "cohere2", "head_dim": 128, "hidden_size": 4096, "intermediate_size": 14336, "layer_switch": 4,
         "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8, "vocab_size": 256000,
         "order_of_interleaved_layers": "local_attn_first", "sliding_window_pattern": 4, "use_embedding_sharing": True,
         "use_gated_activation": True, "use_parallel_block": True, "use_parallel_embedding": True},
        8_028_033_024,
    ),
    "keys of layers that an earlier generation had": (
        {"model_type": "minimax_m2", "attn_type_list": [1] * 62, "head_dim": 128, "hidden_size": 3072,
         "intermediate_size": 1536, "mlp_intermediate_size": 8192, "num_attention_heads": 48, "num_experts_per_tok": 8,
         "num_hidden_layers": 62, "num_key_value_heads": 8, "num_local_experts": 256, "shared_intermediate_size": 0,
         "shared_moe_mode": "sigmoid", "tie_word_embeddings": False, "vocab_size": 200064},
        228_689_748_992,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_file_is_counted_as_its_family_is_built(name, tmp_path):
    """Within a thousandth of what the family's own code builds."""
    config, parameters = CASES[name]

    model = _read(config, tmp_path)

    assert pytest.approx(parameters, rel=0.001) == model.parameters


def test_sizes_left_to_the_family_are_named(tmp_path):
    """A nested text model that leaves its vocabulary out has the family's, and says so."""
    text = {"model_type": "gemma3_text", "hidden_size": 5376, "intermediate_size": 21504, "num_hidden_layers": 62,
            "num_attention_heads": 32, "num_key_value_heads": 16, "head_dim": 128}  # fmt: skip

    model = _read({"model_type": "gemma3", "text_config": text, "vision_config": {"hidden_size": 1152}}, tmp_path)

    assert 262_208 == model.vocabulary
    assert any("vocab_size 262,208" in remark for remark in model.remarks)


LLAMA = {"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
         "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "xlm-roberta", "architectures": ["XLMRobertaForMaskedLM"]}, "XLMRobertaForMaskedLM.*Only decoder-only"),
        ({"model_type": "nemotron-nas", "block_configs": [{"ffn": {}}]}, "nemotron-nas.*block_configs"),
        ({"model_type": "jamba", "num_experts": 16}, "jamba.*num_experts"),
        ({"model_type": None}, "model_type must name the family, not null"),
        ({"model_type": ["llama"]}, "model_type"),
        ({"intermediate_size": None}, "intermediate_size is null"),
        ({"hidden_size": "4096"}, 'hidden_size must be a whole number, not "4096"'),
        ({"hidden_size": 4096.0}, "hidden_size must be a whole number, not 4096.0"),
        ({"num_hidden_layers": -3}, "num_hidden_layers must be 1 to 10,000, not -3"),
        ({"vocab_size": 10**30}, "vocab_size must be 1 to 100,000,000"),
        ({"intermediate_size": [14336] * 32}, "intermediate_size must be a whole number"),
        ({"tie_word_embeddings": "yes"}, 'tie_word_embeddings must be true or false, not "yes"'),
        ({"num_local_experts": 8}, "num_local_experts 8 is not understood"),
        ({"ffn_config": {"moe_num_experts": 8}}, "ffn_config .*moe_num_experts.* is not understood"),
        ({"num_parallel_experts": 8}, "num_parallel_experts 8 is not understood"),
        ({"numExperts": 8}, "numExperts 8 is not understood"),
        ({"a": {"b": {"c": {"d": {"e": [{"n_experts": 8}]}}}}}, "a.b.c.d.e.n_experts 8 is not understood"),
        ({"moe.count": 8}, "moe.count 8 is not understood"),
        ({"image_experts": 8}, "image_experts 8 is not understood"),
        ({"hiddenSize": 8192}, "hiddenSize 8192 is not understood"),
        ({"layer_types": ["mamba"] * 32}, "layer_types"),
        ({"n_embd": 2048}, "hidden_size 4096 and n_embd 2048 contradict each other"),
        ({"model_type": "mpt", "expansion_ratio": 8}, "the family's 4 and expansion_ratio 8 contradict each other"),
        ({"model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 9}, "9 of 8 experts"),
        ({"model_type": "dbrx", "ffn_config": {"ffn_hidden_size": 10752}}, "none of ffn_config.moe_num_experts"),
        ({"model_type": "glm4_moe_lite", "mlp_layer_types": ["dense"] * 3, "kv_lora_rank": 512}, "32 times"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(change, message, tmp_path):
    """The refusal names the key, its value and what to give instead."""
    with pytest.raises(DataError, match=message) as error:
        _read(LLAMA | change, tmp_path)

    assert "--params" in error.value.spelled(lambda name: "--" + name)


def test_a_file_nested_deeper_than_can_be_read_is_refused(tmp_path):
    """The message says so."""
    path = tmp_path / "config.json"
    path.write_text('{"a": ' * 100_000 + "1" + "}" * 100_000)

    with pytest.raises(DataError, match="nested too deeply"):
        language_model_from_config(path)


def test_the_name_in_the_file_is_held_against_the_list(tmp_path):
    """A file that calls itself by the name of a listed model and has other sizes says that the two differ."""
    same = _read(LLAMA | {"_name_or_path": "meta-llama/Meta-Llama-3-8B"}, tmp_path)
    half = _read(LLAMA | {"_name_or_path": "meta-llama/Meta-Llama-3-8B", "num_hidden_layers": 16}, tmp_path)

    assert () == same.remarks
    assert "8.03B for llama-3-8b, this file 4.54B" in half.remarks[0]


def test_the_layers_of_a_tower_are_sized(tmp_path):
    """32 layers of 4 d^2 + 2 x 4 d^2 with d = 1,280 are 0.63B parameters that are not counted; fit and estimate say so."""
    tower = {"depth": 32, "embed_dim": 1280, "mlp_ratio": 4, "hidden_size": 1536}

    model = _read(LLAMA | {"model_type": "qwen2_vl", "vision_config": tower}, tmp_path)

    assert "about 0.63B" in model.remarks[0]


PUBLISHED = {
    "gpt-oss-20b": (20.9e9, {
        "model_type": "gpt_oss", "experts_per_token": 4, "num_experts_per_tok": 4, "num_local_experts": 32, "head_dim": 64,
        "hidden_size": 2880, "intermediate_size": 2880, "num_attention_heads": 64, "num_hidden_layers": 24,
        "num_key_value_heads": 8, "layer_types": ["sliding_attention", "full_attention"] * 12, "vocab_size": 201088,
        "tie_word_embeddings": False}),
    "deepseek-v2-lite": (15.7e9, {
        "model_type": "deepseek_v2", "first_k_dense_replace": 1, "hidden_size": 2048, "intermediate_size": 10944,
        "kv_lora_rank": 512, "moe_intermediate_size": 1408, "moe_layer_freq": 1, "n_routed_experts": 64,
        "n_shared_experts": 2, "num_attention_heads": 16, "num_experts_per_tok": 6, "num_hidden_layers": 27,
        "num_key_value_heads": 16, "q_lora_rank": None, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
        "vocab_size": 102400, "tie_word_embeddings": False}),
    "gemma-3-4b, without its tower": (3.88e9, {
        "model_type": "gemma3", "text_config": {"model_type": "gemma3_text", "hidden_size": 2560,
        "intermediate_size": 10240, "num_hidden_layers": 34}, "vision_config": {"hidden_size": 1152}}),
    "llava-1.5-7b, without its tower": (6.74e9, {
        "model_type": "llava", "text_config": {"model_type": "llama", "vocab_size": 32064},
        "vision_config": {"hidden_size": 1024}}),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_models_have_their_published_size(name, tmp_path):
    """Sizes as the models' own files state or leave out: within 1 % of the published number."""
    published, config = PUBLISHED[name]

    assert pytest.approx(published, rel=0.01) == _read(config, tmp_path).parameters


@pytest.mark.parametrize("command", [("fit", "--method", "lora"), ("estimate", "--tokens", "1B", "--limit", "1")])
def test_what_is_not_counted_is_shown_with_the_answer(command, tmp_path, run_planner):
    """Fit and estimate name the tower that a file speaks of."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(LLAMA | {"model_type": "qwen2_vl", "vision_config": {"depth": 32}}))

    answer = run_planner(*command, "--model", str(path), "--gpu", "H100:8", "--verbose")

    assert "not its vision tower" in answer.stdout + answer.stderr


@pytest.mark.parametrize("command", [("estimate", "--limit", "1"), ("estimate",), ("recommend", "--deadline", "100h")])
def test_what_is_not_counted_is_on_the_first_screen(command, run_planner):
    """A line says so without --verbose, for a name that stands for the text model of one that sees."""
    answer = run_planner(*command, "--model", "Qwen2.5-VL-7B-Instruct", "--tokens", "1B", "--gpu", "H100:8")

    assert "! Of the text model alone, without its vision tower." in answer.stdout + answer.stderr


def test_a_model_without_an_output_layer_is_named(tmp_path):
    """A file of the bare model, which turns text into vectors, says that the output layer counted is not its own."""
    bare = _read(LLAMA | {"architectures": ["LlamaModel"]}, tmp_path)

    assert any("LlamaModel has no output layer" in remark for remark in bare.remarks)
    assert () == _read(LLAMA | {"architectures": ["LlamaForCausalLM"]}, tmp_path).remarks


def test_a_tie_that_the_file_leaves_open_is_named(tmp_path):
    """Mistral Small 3.1 states no tie and has 23.57 B parameters; where either part of a file states it, that counts."""
    text = {"model_type": "mistral", "hidden_size": 5120, "intermediate_size": 32768, "num_hidden_layers": 40, "head_dim": 128,
            "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 131072}  # fmt: skip
    config = {"model_type": "mistral3", "text_config": text, "vision_config": {"hidden_size": 1024}}

    left_open = _read(config, tmp_path)
    inside = _read(config | {"text_config": text | {"tie_word_embeddings": False}}, tmp_path)
    outside = _read(config | {"tie_word_embeddings": True}, tmp_path)

    assert 23_572_403_200 == left_open.parameters == inside.parameters
    assert 131072 * 5120 == inside.parameters - outside.parameters
    assert ["counted as two matrices" in " ".join(model.remarks) for model in (left_open, inside, outside)] == [
        True,
        False,
        False,
    ]


def test_a_tower_in_the_file_is_never_passed_over(tmp_path):
    """A plain family with a vision tower beside it is counted without it, and that is said."""
    model = _read(LLAMA | {"vision_config": {"hidden_size": 1024}}, tmp_path)

    assert any("vision_config" in remark for remark in model.remarks)


SPELLED = {
    "LLaMA": "llama", "Llama 2": "llama", "Llama 3": "llama", "TinyLlama": "llama", "Yi": "llama", "SmolLM2": "llama",
    "Mistral": "mistral", "Mixtral": "mixtral", "Gemma": "gemma", "Gemma 2": "gemma2", "Gemma 3": "gemma3_text",
    "Qwen2.5": "qwen2", "Qwen3": "qwen3", "OLMo": "olmo", "OLMo 2": "olmo2", "Pythia": "gpt_neox", "GPT-NeoX": "gpt_neox",
    "OPT": "opt", "BLOOM": "bloom", "GPT-2": "gpt2", "GPT-J": "gptj", "InternLM": "internlm", "nanochat": "nanochat",
}  # fmt: skip
"""The family of the files of models of the shipped table, where all of them have the same."""


@pytest.mark.parametrize("name", [name for name, model in load_language_models().items() if model.family in SPELLED])
def test_file_and_name_of_a_model_agree(name, tmp_path):
    """A file with the sizes of a model of the table has its count within 2 %: gates, ties and norms are the family's."""
    listed = load_language_models()[name]
    kind = SPELLED[listed.family]
    if listed.experts and kind != "mixtral":
        kind = f"{kind}_moe"
    keys = load_families()[kind].keys
    sizes = {"layers": listed.layers, "hidden": listed.hidden, "heads": listed.heads, "vocabulary": listed.vocabulary,
             "kv_heads": listed.kv_heads, "head_size": listed.head_size, "feed_forward": listed.feed_forward,
             "longest": listed.context_length, "experts": listed.experts, "experts_per_token": listed.experts_per_token,
             "expert_feed_forward": listed.expert_feed_forward}  # fmt: skip
    config = {keys[field][0]: size for field, size in sizes.items() if size is not None and field in keys}
    is_tied = {} if kind in ("gemma", "gemma2", "gpt2", "opt", "bloom") else {"tie_word_embeddings": listed.is_tied}

    model = _read({"model_type": kind, **config, **is_tied}, tmp_path)

    assert pytest.approx(listed.parameters, rel=NEAR) == model.parameters
    assert pytest.approx(listed.active_parameters, rel=NEAR) == model.active_parameters
