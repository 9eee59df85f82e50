"""The versions of the libraries that are loaded through GObject introspection.

Imported before anything that uses `gi.repository`: an import that names no version takes the newest
one installed, and GTK 4 in a process with GIMP's GTK 3 makes every later import fail.
"""

from __future__ import annotations

import gi

VERSIONS = {
    "Babl": "0.1",
    "GLib": "2.0",
    "GObject": "2.0",
    "Gdk": "3.0",
    "GdkPixbuf": "2.0",
    "Gegl": "0.4",
    "Gimp": "3.0",
    "GimpUi": "3.0",
    "Gio": "2.0",
    "Gtk": "3.0",
    "Pango": "1.0",
}

for _namespace, _version in VERSIONS.items():
    gi.require_version(_namespace, _version)
