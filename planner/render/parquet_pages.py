"""What the pages of a Parquet file hold unpacked, as their own headers say: the totals at the end of the file may say less.

A reader makes room for a page by its header, so this is what it takes. A header is a struct in Thrift's compact form.
"""

from __future__ import annotations

from typing import IO, Any

_MOST_HEADER_BYTES = 16 * 1024**2  # as the library has it
_USUAL_HEADER_BYTES = 16 * 1024
_UNPACKED, _PACKED = 2, 3  # fields of a page's header
_PAGES = (5, 7, 8)  # fields of what it says of its values: whose first field is their number


def check_pages(file: IO[bytes], metadata: Any, *, most_bytes: int, most_in_lists: int) -> None:
    """Refuse a row group with more bytes in its pages, or with more values in a column of lists.

    Raises:
        ValueError: there is more, or the headers of the pages are no headers.
    """
    for group in (metadata.row_group(place) for place in range(metadata.num_row_groups)):
        size = 0
        for place in range(group.num_columns):
            unpacked, values = _page_totals(file, group.column(place), most_bytes - size)
            size += unpacked
            if metadata.schema.column(place).max_repetition_level and values > most_in_lists:
                raise ValueError(f"one of its row groups has more than {most_in_lists:,} values in lists")
        if size > most_bytes:
            raise ValueError(f"one of its row groups has more than {most_bytes:,} bytes unpacked; write smaller ones")


def _page_totals(file: IO[bytes], chunk: Any, most_bytes: int) -> tuple[int, int]:
    """Bytes unpacked and number of values of a column in a row group, counted until there are more bytes."""
    offset = min(chunk.data_page_offset, chunk.dictionary_page_offset or chunk.data_page_offset)
    end = offset + chunk.total_compressed_size
    size = values = 0
    while offset < end and size <= most_bytes:
        file.seek(offset)
        start = file.read(_USUAL_HEADER_BYTES)
        try:
            length, header = _struct(start, 0)
        except IndexError:
            start += file.read(_MOST_HEADER_BYTES)
            try:
                length, header = _struct(start, 0)
            except IndexError:
                raise ValueError("the header of a page has no end") from None
        unpacked, packed = header.get(_UNPACKED), header.get(_PACKED)
        if not isinstance(unpacked, int) or not isinstance(packed, int) or unpacked < 0 or packed < 0:
            raise ValueError("the header of a page does not say its size")
        size += unpacked
        said = [header[field] for field in _PAGES if isinstance(header.get(field), dict)]
        for one in said:
            values += found if isinstance(found := one.get(1), int) else 0
        offset += length + packed
    return size, values


def _struct(body: bytes, place: int, depth: int = 0) -> tuple[int, dict[int, Any]]:
    """Where a struct ends, and its fields that are whole numbers or structs, by number."""
    if depth > 10:
        raise ValueError("the header of a page is nested too deeply")
    fields: dict[int, Any] = {}
    number = 0
    while head := body[place]:
        place += 1
        if head >> 4:
            number += head >> 4
        else:
            place, number = _whole(body, place)
        place, fields[number] = _value(body, place, head & 15, depth)
    return place + 1, fields


def _value(body: bytes, place: int, kind: int, depth: int) -> tuple[int, Any]:
    match kind:
        case 1 | 2:  # the kind is the value
            return place, None
        case 3:
            return place + 1, None
        case 4 | 5 | 6:
            return _whole(body, place)
        case 7:
            return place + 8, None
        case 8:
            place, length = _varint(body, place)
            return place + length, None
        case 12:
            return _struct(body, place, depth + 1)
    raise ValueError("the header of a page has a field that no header has")


def _whole(body: bytes, place: int) -> tuple[int, int]:
    place, found = _varint(body, place)
    return place, (found >> 1) ^ -(found & 1)


def _varint(body: bytes, place: int) -> tuple[int, int]:
    found = 0
    for shift in range(0, 70, 7):
        byte = body[place]
        place += 1
        found |= (byte & 127) << shift
        if byte < 128:
            return place, found
    raise ValueError("the header of a page holds a number without end")
