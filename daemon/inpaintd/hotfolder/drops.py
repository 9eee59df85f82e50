"""The contents of the inbox: pictures with their companion files."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from inpaintd.files.formats import SUFFIXES

from .layout import SETTINGS_FILE, Layout
from .options import shared_names

RESULT_MARK = ".inpainted"
ERROR_SUFFIX = ".error.txt"

_RESULT = re.compile(rf"{re.escape(RESULT_MARK)}(\.layer)?(\.\d+)?\.[^./]+$")
_MARKS = {".mask": "mask", ".masked": "mask", ".reference": "reference"}
"""The roles of pictures that accompany another one, by the end of their name before the suffix."""

_SIDECAR_SUFFIXES = (".toml", ".txt")
_ROLES = ("mask", "reference", "toml", "txt")
_UNFINISHED_SUFFIXES = frozenset({".part", ".partial", ".crdownload", ".download", ".tmp", ".temp"})
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini", SETTINGS_FILE})

_MOST_FOLDERS_DEEP = 32

Signature = tuple[int, int, int, int]
"""Size, modification time in ns, device and inode."""


@dataclass(frozen=True)
class Member:
    """One file of a drop: its name relative to the inbox, and the stamp that shows a change."""

    name: str
    signature: Signature
    newest: float
    """Time of the last change, as far as the system knows; seconds since the epoch."""


@dataclass(frozen=True)
class Drop:
    """A prospective job.

    Attributes:
        name: of the picture relative to the inbox, with slashes; of the file found instead when
            there is no picture.
        members: its files by role: picture, mask, reference, toml, txt; other for anything that is
            not a drop.
        refusal: why it can never be taken; empty when it can.
    """

    name: str
    members: dict[str, Member] = field(hash=False)
    refusal: str = ""

    @cached_property
    def signature(self) -> str:
        """A value that changes whenever one of the files does."""
        return repr(sorted((role, m.name, m.signature) for role, m in self.members.items()))

    @cached_property
    def newest(self) -> float:
        """Time at which one of the files last changed."""
        return max(m.newest for m in self.members.values())

    @property
    def complete(self) -> bool:
        return "picture" in self.members

    def names(self) -> dict[str, str]:
        return {role: member.name for role, member in self.members.items()}


def find_drops(layout: Layout, skip: frozenset[str] = frozenset()) -> list[Drop]:
    """List all drops of the inbox and its subfolders, in order of arrival.

    Args:
        skip: names that are not drops, such as results next to their sources.
    """
    drops: list[Drop] = []
    for folder, files, others in _folders(layout):
        drops += [Drop(m.name, {"other": m}, refusal) for m, refusal in others]
        drops += _grouped(folder, [m for m in files if m.name not in skip], layout.in_place)
    return sorted(drops, key=lambda drop: drop.newest)


def _folders(
    layout: Layout,
) -> Iterator[tuple[PurePosixPath, list[Member], list[tuple[Member, str]]]]:
    """Each folder with its files, and with any other entries and why they are not accepted."""
    waiting = [PurePosixPath()]
    own = {"inbox", "processing", "outbox", "done", "failed"} if layout.in_place else set()
    while waiting:
        folder = waiting.pop()
        files, others = [], []
        try:
            entries = list(os.scandir(layout.inbox / folder))
        except OSError:
            continue  # gone, or not readable
        has_settings = any(entry.name == SETTINGS_FILE for entry in entries)
        shared = shared_names(layout.inbox / folder) if has_settings else frozenset()
        for entry in entries:
            path = folder / entry.name
            if _ignored(entry.name) or entry.name in shared:
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # gone by now
            member = Member(str(path), signature_of(status), max(status.st_mtime, status.st_ctime))
            if stat.S_ISDIR(status.st_mode):
                if len(path.parts) > _MOST_FOLDERS_DEEP and not layout.in_place:
                    others.append(
                        (member, f"is nested more than {_MOST_FOLDERS_DEEP} folders deep")
                    )
                elif str(path) not in own:
                    waiting.append(path)
            elif stat.S_ISREG(status.st_mode):
                files.append(member)
            elif not layout.in_place:
                others.append((member, _refusal(status.st_mode)))
        yield folder, files, others


def _grouped(folder: PurePosixPath, files: list[Member], in_place: bool) -> Iterator[Drop]:
    """Group the files of one folder into drops."""
    taken: set[str] = set()
    pictures = [
        m
        for m in sorted(files, key=lambda m: m.name)
        if _suffix(m) in SUFFIXES and not _mark(m) and not (in_place and is_result(m.name))
    ]
    groups = {picture.name: {"picture": picture} for picture in pictures}
    taken.update(groups)
    left = [m for m in files if m.name not in taken]
    # Exact names first: on case-sensitive disks "A.png" and "a.png" are two pictures.
    for key in (str, str.lower):
        nearby = _by_role_and_stem([m for m in left if m.name not in taken], key)
        for name, members in groups.items():
            path = PurePosixPath(name)
            for role in _ROLES if nearby else ():
                found = nearby.get((role, key(path.stem)), [])
                near = min(found, key=lambda m: _distance(m, path.suffix), default=None)
                if near is not None and role not in members:
                    members[role] = near
                    found.remove(near)
                    taken.add(near.name)
    for name, members in groups.items():
        yield Drop(name, members)
    if in_place:
        return  # other people's files that were not dropped
    for member in files:
        if member.name not in taken:
            yield Drop(member.name, {_orphan_role(member): member})


def _by_role_and_stem(
    files: list[Member], key: Callable[[str], str]
) -> dict[tuple[str, str], list[Member]]:
    """The companion files that a picture may have, by role and the stem of the picture's name."""
    found: dict[tuple[str, str], list[Member]] = {}
    for member in files:
        role = _orphan_role(member)
        stem = PurePosixPath(member.name).stem
        if _mark(member):
            stem = PurePosixPath(stem).stem
        if role != "other":
            found.setdefault((role, key(stem)), []).append(member)
    return found


def _distance(member: Member, suffix: str) -> tuple[int, bool, str]:
    """A sort key for the companions of a picture with this suffix: the smallest one is taken."""
    path = PurePosixPath(member.name)
    mark = _mark(member)
    rank = [*_MARKS].index(mark) if mark else 0
    return rank, path.suffix.lower() != suffix.lower(), path.suffix


def _orphan_role(member: Member) -> str:
    if mark := _mark(member):
        return _MARKS[mark]
    return _suffix(member)[1:] if _suffix(member) in _SIDECAR_SUFFIXES else "other"


def _mark(member: Member) -> str:
    """The mark of a picture that accompanies another one; empty for any other file."""
    mark = PurePosixPath(PurePosixPath(member.name).stem).suffix.lower()
    return mark if mark in _MARKS and _suffix(member) in SUFFIXES else ""


def is_result(name: str) -> bool:
    """Test whether a file is named like a result next to its source."""
    return _RESULT.search(name) is not None


def _suffix(member: Member) -> str:
    return PurePosixPath(member.name).suffix.lower()


def _ignored(name: str) -> bool:
    lower = name.lower()
    return (
        name.startswith((".", "~"))
        or lower in _SYSTEM_FILES
        or PurePosixPath(lower).suffix in _UNFINISHED_SUFFIXES
    )


def _refusal(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "is a link; links are not followed, because they can lead out of the folder"
    return "is neither a file nor a folder"


def signature_of(status: os.stat_result) -> Signature:
    return (status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino)
