"""The drivers: the only place, beside the bridge, where this library meets threads and `await`.

`run` drives a flow to its end in the calling thread, `run_async` on the caller's event loop. A flow that comes to a store
which has to be awaited goes on, in synchronous code too, on the bridge's loop (one thread, started at that moment), so that
its requests go out together.
"""

from zarr._flow.drive.asynchronous import run_async
from zarr._flow.drive.synchronous import run

__all__ = ["run", "run_async"]
