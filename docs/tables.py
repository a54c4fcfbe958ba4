"""Tells every cell of a table the head of its column, which `style.css` shows beside it in narrow windows.

A hook of mkdocs that adds an extension of Markdown.
"""

from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

NARROW = 2
"""Tables of so many columns fit into any window as they are."""


class _Labels(Treeprocessor):
    def run(self, root: Element) -> None:
        for table in root.iter("table"):
            heads = ["".join(head.itertext()) for head in table.iter("th")]
            if len(heads) > NARROW:
                table.set("data-columns", str(len(heads)))
                for row in table.iter("tr"):
                    for head, cell in zip(heads, row.findall("td"), strict=False):
                        cell.set("data-head", head)


class _HeadsInCells(Extension):
    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  # its name there
        md.treeprocessors.register(_Labels(md), "heads-in-cells", 0)


def on_config(config: Any) -> None:
    config["markdown_extensions"].append(_HeadsInCells())
