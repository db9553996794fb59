"""Damage that hypothesis does to what comes from outside: to a value of a JSON document, a word of a text, or all of its bytes."""

import copy
import functools
import json
import re

from hypothesis import strategies as st

ODD = (
    *("null", "true", "0", "-1", "7", "1e999", "-1e999", "NaN", "Infinity", "1e-320", "-0.0", "1e30", "0.1"),
    *("9" * 5000, "0." + "9" * 5000, "[]", "{}", "[[]]", '{"a": {}}', "[null]", "[" * 2000 + "]" * 2000, "[" * 100_000),
    *('""', '" "', '"0"', '"-1"', '"NaN"', '"1,5"', '"1e999"', '"H100"', '"8"', '"../../x"', '"C:\\\\x"', '"=1+1"'),
    *('"\\ud800"', '"\\u0000"', '"\\u001b[31m"', '"a\\nb"', '"\\r"', '"\\u202e"', '"é"', '"<script>"'),
    *('"' + "x" * 100_000 + '"', '"' + "9" * 5000 + '"', '"2026-13-45"', '"9999-12-31"', '"1970-01-01T00:00:00+99:00"'),
)
"""Values as they stand in JSON: of every type, of every size, and some that no JSON may hold."""

_MARK = "@mark-{}@"
_TWIN = "@twin@"


@st.composite
def json_page(draw, page, *, most=3, is_whole=True, depth=0):
    """The bytes of a JSON page with a few values at least so deep replaced, dropped or doubled, and perhaps all of it damaged."""
    document, put = copy.deepcopy(_document(page)), []
    for _ in range(draw(st.integers(1, most))):
        path = draw(st.sampled_from([path for path in _places(page) if len(path) >= depth] or _places(page)))
        document = _changed(draw, document, path, put)
    text = json.dumps(document).replace(_TWIN, "")
    for number, value in enumerate(put):
        text = text.replace(f'"{_MARK.format(number)}"', value)
    body = text.encode()
    return draw(damaged(body)) if is_whole and not draw(st.integers(0, 4)) else body


@st.composite
def text_page(draw, page, *, most=3):
    """The bytes of a page of lines or tags with a few words or lines replaced, dropped or doubled, or all of it damaged."""
    words = re.split(r"([,<>=\"'\s]+)", page.decode())
    for _ in range(draw(st.integers(1, most))):
        place = draw(st.integers(0, len(words) - 1))
        words[place] = draw(st.sampled_from([value.strip('"') for value in ODD] + ["", words[place] * 2, "\n", '"']))
    body = "".join(words).encode(errors="surrogatepass")
    return draw(damaged(body)) if not draw(st.integers(0, 4)) else body


@st.composite
def damaged(draw, body):
    """The bytes cut, in another encoding, behind a mark, with bytes that are no text, twice, or gone."""
    place = draw(st.integers(0, len(body)))
    ways = (
        body[:place],
        b"\xef\xbb\xbf" + body,
        body.decode(errors="replace").encode("utf-16"),
        body[:place] + b"\xe9" + body[place:],
        body[:place] + b"\0" + body[place:],
        body[:place] + draw(st.binary(min_size=1, max_size=9)) + body[place + 1 :],
        body + body,
        b"",
    )
    return draw(st.sampled_from(ways))


@functools.lru_cache(maxsize=400)
def _document(page):
    return json.loads(page)


@functools.lru_cache(maxsize=400)
def _places(page):
    """The way to every value of a page."""

    def walk(value, path):
        yield path
        below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, one in below:
            yield from walk(one, (*path, key))

    return list(walk(_document(page), ()))


def _changed(draw, document, path, put):
    """The document with the value at the end of the way replaced, gone, or there twice; where the way still leads there."""
    way = draw(st.sampled_from(["replace", "replace", "replace", "drop", "twin"]))
    mark = _MARK.format(len(put))
    if not path:
        put.append(draw(st.sampled_from(ODD)))
        return mark
    at = document
    for key in path[:-1]:
        if not isinstance(at, dict | list) or not _has(at, key):
            return document
        at = at[key]
    key = path[-1]
    if not isinstance(at, dict | list) or not _has(at, key):
        return document
    if way == "drop":
        del at[key]
        return document
    put.append(draw(st.sampled_from(ODD)))
    if way == "replace":
        at[key] = mark
    elif isinstance(at, list):
        at.insert(key, at[key])
    else:  # a key that stands there twice: readers take the last
        at[_TWIN + key] = mark
    return document


def _has(at, key):
    return key in at if isinstance(at, dict) else isinstance(key, int) and key < len(at)
