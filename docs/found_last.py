"""Lets the search show pages for developers after those for users, who look for the same words.

A hook of mkdocs: the theme's search weighs a page by its metadata.
"""

from typing import Any

FOR_DEVELOPERS = ("decisions/", "architecture.md")
WEIGHT = 0.1


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    if page.file.src_uri.startswith(FOR_DEVELOPERS):
        page.meta["search"] = {"boost": WEIGHT}
    return markdown
