"""`verify`: is everything that is stored there and whole, and was everything written; and `repair=`, which mends what loses nothing.

First the keys are listed and sorted out (`contents`), and documents read (`nodes`). Then every array is looked at: which objects its
grid has room for, which are stored, what receipts say of them (`kept_receipts`), and what each object holds (`objects`). Repairs come
after the array that they are of (`repair`). In memory are the keys, what was found, and a few objects or parts of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from zarr._checks import repair as repairs
from zarr._checks.contents import Contents, looks_like_chunk, sort_out
from zarr._checks.findings import KINDS, SEVERITIES, Census, Coords, Finding, Repair, Verification, finding
from zarr._checks.kept_receipts import Told, told_by_receipts
from zarr._checks.nodes import Nodes, format_for, nodes_of
from zarr._checks.objects import Report, look_into, stored_chunks
from zarr._checks.places import Place, place_of
from zarr._checks.quarantine import records
from zarr._checks.reading import ArrayReading
from zarr._checks.subset import Subset, parse_subset
from zarr._flow.drive import run
from zarr._flow.inventory import stored_in
from zarr._flow.load import load_node, not_found
from zarr._flow.paths import join, nearest_above
from zarr._flow.receipts import stored_check
from zarr._flow.requests import Fetch, Flow, Keys, Read, Size, Strays, Together
from zarr._metadata.formats import DOCUMENTS, layout_of
from zarr._metadata.unreadable import NOT_READ
from zarr._store.abstract import is_able
from zarr._store.path import StorePath
from zarr._store.strays import Stray, is_temporary_of_any
from zarr._support.signals import came_from_a_signal
from zarr._support.truth import truth
from zarr.errors import KeyBlockedError, NodeNotFoundError

if TYPE_CHECKING:
    from zarr._metadata.group import NodeMetadata
    from zarr._plan.receipt import ObjectCheck
    from zarr._store.abstract import Store

Progress = Callable[[int, int], Any]
_AT_ONCE = 256
"""So many objects are looked into between two calls of `progress`, and before what was found is sorted in."""
_MOST = 16
_MOST_NBYTES = 256 * 2**20
"""So many objects are under way at most, and so much they decode to, where the store has to be waited for."""
_ODD_SHOWN = 3
_MENDED_BY_KEY = ("damaged-chunk", "damaged-index", "outside-grid")
_MOST_LOOKUPS = 2**22
"""So many keys are looked up where a listing does not say which objects are stored."""
_TOO_MANY = 3
"""With so many objects looked into and none that decodes, it may be the metadata that are wrong."""


def verify(
    node: Any,
    subset: str | None = None,
    *,
    path: str | None = None,
    repair: bool = False,
    progress: Progress | None = None,
) -> Verification:
    """Check that what is stored is whole, belongs together, and is all there.

    Every metadata document is read, every stored object, and every chunk in it is decoded, by the engine that is in use and with all
    checksums compared. Chunks without a place, documents without a node, temporary files, and consolidated metadata that are out of
    date are found too. Where receipts of `zarr.partition` were kept, objects are compared with them, and a chunk that is absent as it
    holds the fill value is told from one that nobody has written.

    Parameters
    ----------
    node
        An array or a group, in either form, or where one is: whatever `zarr.open` takes. All that lies below it is checked.
    subset
        Which of the stored objects are read: None for all; `"3/10"` for the third of ten groups, always the same as long as the keys are;
        `"5%"` for a random share; `"2GB"` for a random amount. Everything that needs no reading of objects is checked anyway.
    path
        Where the node is, relative to the first argument.
    repair
        Whether to mend what can be mended without losing anything. Damaged objects are put aside, not deleted, and what is left of
        a shard stays.
    progress
        Called here with the numbers of objects that were read, and of all that are to be.

    Returns
    -------
    Verification
        The findings, and what there is of each array. True if nothing is wrong.

    Raises
    ------
    NodeNotFoundError
        If there is nothing.
    ArgumentError
        If `subset` means nothing.
    ValueError
        If something is to be repaired in a store that may not be written to.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=(100, 100), chunks=(10, 10), dtype="f4")
    >>> array[:50] = 1
    >>> zarr.verify(array).ok
    True
    >>> array.store.set_sync("c/0/3", zarr.buffer.cpu.Buffer.from_bytes(b"damaged"))
    >>> found = zarr.verify(array)
    >>> found.ok, found.kinds
    (False, {'damaged-chunk': 1})
    """
    wanted = parse_subset(subset)
    place = place_of(node, path, writes=truth("repair", repair))
    return run(_Verifying(place, wanted, progress, repairs=bool(repair)).flow())


@dataclass(slots=True)
class _Array:
    """One array that is looked at.

    Attributes
    ----------
    reading, told
        Its chunks, and what receipts say.
    stored
        Its objects that are stored, by coordinates.
    chosen
        Those of them that are read.
    outside
        Keys, relative to it, of chunks that its grid has no room for.
    """

    reading: ArrayReading
    told: Told
    stored: list[Coords]
    chosen: list[Coords] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Damage:
    """What is wrong with an object, as far as it is repaired."""

    coords: Coords
    kind: str


class _Verifying:
    """One verification.

    Parameters
    ----------
    place, subset, progress
        As they were asked for.
    repairs
        Whether to repair.
    """

    def __init__(self, place: Place, subset: Subset | None, progress: Progress | None, *, repairs: bool) -> None:
        self._place, self._subset, self._progress, self._repairs = place, subset, progress, repairs
        self._at = place.at
        self._store: Store = place.at.store
        self._findings: list[Finding] = []
        self._done: list[Repair] = []
        self._censuses: dict[str, Census] = {}
        self._n_done = self._n_all = 0
        self._stray_keys: frozenset[str] = frozenset()

    def flow(self) -> Flow[Verification]:
        """The whole of it."""
        strays: Sequence[Stray] = ()
        keys: list[str] | None = None
        if is_able(self._store.supports_listing):
            strays = yield Strays(self._store, self._at.path)
            self._stray_keys = frozenset(stray.key for stray in strays)
            keys = list((yield Keys(self._store, self._at.path)))
        contents = sort_out((yield from self._known_keys()) if keys is None else keys)
        if keys is None:
            self._findings.append(finding("not-listed", self._at.path, "only what the documents tell of was checked"))
        nodes = yield from nodes_of(self._at, contents)
        if not nodes.metadata and not keys:
            raise not_found(NodeNotFoundError, self._at)
        self._findings += nodes.findings
        readings = self._open(nodes)
        stored, outside = yield from self._share_out(contents, nodes, readings, listed=keys is not None)
        arrays = []
        for path, reading in readings.items():
            told = yield from told_by_receipts(reading, contents.receipts.get(path, {}))
            arrays.append(_Array(reading, told, stored[path], outside=outside.get(path, [])))
        yield from self._choose(arrays)
        yield from self._look_at_strays(strays, readings)
        for array in arrays:
            yield from self._check(array, contents)
        if self._repairs:
            yield from self._mend_nodes(nodes)
        return self._result(nodes)

    def _known_keys(self) -> Flow[list[str]]:
        """Keys of documents, where a store cannot list: of the node, and of what its consolidated metadata tell of."""
        node: NodeMetadata | None = yield from load_node(self._at)
        if node is None:
            raise not_found(NodeNotFoundError, self._at)
        layout = layout_of(node)
        keys = [join(self._at.path, name) for name in layout.names]
        stored = yield Fetch(self._store, [Read(key) for key in keys])
        there = [key for key, each in zip(keys, stored, strict=True) if each is not None]
        key = join(self._at.path, layout.consolidated)
        if key in there:
            snapshot = layout.parse_consolidated(stored[keys.index(key)].data.to_bytes(), key)
            below = [] if snapshot is None else [join(self._at.path, each) for each in snapshot.metadata]
            wanted = [join(each, name) for each in below for name in layout.documents]
            found = (yield Fetch(self._store, [Read(each) for each in wanted])) if wanted else ()
            there += [each for each, seen in zip(wanted, found, strict=True) if seen is not None]
        return there

    def _open(self, nodes: Nodes) -> dict[str, ArrayReading]:
        readings = {}
        for path, metadata in nodes.arrays.items():
            try:
                readings[path] = ArrayReading(self._place.array(path, metadata))
            except NOT_READ as exc:
                if came_from_a_signal(exc):
                    raise
                self._findings.append(finding("unsupported", path, str(exc)))
        return readings

    # -- keys ---------------------------------------------------------------------------------------------------

    def _share_out(
        self, contents: Contents, nodes: Nodes, readings: dict[str, ArrayReading], *, listed: bool
    ) -> Flow[tuple[dict[str, list[Coords]], dict[str, list[str]]]]:
        """Which objects are stored of each array, and which keys the grids have no room for. What nobody has is noted."""
        stored: dict[str, list[Coords]] = {path: [] for path in readings}
        outside: dict[str, list[str]] = {}
        odd: dict[tuple[str, str], list[str]] = {}
        unclear: set[str] = set() if listed else set(readings)
        for key in contents.others:
            path = nearest_above(key, nodes.metadata)
            reading = None if path is None else readings.get(path)
            if reading is None or path is None:
                if path is None or not nodes.is_array(path):
                    self._sort_odd(key, path, odd)
                continue
            suffix = key[len(join(path, "")) :]
            try:
                coords = reading.coords_of(suffix)
            except NotImplementedError:
                unclear.add(path)
                continue
            if coords is None:
                self._sort_odd(key, path, odd, of_array=True)
                if (blocked := (yield from self._blocked(reading, suffix))) is not None:
                    self._findings.append(blocked)
            elif reading.has(coords):
                stored[path].append(coords)
            else:
                outside.setdefault(path, []).append(suffix)
        for path in unclear:
            reading = readings[path]
            if reading.n_objects > _MOST_LOOKUPS:
                what = f"nobody can tell which of its {reading.n_objects} objects are stored without a listing"
                self._findings.append(finding("not-listed", path, what))
                continue
            everything = [tuple(map(range, reading.counts))]
            stored[path] = yield from stored_in(reading.node, reading.spec, everything)
        self._tell_of_odd(odd)
        return stored, outside

    def _sort_odd(
        self, key: str, path: str | None, odd: dict[tuple[str, str], list[str]], *, of_array: bool = False
    ) -> None:
        if is_temporary_of_any(key.rpartition("/")[2]):
            if key not in self._stray_keys:
                self._findings.append(finding("temporary", path or "", "a file that a writer did not finish", key=key))
        elif not of_array and looks_like_chunk(key):
            above = "" if path is None else path
            first = key[len(join(above, "")) :].split("/", maxsplit=1)[0]
            odd.setdefault(("orphan", join(above, first)), []).append(key)
        else:
            odd.setdefault(("foreign", path or ""), []).append(key)

    def _tell_of_odd(self, odd: dict[tuple[str, str], list[str]]) -> None:
        for (kind, path), keys in odd.items():
            shown = ", ".join(map(repr, keys[:_ODD_SHOWN])) + (", ..." if len(keys) > _ODD_SHOWN else "")
            n = len(keys)
            what = (
                f"{n} object{'' if n == 1 else 's'} called like chunks of an array that is not there: {shown}"
                if kind == "orphan"
                else f"{n} object{'' if n == 1 else 's'} of somebody else's: {shown}"
            )
            self._findings.append(finding(kind, path, what, key=keys[0]))

    def _blocked(self, reading: ArrayReading, suffix: str) -> Flow[Finding | None]:
        """What is to be said of a key below an array that is in the way of a chunk, or in the place of one."""
        for candidate, coords in _in_the_way(reading, suffix):
            key = reading.node.key(candidate)
            try:
                yield Fetch(self._store, (Read(key),))
            except KeyBlockedError as exc:
                return finding("blocked", reading.path, str(exc), key=key, coords=coords)
        return None

    def _look_at_strays(self, strays: Sequence[Stray], readings: dict[str, ArrayReading]) -> Flow[None]:
        for stray in strays:
            found = self._of_stray(stray, readings)
            if found is None:
                continue
            self._findings.append(found)
            if self._repairs and stray.is_nobodys:
                self._note(
                    (yield from repairs.discard(self._at, stray, found.kind, found.path)), [len(self._findings) - 1]
                )

    def _of_stray(self, stray: Stray, readings: dict[str, ArrayReading]) -> Finding | None:
        above, _, name = stray.key.rpartition("/")
        path = nearest_above(stray.key, readings)
        if stray.sort == "temporary":
            return finding(
                "temporary", path or "", f"a file that a writer did not finish, {stray.age_s:.0f} s old", key=stray.key
            )
        if stray.sort != "directory":
            return None  # it is listed, and found when it is read
        if name in DOCUMENTS:
            return finding("blocked", above, "a directory is in the place of a document", key=stray.key)
        coords = None
        if path is not None:
            try:
                coords = readings[path].coords_of(stray.key[len(join(path, "")) :])
            except NotImplementedError:
                return None
        if path is None or coords is None or not readings[path].has(coords):
            return None
        return finding("blocked", path, "a directory is in the place of the object", key=stray.key, coords=coords)

    # -- objects ------------------------------------------------------------------------------------------------

    def _choose(self, arrays: Sequence[_Array]) -> Flow[None]:
        """Say which objects are read."""
        subset = self._subset
        for array in arrays:
            array.stored.sort()
            key = array.reading.key
            array.chosen = (
                array.stored if subset is None else [coords for coords in array.stored if subset.takes(key(coords))]
            )
        if subset is not None and subset.nbytes:
            yield from self._choose_amount(arrays, subset)
        self._n_all = sum(len(array.chosen) for array in arrays)

    def _choose_amount(self, arrays: Sequence[_Array], subset: Subset) -> Flow[None]:
        ordered = sorted(
            (subset.number(array.reading.key(coords)), n, coords)
            for n, array in enumerate(arrays)
            for coords in array.stored
        )
        for array in arrays:
            array.chosen = []
        left = subset.nbytes
        waiting = iter(ordered)
        while left > 0 and (some := list(islice(waiting, _AT_ONCE))):
            sizes = yield Together(_size(self._store, arrays[n].reading.key(coords)) for _, n, coords in some)
            for (_, n, coords), nbytes in zip(some, sizes, strict=True):
                if left > 0:
                    arrays[n].chosen.append(coords)
                    left -= nbytes
        for array in arrays:
            array.chosen.sort()

    def _check(self, array: _Array, contents: Contents) -> Flow[None]:
        reading, told = array.reading, array.told
        self._findings += told.findings
        there = set(array.stored)
        n_fill, n_unwritten = self._compare_absent(array, there)
        census = Census(reading.n_objects, len(there), n_fill, n_unwritten, reading.n_chunks)
        damage: list[_Damage] = []
        n_good = 0
        waiting = iter(array.chosen)
        while some := list(islice(waiting, _AT_ONCE)):
            reports: list[Report] = yield Together(
                (look_into(reading, coords, checks=coords in told.checks) for coords in some),
                most=max(1, min(_MOST, _MOST_NBYTES // max(1, reading.nbytes))),
                shared_nbytes=reading.shared_nbytes,
            )
            for coords, report in zip(some, reports, strict=True):
                n_good += report.n_good
                self._take(array, coords, report, damage)
                census = replace(
                    census,
                    n_chunks_stored=census.n_chunks_stored + len(report.stored),
                    n_checked=census.n_checked + report.is_there,
                    nbytes_checked=census.nbytes_checked + report.nbytes,
                )
            self._n_done += len(some)
            if self._progress is not None:
                self._progress(self._n_done, self._n_all)
        self._censuses[reading.path] = census
        for suffix in array.outside:
            self._findings.append(
                finding(
                    "outside-grid", reading.path, "the array has no room for such a chunk", key=reading.node.key(suffix)
                )
            )
        if self._repairs:
            if len(damage) >= _TOO_MANY and not n_good:
                damage = []  # see `_TOO_MANY`
            yield from self._mend(array, damage)
        yield from self._look_at_quarantined(array, contents, there)

    def _compare_absent(self, array: _Array, there: set[Coords]) -> tuple[int, int]:
        """What receipts say of objects that are not stored: how many hold the fill value, and how many nobody has written."""
        reading, told = array.reading, array.told
        n_fill = n_unwritten = 0
        for coords, checks in told.checks.items():
            if coords in there:
                continue
            if None in checks:
                n_fill += 1
            else:
                self._find(reading, "missing-object", coords, f"its task stored {_sizes(checks)}, and it is not there")
        for coords in sorted(told.unwritten.difference(there, told.checks)):
            n_unwritten += 1
            self._find(reading, "never-written", coords, "its task has left no receipt, and it is not there")
        return n_fill, n_unwritten

    def _take(self, array: _Array, coords: Coords, report: Report, damage: list[_Damage]) -> None:
        """Sort in what was found in an object."""
        reading = array.reading
        self._findings += report.findings
        kinds = {each.kind for each in report.findings}
        broken = [kind for kind in ("damaged-index", "damaged-chunk") if kind in kinds]
        if broken and "unsupported" not in kinds:
            damage.append(_Damage(coords, broken[0]))
        checks = array.told.checks.get(coords)
        if not checks or report.check is None or report.check in checks:
            return
        known = [check for check in checks if check is not None]
        if not known:
            what = f"its task stored none, as it held the fill value, and there is one of {report.nbytes} bytes"
        elif report.nbytes not in {check.nbytes for check in known}:
            what = f"its task stored {_sizes(checks)}, and it has {report.nbytes}"
        else:
            what = f"it has {report.nbytes} bytes as its task stored, and others"
        self._find(reading, "not-as-receipt", coords, what)

    def _find(self, reading: ArrayReading, kind: str, coords: Coords, what: str) -> None:
        self._findings.append(finding(kind, reading.path, what, key=reading.key(coords), coords=coords))

    def _look_at_quarantined(self, array: _Array, contents: Contents, there: set[Coords]) -> Flow[None]:
        """Say of what was put aside whether it is still missed."""
        reading = array.reading
        folders = sorted(contents.quarantined.get(reading.path, {}))
        for folder, record in (yield from records(self._store, reading.path, folders)):
            coords = None if record is None else reading.coords_of(record.key)
            if record is None or coords is None or not reading.has(coords):
                self._findings.append(finding("quarantined", reading.path, "nobody misses it", key=folder))
                continue
            lost = list(reading.chunks_of(coords) if record.lost is None else record.lost)
            if lost and not (
                record.instead is not None and (yield from self._is_still(reading, coords, record.instead))
            ):
                report = yield from stored_chunks(reading, coords)
                lost = sorted(set(lost).difference(report.stored))
            if not lost:
                self._findings.append(finding("quarantined", reading.path, "nobody misses it", key=folder))
            for inner in lost:
                self._findings.append(
                    finding(
                        "lost-chunk",
                        reading.path,
                        f"it reads as the fill value since it was put aside, damaged, under {folder!r}",
                        key=reading.key(coords),
                        coords=coords,
                        inner=inner if reading.spec.levels else None,
                    )
                )

    def _is_still(self, reading: ArrayReading, coords: Coords, instead: tuple[int, int]) -> Flow[bool]:
        """Whether an object is the one that was stored where nothing could be kept."""
        check = yield from stored_check(self._store, reading.key(coords))
        return check is not None and (check.nbytes, check.crc32c) == instead

    # -- repairs ------------------------------------------------------------------------------------------------

    def _mend(self, array: _Array, damage: Sequence[_Damage]) -> Flow[None]:
        reading = array.reading
        numbers: dict[str, list[int]] = {}
        for number, each in enumerate(self._findings):
            if each.kind in _MENDED_BY_KEY:
                numbers.setdefault(each.key, []).append(number)
        for broken in damage:
            done = yield from repairs.repair_object(reading, broken.coords, broken.kind)
            self._note(done, numbers.get(reading.key(broken.coords), ()))
        for suffix in array.outside:
            key = reading.node.key(suffix)
            self._note((yield from repairs.set_aside(reading, key, suffix, "outside-grid")), numbers.get(key, ()))

    def _mend_nodes(self, nodes: Nodes) -> Flow[None]:
        for path in nodes.missing:
            done = yield from repairs.make_parent(self._at, path, format_for(nodes, path))
            self._note(done, self._numbers("missing-parent", path))
        # Those below first: those above hold what they tell.
        for path in sorted(nodes.stale, key=lambda path: (-path.count("/") - bool(path), path)):
            done = yield from repairs.renew_copy(StorePath(self._store, path), nodes.stale[path])
            self._note(done, self._numbers("stale-consolidated", path))

    def _numbers(self, kind: str, path: str) -> list[int]:
        return [number for number, each in enumerate(self._findings) if (each.kind, each.path) == (kind, path)]

    def _note(self, done: Repair | None, numbers: Iterable[int]) -> None:
        """Note a repair, and in findings that it was done."""
        if done is not None:
            self._done.append(done)
            for number in numbers:
                self._findings[number] = replace(self._findings[number], is_repaired=True)

    # -- the result ---------------------------------------------------------------------------------------------

    def _result(self, nodes: Nodes) -> Verification:
        order = {kind: number for number, kind in enumerate(KINDS)}

        def place(each: Finding) -> tuple[Any, ...]:
            return (
                SEVERITIES.index(each.severity),
                each.path,
                order[each.kind],
                each.coords or (),
                each.key,
                each.inner or (),
            )

        return Verification(
            self._place.text,
            tuple(sorted(self._findings, key=place)),
            self._censuses,
            nodes.n_groups,
            None if self._subset is None else self._subset.text,
            tuple(self._done),
        )


def _in_the_way(reading: ArrayReading, suffix: str) -> Iterator[tuple[str, Coords]]:
    """Keys of chunks that something at a key below an array may be in the way of: one above it, or below."""
    parts = suffix.split("/")
    candidates = ["/".join(parts[:n]) for n in range(1, len(parts))]
    candidates += [suffix + "/0" * n for n in range(1, reading.spec.ndim + 1)]
    for candidate in candidates:
        coords = reading.coords_of(candidate)
        if coords is not None and reading.has(coords):
            yield candidate, coords


def _sizes(checks: Sequence[ObjectCheck | None]) -> str:
    sizes = sorted({check.nbytes for check in checks if check is not None})
    return f"{' or '.join(map(str, sizes))} bytes"


def _size(store: Store, key: str) -> Flow[int]:
    nbytes: int | None = yield Size(store, key)
    return nbytes or 0
