"""Notebooks as pages of the site."""

import json

from scripts.docs_notebooks import notebook_page


def _notebook(*cells):
    return json.dumps({"cells": [{"cell_type": "markdown", "source": ["# Title\n", "Text."]}, *cells]})


def _code(*outputs):
    return {"cell_type": "code", "source": ["x = 1\n", "x"], "outputs": list(outputs)}


def test_text_code_and_what_was_printed_follow_each_other():
    """The file itself is offered below the title."""
    page = notebook_page(
        _notebook(_code({"output_type": "stream", "name": "stdout", "text": ["one\n", "two\n"]})), "n.ipynb"
    )

    assert [
        "# Title",
        "[n.ipynb](n.ipynb) is this page as a notebook.",
        "Text.",
        "```python\nx = 1\nx\n```",
        "```text\none\ntwo\n```\n",
    ] == page.split("\n\n")


def test_a_table_is_shown_as_html_in_one_block():
    """A blank line in it would end the block; the plain text beside it is left out."""
    data = {"text/html": ["<table>\n", "\n", "<tr></tr></table>"], "text/plain": ["x"]}

    page = notebook_page(_notebook(_code({"output_type": "execute_result", "data": data})), "n.ipynb")

    assert '<div class="notebook-output"><table> <tr></tr></table></div>\n' == page.split("\n\n")[-1]


def test_a_picture_is_in_the_page():
    """It is not a file of its own, and says what it is to those who do not see it."""
    data = {"image/png": "iVBORw0K\nGgo=\n", "text/plain": ["<Figure>"]}

    page = notebook_page(_notebook(_code({"output_type": "display_data", "data": data})), "n.ipynb")

    assert 'src="data:image/png;base64,iVBORw0KGgo=" alt="' in page
    assert "Figure" not in page
