# SPDX-License-Identifier: GPL-2.0-only
"""Reads KTAP and counts results."""

import re

RESULT = re.compile(r"^(\s*)(ok|not ok)\s+(\d+)\s*(?:-\s*)?(.*?)\s*$")
PLAN = re.compile(r"^(\s*)1\.\.(\d+)(?:\s*#\s*SKIP\s*(.*))?\s*$", re.IGNORECASE)
DIAGNOSTIC = re.compile(r"^\s*#\s*(.*?)\s*$")
SKIP = re.compile(r"#\s*SKIP\b", re.IGNORECASE)
TODO = re.compile(r"#\s*(TODO|XFAIL)\b", re.IGNORECASE)

EXIT_SKIP = 4

# Diagnostic lines that a summary repeats.
SAID = 3


class Tally:
    """The names of what passed, failed (and why) and was skipped (and why)."""

    def __init__(self):
        self.passes = []
        self.skips = []
        self.failures = []

    @property
    def passed(self):
        return len(self.passes)

    @property
    def skipped(self):
        return len(self.skips)

    @property
    def failed(self):
        return len(self.failures)

    @property
    def total(self):
        return self.passed + self.failed + self.skipped

    def add(self, other):
        self.passes += other.passes
        self.skips += other.skips
        self.failures += other.failures

    def fail(self, name, why=""):
        self.failures.append(f"{name}: {why}" if why else name)

    def skip(self, name, why=""):
        self.skips.append(f"{name}: {why}" if why else name)

    def __str__(self):
        text = f"{self.passed} passed, {self.failed} failed"
        return f"{text}, {self.skipped} skipped" if self.skipped else text


def parse(lines, name, status=0):
    """The tally of one test program's output and exit status.

    Only leaves count: the line that sums up nested results counts when it fails without a failed leaf. A plan that
    the results do not fill is a failure, and so is a program that says nothing. A failure is told with the last
    diagnostic lines before it, since a summary may be all that somebody gets to see.
    """
    tally = Tally()
    plan = None
    results = 0
    # Results seen at each deeper indentation since the last line at this one.
    nested = {}
    said = []
    for line in lines:
        match = DIAGNOSTIC.match(line)
        if match:
            said = [*said, match[1]][-SAID:]
            continue
        match = PLAN.match(line)
        if match and not match[1]:
            plan = int(match[2])
            if plan == 0 and status in (0, EXIT_SKIP):
                tally.skip(name, match[3])
                return tally
            continue
        match = RESULT.match(line)
        if not match:
            continue
        depth, good, text = len(match[1].expandtabs(4)), match[2] == "ok", match[4]
        results += depth == 0
        below = [key for key in nested if key > depth]
        had_nested = bool(below)
        nested_failed = any([nested.pop(key) for key in below])
        label = f"{name}: {SKIP.split(text)[0].strip()}"
        nested[depth] = nested.get(depth, False) or (not good and not TODO.search(text))
        if (SKIP.search(text) or TODO.search(text)) and not had_nested:
            tally.skip(label, text.partition("#")[2].strip())
        elif SKIP.search(text) or TODO.search(text):
            pass
        elif good and not had_nested:
            tally.passes.append(label)
        elif good:
            pass
        elif not nested_failed:
            tally.fail(label, "; ".join(said))
        said = []
    if status == EXIT_SKIP and not tally.total:
        tally.skip(name, "exit status 4")
    elif status not in (0, EXIT_SKIP) and not tally.failed:
        tally.fail(name, "timed out" if status in (124, 137) else f"exit status {status}")
    elif plan is not None and plan != results:
        tally.fail(name, f"{results} results where {plan} were planned")
    elif not tally.total:
        tally.fail(name, "no result")
    return tally
