"""What every adapter offers, and how it says that its library cannot do something."""

import os
import shutil

import numpy as np


class Unsupported(Exception):
    pass


class Adapter:
    family = "zarr"  # whose prepared data it reads
    suffix = ".zarr"
    module = None  # what `import` means for the start-up workload
    write_only_variant = False  # differs from another contender in writes alone

    def versions(self):
        return {}

    def close(self, a):
        pass

    def read_reversed(self, a):
        return np.ascontiguousarray(self.read(a, ...)[::-1, ::-1])

    def remove(self, path):
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.remove(path)

    def __getattr__(self, name):
        if name in OPTIONAL:

            def missing(*args, **kw):
                raise Unsupported(name)

            return missing
        raise AttributeError(name)


OPTIONAL = {
    "attributes",
    "create",
    "create_items",
    "create_typed",
    "grow",
    "group_keys",
    "group_len",
    "group_members",
    "group_tree",
    "group_with",
    "open_consolidated",
    "open_group",
    "set_attribute",
    "update_attributes",
    "open",
    "write",
    "read",
    "oindex",
    "vindex",
    "mask",
    "append",
    "copy_to",
    "group_create",
    "group_list",
    "group_consolidate",
    "group_open_consolidated",
}
