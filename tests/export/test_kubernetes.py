"""Jobs against the schemas that Kubernetes publishes, as kubernetes-validate ships them."""

import kubernetes_validate
import pytest
import yaml

from tests.export.exports import CASES, case, exported, rows

VERSION = kubernetes_validate.latest_version()


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("kubernetes")])
def test_golden_jobs_are_valid(name):
    """No field that Kubernetes does not know, and none of the wrong type."""
    documents = list(yaml.safe_load_all(case(name)))

    for document in documents:
        kubernetes_validate.validate(document, VERSION, strict=True)
    assert "Job" == documents[-1]["kind"]


def test_the_schemas_refuse_a_wrong_field():
    """The check itself: a misspelt field does not pass."""
    job = yaml.safe_load(case("kubernetes-gcp"))
    job["spec"]["activeDeadlineSecond"] = 1

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, VERSION, strict=True)


@pytest.mark.slow
def test_every_row_is_a_valid_job():
    """All providers, GPUs and purchases, on one node."""
    exports = list(rows("kubernetes"))

    for found, text in exports:
        job = yaml.safe_load(text)
        kubernetes_validate.validate(job, VERSION, strict=True)
        (container,) = job["spec"]["template"]["spec"]["containers"]
        assert found.offer.gpu_count == sum(container["resources"]["limits"].values())
    assert {"aws", "azure", "gcp", "oci"} == {found.offer.provider for found, _ in exports}


def test_nodes_are_indexed_and_find_each_other():
    """Two pods with numbers, a headless service of the job's name, and the pods' subdomain."""
    service, job = yaml.safe_load_all(case("kubernetes-aws-spot"))

    assert ("Indexed", 2, 2) == tuple(job["spec"][key] for key in ("completionMode", "completions", "parallelism"))
    assert service["metadata"]["name"] == job["spec"]["template"]["spec"]["subdomain"]
    assert {"job-name": job["metadata"]["name"]} == service["spec"]["selector"]
    assert "None" == service["spec"]["clusterIP"]


def test_amd_gpus_have_their_own_resource():
    """Eight MI300X of Azure or OCI."""
    job = yaml.safe_load(exported("kubernetes", gpus=["mi300x"], providers=["azure", "oci"]))

    assert {"amd.com/gpu": 8} == job["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]


@pytest.mark.parametrize(
    ("provider", "purchase", "labels"),
    [
        ("aws", "spot", {"eks.amazonaws.com/capacityType": "SPOT"}),
        ("aws", "on_demand", {"eks.amazonaws.com/capacityType": "ON_DEMAND"}),
        ("gcp", "spot", {"cloud.google.com/gke-spot": "true"}),
        ("azure", "spot", {"kubernetes.azure.com/scalesetpriority": "spot"}),
    ],
)
def test_spot_nodes_are_chosen_by_the_service_s_own_label(provider, purchase, labels):
    """Each managed service has its own, and on-demand rows do not land on spot nodes of EKS."""
    job = yaml.safe_load(exported("kubernetes", providers=[provider], purchases=[purchase]))

    assert labels.items() <= job["spec"]["template"]["spec"]["nodeSelector"].items()


def test_gpus_of_n1_are_chosen_by_their_accelerator():
    """The machine type alone does not say which GPU is attached."""
    job = yaml.safe_load(exported("kubernetes", providers=["gcp"], gpus=["T4:2"]))

    selector = job["spec"]["template"]["spec"]["nodeSelector"]
    assert "n1-standard-16" == selector["node.kubernetes.io/instance-type"]
    assert "nvidia-tesla-t4" == selector["cloud.google.com/gke-accelerator"]
