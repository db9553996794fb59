"""Devices that were named and have no row: always said, with the reason."""

import pytest

import planner
from planner.results.estimate import document

RESNET = {"model": "resnet50", "epochs": 90}


@pytest.mark.parametrize(
    ("asked", "device", "why"),
    [
        (
            {"model": "gpt2", "tokens": 1e9, "gpus": ["cpu", "A100"]},
            "cpu",
            "no training of a language model on a processor",
        ),
        ({**RESNET, "gpus": ["cpu", "A100"], "nodes": 2}, "cpu", "measured on several machines"),
        ({**RESNET, "gpus": ["cpu", "A100"], "basis": "measured"}, "cpu", "throughput only"),
        ({**RESNET, "gpus": ["cpu", "A100"], "max_hours": 5}, "cpu", "none keeps the limits"),
        ({**RESNET, "gpus": ["Radeon VII", "A100"]}, "Radeon VII", "no price book has it"),
        ({**RESNET, "gpus": ["A10G", "T4"], "regions": ["us-central1"]}, "A10G", "no offer of it passes the filters"),
        ({"model": "llama-3-8b", "method": "full", "tokens": 1e8, "gpus": ["T4:1", "H100"]}, "T4:1", "does not fit"),
        ({"model": "xgboost", "rows": 1e7, "gpus": ["MI300X", "T4"]}, "MI300X", "no GPU of AMD"),
    ],
)
def test_a_device_without_a_row_is_named_with_the_reason(asked, device, why):
    """In the notes, and as a warning among the sentences of the answer."""
    found = planner.estimate(**asked)
    (said,) = found.absent

    assert said.startswith(f"No row of {device}: ")
    assert why in said
    assert said in found.notes
    assert any(line.startswith(f"! No row of {device}") for line in document(found)["answer"])


def test_nothing_is_said_where_every_name_has_a_row():
    """Nor where none was named."""
    assert () == planner.estimate(**RESNET, gpus=["cpu", "A100"]).absent
    assert () == planner.estimate(**RESNET).absent


def test_a_recommendation_says_it_too():
    """Among its sentences."""
    found = planner.recommend(model="gpt2", tokens=1e9, gpus=["cpu", "A100"])

    assert any(sentence.startswith("No row of cpu: no training of a language model") for sentence in found.sentences)
