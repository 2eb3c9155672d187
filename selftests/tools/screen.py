#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Drives kmclstat in a terminal and reads the screen."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

import pyte

PROGRAM = sys.argv[1]
PATIENCE = 60
DIRECTORY = tempfile.mkdtemp()
FILE = os.path.join(DIRECTORY, "channels.json")
COUNTERS = ("in_packets", "in_completions", "in_bytes", "out_packets", "out_completions", "out_bytes", "out_queued",
            "ring_full", "ring_full_ns", "signals_sent", "signals_suppressed", "signals_received", "batches",
            "batch_packets", "defers", "quota_stops", "memory_stops", "budget_stops", "time_stops", "cancels",
            "oversize_completions")


def ring(used):
    return {"size": 4096, "used": used, "read": 0, "write": used, "wanted": 0, "masked": False, "corrupt": False}


def channel(number, name, used=0, **values):
    made = {"label": f"{name}.{number}", "name": name, "number": number, "endpoint": "client", "owner": "test",
            "state": "Open", "bus": "local", "type": "", "instance": "", "transition": None, "delivering": None,
            "receiving": True, "failed": False, "starved": False, "passive": False, "send_failed": False,
            "ring_in": ring(0), "ring_out": ring(used), "queue": 0, "queue_highest": 0, "replies_queued": 0,
            "transactions": 0, "outstanding": 0, "outstanding_highest": 0, "budget": 256, "time_ms": 8, "quota": 1024,
            "allocated": 0, "ring_full_now_ns": 0, "counters": dict.fromkeys(COUNTERS, 0), "malformed": {},
            "latency_log2_ns": [0] * 40, "oldest_packets": [], "gpadl_count": 0, "gpadls": []}
    made.update(values)
    return made


class Channels:
    """The file that kmclstat reads. Its clock is the test's."""

    def __init__(self, *channels):
        self.channels = list(channels)
        self.seconds = 1
        self.write()

    def write(self):
        with open(f"{FILE}.new", "w", encoding="ascii") as file:
            json.dump({"format": 1, "time_ns": self.seconds * 10**9, "latency": False, "channels": self.channels}, file)
        os.rename(f"{FILE}.new", FILE)

    def one_second_later(self, number, **counts):
        self.seconds += 1
        for name, count in counts.items():
            self.channels[number]["counters"][name] += count
        self.write()


class Terminal:
    """kmclstat in a terminal of so many columns and lines; 0 by 0 is a serial line, which knows no size."""

    def __init__(self, columns, lines, *arguments, term="linux"):
        self.screen = pyte.Screen(columns or 80, lines or 24)
        self._stream = pyte.ByteStream(self.screen)
        self.seen = b""
        self.pid, self._fd = pty.fork()
        if not self.pid:
            for name in ("LINES", "COLUMNS"):
                os.environ.pop(name, None)
            os.environ["TERM"] = term
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            os.execvp("python3", ["python3", "-B", PROGRAM, "--file", FILE, *arguments])

    def _read(self, seconds):
        """Whether there was something to read; None at the end."""
        if not select.select([self._fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            return None
        self.seen += data
        self._stream.feed(data)
        return bool(data) or None

    def shows(self, condition):
        """Waits until the condition holds for the lines of the screen."""
        end = time.monotonic() + PATIENCE
        while not condition(self.screen.display):
            if time.monotonic() > end or self._read(1) is None:
                print("".join(f"# |{line}\n" for line in self.screen.display), end="")
                return False
        return True

    def shows_text(self, *texts):
        return self.shows(lambda lines: all(any(text in line for line in lines) for text in texts))

    def press(self, keys):
        os.write(self._fd, keys.encode())

    def resize(self, columns, lines):
        self.screen.resize(lines, columns)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)

    def reads_bytes(self, count):
        """Reads on until so many bytes more have come."""
        start, end = len(self.seen), time.monotonic() + PATIENCE
        while len(self.seen) < start + count and time.monotonic() < end and self._read(1) is not None:
            pass
        return len(self.seen) >= start + count

    def ends(self):
        """Quits; the status that the program leaves with."""
        self.press("q")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._read(1) is not None:
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self._fd)
        return status


def row(lines, label):
    return next((line for line in lines if line.startswith(label)), "")


def three():
    return Channels(channel(1, "Alpha", used=4064, queue=7, ring_full_now_ns=1), channel(2, "Beta"),
                    channel(3, "Gamma", ring_in=None, ring_out=None, state="Enabled",
                            oldest_packets=[{"place": "queued", "id": 0, "age_ms": 5000, "bytes": 24}]))


def test_rows():
    three()
    terminal = Terminal(160, 24)
    good = terminal.shows_text("3 channels", "CHANNEL", "Alpha.1", "Beta.2", "Gamma.3", "q quit")
    alpha, gamma = row(terminal.screen.display, "Alpha.1"), row(terminal.screen.display, "Gamma.3")
    good &= "full" in alpha and "########  99%" in alpha and "........   0%" in alpha
    good &= "Enabled" in gamma and "closed" in gamma and "5s" in gamma
    return good and terminal.ends() == 0


def test_rates():
    channels = three()
    terminal = Terminal(160, 24, "--interval", "0.1")
    good = terminal.shows_text("Beta.2")
    channels.one_second_later(1, in_packets=1200, out_packets=34, in_bytes=10**6)
    # IN/s, OUT/s, BYTES/s: for as long as no look comes after this one. So the clock goes on, and the packets too.
    end = time.monotonic() + PATIENCE
    while good and time.monotonic() < end:
        shown = row(terminal.screen.display, "Beta.2").split()
        if "1.2k" in shown and "34" in shown and "1.0M" in shown:
            return terminal.ends() == 0
        channels.one_second_later(1, in_packets=1200, out_packets=34, in_bytes=10**6)
        terminal.reads_bytes(1)
    return False


def order(lines):
    return [line.split(".")[0] for line in lines if ".1 " in line or ".2 " in line or ".3 " in line]


def test_sort():
    three()
    terminal = Terminal(160, 24)
    good = terminal.shows(lambda lines: order(lines) == ["Alpha", "Beta", "Gamma"])
    terminal.press("r")
    good &= terminal.shows(lambda lines: order(lines) == ["Gamma", "Beta", "Alpha"])
    terminal.press("rS" + "S" * 4)
    good &= terminal.shows_text("by OLDEST") and terminal.shows(lambda lines: order(lines)[0] == "Gamma")
    return good and terminal.ends() == 0


def test_pause():
    channels = three()
    terminal = Terminal(160, 24, "--interval", "0.1")
    good = terminal.shows_text("Alpha.1")
    terminal.press("p")
    good &= terminal.shows_text("PAUSED")
    channels.channels.append(channel(4, "Delta"))
    channels.write()
    # It draws again for each key, but does not look.
    terminal.press("r")
    good &= terminal.shows(lambda lines: order(lines)[0] == "Gamma")
    terminal.press("r")
    good &= terminal.shows(lambda lines: order(lines)[0] == "Alpha")
    good &= not row(terminal.screen.display, "Delta")
    terminal.press("p")
    good &= terminal.shows_text("Delta.4", "every")
    return good and terminal.ends() == 0


def test_resize():
    Channels(*(channel(n, "Many") for n in range(1, 41)))
    terminal = Terminal(160, 50)
    good = terminal.shows_text("Many.40")
    terminal.resize(60, 10)
    good &= terminal.shows(lambda lines: lines[9].startswith("q quit") and "Many.7 " in lines[8])
    terminal.resize(20, 2)
    good &= terminal.shows(lambda lines: lines[1].startswith("*CHANNEL"))
    terminal.resize(160, 50)
    good &= terminal.shows_text("Many.40", "BYTES/s")
    return good and terminal.ends() == 0


def test_scroll():
    Channels(*(channel(n, "Many") for n in range(1, 41)))
    terminal = Terminal(80, 10)
    good = terminal.shows_text("Many.1 ")
    terminal.press("\x1b[6~" * 2)
    good &= terminal.shows(lambda lines: "Many.21 " in lines[2])
    terminal.press("\x1b[6~" * 9)
    good &= terminal.shows(lambda lines: "Many.40 " in lines[8])
    return good and terminal.ends() == 0


def test_serial():
    three()
    terminal = Terminal(0, 0, term="vt100")
    good = terminal.shows_text("3 channels", "Alpha.1", "Gamma.3")
    good &= terminal.shows(lambda lines: lines[23].startswith("q quit"))
    return good and terminal.ends() == 0


def test_flicker():
    channels = three()
    terminal = Terminal(160, 24, "--interval", "0.1")
    good = terminal.shows_text("Gamma.3", "q quit")
    first = len(terminal.seen)
    for _ in range(20):
        before = len(terminal.seen)
        channels.one_second_later(1, in_packets=channels.seconds * 1000)
        good &= terminal.reads_bytes(1)
        # A number or two, and the way there; a whole screen would be some thousands of bytes.
        good &= len(terminal.seen) - before < 500
    # Nothing was cleared after the first time.
    good &= not any(clear in terminal.seen[first:] for clear in (b"\x1b[2J", b"\x1b[J", b"\x1b[H\x1b["))
    return good and terminal.ends() == 0


def test_gone():
    channels = three()
    terminal = Terminal(160, 24, "--interval", "0.1")
    good = terminal.shows_text("Alpha.1")
    os.unlink(FILE)
    good &= terminal.shows_text("is kmcl.ko loaded", "Alpha.1")
    channels.write()
    good &= terminal.shows(lambda lines: "is kmcl.ko loaded" not in lines[0])
    with open(FILE, "w", encoding="ascii") as file:
        file.write('{"format": 2}')
    good &= terminal.shows_text("format 2")
    return good and terminal.ends() == 0


def run(*arguments):
    return subprocess.run(["python3", "-B", PROGRAM, "--file", FILE, *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, timeout=PATIENCE, check=False)


def test_once():
    channels = three()
    channels.channels[0]["latency_log2_ns"][10] = 98
    channels.channels[0]["latency_log2_ns"][20] = 2
    channels.channels.append({"label": "Epsilon.5", "error": "no memory"})
    channels.write()
    shown = run("--once", "--sort", "OLDEST")
    lines = shown.stdout.splitlines()
    good = shown.returncode == 0 and len(lines) == 4 and lines[1].startswith("Gamma.3")
    alpha = row(lines, "Alpha.1").split()
    # 98 below 2^11 ns, two below 2^21.
    return good and "2us" in alpha and "2ms" in alpha


def test_json():
    three()
    look = json.loads(run("--once", "--json").stdout)
    alpha = next(item for item in look["channels"] if item["label"] == "Alpha.1")
    return alpha["queue"] == 7 and alpha["fill_out"] == 4064 / 4096 and alpha["latency_p50_ns"] is None


def test_errors():
    os.unlink(FILE)
    missing, wrong = run("--once"), run("--once", "--interval", "0")
    return missing.returncode == 1 and "is kmcl.ko loaded" in missing.stderr and wrong.returncode == 2


TESTS = [
    ("rows, bars, states", test_rows),
    ("rates are differences of counters by the file's clock", test_rates),
    ("sorts by a column, and the other way round", test_sort),
    ("pauses, and goes on", test_pause),
    ("follows the terminal's size", test_resize),
    ("scrolls, and stops at the end", test_scroll),
    ("works on a serial line that knows no size", test_serial),
    ("writes what has changed and clears nothing", test_flicker),
    ("survives a file that goes away, and one that it does not know", test_gone),
    ("--once prints one look, sorted", test_once),
    ("--once --json prints what was read and what is computed", test_json),
    ("says what is wrong, and fails", test_errors),
]


def main():
    failed = 0
    print(f"TAP version 13\n1..{len(TESTS)}")
    for number, (name, test) in enumerate(TESTS, 1):
        good = test()
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} kmclstat: {name}", flush=True)
    return 1 if failed else 0


sys.exit(main())
