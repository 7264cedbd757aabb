"""TLS connections on which an answer is read also when it comes before its request is sent whole.

A server that refuses a large upload answers and hangs up, while we are still sending. urllib3 then reads the answer
where the operating system says that the pipe is broken; OpenSSL says it in words of its own.
"""

from __future__ import annotations

import errno
import ssl
from typing import Any

from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class _Connection(HTTPSConnection):
    def send(self, data: Any) -> None:
        try:
            super().send(data)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise BrokenPipeError(errno.EPIPE, "the other side has hung up") from error


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


POOLS = {"http": HTTPConnectionPool, "https": _Pool}
"""For :class:`urllib3.PoolManager`: its ``pool_classes_by_scheme``."""
