"""`python -m zarr`: the command `zarr`."""

from zarr._cli import main

if __name__ == "__main__":
    main()
