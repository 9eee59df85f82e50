"""Reporting of errors: a sentence on stderr or JSON, and an exit code."""

from __future__ import annotations

import json

import click

from inpaintd_protocol.errors import Category, InpaintError

FAILED = 1
USAGE = 2
NO_DAEMON = 3
BAD_FILE = 4
CANCELLED = 130

_EXIT_CODES: dict[Category, int] = {
    "connection": NO_DAEMON,
    "picture": BAD_FILE,
    "request": USAGE,
}


def exit_code(error: InpaintError) -> int:
    """Map an error to an exit code that scripts can distinguish it by."""
    if error.code == "cancelled":
        return CANCELLED
    return _EXIT_CODES.get(error.category, FAILED)


def error_map(error: InpaintError) -> dict[str, str | bool]:
    """Convert an error to plain values, for JSON."""
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "retriable": error.retriable,
    }


def print_error(error: InpaintError, *, as_json: bool) -> None:
    """Print one sentence on stderr; with `as_json`, one object on stdout instead."""
    if as_json:
        click.echo(json.dumps({"error": error_map(error)}))
    elif error.code == "cancelled":
        click.echo(error.message, err=True)
    else:
        click.echo(f"Error: {error}", err=True)
