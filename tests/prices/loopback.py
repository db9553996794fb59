"""A place where a test leaves a provider pointed at loopback, for the registry to find."""

CLOUD = None


def cloud():
    """The provider a test left here."""
    return CLOUD
