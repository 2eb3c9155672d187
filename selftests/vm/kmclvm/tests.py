# SPDX-License-Identifier: GPL-2.0-only
"""Runs in-guest tests: one boot for all tests that want the same guest, one tally."""

import fnmatch
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter

from . import builds, ktap, log, roots
from .guest import Guest, GuestError, kvm_has_hyperv
from .initramfs import PROGRAMS
from .qmp import QmpError

KMOD_TESTS = builds.TOP / "selftests/kmod"
OWN_TESTS = builds.TOP / "selftests/vm/tests"
SAMPLES = builds.TOP / "samples"
TOOLS = builds.TOP / "kmcl/tools"
ABI = builds.TOP / "kmcl/debugfs/ABI"
USER_PROGRAMS = builds.TOP / "selftests/user"

HEADER = re.compile(r"^# vm:\s*(hyperv|none|any|peer)\b(.*)$", re.MULTILINE)
KERNEL_PREFIX = re.compile(r"^(.*?)(?:<\d+>)?\[\s*\d+\.\d{6}\] .*$")

# The console takes a kernel message in pieces of 16 characters; what a test says at once may come between any two.
BETWEEN_PIECES = re.compile(r"^(?=\[\s*\d)(?:.{16})+?((?:\s*(?:not )?ok \d|1\.\.\d|kmcl-vm: ).*)$")

# A test may take this long, unless its header says otherwise.
TIMEOUT = 60
BOOT_TIMEOUT = 180

# How often tests repeat what they repeat, for those that read /kmcl/counts; and how much longer they may take then.
COUNTS = os.environ.get("COUNTS", "")
COUNTS_FACTOR = 30 if COUNTS else 1


# --noise: busy processes beside the tests, and everything that noise.c and Guest(stalls=True) do. Limits grow, too.
NOISE = builds.TOP / "selftests/vm/guest/noise.c"
NOISY = 4

# By what all limits grow where the guest's processor is emulated: that is slower by more, and not evenly.
EMULATED = 5

# ... and what a test takes for a second, once more: such a guest can stand still for several, while nothing is wrong.
STANDSTILL = 4


def is_emulated(accel=None):
    return (accel or ("kvm" if kvm_has_hyperv() else "tcg")) != "kvm"


def patience(accel=None, noise=0):
    """By what all limits grow, also on a machine that has more to do than processors to do it with."""
    load = max(1.0, os.getloadavg()[0] / os.cpu_count())
    return load * (EMULATED if is_emulated(accel) else 1) * (NOISY if noise else 1)


def said(line):
    """What a test or the guest's init has said in a line of the console, None if the line is the kernel's."""
    match = BETWEEN_PIECES.match(line)
    if match:
        return match[1]
    match = KERNEL_PREFIX.match(line)
    return (match[1] or None) if match else line


class Test:
    """A script with a header line: `# vm: hyperv|none|any|peer`, PROGRAMS, `KEY=VALUE` as ../README.md says."""

    def __init__(self, path, header):
        self.path = path
        self.name = path.name.removesuffix(".sh")
        self.where = header[1]
        self.timeout = TIMEOUT * COUNTS_FACTOR
        self.kernel = None
        self.demand = False
        self.cpus = 2
        self.memory = 512
        self.cmdline = []
        self.programs = []
        for word in header[2].split():
            key, _, value = word.partition("=")
            if key in ("cpus", "memory"):
                setattr(self, key, int(value))
            elif key == "timeout":
                self.timeout = int(value) * COUNTS_FACTOR
            elif key == "kernel":
                self.kernel = value
            elif key == "cmdline":
                self.cmdline.append(value)
            elif word == "demand":
                self.demand = True
            elif word in PROGRAMS:
                self.programs.append(word)
            else:
                raise SystemExit(f"{path}: unknown word '{word}' in its '# vm:' line")

    @property
    def guest(self):
        """What decides the guest that it runs in. Without need of a VMBus it runs without: five times faster."""
        bus = "none" if self.where == "any" else self.where
        return (bus, self.cpus, self.memory, " ".join(self.cmdline), tuple(sorted(self.programs)))


def _asked_for(test, patterns):
    if not patterns:
        return not test.demand
    return any(fnmatch.fnmatch(test.name, pattern) for pattern in patterns)


def find(patterns=(), kernel=None):
    """The tests in the tree that were asked for and that run on the kernel."""
    tests = []
    for folder in (OWN_TESTS, KMOD_TESTS):
        for path in sorted(folder.glob("*.sh")):
            header = HEADER.search(path.read_text())
            if header and path.stat().st_mode & 0o100:
                tests.append(Test(path, header))
    return [test for test in tests if _asked_for(test, patterns) and kernel in (None, test.kernel or kernel)]


def _compile(source, *options):
    """A program for the guest, without shared libraries."""
    program = builds.TOP / "build/vm/programs" / source.stem
    program.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-std=gnu11", "-O1", "-static", "-Wall", "-Wextra", "-Werror", "-Wno-sign-compare",
                    "-o", program, source, *options], check=True)
    return program


def _programs():
    """Compiles selftests/user; yields the programs."""
    library = builds.TOP / "selftests/unit"
    for source in sorted(USER_PROGRAMS.glob("*.c")):
        yield _compile(source, f"-I{library}", library / "ktap.c")


def _files(tests, grace, second, noise):
    """All that stands beside the tests comes along: helpers, data, programs."""
    files = {"kmcl/list": "".join(f"{test.timeout * grace:.0f} {test.path.name}\n" for test in tests).encode(),
             "kmcl/counts": f"{COUNTS}\n".encode(),
             "kmcl/second": f"{second:.0f}\n".encode()}
    for folder in (OWN_TESTS, KMOD_TESTS):
        for path in folder.glob("*"):
            if path.is_file() and path.suffix not in (".c", ".h", ".o", ".ko"):
                files[f"tests/{path.name}"] = path
    files.update((f"kmcl/tools/{path.name}", path) for path in TOOLS.iterdir() if path.is_file())
    files["kmcl/ABI"] = ABI
    files.update((f"tests/{path.name}", path) for path in _programs())
    if noise:
        files.update({"bin/noise": _compile(NOISE), "kmcl/noise": f"{noise}\n".encode()})
    return files


class Run:
    """One boot and its judgement."""

    def __init__(self, version, tests, record, verbose=False, accel=None, modules=(), noise=0):
        self.version = version
        self.tests = tests
        self.verbose = verbose
        self.tally = ktap.Tally()
        self._record = record
        self._accel = accel
        self._modules = modules
        self._noise = noise
        self._guest = None
        self._current = None
        self._output = []
        self._ended = set()

    def _line(self, line):
        if self.verbose:
            print(f"    {line}", file=sys.stderr, flush=True)
        text = said(line)
        if text is None:
            return
        if text.startswith("kmcl-vm: begin "):
            self._current = text.split()[2]
            self._output = []
        elif text.startswith("kmcl-vm: end ") and self._current:
            self._finish(text.split()[2], int(text.split()[3]))
        elif self._current:
            self._output.append(text)

    def _finish(self, script, status):
        name = f"{self.version} {script.removesuffix('.sh')}"
        tally = ktap.parse(self._output, name, status)
        self.tally.add(tally)
        self._record[name] = tally
        self._ended.add(script)
        self._current = None
        print(f"# {name}: {tally}", flush=True)
        if tally.failed and not self.verbose:
            print("".join(f"#     {line}\n" for line in self._output[-40:]), end="", flush=True)

    def _qmp(self, text):
        command, _, arguments = text.partition(" ")
        return self._guest.qmp(command, **json.loads(arguments or "{}"))

    def _stopped_qmp(self, text):
        """With the guest stopped, and with the time for the host to read what the guest has said before."""
        self._guest.qmp("stop")
        try:
            time.sleep(0.3)
            return self._qmp(text)
        finally:
            self._guest.qmp("cont")

    def _request(self, text):
        """What a test in the guest asks for (guest/host)."""
        verb, _, rest = text.partition(" ")
        try:
            if verb == "qmp":
                return "ok " + json.dumps(self._qmp(rest))
            if verb == "stopped-qmp":
                return "ok " + json.dumps(self._stopped_qmp(rest))
            if verb == "log":
                builds.say(rest)
                return "ok"
            return f"error unknown request '{verb}'"
        except (QmpError, ValueError, TypeError) as error:
            return f"error {error}"

    def run(self):
        bus, cpus, memory, cmdline, programs = self.tests[0].guest
        weight = roots.kernel(self.version).weight
        grace = patience(self._accel, self._noise) * weight
        second = 1000 * grace * (STANDSTILL if is_emulated(self._accel) else 1)
        limit = round(grace * (BOOT_TIMEOUT + sum(test.timeout for test in self.tests)))
        where = f"{self.version} " + {"none": "without VMBus", "peer": "with peer"}.get(bus, "with VMBus")
        if cpus != 2:
            where += f" on {cpus}"
        where += "".join(f" with {name}" for name in programs)
        where += f" and {cmdline}" if cmdline else ""
        started = time.monotonic()
        try:
            with Guest(self.version, hyperv=bus != "none", peer=bus == "peer", cpus=cpus,
                       memory=memory * weight, cmdline=cmdline, programs=programs, mode="tests", modules=self._modules,
                       files=_files(self.tests, grace, second, self._noise), on_line=self._line,
                       on_request=self._request, accel=self._accel, holder=self._hold,
                       stalls=bool(self._noise)) as guest, \
                    builds.Ticker(f"guest {where}"):
                in_time = guest.wait(limit)
                judged = self._judge(guest, where, in_time, limit)
        except GuestError as error:
            judged = ktap.Tally()
            judged.fail(where, str(error))
        self.tally.add(judged)
        # Who runs one of several guests keeps what its kernel said with the last of its tests.
        self._record.setdefault(f"{self.version} {self.tests[-1].name}", ktap.Tally()).add(judged)
        print(f"# guest {where}: {time.monotonic() - started:.0f} s, {self.tally}", flush=True)
        return self.tally

    def _hold(self, guest):
        self._guest = guest

    def _judge(self, guest, where, in_time, limit):
        """What goes wrong with a guest as a whole, its kernel's complaints among it."""
        tally = ktap.Tally()
        log_path = builds.TOP / "build/vm" / f"{re.sub(r'[^-.=a-zA-Z0-9]+', '-', where)}.log"
        log_path.parent.mkdir(parents=True, exist_ok=True)
        log_path.write_text("\n".join([*guest.outer_log, *guest.console, ""]))
        if not in_time:
            tally.fail(where, f"no end after {limit} s; in {self._current or 'no test'}\n{guest.tail(30)}")
        elif not any("kmcl-vm: done" in line for line in guest.console):
            tally.fail(where, f"the guest ended without its success marker, in {self._current or 'no test'}\n"
                              f"{guest.tail(30)}")
        if not any(log.START in line for line in guest.console):
            tally.fail(where, "the guest did not reach its start marker\n" + guest.tail(30))
        ours = builds.names(self._modules)
        bad, missing = log.unexpected(guest.console, ours)
        for title, count in Counter(log.races_of_others(guest.console, ours)).items():
            print(f"# {where}: {count} times a race of others: {title}", flush=True)
        for complaint in bad:
            tally.fail(where, "the kernel complained: " + complaint.title)
            print("".join(f"#     {line}\n" for line in complaint.lines[:40]), end="", flush=True)
        for text in missing:
            tally.fail(where, f"the announced warning '{text}' never came")
        for test in self.tests:
            if test.path.name not in self._ended:
                tally.fail(f"{self.version} {test.name}", "did not run to its end")
        if tally.failed:
            print(f"# the log is {log_path}", flush=True)
        return tally


def run(version, patterns=(), record=None, verbose=False, accel=None, noise=0, cpus=None):
    """Builds for a kernel, runs the tests that match, returns the tally.

    record, a dictionary, gets the tally of each test as "VERSION NAME". cpus: instead of what the tests ask for.
    """
    groups = {}
    for test in find(patterns, version):
        test.cpus = cpus or test.cpus
        groups.setdefault(test.guest, []).append(test)
    tally = ktap.Tally()
    if not groups:
        return tally
    try:
        modules = builds.build(version)
    except builds.BuildError as error:
        print(f"# {error}", flush=True)
        tally.fail(f"{version} build")
        return tally
    for tests in groups.values():
        tally.add(Run(version, tests, {} if record is None else record, verbose, accel, modules, noise).run())
    return tally
