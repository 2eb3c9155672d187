# SPDX-License-Identifier: GPL-2.0-only
"""Finds what a kernel complains about in a console log."""

import re

START = "kmcl-vm: start"
EXPECT = re.compile(r"^\s*(?:# )?expect-warning: (.+?)\s*$")

# A line that the kernel printed, as against a test's.
KERNEL_LINE = re.compile(r"^(?:<\d+>)?\[\s*\d+\.\d+\]")

# Any of these, from the kernel, fails the run.
COMPLAINT = re.compile(
    r"WARNING: |\bBUG\b|\bOops\b|general protection|Kernel panic|Call Trace:|"
    r"KASAN:|KCSAN:|UBSAN:|KFENCE:|kmemleak: \d+ new|"
    r"possible circular locking|possible recursive locking|inconsistent lock state|"
    r"lock held when returning|suspicious RCU usage|bad unlock balance|INFO: trying to register|"
    r"blocked for more than|rcu_\w+ (?:self-)?detected|soft lockup|hard LOCKUP|"
    r"refcount_t: |list_(?:add|del) corruption|cannot create duplicate filename|"
    r"still in use|Objects remaining|double fault|unable to handle|invalid opcode|stack guard|"
    r"sleeping function called|scheduling while atomic|workqueue lockup|ODEBUG:|"
    r"Unknown symbol|disagrees about version|module verification failed.*oops")

# A report is one complaint, from the line that opens it to the one that closes it.
OPENS = "------------[ cut here ]------------"
CLOSES = re.compile(r"---\[ end trace")
# KASAN, KCSAN and UBSAN draw the same line before and after, and nobody else one so long.
RULE = re.compile(r"\] (?:={66}|={80})$")

# What guest/init prints behind "kmemleak: N new": the objects.
LEAK = "kmcl-vm: leak "


class Complaint:
    """A kernel report: its lines, of which the first says it best."""

    def __init__(self, lines):
        self.lines = lines

    @property
    def title(self):
        telling = [line for line in self.lines if COMPLAINT.search(line)]
        return (telling or self.lines)[0]


def complaints(console):
    """The complaints in a console log from its start marker on."""
    found = []
    block = None
    started = False
    last = -100
    for number, line in enumerate(console):
        started = started or START in line
        if started and line.startswith(LEAK) and found:
            found[-1].lines.append(line)
        if not started or not KERNEL_LINE.match(line):
            continue
        closes = block and (RULE if RULE.search(block[0]) else CLOSES).search(line)
        if OPENS in line or (RULE.search(line) and not block):
            block = []
        if block is not None:
            block.append(line)
            if closes:
                found.append(Complaint(block))
                block = None
                last = number
        elif COMPLAINT.search(line):
            # The lines of one report that has no frame (an oops, lockdep) stand together.
            if found and number - last < 60 and "Call Trace:" in line:
                found[-1].lines.append(line)
            else:
                found.append(Complaint([line]))
            last = number
    if block:
        found.append(Complaint(block))
    return found


def unexpected(console):
    """(complaints that no test announced, announced ones that never came)."""
    expected = [(match[1], re.compile(match[1]))
                for match in map(EXPECT.match, console) if match]
    seen = set()
    bad = []
    for complaint in complaints(console):
        hits = [text for text, pattern in expected if any(pattern.search(line) for line in complaint.lines)]
        seen.update(hits)
        if not hits:
            bad.append(complaint)
    return bad, [text for text, _ in expected if text not in seen]
