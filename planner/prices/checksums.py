"""Checksums of price books."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from io import BufferedReader


def sha256_of(content: bytes) -> str:
    """SHA-256 of the bytes, in hexadecimal digits."""
    import hashlib  # noqa: PLC0415 - loading it takes longer than reading all books by their indexes, which need none

    return hashlib.sha256(content).hexdigest()


def sha256_of_file(file: BufferedReader) -> str:
    """SHA-256 of what is left to read of a file, in hexadecimal digits."""
    import hashlib  # noqa: PLC0415 - as above

    return hashlib.file_digest(file, "sha256").hexdigest()
