# SPDX-License-Identifier: GPL-2.0-only
"""Finds what a kernel complains about in a console log."""

import re

START = "kmcl-vm: start"
EXPECT = re.compile(r"^\s*(?:# )?expect-warning: (.+?)\s*$")

# From here to its end a test has been asked where it stands: the kernel prints stacks, and complains of nothing.
STANDS = re.compile(r"^kmcl-vm: .* is not over$")
END = "kmcl-vm: end "

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

# A report of KCSAN has the stack of each of the two accesses that race. Whose it is says the first frame that does not
# just access memory for its caller.
RACE = "BUG: KCSAN: "
ACCESS = re.compile(r"\] (?:read|write|assert|race at unknown origin)\b.* by ")
FRAME = re.compile(r"\]  (?P<function>[\w.]+)\+0x[0-9a-f]+/0x[0-9a-f]+(?: \[(?P<module>\w+)\])?$")
FOR_CALLERS = re.compile(r"__list_(?:add|del_entry)_valid|(?:__)?mem(?:cpy|move|set|cmp|chr)\w*|str[a-z]+|rb_\w+|"
                         r"_?find_\w+_bit")

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

    @property
    def racers(self):
        """Of a race, whose the two accesses are: modules, None for the kernel itself. Of another complaint, nothing."""
        found = []
        looking = False
        for line in self.lines if any(RACE in line for line in self.lines) else ():
            frame = FRAME.search(line)
            if ACCESS.search(line):
                looking = True
            elif looking and frame and not FOR_CALLERS.fullmatch(frame["function"]):
                found.append(frame["module"])
                looking = False
        return found

    def is_race_of_others(self, ours):
        """Whether it is a race in which no module of these has a part."""
        return bool(self.racers) and not set(self.racers) & set(ours)


def complaints(console):
    """The complaints in a console log from its start marker on."""
    found = []
    block = None
    started = False
    stands = False
    last = -100
    for number, line in enumerate(console):
        started = started or START in line
        stands = not line.startswith(END) if stands else bool(STANDS.match(line))
        if started and line.startswith(LEAK) and found:
            found[-1].lines.append(line)
        if not started or stands or not KERNEL_LINE.match(line):
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


def races_of_others(console, ours):
    """What the races are called that are none of these modules'."""
    found = (complaint for complaint in complaints(console) if complaint.is_race_of_others(ours))
    return [complaint.title.partition(RACE)[2] for complaint in found]


def unexpected(console, ours=None):
    """(complaints that no test announced, announced ones that never came).

    ours: names of modules; a race of others is nobody's fault here. None: whoever races fails.
    """
    expected = [(match[1], re.compile(match[1]))
                for match in map(EXPECT.match, console) if match]
    seen = set()
    bad = []
    for complaint in complaints(console):
        hits = [text for text, pattern in expected if any(pattern.search(line) for line in complaint.lines)]
        seen.update(hits)
        if not hits and (ours is None or not complaint.is_race_of_others(ours)):
            bad.append(complaint)
    return bad, [text for text, _ in expected if text not in seen]
