"""Words as people type them: what each kind of option makes of a text, and that what is ambiguous is refused."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.cli.help_page import brief
from planner.errors import UsageError
from planner.options.arguments import EstimateArguments, ShownArguments
from planner.options.declared import declared
from planner.options.owner_arguments import CompareArguments, RecommendArguments
from planner.options.vocabulary import meant, words_of
from planner.render.listing import number

EVERY = {
    **declared(ShownArguments),
    **declared(RecommendArguments),
    **declared(EstimateArguments),
    **declared(CompareArguments),
}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("epochs", "50k", 50_000), ("epochs", " 90 ", 90), ("epochs", "1.5", 1.5), ("epochs", "1_000", 1000),
        ("tokens", "1.5M", 1.5e6), ("tokens", "2B", 2e9), ("tokens", "1T", 1e12), ("tokens", "50,000", 50_000),
        ("tokens", "50 000", 50_000), ("tokens", "2 million", 2e6), ("tokens", "1.000.000", 1e6), ("tokens", "1\u202f000", 1000),
        ("nodes", "1,024", 1024), ("nodes", "8.0", 8), ("params_millions", "7B", 7000), ("params_millions", "25.6", 25.6),
        ("utilisation", "60%", 0.6), ("utilisation", "60 percent", 0.6), ("tax_fraction", "0.19", 0.19),
        ("overhead_factor", "120%", 1.2), ("interruptions_per_hour", "12/day", 0.5), ("interruptions_per_hour", "5%/h", 0.05),
        ("max_usd", "$1,500.50", 1500.5), ("max_usd", "20 USD", 20), ("max_usd", "usd20", 20), ("max_usd", "1.5k", 1500),
        ("max_cost", "\u20ac20", "20.0 EUR"), ("max_cost", "20 eur", "20.0 EUR"), ("max_cost", "20", 20),
        ("rent_usd_per_hour", "$2.50/h", 2.5), ("usd_per_kwh", "15 cents", 0.15), ("usd_per_kwh", "$0.2 per kWh", 0.2),
        ("max_hours", "48h", 48), ("max_hours", "2D", 48), ("max_hours", "90 min", 1.5), ("max_hours", "1.5 h", 1.5),
        ("max_hours", "1h30m", 1.5), ("max_hours", "2 days and 3 hours", 51), ("max_hours", "2026-12-1", "2026-12-01"),
        ("checkpoint_seconds", "2min", 120), ("max_price_age_days", "2 weeks", 14), ("months", "3 years", 36),
        ("dataset_gb", "1.5 TB", 1500), ("dataset_gb", "1GiB", 1.073741824), ("card_watts", "1.2kW", 1200),
        ("as_of", "2026/6/1", date(2026, 6, 1)), ("has_checkpoints", "no", False),
        ("gpus", "A100; H100:8", ("A100", "H100:8")), ("providers", "aws, gcp", ("aws", "gcp")), ("gpu_counts", "1,8", (1, 8)),
        ("measured", "t4=1,210,l4=400", ("t4=1,210", "l4=400")),
        ("purchases", "On Demand", ("on_demand",)), ("purchases", "reserved", ("reserved_1y", "reserved_3y")),
        ("method", "QLoRA", "qlora"), ("precision", "BFloat16", "bf16"), ("basis", "modeled", "modelled"),
        ("optimizer", "AdamW 8-bit", "adamw-8bit"), ("sort", "USD", "usd"), ("condition", "second-hand", "used"),
        ("without", "Startup,EGRESS", ("start-up", "egress")),
    ],
)  # fmt: skip
def test_a_text_is_read(name, text, value):
    """The value is that of the unit in the option's name."""
    assert pytest.approx(value) == EVERY[name].usable(text)


@pytest.mark.parametrize(
    ("name", "text", "choices"),
    [
        ("epochs", "1,5", "1.5 or 15"), ("tokens", "50.000", "50 or 50,000"), ("max_usd", "20.000", "20 or 20,000"),
        ("sequence_length", "4k", "4,000 or 4,096"), ("checkpoint_seconds", "1:30", "1h30m or 1m30s"),
        ("max_hours", "1M", "1min or 1 months"), ("as_of", "01/02/2026", "2026-01-02 or 2026-02-01"),
        ("interruptions_per_hour", "10%", "10%/hour or 10%/day"),
    ],
)  # fmt: skip
def test_what_may_be_two_things_is_refused_with_both(name, text, choices):
    """Nothing is guessed, and each of the choices is understood and none the same as the other."""
    with pytest.raises(UsageError, match=f"^{name} '{re.escape(text)}' may be {re.escape(choices)}. Write which."):
        EVERY[name].usable(text)

    first, other = (EVERY[name].usable(choice) for choice in choices.split(" or "))
    assert first != other


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("epochs", "many", "a number, not 'many'"), ("nodes", "two", "a whole number, not 'two'"),
        ("nodes", "2.5", "a whole number"), ("epochs", "60%", "a number, not '60%'"), ("epochs", "-3", "above 0"),
        ("max_usd", "\u20ac20", "is in EUR, and this is in USD"), ("dataset_gb", "5 parsecs", "a size in GB"),
        ("max_hours", "tomorrow", "a time or a day"), ("as_of", "2026-02-31", "a day"), ("utilisation", "60", "write 0.6"),
        ("has_checkpoints", "maybe", "yes or no"), ("max_cost", "twenty", "an amount"),
    ],
)  # fmt: skip
def test_what_is_none_is_refused_with_what_would_do(name, text, why):
    """The option, the value and an example."""
    with pytest.raises(UsageError, match=re.escape(why)) as caught:
        EVERY[name].usable(text)

    assert name == caught.value.argument


@given(st.sampled_from([name for name, one in EVERY.items() if one.is_number]), st.data())
def test_a_number_that_is_printed_is_read_back(name, data):
    """As Python writes it, and with commas between thousands."""
    one = EVERY[name]
    low = one.option.low if one.option.low is not None else one.option.above
    kinds = (
        st.floats(low, min(one.option.high, 1e15))
        if float in one.kinds
        else st.integers(int(low), int(one.option.high))
    )
    value = data.draw(kinds.filter(lambda value: one.option.above is None or value > one.option.above))

    shown = (
        f"{value:,.2f}"
        if float in one.kinds and value >= 1000
        else f"{value:,}"
        if float not in one.kinds
        else repr(value)
    )
    if float in one.kinds and re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", shown):
        return  # a count of three decimals is refused: it may be a thousand times as many

    read = one.read_several(shown.replace(",", "")) if one.is_list else [one.read(shown)]

    assert [pytest.approx(value, rel=1e-5)] == read


def test_words_of_lists_are_themselves_in_any_spelling():
    """Every word that the program prints, in capitals, with blanks, dashes or none."""
    for one in EVERY.values():
        for word in words_of(one.option.known):
            for text in (word, word.upper(), word.replace("_", " ").replace("-", " "), f" {word.replace('_', '')} "):
                assert (word,) == meant(one.option.known, text)


def test_amounts_of_tables_are_read_back():
    """The figures of a listing, with thousands parted."""
    for value in (0.09, 12.5, 1234.56, 1_234_567.0):
        assert value == EVERY["max_usd"].usable(number(2)(value))


def test_both_spellings_of_english_are_taken():
    """At the terminal and in Python."""
    for name, other in (("utilisation", "utilization"), ("optimizer", "optimiser")):
        assert {name, other} <= set(EVERY[name].spellings)


def test_first_sentences_fit_on_a_line_of_help():
    """What `--help` shows of an option at 80 columns, beside a name of 33."""
    assert [] == [name for name, one in EVERY.items() if len(brief(one.option.help)) > 60]
