"""Lets the search show pages of the guide first, then those of the reference, and those for developers last: they have the same words.

A hook of mkdocs: the theme's search weighs a page by its metadata.
"""

from typing import Any

WEIGHTS = {"api": 0.5, "decisions/": 0.1, "architecture.md": 0.1}
"""By what the path of a page begins with; the others have 1. What is called as the searched word is found first all the same."""


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    for beginning, weight in WEIGHTS.items():
        if page.file.src_uri.startswith(beginning):
            page.meta["search"] = {"boost": weight}
    return markdown
