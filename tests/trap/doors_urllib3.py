"""Doors of urllib3, and of what stands on it: answered, but where niquests has put another in its place."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tests.trap.doors import HOSTS_ALONE, PATIENCE, attempt, door

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.trap.targets import Target

IS_ITSELF = find_spec("niquests") is None


@door("requests", is_answered=IS_ITSELF)
def requests(targets: Sequence[Target]) -> None:
    import requests

    with requests.Session() as session:
        for one in targets:
            with attempt(one):
                session.request(one.method, one.url, headers=one.all_headers, data=one.body(), timeout=PATIENCE)


@door("urllib3", is_answered=IS_ITSELF)
def urllib3_manager(targets: Sequence[Target]) -> None:
    import urllib3

    manager = urllib3.PoolManager(retries=False, timeout=PATIENCE)
    for one in targets:
        with attempt(one):
            manager.request(one.method, one.url, headers=one.all_headers, body=one.body())


@door("urllib3 pool", needs="urllib3", is_answered=IS_ITSELF)
def urllib3_pool(targets: Sequence[Target]) -> None:
    import urllib3

    for one in targets:
        with attempt(one):
            pool = urllib3.connection_from_url(one.url, retries=False, timeout=PATIENCE)
            pool.urlopen(one.method, one.path, headers=one.all_headers, body=one.body())


@door("urllib3 connection", needs="urllib3", is_answered=IS_ITSELF)
def urllib3_connection(targets: Sequence[Target]) -> None:
    """Without a pool: it has a `request` of its own, which is no `http.client`'s."""
    from urllib3.connection import HTTPConnection, HTTPSConnection

    for one in targets:
        with attempt(one):
            kind: Any = HTTPSConnection if one.scheme == "https" else HTTPConnection
            connection = kind(one.host, timeout=PATIENCE)
            connection.request(one.method, one.path, headers=one.all_headers, body=one.body())
            connection.getresponse()


@door("botocore", is_answered=IS_ITSELF)
def botocore(targets: Sequence[Target]) -> None:
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session

    session = URLLib3Session(timeout=PATIENCE)
    for one in targets:
        with attempt(one):
            session.send(AWSRequest(one.method, one.url, headers=one.all_headers, data=one.content).prepare())


@door("boto3", is_answered=IS_ITSELF, groups=HOSTS_ALONE)
def boto3(targets: Sequence[Target]) -> None:
    """As Bedrock is asked; for hosts of Amazon's, since each client takes a while."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"max_attempts": 0}, connect_timeout=PATIENCE, read_timeout=PATIENCE)
    session = boto3.Session("AKIATRAPKEY000000000", "x" * 40, region_name="us-east-1")
    for one in targets:
        if "bedrock" in one.host or one.group == "places":
            with attempt(one):
                url = f"https://{one.host}"
                client = session.client("bedrock-runtime", endpoint_url=url, config=config)
                client.converse(modelId="m", messages=[{"role": "user", "content": [{"text": "Hi"}]}])
