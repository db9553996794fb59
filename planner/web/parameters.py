"""What the addresses take: the options of the command line, with underscores, each within limits.

Values that the planner itself judges (names, ranges with a meaning) are left to it, so that its messages are the same here.
The limits below only keep a question from being too large. Nothing here names a file: an address cannot read one.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

LONGEST_TEXT = 200
MOST_VALUES = 50
LARGEST = 1e18
LARGEST_WHOLE = 10**9
MOST_ROWS = 1000
USUAL_ROWS = 15

ARGUMENTS = {
    "gpu": "gpus",
    "gpu_count": "gpu_counts",
    "provider": "providers",
    "region": "regions",
    "purchase": "purchases",
    "max_price_age": "max_price_age_days",
    "checkpoints": "has_checkpoints",
    "image_size": "sequence_length_or_image_size",
    "sequence_length": "sequence_length_or_image_size",
}
"""Parameters whose keyword in Python is another word."""
_PARAMETERS = {argument: parameter for parameter, argument in reversed(ARGUMENTS.items())}


def parameter_of(argument: str) -> str:
    """The parameter that gives an argument of Python."""
    return _PARAMETERS.get(argument, argument)


def _day(text: object) -> object:
    # pydantic would take any number for seconds since 1970
    if isinstance(text, str) and (len(text) != 10 or not text[:4].isdigit()):
        raise ValueError("write a day as YYYY-MM-DD")
    return text


Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Texts = Annotated[list[Text], Field(max_length=MOST_VALUES)]
Amount = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Amounts = Annotated[list[Amount], Field(max_length=MOST_VALUES)]
Whole = Annotated[int, Field(ge=-LARGEST_WHOLE, le=LARGEST_WHOLE)]
Size = Annotated[int, Field(ge=-LARGEST_WHOLE, le=1_000_000)]
Day = Annotated[date, BeforeValidator(_day)]


def _says(text: str, default: Any = None) -> Any:
    return Field(default=default, description=text)


class Question(BaseModel):
    """What is given by name; a name that is not one of these is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Text | None = _says("json (the default), csv, markdown, or html: a page to keep, as a download.")

    def given(self) -> dict[str, Any]:
        """The values that were given, lists as tuples."""
        return {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in self.model_dump(exclude_unset=True).items()
        }


class _Work(Question):
    model: Text | None = _says("Model to train, see /api/models. With own figures any name.")
    epochs: Amount | None = _says("Passes over the training data. Language models may be given tokens instead.")
    dataset: Text | None = _says("Training set. Default: the one the model is usually trained on.")
    samples_per_epoch: Amount | None = _says("Samples in an epoch, in the model's unit, instead of dataset.")
    precision: Text | None = _says("amp (16-bit mixed, the default), fp32, tf32, bf16, fp16, or best.")
    batch_size: Whole | None = _says("Samples per GPU and step. Default: what the measurement used.")
    framework: Text | None = _says("Framework whose measurements count. Default: newest PyTorch evidence.")
    image_size: Whole | None = _says("Pixels of an image; the same as sequence_length.")
    gmacs_per_sample: Amount | None = _says("Own model: 1e9 multiply-adds of one forward pass.")
    params_millions: Amount | None = _says("Own model: parameters, in millions.")
    activations_millions: Amount | None = _says("Own model: outputs of matrix and convolution layers, in millions.")
    measured: Texts = _says("Own measurement in samples per second: a100-80gb-sxm=1234. Repeatable.", [])


class _Offers(Question):
    gpu: Texts = _says("GPU to rent, with a count if wanted: A100, H100:8. Repeatable. Default: all.", [])
    gpu_count: Amounts = _says("GPUs per instance. Repeatable. Default: any.", [])
    provider: Texts = _says("Provider. Repeatable. Default: all.", [])
    region: Texts = _says("Region as the provider writes it. Repeatable. Default: all.", [])
    purchase: Texts = _says(
        "on_demand, spot, reserved_1y, reserved_3y, savings_1y, savings_3y, capacity_block. Repeatable. "
        "Default: on_demand and spot.",
        [],
    )
    max_price_age: Whole | None = _says("Leave out prices older than so many days. Default: 730.")
    as_of: Day | None = _says("Plan with the prices known on that day, YYYY-MM-DD.")


class _Language(Question):
    method: Text | None = _says("Of a language model: pretrain (the default), full, lora or qlora.")
    tokens: Text | None = _says("Tokens of the whole run: 15B, 300M, 7e9.")
    samples: Text | None = _says("Samples of an epoch, each of sequence_length tokens: 50000, 50K.")
    sequence_length: Whole | None = _says("Tokens of a sequence; pixels of an image. Default: the model's own.")
    batch_tokens: Text | None = _says("Tokens of an optimiser step over all GPUs. Default: as published runs use.")
    rank: Whole | None = _says("Rank of LoRA or QLoRA adapters. Default: 16.")
    optimizer: Text | None = _says("adamw, adamw-8bit, adafactor or sgd.")
    recompute: Text | None = _says(
        "Recomputation of activations: none, selective, full or auto (the default; full with transformers-peft)."
    )
    zero_stage: Whole | None = _says("0, 1, 2 or 3 (FSDP). Default: the best that fits.")
    tensor_parallel: Size | None = _says("GPUs that share each layer. Default: the best that fits.")
    pipeline_parallel: Size | None = _says("Stages of layers. Default: the best that fits.")
    micro_batch: Size | None = _says("Sequences of one forward pass on one GPU. Default: the best that fits.")
    stack: Text | None = _says(
        "Software the speed stands for: llm-foundry, transformers-peft (the default of lora and qlora) or megatron-deepspeed."
    )
    params: Text | None = _says("Parameters of an own language model, with layers hidden heads vocab: 7B.")
    layers: Size | None = _says("Layers of an own language model.")
    hidden: Size | None = _says("Hidden size of an own language model.")
    heads: Size | None = _says("Attention heads of an own language model.")
    kv_heads: Size | None = _says("Key-value heads of an own language model. Default: as many as heads.")
    feed_forward: Size | None = _says("Inner width of an own language model. Default: what gives params.")
    vocab: Whole | None = _says("Vocabulary of an own language model, in tokens.")


class _Bill(Question):
    interruptions_per_hour: Amount | None = _says("Of one spot instance. Default: as published, else 10 % a day.")
    checkpoints: bool | None = _says("Whether the run saves its state. Default: true.")
    checkpoint_interval_seconds: Amount | None = _says("Work between checkpoints. Default: the best interval.")
    checkpoint_seconds: Amount | None = _says("Time to write a checkpoint. Default: from the size of the model.")
    restart_seconds: Amount | None = _says("From a new instance to the first new step.")
    gpu_hours_per_failure: Amount | None = _says("GPU-hours between hardware failures. Default: 50,000.")
    share_commitment: bool | None = _says("Others use the rest of a commitment's term: do not count it.")
    trials: Whole | None = _says("Full runs, one after the other, until one is right. Default: 1.")
    evaluation_fraction: Amount | None = _says("Evaluation, as a fraction of training time. Default: 0.")
    overhead_factor: Amount | None = _says("Time of a real run over its time at the benchmark's speed. Default: 1.")
    dataset_gb: Amount | None = _says("Size of the training data in GB: staged in, and stored over the run.")
    results_gb: Amount | None = _says("What is downloaded at the end, in GB.")
    image_gb: Amount | None = _says("Container image pulled at every start, in GB.")
    idle_seconds: Amount | None = _says("Until the instance is stopped after the run has ended.")
    tax_fraction: Amount | None = _says("Tax on the whole bill: 0.19 for 19 %.")
    without: Texts = _says(
        "Item to take off the bill: start-up, interruptions, failures, staging, storage, egress. Repeatable.", []
    )


class EstimateQuestion(_Language, _Bill, _Offers, _Work):  # fields of the last base come first
    """Time and cost of a training run on every offer: the options of `planner estimate`."""

    basis: Text | None = _says("Weakest basis wanted: measured, scaled or modelled. Default: all.")
    nodes: Whole | None = _says("Instances that work together on the run. Default: 1.")
    max_hours: Amount | None = _says("Leave out what takes longer, in hours.")
    max_usd: Amount | None = _says("Leave out what costs more, in USD.")
    sort: Text | None = _says("usd (cheapest first, the default), hours (fastest first), value (USD x hours).")
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = _says("Rows to give.", USUAL_ROWS)
    currency: Text | None = _says("Amounts in this currency beside USD: EUR, GBP, CHF, JPY.")


class CompareQuestion(_Language, _Offers, _Work):
    """Rent or buy a card: the options of `planner compare`."""

    buy: Texts = _says("GPU to buy, with a number of cards if wanted: rtx-4090, rtx-3090:2. Repeatable.", [])
    own: Texts = _says("GPU that is there already. Repeatable.", [])
    jobs_per_month: Amount | None = _says("Jobs a month.")
    gpu_hours_per_month: Amount | None = _says("Hours x GPUs a month, instead of jobs.")
    utilisation: Amount | None = _says("Part of the month in use, 0 to 1; beside jobs_per_month: at most.")
    months: Amount | None = _says("Horizon in months. Default: 36.")
    rent_usd_per_hour: Amount | None = _says("USD per hour of a rented machine, instead of the cheapest offer.")
    condition: Text | None = _says("Cards are bought new (the default), used or refurbished.")
    card_usd: Amount | None = _says("USD for all cards of the machine. Default: the shipped price.")
    host_usd: Amount | None = _says("USD for the rest of the machine; 0 for a PC that exists. Default: shipped.")
    card_watts: Amount | None = _says("Watts of all cards under load. Default: 80 % of their limit.")
    host_watts: Amount | None = _says("Watts of the rest under load. Default: shipped.")
    idle_watts: Amount | None = _says("Watts of the machine when it does not work. Default: shipped.")
    pue: Amount | None = _says("Energy of the building per energy of the machine. Default: 1, servers 1.58.")
    usd_per_kwh: Amount | None = _says("USD per kWh. Default: the price of country.")
    country: Text | None = _says("Country or US state for electricity. Default: United States.")
    running_usd_per_hour: Amount | None = _says("USD per hour of use, instead of electricity.")
    hosting_usd_per_month: Amount | None = _says("Rack, cooling, line. Default: 0.")
    maintenance_fraction_per_year: Amount | None = _says("Part of the purchase. Default: 0.")
    staff_usd_per_month: Amount | None = _says("People who look after it. Default: 0.")
    resale_fraction: Amount | None = _says("Part of the purchase fetched at the end, 0 to 1.")
    resale_curve: Text | None = _says("broker (the default) or trend.")
    discount_per_year: Amount | None = _says("Cost of money: 0.05 for 5 percent. Default: 0.")
