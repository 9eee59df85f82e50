"""Runs every case of a module inside GIMP and writes down how each went.

Called with the globals `WORK` (the shared folder, as GIMP sees it) and `MODULE`.
"""

import importlib
import json
import sys
import time
import traceback

sys.path.insert(0, f"{WORK}/inside")  # noqa: F821

from gi.repository import Gimp  # noqa: E402

sys.path.insert(0, f"{Gimp.directory()}/plug-ins/inpaint")
cases = importlib.import_module(MODULE)  # noqa: F821
results = {}
for name, case in list(vars(cases).items()):
    if not name.startswith("case_"):
        continue
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
