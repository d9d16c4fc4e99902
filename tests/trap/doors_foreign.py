"""Doors of libraries that are no Python inside, and look names up by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.trap.doors import PATIENCE, attempt, door

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.trap.targets import Target


@door("pycurl")
def pycurl(targets: Sequence[Target]) -> None:
    import pycurl

    for one in targets:
        with attempt(one):
            curl = pycurl.Curl()
            curl.setopt(pycurl.URL, one.url)
            curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in one.all_headers.items()])
            curl.setopt(pycurl.TIMEOUT, int(PATIENCE))
            curl.setopt(pycurl.WRITEFUNCTION, lambda _: None)
            if one.method == "POST":
                curl.setopt(pycurl.POST, 1)
                curl.setopt(pycurl.POSTFIELDS, one.content)
            curl.perform()
            curl.close()


@door("primp")
def primp_sync(targets: Sequence[Target]) -> None:
    import primp

    client: Any = primp.Client(timeout=PATIENCE, verify=False)
    for one in targets:
        with attempt(one):
            client.request(one.method, one.url, headers=one.all_headers, content=one.content)


@door("primp async", needs="primp")
async def primp_async(targets: Sequence[Target]) -> None:
    import primp

    client: Any = primp.AsyncClient(timeout=PATIENCE, verify=False)
    for one in targets:
        with attempt(one):
            await client.request(one.method, one.url, headers=one.all_headers, content=one.content)
