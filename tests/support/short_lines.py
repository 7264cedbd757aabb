"""A line to a registry on which every connection breaks off after so many bytes, as some firewalls have it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from tests.support.running_registry import RunningRegistry


@contextmanager
def short_lines(registry: RunningRegistry, most: int) -> Iterator[RunningRegistry]:
    """The registry behind such a line: ``most`` bytes upwards for each connection, and it is closed both ways."""
    host, _, port = registry.host.rpartition(":")
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(server, (host, int(port)), most), daemon=True)
        thread.start()
        try:
            yield replace(registry, host=f"127.0.0.1:{server.getsockname()[1]}")
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(server: socket.socket, target: tuple[str, int], most: int) -> None:
    while True:
        try:
            here, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_line, args=(here, target, most), daemon=True).start()


def _line(here: socket.socket, target: tuple[str, int], most: int) -> None:
    with here, socket.create_connection(target) as there:
        back = threading.Thread(target=_carry, args=(there, here, None), daemon=True)
        back.start()
        _carry(here, there, most)
        for end in (here, there):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        back.join()


def _carry(source: socket.socket, target: socket.socket, most: int | None) -> None:
    with suppress(OSError):
        while (most is None or most > 0) and (data := source.recv(65536)):
            if most is not None:
                data, most = data[:most], most - len(data)
            target.sendall(data)
