"""Which addresses may be connected to: http(s) to public hosts, checked on the resolved address that is then used.

Checking a name and connecting to it later leaves a gap in which the answer of the name server can change
(DNS rebinding). Here resolving, checking and connecting are one step of the connection itself.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import httpcore
import httpx

from pipeline.errors import RejectError

Resolver = Callable[[str, int], Awaitable[list[str]]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def parse_address(url: str) -> httpx.URL:
    """Parse an address and refuse what must never be asked for, whatever it resolves to.

    Raises:
        RejectError: ``address_unsafe`` for another scheme than http(s), credentials, or no readable host.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise RejectError("address_unsafe", f"{url[:200]!r} is not an address: {error}") from error
    if parsed.scheme not in ("http", "https"):
        raise RejectError("address_unsafe", f"{url[:200]!r}: scheme {parsed.scheme!r}; only http and https are asked")
    if not parsed.host:
        raise RejectError("address_unsafe", f"{url[:200]!r} has no host")
    if parsed.userinfo:
        raise RejectError("address_unsafe", f"address at {parsed.host} carries credentials; they are never sent")
    return parsed


def check_literal(url: httpx.URL, allow_loopback: bool) -> None:
    """Refuse a host that is a forbidden address as it stands; names wait until they are resolved.

    Raises:
        RejectError: ``address_unsafe``.
    """
    if url.host.lower().rstrip(".") == "localhost":
        check_address("127.0.0.1", url.host, allow_loopback)
        return
    try:
        literal = ipaddress.ip_address(url.host.strip("[]"))
    except ValueError:
        return
    check_address(str(literal), url.host, allow_loopback)


def check_address(address: str, host: str, allow_loopback: bool) -> None:
    """Refuse private, loopback, link-local, multicast, reserved and metadata addresses.

    IPv4 addresses inside IPv6 ones (mapped, NAT64) are judged as what they lead to; tunnels (6to4, Teredo) are
    refused. ``allow_loopback`` opens loopback and nothing else.

    Raises:
        RejectError: ``address_unsafe``.
    """
    parsed = _embedded(ipaddress.ip_address(address.partition("%")[0]))
    if allow_loopback and parsed.is_loopback:
        return
    if not parsed.is_global or parsed.is_multicast or parsed.is_reserved or _is_tunnel(parsed):
        raise RejectError("address_unsafe", f"{host} leads to {address}, which is no public address")


def _embedded(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_tunnel(address: Address) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and (address.sixtofour or address.teredo) is not None


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, in the order in which the system prefers them.

    Raises:
        OSError: the name cannot be resolved.
    """
    answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to addresses that were resolved and checked here, never to a name."""

    def __init__(self, resolver: Resolver, allow_loopback: bool) -> None:
        self._resolver = resolver
        self._allow_loopback = allow_loopback
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check every answer, connect to the first that answers.

        Raises:
            RejectError: one of the addresses is not public, as a mixed answer is taken for an attack; or the name
                does not exist.
            httpcore.ConnectError: the name server does not answer now, or no address does.
        """
        try:
            addresses = await self._resolver(host, port)
        except OSError as error:
            if isinstance(error, socket.gaierror) and error.errno != socket.EAI_AGAIN:
                raise RejectError("network_error", f"{host} has no address: {error.strerror}") from error
            raise httpcore.ConnectError(f"{host} has no address: {error}") from error
        for address in addresses:
            check_address(address, host, self._allow_loopback)
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: news is not on local sockets.

        Raises:
            RejectError: always.
        """
        raise RejectError("address_unsafe", f"local socket {path!r} is never connected to")

    async def sleep(self, seconds: float) -> None:
        """Wait; httpcore asks for it between its own attempts, which are switched off."""
        await asyncio.sleep(seconds)
