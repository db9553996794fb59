"""A place where a test leaves providers pointed at loopback, for the registry to find."""

CLOUD = None
CLOUDS = {}


def cloud():
    """The provider a test left here."""
    return CLOUD


def __getattr__(name):
    """`tests.prices.loopback:oci` is the provider that a test left under that name."""
    if name not in CLOUDS:
        raise AttributeError(name)
    return lambda: CLOUDS[name]
