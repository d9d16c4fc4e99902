"""Finds which of many values a value is, and which of many strings a text contains.

Knows: hashes and runs of bytes. Must not know: conditions, rules, requests.
"""

from __future__ import annotations

import struct
import sys
from itertools import chain
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

FEW = 64  # strings that are looked for one by one, which is faster than the runs of a text whatever its length
Numbers = list[int]
Code = Literal["Q", "I", "H", "B"]


class Values:
    """Numbers kept under values."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, Numbers] = {}

    def add(self, wanted: Hashable, number: int) -> None:
        """Keep a number, not smaller than those before, under a value."""
        self._numbers.setdefault(wanted, []).append(number)

    def count(self, wanted: Hashable) -> int:
        """Count the numbers under a value."""
        return len(self._numbers.get(wanted, ()))

    def found(self, value: Hashable) -> list[Numbers]:
        """Find the numbers under this value."""
        numbers = self._numbers.get(value)
        return [] if numbers is None else [numbers]


class Strings:
    """Numbers kept under strings, to be found by a text that contains the string."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, Numbers] = {}
        self._widths = (_Runs("Q"), _Runs("I"), _Runs("H"), _Runs("B"))

    def add(self, wanted: str, number: int) -> None:
        """Keep a number, not smaller than those before, under a string that is not empty."""
        string = _bytes(wanted)
        numbers = self._numbers.get(string)
        if numbers is None:
            numbers = self._numbers[string] = []
            next(runs for runs in self._widths if runs.width <= len(string)).add(string, numbers)
        numbers.append(number)

    def count(self, wanted: str) -> int:
        """Count the numbers under a string."""
        return len(self._numbers.get(_bytes(wanted), ()))

    def found(self, text: str) -> list[Numbers]:
        """Find the numbers under each string that `text` contains."""
        searched = _bytes(text)
        return [numbers for runs in self._widths if runs.strings for numbers in runs.found(searched)]


class _Runs:
    """Strings, each kept under the run of `width` bytes in it that fewest others are kept under.

    A run is the int that the machine reads there, so that all runs of a text are compared without a line of Python.
    """

    def __init__(self, code: Code) -> None:
        self._code: Code = code
        self.width = struct.calcsize(code)
        self.strings: list[tuple[bytes, Numbers]] = []
        self._known: set[int] = set()
        self._by_run: dict[int, list[tuple[bytes, Numbers]]] = {}

    def add(self, string: bytes, numbers: Numbers) -> None:
        """Keep a string, and what is to be found by it."""
        kept = (string, numbers)
        run = next((run for run in self._from_end(string) if run not in self._by_run), None)
        if run is None:
            run = min(self._from_end(string), key=lambda run: len(self._by_run[run]))
        self._by_run.setdefault(run, []).append(kept)
        self._known.add(run)
        self.strings.append(kept)

    def found(self, text: bytes) -> list[Numbers]:
        """Find what is kept under each string that `text` contains."""
        strings: Iterable[tuple[bytes, Numbers]] = self.strings
        if len(self.strings) > FEW:
            there = {run for runs in self._runs(text) for run in self._known.intersection(runs)}
            strings = chain.from_iterable(map(self._by_run.__getitem__, there))
        return [numbers for string, numbers in strings if string in text]

    def _from_end(self, string: bytes) -> Iterator[int]:
        """Give the runs of a string one by one, the last first: strings made by a pattern begin alike."""
        for end in range(len(string), self.width - 1, -1):
            yield int.from_bytes(string[end - self.width : end], sys.byteorder)

    def _runs(self, text: bytes) -> Iterator[memoryview[int]]:
        view = memoryview(text)
        for start in range(min(self.width, len(text) - self.width + 1)):
            yield view[start : len(text) - (len(text) - start) % self.width].cast(self._code)


def _bytes(text: str) -> bytes:
    """Write a str as UTF-8, in which a character is found nowhere but at its place."""
    return text.encode(errors="surrogatepass")
