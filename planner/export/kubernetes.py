"""A row as a Kubernetes Job for nodes of EKS, AKS, GKE or OKE.

Nodes are chosen by the labels that Kubernetes and the managed services set themselves:
https://kubernetes.io/docs/reference/labels-annotations-taints/,
https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html (capacityType),
https://cloud.google.com/kubernetes-engine/docs/concepts/spot-vms (gke-spot),
https://learn.microsoft.com/azure/aks/spot-node-pool (scalesetpriority, with its taint),
https://github.com/kubernetes/cloud-provider-aws (topology.k8s.aws/zone-id).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from planner.errors import Message
from planner.export.machines import broken_gpus, gcp_machine, gpu_vendor, no_region
from planner.export.quoting import block, quoted, yaml_value
from planner.export.task import ANYWHERE, Task
from planner.model.records import Offer

PROVIDERS = ("aws", "azure", "gcp", "oci")

NO_IMAGE = "YOUR-IMAGE"
"""Stands where the container image belongs. No registry takes capitals, so that the job fails until it is replaced."""

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_GPU_RESOURCE = {"nvidia": "nvidia.com/gpu", "amd": "amd.com/gpu"}


def why_not(offer: Offer, node_count: int) -> str | Message | None:
    """The reason why a Job cannot ask for this; `None` if it can."""
    if not _LABEL.fullmatch(gcp_machine(offer.instance_type).machine_type):
        return f"{offer.instance_type[:60]!r} cannot be the value of a label of Kubernetes"
    if offer.zone is not None and not _LABEL.fullmatch(offer.zone):
        return f"zone {offer.zone[:60]!r} cannot be the value of a label of Kubernetes"
    return broken_gpus(offer) or (None if offer.region == ANYWHERE else no_region(offer))


def text(task: Task) -> Iterator[str]:
    """The lines of the file, without the header."""
    nodes = task.estimate.node_count
    if nodes > 1:
        yield from _service(task.name)
    yield "apiVersion: batch/v1"
    yield "kind: Job"
    yield "metadata:"
    yield f"  name: {yaml_value(task.name)}"
    yield "spec:"
    if nodes > 1:
        yield "  completionMode: Indexed  # each pod finds its number in JOB_COMPLETION_INDEX"
        yield f"  completions: {nodes}"
        yield f"  parallelism: {nodes}"
    yield "  backoffLimit: 0  # a run that fails is not paid for twice"
    if task.is_spot:
        yield "  podFailurePolicy:"
        yield "    rules:"
        yield "      - action: Ignore  # a node that is taken back is no failure: the pod starts again on another"
        yield "        onPodConditions:"
        yield "          - type: DisruptionTarget"
    if task.max_seconds:
        yield f"  activeDeadlineSeconds: {task.max_seconds}  # from the start of the job, interruptions included"
    yield "  template:"
    yield "    spec:"
    yield from (f"      {line}" for line in _pod(task))


def ends_runs(offer: Offer) -> bool:
    """Whether the file can end a run at its limit. By `activeDeadlineSeconds`."""
    return True


def how_to_run(task: Task) -> str:
    """The command that starts it."""
    missing = "" if task.image else "put your image into it (or --image), then: "
    return f"{missing}kubectl apply -f FILE (the cluster needs such nodes, or a node pool that makes them, and the GPU device plugin)"


def _service(name: str) -> Iterator[str]:
    yield "apiVersion: v1"
    yield f"kind: Service  # gives each pod a name: {name}-0.{name} is the first"
    yield "metadata:"
    yield f"  name: {yaml_value(name)}"
    yield "spec:"
    yield "  clusterIP: None"
    yield "  selector:"
    yield f"    job-name: {yaml_value(name)}"
    yield "---"


def _pod(task: Task) -> Iterator[str]:
    offer = task.offer
    yield "restartPolicy: Never"
    if task.estimate.node_count > 1:
        yield f"subdomain: {yaml_value(task.name)}"
    yield "nodeSelector:"
    yield from (f"  {label}: {quoted(value)}" for label, value in _labels(task))
    if offer.provider == "gcp" and not task.is_spot:
        yield "affinity:"
        yield "  nodeAffinity:"
        yield "    requiredDuringSchedulingIgnoredDuringExecution:"
        yield "      nodeSelectorTerms:"
        yield "        - matchExpressions:"
        yield "            - key: cloud.google.com/gke-spot  # spot nodes are no on-demand nodes"
        yield "              operator: DoesNotExist"
    resource = _GPU_RESOURCE[gpu_vendor(offer)]
    yield "tolerations:"
    yield from _toleration(resource, "Exists")
    if offer.provider == "azure" and task.is_spot:
        yield from _toleration("kubernetes.azure.com/scalesetpriority", "Equal", "spot")
    yield "containers:"
    yield "  - name: train"
    yield f"    image: {yaml_value(task.image) if task.image else NO_IMAGE + '  # TODO: your container image'}"
    yield "    command: [/bin/sh, -c]"
    yield "    args:"
    yield f"      - {block(task.lines, 14)}"
    yield "    resources:"
    if task.disk_gb:
        yield "      requests:"
        yield f"        ephemeral-storage: {task.disk_gb}G  # data and checkpoints on the node's disk"
    yield "      limits:"
    yield f"        {resource}: {offer.gpu_count:g}"


def _labels(task: Task) -> Iterator[tuple[str, str]]:
    offer = task.offer
    machine = gcp_machine(offer.instance_type)
    yield "node.kubernetes.io/instance-type", machine.machine_type
    if offer.region != ANYWHERE:
        yield "topology.kubernetes.io/region", offer.region
    if offer.zone and offer.provider == "aws":
        yield "topology.k8s.aws/zone-id", offer.zone  # the price list has ids (use1-az1), not an account's names
    elif offer.zone:
        yield "topology.kubernetes.io/zone", offer.zone
    if machine.accelerator:
        yield "cloud.google.com/gke-accelerator", machine.accelerator
    if offer.provider == "aws":
        yield "eks.amazonaws.com/capacityType", "SPOT" if task.is_spot else "ON_DEMAND"
    elif offer.provider == "gcp" and task.is_spot:
        yield "cloud.google.com/gke-spot", "true"
    elif offer.provider == "azure" and task.is_spot:
        yield "kubernetes.azure.com/scalesetpriority", "spot"


def _toleration(key: str, operator: str, value: str | None = None) -> Iterator[str]:
    yield f"  - key: {key}"
    yield f"    operator: {operator}"
    if value is not None:
        yield f"    value: {value}"
    yield "    effect: NoSchedule"
