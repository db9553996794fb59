"""What is said where no offer passes: numbers that add up, and what to do of devices that nobody rents out."""

import re

import pytest

import planner
from planner.errors import NothingLeftError, UnknownNameError

RESNET = {"model": "resnet50", "epochs": 1}


@pytest.mark.parametrize("device", ["Radeon VII", "GTX 1660 Ti", "GTX 1050", "M3 Max", "Xeon E5-2630 v3"])
def test_the_command_of_the_message_plans_a_machine_of_ones_own(device, tmp_path):
    """What it writes is a price book with which the same question has an answer."""
    with pytest.raises(NothingLeftError, match="nobody there rents it out") as refused:
        planner.estimate(**RESNET, gpus=[device])
    (content,) = re.findall(r"printf '(.*)' > mine\.toml and price_book mine\.toml", str(refused.value))
    path = tmp_path / "mine.toml"
    path.write_text(content.replace(r"\n", "\n"))

    (row,) = planner.estimate(**RESNET, gpus=[device], price_book=path).estimates

    assert ("own", "mine", 1) == (row.offer.provider, row.offer.instance_type, row.offer.gpu_count)


def test_a_provider_without_the_device_is_named():
    """Others may have it: no machine of one's own is needed."""
    with pytest.raises(NothingLeftError, match=r"asked for \(runpod\) rents out cpu\."):
        planner.estimate(**RESNET, gpus=["cpu"], providers=["runpod"])


def test_the_counts_add_up_with_processors_among_them():
    """As many as there are in the books and in the short table of machines without a GPU."""
    with pytest.raises(NothingLeftError, match="No offer is left of") as refused:
        planner.estimate(**RESNET, gpus=["Xeon 8488C:3"])
    total, *taken = (int(text.replace(",", "")) for text in re.findall(r"[\d,]*\d(?=[.,]| |$)", str(refused.value)))

    assert total == sum(taken)


def test_naming_a_machine_without_a_gpu_asks_for_it():
    """By its instance type; a type that there is not is named with close ones."""
    found = planner.estimate(**RESNET, instances=["c7i*"], limit=3)

    assert {"xeon-platinum-8488c"} == {one.offer.gpu for one in found.estimates}
    assert all(one.instance_type.startswith("c7i") for one in planner.offers(instances=["c7i*"]))
    with pytest.raises(UnknownNameError, match="c7i"):
        planner.estimate(**RESNET, instances=["c7i.49xlarge"])
