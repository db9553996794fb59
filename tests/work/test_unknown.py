"""Models that nobody has heard of: the reason, close names, and what to give instead."""

import pytest

from planner.errors import as_option
from planner.work.listed import known_model, resolve_model
from planner.work.unknown import unknown_model


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("whisper-large-v3", ("no measurement carries over", "wav2vec2-base", "--measured")),
        ("openai/whisper-small", ("speech into text", "--gmacs-per-sample")),
        ("gpt-4o-mini", ("sizes are not published", "--params", "config.json")),
        ("state-spaces/mamba-2.8b", ("no transformer", "--measured")),
        ("google/flan-t5-xl", ("encoder", "transformer-big")),
        ("llama-3-9b", ("Did you mean", "llama-3-8b", "config.json")),
        ("yolov8", ("yolov8n", "--gmacs-per-sample")),
    ],
)
def test_a_name_that_is_not_planned_says_why_and_what_to_give(name, words):
    """A reason where one is known, else close names; and the options that describe any model."""
    said = unknown_model(name).spelled(as_option)

    assert [] == [word for word in words if word not in said]


def test_close_names_are_not_offered_beside_a_reason():
    """A network of pictures is no substitute for one of speech, however alike the names are."""
    assert "Did you mean" not in str(unknown_model("whisper-large"))


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("timm/vit_base_patch16_224.augreg_in21k_ft_in1k", "vit_base_patch16_224"),
        ("google/vit-base-patch16-224", "vit_base_patch16_224"),
        ("ViT-B/16", "vit_base_patch16_224"),
        ("Mask R-CNN", "maskrcnn-r50-fpn"),
        ("Tacotron 2", "tacotron2"),
        ("SE(3)-Transformer", "se3-transformer"),
        ("3D U-Net", "unet-3d-medical"),
        ("vit_b_16", "vit_base_patch16_224"),
        ("microsoft/resnet-50", "resnet50"),
        ("SDXL", "stable-diffusion-xl"),
        ("stabilityai/stable-diffusion-xl-base-1.0", "stable-diffusion-xl"),
        ("runwayml/stable-diffusion-v1-5", "stable-diffusion-1.5"),
        ("black-forest-labs/FLUX.1-dev", "flux.1"),
        ("YOLOv8n", "yolov8n"),
        ("yolov11x", "yolo11x"),
        ("bert-base-uncased", "bert-base-squad"),
        ("mobilenet_v2", "mobilenetv2_100"),
        ("3d-unet", "unet-3d-medical"),
        ("RetinaNet", "retinanet-resnext50"),
    ],
)
def test_networks_go_by_the_names_that_people_type(typed, name):
    """Names of repositories, of torchvision and of papers lead to one row."""
    assert name == resolve_model(typed).name


def test_a_repository_of_an_unknown_network_is_unknown():
    """Only a name that is listed is taken from behind the owner and before the weights."""
    assert known_model("someone/resnet51.a1_in1k") is None
