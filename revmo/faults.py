"""Which fault of the wire an exception is, by its type and never by its words."""

import http.client

from revmo.connections import ConnectFailed
from revmo.outcomes import Fault

# Looked for in this order, because a RemoteDisconnected is a ConnectionResetError, and an HTTPException as well.
_KINDS: tuple[tuple[tuple[type[BaseException], ...], Fault], ...] = (
    ((TimeoutError,), Fault.READ_TIMEOUT),
    ((http.client.RemoteDisconnected, http.client.IncompleteRead), Fault.REMOTE_CLOSE),
    ((ConnectionResetError, BrokenPipeError), Fault.RESET),
    ((http.client.HTTPException,), Fault.NOT_HTTP),
)


def fault_of(problem: BaseException) -> Fault:
    """The fault; what is none of those that we know counts as broken off, which is ambiguous.

    Only ConnectFailed proves that nothing left: a reset before and after the server read the request look the same.
    """
    if isinstance(problem, ConnectFailed):
        return problem.fault
    return next((fault for kinds, fault in _KINDS if isinstance(problem, kinds)), Fault.RESET)
