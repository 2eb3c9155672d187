# SPDX-License-Identifier: GPL-2.0-only
"""What the demonstrations share: the screen, and how they end."""

import os
import sys
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "vm"))

# pylint: disable=wrong-import-position
from kmclvm import builds                                           # noqa: E402
from kmclvm import guest as vm                                      # noqa: E402
from kmclvm.log import complaints                                   # noqa: E402

MIB = 1 << 20


class Failed(Exception):
    pass


def check(condition, why):
    if not condition:
        raise Failed(why)


def mib(size):
    return f"{size / MIB:.0f} MiB"


class Screen:
    """Lines, and on a terminal one more at the bottom that changes in place."""

    def __init__(self):
        self._tty = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self._colour = self._tty and "NO_COLOR" not in os.environ
        self._lock = threading.Lock()
        self._live = ""
        self._last = 0.0
        self._start = time.monotonic()

    def paint(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self._colour else text

    def line(self, text=""):
        with self._lock:
            if self._live:
                sys.stdout.write("\r\033[K")
            sys.stdout.write(text + "\n" + self._live)
            sys.stdout.flush()

    def head(self, text):
        self.live("")
        self.line()
        self.line(self.paint("1", f"== {text}") + self.paint("2", f"  ({time.monotonic() - self._start:.0f} s)"))

    def says(self, who, text):
        code = {"host": "36", "guest": "32", "report": "2", "check": "33"}.get(who, "0")
        self.line(f"  {self.paint(code, f'{who:>6}')} | {text}")

    def live(self, text, every=None):
        """Shown in place; where that cannot be, as a line of its own every so many seconds, or not at all."""
        if not self._tty:
            if every and time.monotonic() - self._last >= every:
                self._last = time.monotonic()
                self.line(f"  {text}")
            return
        with self._lock:
            columns = os.get_terminal_size().columns or 80
            self._live = f"  {text}"[:columns - 1] if text else ""
            sys.stdout.write("\r\033[K" + self._live)
            sys.stdout.flush()


def bar(part, whole, width=32):
    full = max(0, min(width, round(width * part / whole)))
    return "[" + "#" * full + "." * (width - full) + "]"


def table(titles, rows):
    """The lines of a table whose first column is text, and the others figures."""
    lines = [titles, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(titles))]
    for number, line in enumerate(lines):
        yield "  " + "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths)))
        if number == 0:
            yield "  " + "  ".join("-" * width for width in widths)


def power_off(guest):
    """The end of every demonstration: the guest goes, and its kernel had nothing to complain of."""
    check(guest.poweroff(), "the guest did not power off")
    bad = complaints(guest.console)
    check(not bad, "the guest's kernel complained: " + "; ".join(one.title for one in bad[:3]))


def perform(demo, closing):
    """Runs demo.run(); shows demo.table(), the closing words and the verdict. Returns the exit status."""
    screen = demo.screen
    vm.exit_on_signals()
    start = time.monotonic()
    why = None
    status = 1
    try:
        demo.run()
    except KeyboardInterrupt:
        why, status = "interrupted", 130
    except (Failed, vm.GuestError, vm.QmpError, builds.BuildError, RuntimeError, OSError) as error:
        why = str(error)

    screen.live("")
    screen.line()
    for line in demo.table():
        screen.line(line)
    screen.line()
    if why:
        why, *details = why.strip().splitlines()
        for line in details:
            screen.line(f"  {line}")
        screen.line(screen.paint("31", f"demo: FAILED: {why}"))
        return status
    screen.line(f"{time.monotonic() - start:.0f} s in all; {closing}")
    screen.line(screen.paint("32", "demo: passed"))
    return 0
