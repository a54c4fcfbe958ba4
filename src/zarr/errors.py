"""Every exception and warning this library raises on purpose, in one tree.

    ValueError
      BaseZarrError
        NodeNotFoundError (also FileNotFoundError)
          ArrayNotFoundError, GroupNotFoundError
            StoreIsFileError (both, and NotADirectoryError and FileExistsError)
        ContainsArrayError, ContainsGroupError (also FileExistsError), ContainsArrayAndGroupError
        MetadataValidationError
          NodeTypeValidationError
          MetadataTypeError (also TypeError)
        UnknownCodecError, ChunkNotFoundError, PickleCodecDisabledError
        CodecError (also RuntimeError)
        StoreKeyError
        KeyBlockedError (also OSError)
          DirectoryInTheWayError (also IsADirectoryError), FileInTheWayError (also NotADirectoryError)
        StoreFileError (also OSError)
        StoreAbilityError (also NotImplementedError)
        ConcurrentChangeError (also RuntimeError)
          StalePlanError
        UnfinishedPlanError (also RuntimeError)
        BatchFullError (also MemoryError)
        ClosedWriterError (also RuntimeError)
      DataTypeValidationError
        MissingPackageError (also ImportError)
        UnknownDataTypeError (also TypeError)
      ArgumentError (also TypeError)
    KeyError
      MemberNotFoundError
    IndexError
      ArrayIndexError
        SelectionShapeError (also ValueError)
        SelectionTypeError (also TypeError and ValueError)
      BoundsCheckError, NegativeStepError, VindexInvalidSelectionError
    OSError
      StoreRequestError
        StorePermissionError (also PermissionError)
    RuntimeError
      EngineUnavailableError (also ImportError)

Where zarr-python has a class of this name, its bases there are bases here, so code that catches it there catches it here. The
others are ours, and inherit the built-in class that such code would catch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

__all__ = [
    "ArgumentError",
    "ArrayIndexError",
    "ArrayNotFoundError",
    "BadConfigError",
    "BaseZarrError",
    "BatchFullError",
    "BoundsCheckError",
    "ChunkNotFoundError",
    "ClosedWriterError",
    "CodecChoiceError",
    "CodecError",
    "ConcurrentChangeError",
    "ContainsArrayAndGroupError",
    "ContainsArrayError",
    "ContainsGroupError",
    "DataTypeValidationError",
    "DirectoryInTheWayError",
    "EngineUnavailableError",
    "FileInTheWayError",
    "GroupNotFoundError",
    "HoldLostError",
    "KeyBlockedError",
    "MemberNotFoundError",
    "MetadataTypeError",
    "MetadataValidationError",
    "MissingPackageError",
    "NegativeStepError",
    "NodeNotFoundError",
    "NodeTypeValidationError",
    "PickleCodecDisabledError",
    "SelectionShapeError",
    "SelectionTypeError",
    "StalePlanError",
    "StoreAbilityError",
    "StoreFileError",
    "StoreIsFileError",
    "StoreKeyError",
    "StorePermissionError",
    "StoreRequestError",
    "UnfinishedPlanError",
    "UnknownCodecError",
    "UnknownDataTypeError",
    "UnknownOutcomeError",
    "UnstableSpecificationWarning",
    "VindexInvalidSelectionError",
    "ZarrDeprecationWarning",
    "ZarrFutureWarning",
    "ZarrRuntimeWarning",
    "ZarrUserWarning",
]


class BaseZarrError(ValueError):
    """Base of the errors that concern stored data and metadata.

    Called with one argument, that is the message; called with several, they fill the class's template.
    """

    _msg: ClassVar[str] = "{}"

    def __init__(self, *args: object) -> None:
        super().__init__(args[0] if len(args) == 1 else self._msg.format(*args))

    def __reduce__(self) -> str | tuple[Any, ...]:
        # As it is inherited, and said here: tblib, which Dask's workers pickle errors with, makes up another way for classes
        # with an `__init__` and without this, and that does not work for errors that are OSErrors too.
        return super().__reduce__()


class NodeNotFoundError(BaseZarrError, FileNotFoundError):
    """No array or group at this path: called as `NodeNotFoundError(store, path)`.

    Parameters
    ----------
    args
        The store and the path; or the message, alone.
    absence
        Why nothing is found there, as far as that is known. It is made when somebody reads it: where a node is created if
        there is none, nobody does.
    words
        The class that has the words for what was looked for, if it is not this one.
    """

    _what: ClassVar[str] = "No array or group found in store {!r} at path {!r}"
    _step: ClassVar[str] = "Check both; zarr.open_group(store, mode='r').tree() shows what is there."
    _step_in_absence: ClassVar[str] = "Check the path."

    def __init__(self, *args: object, absence: object = "", words: type[NodeNotFoundError] | None = None) -> None:
        said = words or type(self)
        self.absence = absence
        self._beginning, self._end = "", said._step_in_absence
        if len(args) != 1:
            self._beginning = said._what.format(*args)
            args = (f"{self._beginning}. {said._step}",)
        super().__init__(*args)

    def __str__(self) -> str:
        reason = str(self.absence) if self._beginning else ""
        return f"{self._beginning}: {reason}. {self._end}" if reason else str(self.args[0])


class ArrayNotFoundError(NodeNotFoundError):
    """No array at this path: called as `ArrayNotFoundError(store, path)`."""

    _what = "No array found in store {!r} at path {!r}"
    _step = "Check both, or create it with zarr.create_array."
    _step_in_absence = "Check the path, or create it with zarr.create_array."


class GroupNotFoundError(NodeNotFoundError):
    """No group at this path: called as `GroupNotFoundError(store, path)`."""

    _what = "No group found in store {!r} at path {!r}"
    _step = "Check both, or create it with zarr.create_group."
    _step_in_absence = "Check the path, or create it with zarr.create_group."


class StoreIsFileError(ArrayNotFoundError, GroupNotFoundError, NotADirectoryError, FileExistsError):
    """A file where the directory of a store is to be: nothing can be opened there, and nothing created."""


class MemberNotFoundError(KeyError):
    """A group has no member of this name; the text names those that are called nearly so.

    Parameters
    ----------
    message
        What was looked for, and where.
    path
        Relative to the group, as far as the first name that is not there.
    near
        Paths of what there is in that place.
    hint
        What the text ends with. It is made when somebody reads it, which for most of these errors nobody does.
    """

    def __init__(self, message: str, path: str = "", near: Sequence[str] = (), hint: object = "") -> None:
        super().__init__(message)
        self.path, self.near, self.hint = path, tuple(near), hint

    def __str__(self) -> str:
        return f"{self.args[0]}{self.hint}"


class ContainsArrayError(BaseZarrError, FileExistsError):
    """An array is in the way: called as `ContainsArrayError(store, path)`."""

    _what = "An array exists in store {!r} at path {!r}"
    _msg = f"{_what}. Open it with zarr.open_array, choose another path, or replace it (overwrite=True)."


class ContainsGroupError(BaseZarrError, FileExistsError):
    """A group is in the way: called as `ContainsGroupError(store, path)`."""

    _what = "A group exists in store {!r} at path {!r}"
    _msg = f"{_what}. Open it with zarr.open_group, choose another path, or replace it and all that is in it (overwrite=True)."


class ContainsArrayAndGroupError(BaseZarrError):
    """Format 2 documents of an array and of a group lie at one path."""

    _msg = (
        "Both .zarray and .zgroup exist in store {!r} at path {!r}, but a node is either an array or a group. "
        "Remove the document that does not belong there."
    )


class MetadataValidationError(BaseZarrError):
    """A metadata document breaks the format: called as `MetadataValidationError(field, expected, found)`."""

    _msg = "Invalid value for '{}'. Expected '{}'. Got '{}'."


class NodeTypeValidationError(MetadataValidationError):
    """The `node_type` of a document is not the one that was asked for."""


class MetadataTypeError(MetadataValidationError, TypeError):
    """A member of a document, or a setting of a codec, is of the wrong kind."""


class UnknownCodecError(BaseZarrError):
    """No codec is registered under this name."""


class BadConfigError(ValueError):
    """A setting names a class, and there is none of that name."""


class CodecChoiceError(UnknownCodecError, BadConfigError):
    """The configuration chooses a class for a codec, and none of that name is registered for it."""


class ChunkNotFoundError(BaseZarrError):
    """A chunk is absent and the array was opened with `read_missing_chunks=False`."""

    object_coords: tuple[int, ...]  # of the stored object; only where an engine performed the whole request


class PickleCodecDisabledError(BaseZarrError):
    """Stored pickles run code when read, so they are refused."""


class StoreKeyError(BaseZarrError):
    """A key that no store accepts: empty, absolute, or leading out of the store's root."""


class KeyBlockedError(BaseZarrError, OSError):
    """What lies where the file of a stored value should be is none: called as `KeyBlockedError(key, path, what)`.

    It may be a symbolic link that leads nowhere, a pipe, a socket or a device. So there may be a value that cannot be seen
    at the moment, and nothing is read as if there were none. `what` says which kind of thing it is, as a phrase.

    Attributes
    ----------
    key
        The key of the value.
    path
        What is in the way.
    """

    _msg = (
        "nothing can be read or stored under key {!r}, because {} is {}. Nothing was changed. Bring back what belongs "
        "there (is a disk not mounted?); or take away what is in the way, and the value counts as one that is not stored."
    )

    key: str | None = None
    path: str | None = None

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        if len(args) == 3:
            self.key, self.path = str(args[0]), str(args[1])


class DirectoryInTheWayError(KeyBlockedError, IsADirectoryError):
    """A directory where the file of a stored value should be."""


class FileInTheWayError(KeyBlockedError, NotADirectoryError):
    """A file where a directory of stored values should be."""


class StoreFileError(BaseZarrError, OSError):
    """A file in which a store is to keep its values belongs to something else, or is damaged."""


class StoreAbilityError(BaseZarrError, NotImplementedError):
    """A store cannot do what a call needs: list its keys, or be had in a read-only form.

    zarr-python raises ValueError for some of these and NotImplementedError for others; this is caught as either.
    """


class StoreRequestError(OSError):
    """A request to a remote store failed, after the attempts that there are for it.

    It says nothing about whether there is a value: only an answer that it is not found does. A value that was to be stored
    may have been, if the text says so.

    Attributes
    ----------
    url, key
        Of what, as far as they are known; without credentials.
    attempts
        How often it was tried.
    status
        That of the last answer in HTTP; None if there was none.
    """

    url: str = ""
    key: str = ""
    attempts: int = 0
    status: int | None = None


class StorePermissionError(StoreRequestError, PermissionError):
    """A remote store refused a request: credentials are missing, wrong or out of date, or do not permit it."""


class CodecError(BaseZarrError, RuntimeError):
    """Bytes could not be encoded or decoded.

    Parameters
    ----------
    codec
        Registered name of the codec.
    action
        `"encode"` or `"decode"`.
    reason
        What is wrong with the bytes.
    path, key, store
        Node path, chunk key and the text of the store, once known (`at` adds them on the way up).
    coords
        Chunk coordinates, or those of the inner chunk of a shard.
    """

    object_coords: tuple[int, ...]  # of the stored object; only where an engine performed the whole request

    def __init__(
        self,
        codec: str,
        action: str,
        reason: str,
        *,
        path: str | None = None,
        key: str | None = None,
        coords: tuple[int, ...] | None = None,
        store: str | None = None,
    ) -> None:
        self.codec, self.action, self.reason = codec, action, reason
        self.path, self.key, self.coords, self.store = path, key, coords, store
        super().__init__(self._describe())

    def _describe(self) -> str:
        is_named = self.key is not None or self.coords is not None or self.path is None
        where = f" chunk {self.key!r}" if self.key is not None else "" if is_named else " a chunk"
        if self.coords is not None:
            where += f" at chunk coordinates {self.coords}"
        if self.path is not None:
            where += f" of array {'/' + self.path!r}"
        if self.store is not None:
            where += f" in store {self.store!r}"
        step = (
            "The stored bytes are damaged, or they were written with other codecs or another data type than the metadata "
            "say. Compare the metadata with the program that wrote them, or restore the object from a copy."
            if self.action == "decode"
            else "Nothing was written for this chunk."
        )
        return f"codec {self.codec!r} could not {self.action}{where}: {self.reason}. {step}"

    def at(
        self,
        *,
        path: str | None = None,
        key: str | None = None,
        coords: tuple[int, ...] | None = None,
        store: str | None = None,
    ) -> CodecError:
        """The same error with the place filled in where it was not known yet."""
        return CodecError(
            self.codec,
            self.action,
            self.reason,
            path=self.path if self.path is not None else path,
            key=self.key if self.key is not None else key,
            coords=self.coords if self.coords is not None else coords,
            store=self.store if self.store is not None else store,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        state = {"path": self.path, "key": self.key, "coords": self.coords, "store": self.store}
        return (_rebuild_codec_error, (self.codec, self.action, self.reason, state), self.__dict__)


def _rebuild_codec_error(codec: str, action: str, reason: str, state: dict[str, Any]) -> CodecError:
    return CodecError(codec, action, reason, **state)


class ConcurrentChangeError(BaseZarrError, RuntimeError):
    """An object kept changing under a reader or writer; nothing of this request was stored for it."""


class HoldLostError(ConcurrentChangeError):
    """The right to change something was taken over by another writer, as nothing had been heard of this one for so long.

    What it was to be used for has not happened. It can be done again.
    """


class UnknownOutcomeError(BaseZarrError, OSError):
    """Whether an object was changed cannot be found out: the file system failed twice. It is whole, the old one or the new one."""


class StalePlanError(ConcurrentChangeError):
    """A plan was made for an array that has been resized, replaced or deleted since. Nothing was written."""


class UnfinishedPlanError(BaseZarrError, RuntimeError):
    """A plan cannot be finished: tasks have left no receipts, or what they stored is not there as they left it.

    Parameters
    ----------
    message
        What is wrong, and what to do.
    missing
        Numbers of the tasks that have to be run (again).
    changed
        For those of them that had left a receipt, keys of the objects that are not as it says.
    """

    def __init__(
        self, message: str, missing: Sequence[int] = (), changed: Mapping[int, Sequence[str]] | None = None
    ) -> None:
        super().__init__(message)
        self.missing = tuple(missing)
        self.changed = {number: tuple(keys) for number, keys in (changed or {}).items()}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.args[0], self.missing, self.changed), self.__dict__


class BatchFullError(BaseZarrError, MemoryError):
    """A batch has gathered more than it may, and was told not to store anything early. Nothing was stored."""


class ClosedWriterError(BaseZarrError, RuntimeError):
    """A batch, an appender or a replacement is used that has ended, has not begun, or belongs to another process."""


class EngineUnavailableError(ImportError, RuntimeError):
    """The engine that the configuration demands cannot be used; the text lists what was tried."""


class DataTypeValidationError(ValueError):
    """A data type is not known, or its description is wrong."""


class UnknownDataTypeError(DataTypeValidationError, TypeError):
    """A name or an object that is no data type, neither of NumPy nor of Zarr."""


class MissingPackageError(DataTypeValidationError, ImportError):
    """The elements of a data type need a package that is not installed; the text has the command that installs it."""


class ArgumentError(TypeError, ValueError):
    """An argument that does not suit: of the wrong kind, or a value that has no meaning there.

    NumPy and zarr-python raise TypeError for some of these and ValueError for others; this is caught as either.
    """


class ArrayIndexError(IndexError):
    """A selection does not fit the array."""


class SelectionShapeError(ArrayIndexError, ValueError):
    """Index arrays that cannot be broadcast together."""


class SelectionTypeError(ArrayIndexError, TypeError, ValueError):
    """A slice, or a list, that means no positions: of floats or words, with a step of zero, ragged."""


class BoundsCheckError(IndexError):
    """A coordinate lies outside the array."""

    def __init__(self, dim_len: object) -> None:
        super().__init__(
            dim_len if isinstance(dim_len, str) else f"index out of bounds for dimension with length {dim_len}"
        )


class NegativeStepError(IndexError):
    """A slice goes backwards where only forward steps are possible."""

    def __init__(self, message: str = "only slices with step >= 1 are supported") -> None:
        super().__init__(message)


class VindexInvalidSelectionError(IndexError):
    """A selection by coordinates needs integer arrays (one per dimension) or one mask."""

    def __init__(self, selection: object) -> None:
        super().__init__(
            selection
            if isinstance(selection, str)
            else "unsupported selection type for vectorized indexing; only coordinate selection "
            f"(tuple of integer arrays) and mask selection (single Boolean array) are supported; got {selection!r}"
        )


class ZarrUserWarning(UserWarning):
    """Something a user should know and can mend."""


class ZarrDeprecationWarning(DeprecationWarning):
    """A name or keyword that will go."""


class ZarrFutureWarning(FutureWarning):
    """A behaviour that will change."""


class UnstableSpecificationWarning(ZarrFutureWarning):
    """Data in a form whose specification is not final."""


class ZarrRuntimeWarning(RuntimeWarning):
    """Something doubtful met while running."""


def __dir__() -> list[str]:
    return sorted(__all__)
