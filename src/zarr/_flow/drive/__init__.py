"""The drivers: the only place, beside the bridge, where this library meets threads and `await`.

`run` drives a flow to its end in the calling thread, `run_async` on the caller's event loop. Where a store has to be awaited,
`run` has several flows under way at once; what the store is asked for is awaited on the bridge's loop (one thread, started at
that moment), everything else happens in the calling thread.
"""

from zarr._flow.drive.asynchronous import run_async
from zarr._flow.drive.synchronous import run

__all__ = ["run", "run_async"]
