"""Folders that somebody names: whether one is there, which was meant, and whether another recorder wrote it.

Knows: the disk. Must not know: what a recording is.
"""

from __future__ import annotations

from pathlib import Path

from llm_intercept.base.words import nearest

CASSETTES = (".yaml", ".yml")


def import_advice(location: str) -> str:
    """Say how vcrpy's cassettes are read, where a place is one or a folder that has some; empty where none is there."""
    path = Path(location)
    found = [path] if path.suffix in CASSETTES else [one for one in path.glob("**/*.y*ml") if one.suffix in CASSETTES]
    return f"`llm-intercept recordings import {location} --to tapes` makes recordings of them." if found else ""


def absent(location: str) -> str:
    """Say that there is no such folder, and which may be meant; empty where there is one, and of a URL."""
    path = Path(location)
    if "://" in location or "::" in location or path.is_dir():
        return ""
    if path.exists():
        return "it is a file, not a folder."
    missing = next((one for one in (path, *path.parents) if one.parent.is_dir()), path)
    near = nearest(missing.name, (one.name for one in missing.parent.glob("*/")))
    meant = f" Did you mean {missing.with_name(near) / path.relative_to(missing)}?" if near is not None else ""
    return f"there is no such folder.{meant}"
