"""What `zarr` is in the environment that runs this, as JSON: whence it was installed, and what is wrong with its files.

It is run by itself, in environments that have nothing else of this project.
"""

import base64
import hashlib
import json
from importlib import metadata
from pathlib import Path


def main() -> None:
    faults = []
    owners = [each for each in metadata.distributions() if each.metadata["Name"].lower() == "zarr"]
    if len(owners) != 1:
        raise SystemExit(f"there are {len(owners)} distributions called zarr")
    (zarr,) = owners
    known = set()
    for entry in zarr.files or ():
        path = Path(str(entry.locate())).resolve()
        known.add(path)
        if entry.hash is not None:
            digest = hashlib.new(entry.hash.mode, path.read_bytes()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != entry.hash.value:
                faults.append(f"{path} is not what was installed")
    import zarr as imported

    place = Path(imported.__file__).resolve().parent
    strangers = [path for path in place.rglob("*.py") if path not in known]
    faults += [f"{path} is of no distribution called zarr" for path in strangers]
    if place / "__init__.py" not in known:
        faults.append(f"zarr is imported from {place}")
    if imported.__version__ != zarr.version:
        faults.append(f"zarr says it is {imported.__version__}, and is installed as {zarr.version}")
    origin = json.loads(zarr.read_text("direct_url.json") or "{}").get("url", "")
    print(
        json.dumps(
            {
                "version": zarr.version,
                "origin": "wheel" if origin.endswith(".whl") else origin or "index",
                "native": any(path.name.startswith("_native") for path in known),
                "faults": faults,
            }
        )
    )


if __name__ == "__main__":
    main()
