"""Runs every case of some modules inside GIMP and writes down how each went.

Called with the globals `WORK` (the shared folder, as GIMP sees it) and `MODULES`.
"""

import importlib
import json
import sys
import time
import traceback

sys.path.insert(0, f"{WORK}/inside")  # noqa: F821

from gi.repository import Gimp

sys.path.insert(0, f"{Gimp.directory()}/plug-ins/inpaint")
import inpaint_plugin.libraries  # noqa: F401

results = {}
for module in MODULES:  # noqa: F821
    for function, case in list(vars(importlib.import_module(module)).items()):
        if not function.startswith("case_"):
            continue
        name = f"{module}.{function}"
        print(f"=== {name}", file=sys.stderr, flush=True)
        started = time.perf_counter()
        try:
            case()
            results[name] = ""
        except BaseException:
            results[name] = traceback.format_exc()
        print(f"--- {name}: {time.perf_counter() - started:.2f} s", file=sys.stderr, flush=True)
        for image in Gimp.get_images():
            image.delete()
        with open(f"{WORK}/results.json", "w") as file:  # noqa: F821, PTH123
            json.dump(results, file)
