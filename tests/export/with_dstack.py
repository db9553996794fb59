"""Run by dstack's own Python: reads task files with dstack's parser, and prints what it understood and which GPUs it knows."""

import json
import sys
from pathlib import Path


def main(*files: str) -> None:
    import yaml
    from dstack._internal.core.models.configurations import parse_run_configuration
    from dstack._internal.core.services import validate_dstack_resource_name
    from gpuhunt._internal.constraints import KNOWN_AMD_GPUS, KNOWN_NVIDIA_GPUS

    for file in files:
        task = parse_run_configuration(yaml.safe_load(Path(file).read_text(encoding="utf-8")))
        validate_dstack_resource_name(task.name)
        print("UNDERSTOOD", task.model_dump_json(exclude_unset=True))
    print("GPUS", json.dumps([[gpu.name, gpu.memory] for gpu in (*KNOWN_NVIDIA_GPUS, *KNOWN_AMD_GPUS)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
