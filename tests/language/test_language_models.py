"""Language models by shape: every row of the table, configuration files and figures."""

import contextlib
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import DataError, UnknownNameError, UsageError
from planner.hardware.tables import read_columns
from planner.language.listed import find_language_model, load_language_models
from planner.work.described import language_model_from_figures, resolve_language_model
from planner.work.model_file import language_model_from_config

MODELS = load_language_models()
NOT_READ = "general knowledge, checked only by the published parameter count"
COUNTED = "counted from the shape"
MIXTURES = [name for name, model in MODELS.items() if model.published_active_parameters]


def test_the_shape_gives_the_published_parameters():
    """Counted from the shape, every model of the table has its published number of parameters, within 0.5 percent."""
    published = {name: pytest.approx(model.published_parameters, rel=0.005) for name, model in MODELS.items()}

    assert published == {name: model.parameters for name, model in MODELS.items()}


def test_every_row_names_what_was_read():
    """A shape was read at an address, or says plainly that it was not; then the number of parameters is from elsewhere."""
    for name, model in MODELS.items():
        is_read, source = model.source.startswith("https://"), model.parameters_source

        assert is_read or model.source == NOT_READ, name
        assert source, name
        assert is_read or not source.startswith(COUNTED) or "published rounded" in source, name
        # the day the first rows were read
        assert date(2026, 11, 21) <= date.fromisoformat(model.as_of), name


def test_most_shapes_were_read_and_the_others_say_that_they_were_not():
    """Two in three shapes were read off a file; an answer about another says so, and it gives a published number all the same."""
    not_read = [name for name, model in MODELS.items() if model.source == NOT_READ]

    assert len(not_read) < len(MODELS) / 3
    assert f"its shape is {NOT_READ}" in find_language_model("yi-34b").remarks
    assert not find_language_model("llama-2-7b").remarks


def test_most_shapes_give_a_number_that_others_counted_to_the_last_parameter():
    """At least seventy shapes give just the number that somebody else counted; an error of one bias would show."""
    exact = [
        name
        for name, model in MODELS.items()
        if model.parameters == model.published_parameters
        and not model.parameters_source.startswith((COUNTED, "general knowledge"))
    ]

    assert 70 <= len(exact)


@pytest.mark.parametrize("name", MIXTURES)
def test_active_parameters_are_the_published_ones(name):
    """Active parameters, with or without the embedding table (papers differ), are the published ones, which are rounded."""
    model = MODELS[name]

    misses = [
        abs(count / model.published_active_parameters - 1)
        for count in (model.active_parameters, model.active_parameters - model.output_parameters)
    ]

    assert 0.025 > min(misses)


def test_gpt2_counts_by_hand():
    """50,257 x 768 tokens, 1,024 x 768 positions, 12 layers of 12 h^2 + 13 h, final norm 2 h."""
    by_hand = 50_257 * 768 + 1024 * 768 + 12 * (12 * 768**2 + 13 * 768) + 2 * 768

    model = find_language_model("gpt2")

    assert by_hand == model.parameters
    assert by_hand - 1024 * 768 - 12 * 13 * 768 - 2 * 768 == model.matrix_parameters  # tied: the embedding multiplies


NAMES = [
    tuple(part.strip() for part in line.split("|"))
    for line in (Path(__file__).parent / "model_names.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def test_models_go_by_the_names_that_people_type():
    """Each name of the table, written by hand, is the model it means, or none: sizes and generations are never mixed up."""
    found = {typed: model.name if (model := find_language_model(typed)) else "-" for typed, _ in NAMES}

    assert dict(NAMES) == found
    assert len(NAMES) > 150


def test_a_relative_says_whose_shape_it_has():
    """A fine-tuned or quantised model is planned as its base and says so; a mere spelling says nothing."""
    vicuna, gemma = find_language_model("lmsys/vicuna-7b-v1.5"), find_language_model("gemma-3-27b-it")

    assert ("stands for vicuna-7b-v1.5, which has its shape (fine-tuned from it)",) == vicuna.remarks
    assert "stands for gemma-3-27b-it, which has its shape" in gemma.remarks
    assert "only the text model is counted; not its vision tower of 0.4B, in memory and in time" in gemma.remarks
    assert () == find_language_model("Llama 2 7B").remarks


def test_no_name_reads_like_another_models():
    """Every name, alias and relative leads to its own model, whole and without its ending, and no network has its name."""
    rows = [(name, *aliases.split()) for name, aliases in read_columns("language_models.csv", "name", "aliases")]
    names = {spelling: row[0] for row in rows for spelling in row}
    relatives = dict(read_columns("language_names.csv", "name", "model"))

    networks = {
        one for name, aliases in read_columns("models.csv", "name", "aliases") for one in (name, *aliases.split())
    }

    assert not names.keys() & relatives.keys()
    assert not {one for one in (names.keys() | relatives.keys()) & networks if not one.startswith("mpt-")}
    for typed, name in (names | relatives).items():
        assert name == find_language_model(typed).name, typed
        assert name == find_language_model(f"{typed}-Instruct-GGUF").name, typed


def test_no_spelling_means_two_models():
    """Names and aliases of the table are unique."""
    spellings = [spelling for model in MODELS.values() for spelling in (model.name, *model.aliases)]

    assert len(set(spellings)) == len(spellings)


def test_an_unknown_name_offers_close_ones():
    """A typing error is answered with names that exist."""
    with pytest.raises(UnknownNameError, match="llama-3-8b"):
        resolve_language_model("llama-3-9b")


CONFIGS = {
    "llama-3-8b": {
        "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256, "max_position_embeddings": 8192,
        "tie_word_embeddings": False,
    },
    "gpt2-124m": {"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "vocab_size": 50257, "n_positions": 1024},
    "gpt-neox-20b": {
        "model_type": "gpt_neox", "hidden_size": 6144, "num_hidden_layers": 44, "num_attention_heads": 64,
        "intermediate_size": 24576, "vocab_size": 50432, "max_position_embeddings": 2048, "tie_word_embeddings": False,
    },
    "mixtral-8x7b": {
        "model_type": "mixtral", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 32000, "num_local_experts": 8,
        "num_experts_per_tok": 2, "max_position_embeddings": 32768, "tie_word_embeddings": False,
    },
    "qwen3-30b-a3b": {
        "model_type": "qwen3_moe", "hidden_size": 2048, "num_hidden_layers": 48, "num_attention_heads": 32,
        "num_key_value_heads": 4, "head_dim": 128, "intermediate_size": 6144, "moe_intermediate_size": 768,
        "num_experts": 128, "num_experts_per_tok": 8, "vocab_size": 151936, "tie_word_embeddings": False,
    },
    "deepseek-v3": {
        "model_type": "deepseek_v3", "hidden_size": 7168, "num_hidden_layers": 61, "num_attention_heads": 128,
        "num_key_value_heads": 128, "intermediate_size": 18432, "moe_intermediate_size": 2048, "n_routed_experts": 256,
        "n_shared_experts": 1, "num_experts_per_tok": 8, "first_k_dense_replace": 3, "q_lora_rank": 1536,
        "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "vocab_size": 129280,
    },
    "gemma-2-9b": {
        "model_type": "gemma2", "hidden_size": 3584, "num_hidden_layers": 42, "num_attention_heads": 16,
        "num_key_value_heads": 8, "head_dim": 256, "intermediate_size": 14336, "vocab_size": 256000,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_gives_the_model_of_the_table(name, tmp_path):
    """Parameters read from a config.json are those of the table, within 0.1 percent (biases and norms aside)."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIGS[name]))

    model = resolve_language_model(str(tmp_path))

    assert pytest.approx(MODELS[name].parameters, rel=0.001) == model.parameters
    assert pytest.approx(MODELS[name].active_parameters, rel=0.001) == model.active_parameters


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "is not JSON"),
        ("[1, 2]", "no JSON object"),
        ('{"model_type": "llama"}', "has none of num_hidden_layers"),
        ('{"model_type": "bert", "hidden_size": 768}', "Only decoder-only language models"),
        (
            '{"model_type": "llama", "hidden_size": 100, "num_hidden_layers": 2, "num_attention_heads": 3, "vocab_size": 10}',
            "not divisible by 3",
        ),
        (
            '{"model_type": "llama", "hidden_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 3, "vocab_size": 9}',
            "cannot share 3 key-value heads",
        ),
        (
            '{"model_type": "llama", "hidden_size": 96, "num_hidden_layers": 0, "num_attention_heads": 4, "vocab_size": 9}',
            "layers must be 1 to 10,000",
        ),
    ],
)
def test_a_file_that_is_no_language_model_is_refused(text, message, tmp_path):
    """The message names the file and what is wrong with it."""
    path = tmp_path / "config.json"
    path.write_text(text)

    with pytest.raises(DataError, match=message):
        language_model_from_config(path)


def test_a_missing_file_is_an_error_of_usage(tmp_path):
    """A path that does not exist is named, as one that ends otherwise is."""
    with pytest.raises(UsageError, match="No such file"):
        resolve_language_model(str(tmp_path / "config.json"))


@given(layers=st.integers(4, 60), heads=st.integers(4, 64), widening=st.floats(1, 6))
def test_figures_give_the_parameters_they_state(layers, heads, widening):
    """Whatever the shape, the inner width is chosen so that the parameters come out as stated."""
    hidden = heads * 64
    stated = 2 * 32_000 * hidden + layers * (4 * hidden**2 + 3 * hidden * widening * hidden)

    model = language_model_from_figures(params=stated, layers=layers, hidden=hidden, heads=heads, vocab=32_000)

    assert pytest.approx(stated, rel=0.01) == model.parameters


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"params": 70e9}, "contradicts the shape: 32 layers of width 4096"),
        ({"params": 1e9}, "contradicts the shape"),
        ({"heads": 33}, "hidden 4096 is not divisible by heads 33; 8, 16, 32 would do"),
        ({"kv_heads": 5}, "heads 32 is not divisible by kv_heads 5; 2, 4, 8 would do"),
        ({"feed_forward": 30_000}, "contradicts the shape, which has"),
    ],
)
def test_figures_that_contradict_each_other_are_refused(change, message):
    """The message says what would do."""
    figures = {"params": 7e9, "layers": 32, "hidden": 4096, "heads": 32, "vocab": 32_000} | change

    with pytest.raises(UsageError, match=message):
        language_model_from_figures(**figures)


JSON_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 10**12),
    st.floats(),
    st.text(max_size=4),
    st.lists(st.integers(), max_size=2),
)
KEYS = ("model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "vocab_size", "head_dim", "kv_lora_rank", "num_local_experts", "num_experts_per_tok", "first_k_dense_replace", "text_config")  # fmt: skip


@settings(deadline=None)  # each example is a file on disk
@given(changes=st.dictionaries(st.sampled_from(KEYS), JSON_VALUES))
def test_a_hostile_config_is_a_model_or_an_error_of_data(changes, tmp_path_factory):
    """Whatever stands in the file, nothing but a model or a DataError comes out."""
    path = tmp_path_factory.mktemp("config") / "config.json"
    path.write_text(json.dumps(CONFIGS["llama-3-8b"] | changes))

    with contextlib.suppress(DataError):
        assert language_model_from_config(path).parameters > 0
