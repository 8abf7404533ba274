"""A wire between a process and a server that a test can cut or hold."""

import socket
import threading
from contextlib import suppress


class Wire:
    """A TCP proxy to a server, that can be cut or held."""

    def __init__(self, host: str, port: int):
        self._to = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._ends: list[socket.socket] = []
        self.carried_bytes = 0
        self._open = threading.Event()
        self._open.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self) -> None:
        """Carry nothing any more, and say nothing of it: what a server looks like that hangs."""
        self._open.clear()

    def let_go(self) -> None:
        self._open.set()

    def cut(self) -> None:
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._open.set()
        self._listener.close()
        for end in self._ends:
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._to)
            self._ends += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while piece := one.recv(65536):
                self._open.wait()
                other.sendall(piece)
                self.carried_bytes += len(piece)
            other.shutdown(socket.SHUT_RDWR)
