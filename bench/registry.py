"""The workloads by name. A module enters its own; whoever wants one asks for all that there are."""

import importlib
import json
import os
import subprocess

MODULES = ("workloads", "cliffs")
_entered = {}


def enter(name, function):
    """Have a function of a `measuring.Run` be the workload of a name, by which `--only` selects it."""
    _entered[name] = function


def workload(function):
    """`enter` for a function that has the name of its workload."""
    enter(function.__name__, function)
    return function


def all_workloads():
    """Functions by name, in the order in which they are run."""
    for module in MODULES:
        importlib.import_module(module)
    return dict(_entered)


def names_known_to(python):
    """Names of all workloads, asked of an interpreter that has NumPy: whoever only drives others stays small."""
    here = os.path.dirname(os.path.abspath(__file__))
    asked = [python, "-c", "import json, registry; print(json.dumps(list(registry.all_workloads())))"]
    return json.loads(subprocess.run(asked, cwd=here, capture_output=True, text=True, check=True).stdout)
