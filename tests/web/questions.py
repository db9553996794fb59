"""Questions for the API from a seed: sound ones, nearly sound ones, and rubbish."""

from urllib.parse import quote, quote_plus

from planner.web.parameters import KINDS

MODELS = [
    *("resnet50", "bert-large-squad", "vit_base_patch16_224", "gnmt", "ssd", "tacotron2", "ncf", "efficientnet_b0"),
    *("gpt2-124m", "llama-3-8b", "mixtral-8x7b", "bert-base-squad", "mpt-7b", "convnext_tiny", "RESNET50", "resnet 50"),
]
LANGUAGE_MODELS = ("gpt2-124m", "llama-3-8b", "mixtral-8x7b", "mpt-7b")
GPUS = [
    *("A100", "A100:8", "h100-80gb-sxm:8", "H100:4", "RTX 4090", "rtx-3090:2", "t4", "V100", "l4", "l40s", "mi300x"),
    *("a100-80gb-sxm:0.5", "rtx-4090:100000", "B200:8", "K80", "nvidia-tesla-t4"),
]
WORDS = {
    "model": MODELS,
    "gpu": GPUS,
    "buy": GPUS,
    "own": GPUS,
    "provider": ["aws", "azure", "gcp", "vast", "runpod", "lambda", "oci", "vultr", "AWS"],
    "region": ["us-east-1", "westeurope", "europe-west4", "US-EAST-1"],
    "purchase": ["on_demand", "spot", "reserved_1y", "reserved_3y", "savings_1y", "capacity_block", "on-demand"],
    "precision": ["amp", "fp32", "tf32", "bf16", "fp16", "best", "fp8"],
    "sort": ["usd", "hours", "value"],
    "basis": ["measured", "scaled", "modelled"],
    "method": ["pretrain", "full", "lora", "qlora"],
    "tokens": ["10B", "300M", "7e9", "1", "1.4T", "999999T"],
    "samples": ["50K", "50000", "1e6"],
    "params": ["7B", "1.5B", "70B", "1"],
    "batch_tokens": ["4M", "524288", "2048"],
    "optimizer": ["adamw", "adamw-8bit", "adafactor", "sgd"],
    "recompute": ["none", "selective", "full", "auto"],
    "stack": ["llm-foundry", "megatron-deepspeed"],
    "framework": ["pytorch", "mxnet", "tensorflow2"],
    "dataset": ["imagenet-1k", "squad-v1.1"],
    "condition": ["new", "used", "refurbished"],
    "resale_curve": ["broker", "trend"],
    "country": ["Germany", "DE", "California", "US-CA", "France"],
    "measured": ["a100-80gb-sxm=1234", "t4@fp32=100", "v100-16gb:8=5000", "a100-80gb-sxm=nan"],
    "without": ["start-up", "interruptions", "failures", "staging", "storage", "egress"],
    "currency": ["EUR", "gbp", "USD", "CHF"],
    "format": ["json", "csv", "markdown"],
    "as_of": ["2026-07-01", "2026-11-20", "2020-01-01", "9999-12-31", "0001-01-01"],
    "checkpoints": ["true", "false", "1", "no"],
    "share_commitment": ["true", "false"],
}
NUMBERS = [
    *("1", "2", "4", "8", "90", "0.5", "0.05", "0.2", "0.9", "36", "1000", "1e6", "256", "512", "2048", "12", "730"),
    *("0", "-1", "1e-9", "1e9", "1e15", "1e18", "1e300", "-1e18", "nan", "inf", "-inf", "1e400", "0x10", "1_000", "٣"),
]
RUBBISH = [
    *(
        "",
        " ",
        "\0",
        "../../../etc/passwd",
        "/etc/hostname",
        "config.json",
        "/root",
        ".",
        "C:\\x.json",
        "file:///etc/passwd",
    ),
    *(
        "=1+1",
        "<script>alert(1)</script>",
        "'; DROP TABLE offers; --",
        "{{7*7}}",
        "%s%s%n",
        "\u202egnp",
        "\ud83d\ude00",
    ),
    *(
        "A" * 199,
        "A" * 201,
        "9" * 190,
        "-" * 50,
        "a:b:c",
        "A100:",
        ":8",
        "A100:-1",
        "A100:nan",
        "null",
        "None",
        "True",
        "[]",
        "{}",
    ),
]
_WHOLE = ["1", "2", "4", "8", "16", "32", "64", "128", "1024", "4096"]


def paths(source, count):
    """So many addresses, the same for the same `random.Random`."""
    return [_path(source) for _ in range(count)]


def _path(source):
    kind = source.random()
    if kind < 0.03:
        return source.choice(
            ["/", "/recommend", "/fit", "/api", "/openapi.json", "/api/models", "/api/gpus", "/api/providers", "/nothing", "/api/", "/assets/x",
             "/assets/..%2f..%2fapp.py", "/api/estimate/x", "//api/estimate", "/%00", "/api/models?x=1"]
        )  # fmt: skip
    kind = source.choices(KINDS, weights=[5, 2, 3, 2])[0]
    pairs = _sound(source, kind.name)
    known = list(kind.question.model_fields)
    for _ in range(source.choice([0, 0, 0, 1, 1, 1, 2, 6])):
        name = source.choice(known)
        pairs.append((name, _value(source, name)))
    if source.random() < 0.15:
        pairs = _spoilt(source, pairs, known)
    return f"/{source.choice(['api', 'api', 'api', 'charts'])}/{kind.name}?" + "&".join(
        f"{quote_plus(name)}={_escaped(source, value)}" for name, value in pairs
    )


def _sound(source, kind):
    pairs = [("model", source.choice(MODELS))]
    if kind == "fit":
        return pairs
    if pairs[0][1] in LANGUAGE_MODELS:
        pairs.append(("tokens", source.choice(WORDS["tokens"])))
    elif source.random() < 0.95:
        pairs.append(("epochs", source.choice(["1", "2", "10", "90", "0.5", str(round(source.uniform(0.1, 300), 3))])))
    if kind == "compare":
        pairs += [("buy", source.choice(GPUS)), ("jobs_per_month", str(source.randint(1, 60)))]
    return pairs


def _value(source, name):
    if source.random() < 0.06:
        return source.choice(RUBBISH)
    if name in WORDS:
        return source.choice(WORDS[name])
    return source.choice(_WHOLE if source.random() < 0.7 else NUMBERS)


def _spoilt(source, pairs, known):
    way = source.randrange(6)
    if way == 0:
        return [
            *pairs,
            (source.choice(["epoch", "modell", "model_file", "price_book", "data_dir", "output", "x" * 100]), "1"),
        ]
    if way == 1:
        return [*pairs, source.choice(pairs)]
    if way == 2:
        name, _ = source.choice(pairs)
        return [*pairs, (name, source.choice(RUBBISH))]
    if way == 3:
        return [(name, source.choice(RUBBISH)) for name, _ in pairs]
    if way == 4:
        return [
            *pairs,
            *((source.choice(["gpu", "region"]), source.choice(GPUS)) for _ in range(source.choice([10, 60, 400]))),
        ]
    return [(source.choice(known), source.choice([*NUMBERS, *RUBBISH])) for _ in range(source.randint(1, 8))]


def _escaped(source, text):
    if source.random() < 0.01:
        return source.choice(["%ff%fe", "%", "%zz", "%c3%28", "%ed%a0%80"])
    return quote(text.encode("utf-8", "surrogatepass"))
