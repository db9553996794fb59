"""The local page and its JSON API: read-only, on this machine, with the answers of the command line."""
