"""`planner` whose Vast, RunPod, Lambda and Vultr are a server of a test; `MARKETS` holds its address, `MARKETS_VAST` that of one."""

import os

from planner import cli
from planner.prices import registry
from providers.lambda_cloud import LambdaProvider
from providers.runpod import RunpodProvider
from providers.vast import VastProvider
from providers.vultr import VultrProvider

PATHS = {
    "vast": (VastProvider, "/api/v0/bundles/"),
    "runpod": (RunpodProvider, "/graphql"),
    "lambda": (LambdaProvider, "/api/v1"),
    "vultr": (VultrProvider, "/v2"),
}


def _adapter(name):
    adapter, path = PATHS[name]
    return lambda: adapter(address=f"{os.environ.get(f'MARKETS_{name.upper()}') or os.environ['MARKETS']}{path}")


vast, runpod, lambda_cloud, vultr = map(_adapter, PATHS)


def main():
    """The command, with these markets."""
    for name, attribute in zip(PATHS, ("vast", "runpod", "lambda_cloud", "vultr"), strict=True):
        registry.BUILT_IN[name] = f"tests.loopback_markets:{attribute}"
    cli.main()


if __name__ == "__main__":
    main()
