"""Jobs drawn at random over everything that an estimate may be asked, for tests that compare two ways to an answer."""

from hypothesis import strategies as st

OWN_PRICES = """
[[discounts]]
provider = "azure"
family = "ND"
discount_fraction = 0.6

[[rates]]
provider = "aws"
instance_type = "g5.xlarge"
usd_per_hour = 0.3

[[credits]]
provider = "gcp"
usd = 60

[[credits]]
provider = "aws"
usd = 900

[[machines]]
name = "lab"
gpu = "rtx-3090"
gpu_count = 2
usd_per_hour = 0.2
"""

LISTED = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["resnet50", "bert-large-squad", "maskrcnn-r50-fpn", "vgg16"]),
        "epochs": st.floats(min_value=0.01, max_value=3000),
    },
    optional={
        "batch_size": st.sampled_from([8, 64, 256, 1024]),
        "precision": st.sampled_from(["amp", "fp32", "tf32", "best"]),
        "basis": st.sampled_from(["measured", "scaled"]),
    },
)
LANGUAGE = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["gpt2-124m", "llama-3-8b"]),
        "tokens": st.sampled_from([1e6, 1e8, 1e9, 1e11]),
        "method": st.sampled_from(["full", "lora", "qlora"]),
    }
)
BILL = st.fixed_dictionaries(
    {},
    optional={
        "interruptions_per_hour": st.floats(min_value=0, max_value=2),
        "has_checkpoints": st.booleans(),
        "restart_seconds": st.floats(min_value=0, max_value=4000),
        "gpu_hours_per_failure": st.sampled_from([100.0, 5000.0, 50_000.0]),
        "share_commitment": st.booleans(),
        "trials": st.integers(min_value=1, max_value=20),
        "evaluation_fraction": st.floats(min_value=0, max_value=0.5),
        "overhead_factor": st.floats(min_value=1, max_value=2),
        "dataset_gb": st.floats(min_value=0, max_value=5000),
        "results_gb": st.floats(min_value=0, max_value=20_000),
        "image_gb": st.floats(min_value=0, max_value=50),
        "idle_seconds": st.floats(min_value=0, max_value=1e5),
        "tax_fraction": st.floats(min_value=0, max_value=0.25),
        "without": st.sets(
            st.sampled_from(["start-up", "interruptions", "failures", "staging", "storage", "egress"])
        ).map(lambda items: tuple(sorted(items))),
    },
)
CHOICE = st.fixed_dictionaries(
    {
        "gpus": st.sampled_from(
            [("A100",), ("H100:8", "L4"), ("RTX 3090", "T4"), ("H100", "V100"), ("MI300X", "A10G")]
        ),
        "sort": st.sampled_from(["usd", "hours", "value"]),
    },
    optional={
        "nodes": st.sampled_from([1, 2, 8]),
        "purchases": st.sampled_from(
            [("spot",), ("spot", "on_demand"), ("reserved_1y", "savings_3y"), ("capacity_block", "spot")]
        ),
        "regions": st.sampled_from([("us-east-1", "eastus", "us-central1"), ("eu-west-1",)]),
        "max_hours": st.floats(min_value=0.01, max_value=500),
        "max_usd": st.floats(min_value=0.01, max_value=2000),
        "max_price_age_days": st.sampled_from([30, 200]),
    },
)
JOBS = st.tuples(LISTED | LANGUAGE, BILL, CHOICE).map(lambda parts: parts[0] | parts[1] | parts[2])
