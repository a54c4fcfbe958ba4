"""All commands of `zarr`. Importing it gives them to the application, in the order in which help shows them."""

from zarr._cli import looking  # noqa: I001  # the order is that of the help
from zarr._cli import copying
from zarr._cli import rechunking
from zarr._cli import writing
from zarr._cli import checking
from zarr._cli import formats
from zarr._cli import measuring
from zarr._cli.application import app

__all__ = ["app", "checking", "copying", "formats", "looking", "measuring", "rechunking", "writing"]
