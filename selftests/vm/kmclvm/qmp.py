# SPDX-License-Identifier: GPL-2.0-only
"""A QMP client on a connected socket."""

import json
import threading


class QmpError(Exception):
    pass


class Qmp:
    """Commands from any thread; events go to the handlers, in the reader's thread."""

    def __init__(self, sock):
        self._sock = sock
        self._cond = threading.Condition()
        self._command = threading.Lock()
        self._greeted = False
        self._negotiated = False
        self._closed = False
        self._replies = {}
        self._next_id = 0
        self._handlers = []
        threading.Thread(target=self._read, daemon=True).start()

    def on_event(self, handler):
        """handler(name, data) is called for each event."""
        self._handlers.append(handler)

    def _read(self):
        try:
            with self._sock.makefile("r", encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    if line.strip():
                        self._dispatch(json.loads(line))
        except (OSError, ValueError):
            pass
        with self._cond:
            self._closed = True
            self._cond.notify_all()

    def _dispatch(self, message):
        if "event" in message:
            for handler in list(self._handlers):
                handler(message["event"], message.get("data", {}))
            return
        with self._cond:
            if "QMP" in message:
                self._greeted = True
            else:
                self._replies[message.get("id")] = message
            self._cond.notify_all()

    def _wait(self, ready, timeout):
        with self._cond:
            self._cond.wait_for(lambda: ready() or self._closed, timeout)
            if not ready():
                raise QmpError("the VM is gone" if self._closed else f"no answer in {timeout} s")

    def _execute(self, name, arguments, timeout):
        self._next_id += 1
        request = {"execute": name, "id": self._next_id}
        if arguments:
            request["arguments"] = arguments
        try:
            self._sock.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise QmpError(f"the VM is gone: {error}") from error
        self._wait(lambda: request["id"] in self._replies, timeout)
        reply = self._replies.pop(request["id"])
        if "error" in reply:
            raise QmpError(reply["error"].get("desc", str(reply["error"])))
        return reply["return"]

    def __call__(self, name, timeout=60, **arguments):
        """Executes a command and returns its result. An underscore in an argument stands for itself."""
        with self._command:
            if not self._negotiated:
                self._wait(lambda: self._greeted, timeout)
                self._execute("qmp_capabilities", None, timeout)
                self._negotiated = True
            return self._execute(name, arguments, timeout)
