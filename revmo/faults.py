"""Which fault of the wire an exception is, by the types that it wraps and never by its words."""

import http.client
import socket
from collections.abc import Iterator

import urllib3.exceptions as wire

from revmo.connections import HandshakeFailed
from revmo.outcomes import Fault

# Looked for in this order, so subclasses come first. Only what stands under HandshakeFailed and before it proves that
# nothing left: a reset before and after the server read the request look the same.
_KINDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Fault], ...] = (
    ((wire.NameResolutionError, socket.gaierror), Fault.DNS),
    (wire.NewConnectionError, Fault.REFUSED),
    (wire.ConnectTimeoutError, Fault.CONNECT_TIMEOUT),
    (HandshakeFailed, Fault.TLS),
    ((wire.ReadTimeoutError, TimeoutError), Fault.READ_TIMEOUT),
    ((http.client.RemoteDisconnected, http.client.IncompleteRead), Fault.REMOTE_CLOSE),
    ((ConnectionResetError, BrokenPipeError), Fault.RESET),
    (http.client.HTTPException, Fault.NOT_HTTP),
)


def fault_of(problem: BaseException) -> Fault:
    """The fault; what is none of those that we know counts as broken off, which is ambiguous."""
    causes = list(_causes(problem))
    for kind, fault in _KINDS:
        if any(isinstance(cause, kind) for cause in causes):
            return fault
    return Fault.RESET


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """The exception and what it wraps, as urllib3 and requests keep it: in `reason`, among the arguments, as cause.

    Not `__context__`: that may be an exception that our caller was handling, which proves nothing about this call.
    """
    seen: set[int] = set()
    waiting: list[object] = [problem]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, getattr(one, "reason", None), *one.args]
