"""The maintenance script, on a small folder of figures made by hand."""

import csv

import pytest

from scripts.make_data.gpus import write_gpu_aliases, write_gpus
from scripts.make_data.models import write_datasets, write_models
from scripts.make_data.throughput import write_throughput

GPU_COLUMNS = (
    "gpu,display_name,vendor,architecture,compute_capability_or_gfx,release_date,form_factor,memory_gib,memory_type,"
    "ecc,memory_bandwidth_gbps,cuda_cores_or_stream_processors,tensor_cores,fp64_tflops,fp32_tflops,"
    "tf32_tensor_tflops,fp16_tensor_tflops,bf16_tensor_tflops,fp8_tensor_tflops,int8_tops,pcie_gen,interconnect,"
    "interconnect_gbps_per_gpu,tdp_watts,launch_price_usd,frameworks,sources,fp16_accumulate_note,"
    "fp16_tflops_non_tensor,counted_as,units_per_board,board_tdp_watts,memory_marketing_gb,memory_visible_mib,"
    "idle_watts_reported,notes,fp16_tensor_check"
)
GPUS = f"""{GPU_COLUMNS}
v100-32gb,Tesla V100 SXM2 32 GB,NVIDIA,Volta,7.0,2018-03-27,sxm,32,HBM2,yes,900,5120,640,7.8,15.7,,125,,,,3,NVLink2,300,300,,any,a sheet,,31.4,gpu,1,300,32,32768,41,,
gtx-1080-ti,GeForce GTX 1080 Ti,NVIDIA,Pascal,6.1,2017-03-10,pcie,11,GDDR5X,no,484,3584,,0.354,11.3,,,,,,3,,,250,699,any,a sheet,no tensor cores,0.177,gpu,1,250,11,,,not copied,
k80,Tesla K80 (one die of two),NVIDIA,Kepler,3.7,2014-11-17,pcie,12,GDDR5,yes,240,2496,,1.46,4.37,,,,,,3,,,150,,any,a sheet,,,die,2,300,12,11441,30,,
"""
MODELS = """model,task,params_millions,forward_gmacs_per_sample,activations_millions,input,dataset,dataset_size_samples,typical_epochs,sample_unit,source
resnet50-v1.5,image-classification,25.56,4.11,11.11,224x224 image,ImageNet-1k,1281167.0,90,image,a log
timm/resnet50,image-classification,25.56,4.11,11.11,224x224 image,ImageNet-1k,1281167.0,,image,huggingface/pytorch-image-models:results/a.csv
tacotron2,speech-synthesis,28.2,,,"text, mel frames","LJSpeech-1.1, 13,100 clips",12500.0,1500,mel frame,a paper
mpt-7b,language-model pre-training,6658.86,7.1856,,"2,048 tokens (sequence length varies by row)",C4 style text; token budget of the example config,134000000000.0,1,token,mosaicml/llm-foundry:README.md
bert-large,pre-training,336.2,39.46,,128 tokens (phase 1; 512 in phase 2),"Wikipedia; phase 1 7,038 steps",512458752.0,1 (fixed steps),sequence,NVIDIA/DeepLearningExamples:PyTorch/LanguageModeling/BERT
nothing-known,other,,,,image,ImageNet-1k,1281167.0,,image,dataset size only
"""
RUNS = """model,task,framework,gpu,gpu_count,precision,batch_size_per_gpu,sequence_length_or_image_size,throughput,unit,seconds_per_iteration,software,as_of,source
tacotron2,speech-synthesis,pytorch,v100-32gb,1,fp32,80,,5000,mel-frames/s,,PyTorch 1.13 (NGC),2022-12-16,lambdal/deeplearning-benchmark:pytorch/results/one/PyTorch_tacotron2_FP32 (1 run(s); throughput corrected for the step-count fault, see README)
resnet50-v1.5,image-classification,pytorch,v100-32gb,1,amp,256,224,100,images/s,,PyTorch 1.13 (NGC),2022-12-16,lambdal/deeplearning-benchmark:pytorch/results/one/PyTorch_resnet50_AMP (1 run(s))
resnet50-v1.5,image-classification,pytorch,v100-32gb,1,amp,256,224,104,images/s,,PyTorch 1.13 (NGC),2022-12-18,lambdal/deeplearning-benchmark:pytorch/results/two/PyTorch_resnet50_AMP (3 run(s))
resnet50-v1.5,image-classification,pytorch,v100-32gb,1,amp,256,224,110,images/s,,PyTorch 1.13 (NGC),2022-12-17,lambdal/deeplearning-benchmark:pytorch/results/three/PyTorch_resnet50_AMP (2 run(s))
resnet50-v1.5,image-classification,pytorch,v100-32gb,8,amp,256,224,1000,images/s,,PyTorch 1.13 (NGC),2022-12-16,lambdal/deeplearning-benchmark:pytorch/results/eight/PyTorch_resnet50_AMP (1 run(s))
resnet50-v1.5,image-classification,pytorch,rtx-2070-max-q,1,amp,64,224,50,images/s,,PyTorch 1.13 (NGC),2022-12-16,lambdal/deeplearning-benchmark:pytorch/results/laptop/PyTorch_resnet50_AMP (1 run(s))
resnet50-v1.5,image-classification,mxnet,v100-32gb,1,amp,128,,90,images/s,,mxnet NGC 22.10-py3,2022-12-13,NVIDIA/DeepLearningExamples:MxNet/README.md (Training performance: NVIDIA DGX-1 (8x V100 32GB))
resnet50-v1.5,image-classification,tensorflow2,v100-32gb,1,amp,128,,80,images/s,,tensorflow2,2022-12-13,NVIDIA/DeepLearningExamples:TF2/README.md (Training performance; XLA=Yes)
resnet50-v1.5,image-classification,mxnet,v100-32gb,8,amp,128,,40,images/s,,mxnet NGC 22.10-py3,2022-12-13,NVIDIA/DeepLearningExamples:MxNet/README.md (Training accuracy: NVIDIA DGX-1)
timm/resnet50,image-classification,pytorch-timm,v100-32gb,1,amp,512,224,120,images/s,,PyTorch 1.12 timm,2022-07-27,huggingface/pytorch-image-models:results/a.csv
"""
WRITERS = (write_gpus, write_gpu_aliases, write_datasets, write_models, write_throughput)


@pytest.fixture
def reference(tmp_path):
    """A folder of three GPUs, six models and ten runs."""
    folder = tmp_path / "reference"
    for name, text in (
        ("gpus/gpus.csv", GPUS),
        ("throughput/models.csv", MODELS),
        ("throughput/training-throughput.csv", RUNS),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_the_same_figures_give_the_same_bytes(reference, tmp_path):
    """Two runs of the script write identical files."""
    outs = tmp_path / "first", tmp_path / "second"

    for out in outs:
        for write in WRITERS:
            write(reference, out)

    first, second = ({path.relative_to(out): path.read_bytes() for path in out.rglob("*.csv")} for out in outs)
    assert 9 == len(first)
    assert first == second


def test_gpus_are_sorted_with_notes_of_our_own(reference, tmp_path):
    """Rows are in order of their keys; a slow 16-bit unit and a two-die board are said, collected notes are not."""
    write_gpus(reference, tmp_path)

    assert [
        ("gtx-1080-ti", "16-bit arithmetic runs at 1/64 rate: train in FP32."),
        ("k80", "One of 2 GPUs on a board of 300 W. No 16-bit arithmetic."),
        ("v100-32gb", "SXM2 card; the PCIe card has 112 TFLOPS and 250 W."),
    ] == [(row["name"], row["note"]) for row in _rows(tmp_path / "gpus.csv")]


def test_a_cell_that_is_unknown_is_empty(reference, tmp_path):
    """What a GPU lacks is an empty cell, never a zero."""
    write_gpus(reference, tmp_path)

    row = next(row for row in _rows(tmp_path / "gpus.csv") if row["name"] == "gtx-1080-ti")
    assert ("", "", "699", "no") == (
        row["fp16_tensor_tflops"],
        row["interconnect"],
        row["launch_price_usd"],
        row["has_ecc"],
    )


def test_aliases_come_from_rules_and_from_the_named_list(reference, tmp_path):
    """Display names and short forms follow from the key; cloud names are listed; other GPUs' names are left out."""
    write_gpu_aliases(reference, tmp_path)

    aliases = {(row["alias"], row["gpu"]) for row in _rows(tmp_path / "gpu_aliases.csv")}
    assert {
        ("1080ti", "gtx-1080-ti"),
        ("nvidia-geforce-gtx-1080-ti", "gtx-1080-ti"),
        ("nvidia-tesla-k80", "k80"),
        ("tesla-k80", "k80"),
        ("v100", "v100-32gb"),
        ("tesla-v100-sxm2-32gb", "v100-32gb"),
    } <= aliases
    assert {"gtx-1080-ti", "k80", "v100-32gb"} == {gpu for _, gpu in aliases}


def test_one_network_is_one_model_with_its_epochs(reference, tmp_path):
    """Rows of one network merge; epochs of the other row are kept; a model nothing is known of is left out."""
    write_models(reference, tmp_path)

    rows = {row["name"]: row for row in _rows(tmp_path / "models.csv")}
    assert ["bert-large", "mpt-7b", "resnet50", "tacotron2"] == list(rows)
    assert ("90", "imagenet-1k", "224", "2026-08-08") == tuple(
        rows["resnet50"][column] for column in ("typical_epochs", "dataset", "input_size", "as_of")
    )
    assert {"resnet50-v1.5", "timm/resnet50"} <= set(rows["resnet50"]["aliases"].split())


def test_a_dataset_in_another_unit_is_not_the_models(reference, tmp_path):
    """Clips are no mel frames; a text in phases is no size; a token budget is one."""
    write_models(reference, tmp_path)

    datasets = {row["name"]: row["dataset"] for row in _rows(tmp_path / "models.csv")}
    assert ("", "", "mpt-7b-token-budget") == (datasets["tacotron2"], datasets["bert-large"], datasets["mpt-7b"])


def test_a_token_budget_is_a_dataset_of_that_name(reference, tmp_path):
    """The tokens an example run is set to see are listed as what they are."""
    write_datasets(reference, tmp_path)

    sizes = {row["name"]: (row["samples"], row["sample_unit"]) for row in _rows(tmp_path / "datasets.csv")}
    assert ("134000000000", "token") == sizes["mpt-7b-token-budget"]


def test_repeats_become_one_row(reference, tmp_path):
    """Three machines give their median, slowest, fastest, number, newest day and number of runs."""
    write_throughput(reference, tmp_path)

    row = _rows(tmp_path / "throughput" / "lambda.csv")[0]
    assert ("104", "100", "110", "3", "2022-12-18") == tuple(
        row[column] for column in ("samples_per_second", "low", "high", "machines", "as_of")
    )
    assert "lambdal/deeplearning-benchmark:pytorch/results (3 machines, 6 runs)" == row["source"]


def test_a_corrected_figure_says_so(reference, tmp_path):
    """The source of a row tells that its rate was corrected; its unit is one sample."""
    write_throughput(reference, tmp_path)

    row = _rows(tmp_path / "throughput" / "lambda.csv")[1]
    assert "mel frame" == row["sample_unit"]
    assert (
        "lambdal/deeplearning-benchmark:pytorch/results/one (1 run; 1 corrected to the steps that were run)"
        == row["source"]
    )


def test_software_is_one_spelling_per_generation(reference, tmp_path):
    """A container release or a compiler is kept, the framework's own name is not repeated."""
    write_throughput(reference, tmp_path)

    rows = _rows(tmp_path / "throughput" / "nvidia.csv")
    assert [("mxnet", "NGC 22.10"), ("tensorflow2", "XLA")] == [(row["framework"], row["software"]) for row in rows]


def test_doubted_rows_are_set_aside_with_the_reason(reference, tmp_path):
    """Superlinear scaling, an unknown GPU and a rate of an accuracy run are not shipped with the rest."""
    write_throughput(reference, tmp_path)

    rows = _rows(tmp_path / "throughput" / "set-aside.csv")
    assert [
        ("v100-32gb", "8", "rate seen in an accuracy run, not in a throughput run"),
        ("rtx-2070-max-q", "1", "GPU has no data sheet row"),
        ("v100-32gb", "8", "superlinear: each of 8 GPUs 1.202 times one alone (bound 1.1)"),
    ] == [(row["gpu"], row["gpu_count"], row["reason"]) for row in rows]


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
