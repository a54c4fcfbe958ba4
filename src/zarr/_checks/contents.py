"""What the keys in a store are: documents of nodes, chunks, receipts, what was put aside, and what nobody knows.

Nothing is read here. What the documents say comes later, and then each key finds the node that it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from zarr._flow.paths import QUARANTINE, RECEIPTS
from zarr._metadata.formats import DOCUMENTS, FORMATS, MAKERS

_NUMBER = r"(0|[1-9][0-9]*)"
_LIKE_A_CHUNK = re.compile(rf"(?:.*/)?(?:c(?:[./]{_NUMBER})*|{_NUMBER}(?:[./]{_NUMBER})*)")


@dataclass(slots=True)
class Contents:
    """Keys, sorted out.

    Attributes
    ----------
    documents
        Names of the documents at each path.
    receipts
        Below each array, by plan, what the names of its documents are.
    quarantined
        Below each place, names of what was put aside, and of the objects that each has.
    others
        All other keys.
    """

    documents: dict[str, set[str]] = field(default_factory=dict)
    receipts: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    quarantined: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)

    def nodes(self) -> list[str]:
        """Paths where a document makes a node, each before what is below it."""
        return sorted(
            (path for path, names in self.documents.items() if names & MAKERS), key=lambda path: path.split("/")
        )

    def has_two_formats(self, path: str) -> bool:
        """Whether documents of both formats make a node there."""
        names = self.documents[path]
        return all(not names.isdisjoint(layout.makers) for layout in FORMATS.values())


def sort_out(keys: Iterable[str]) -> Contents:
    """Sort keys out.

    Examples
    --------
    >>> found = sort_out(["zarr.json", "a/zarr.json", "a/c/0", "a/__zarr_receipts/p/job.json"])
    >>> found.nodes(), found.others, found.receipts
    (['', 'a'], ['a/c/0'], {'a': {'p': {'job.json'}}})
    """
    contents = Contents()
    for key in keys:
        above, _, name = key.rpartition("/")
        if "__zarr_" in key and (place := _put_below(key)) is not None:
            kind, path, folder, document = place
            found = contents.receipts if kind == RECEIPTS else contents.quarantined
            found.setdefault(path, {}).setdefault(folder, set()).add(document)
        elif name in DOCUMENTS:
            contents.documents.setdefault(above, set()).add(name)
        else:
            contents.others.append(key)
    return contents


def _put_below(key: str) -> tuple[str, str, str, str] | None:
    """Of receipts and of what was put aside: which of both, below which path, in which folder, as what."""
    parts = key.split("/")
    for number, part in enumerate(parts):
        if part in (RECEIPTS, QUARANTINE):
            rest = parts[number + 1 :]
            folder, document = (rest[0], "/".join(rest[1:])) if len(rest) > 1 else ("", "/".join(rest))
            return part, "/".join(parts[:number]), folder, document
    return None


def looks_like_chunk(key: str) -> bool:
    """Whether a key ends as those of chunks do.

    Examples
    --------
    >>> looks_like_chunk("a/c/0/1"), looks_like_chunk("a/0.1"), looks_like_chunk("c"), looks_like_chunk("a/readme")
    (True, True, True, False)
    """
    return _LIKE_A_CHUNK.fullmatch(key) is not None
