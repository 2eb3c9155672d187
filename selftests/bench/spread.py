# SPDX-License-Identifier: GPL-2.0-only
"""Channels of the local bus beside each other: what more of them, more senders and more processors give."""

from measure import KINDS, LIMIT, SIDES, prepare
from results import builds

from kmclvm import guest as vm

PARAMETER = "/sys/module/kmcl_bench/parameters/spread"

# Of the guest. Sender n is bound to processor n modulo these, and sends on channel n modulo the channels.
CPUS = 2

# Channels, senders. The first is what the others are relative to.
CASES = ((1, 1), (1, 2), (2, 2), (4, 4), (8, 8))

# Threads that share nothing and have no channel: what this machine has to give at the moment.
NOTHING = ((1, 1), (2, 2))


class Load:
    def __init__(self, kind, sides, case, packets):
        channels, senders = case
        self.kind = kind
        self.sides = sides
        self.packets = packets
        self.order = f"{kind} {channels} {senders} {packets // senders}"
        self.name = (f"{kind}, {channels} channel{'s'[:channels > 1]}, {senders} sender{'s'[:senders > 1]}"
                     if "kmcl" in sides else f"no channel, {senders} thread{'s'[:senders > 1]}")


def loads(packets):
    """In a list for each kind, the base first."""
    yield from ([Load(kind, SIDES, case, packets) for case in CASES] for kind in ("request", "stream"))
    yield [Load("stream", ("nothing",), case, packets) for case in NOTHING]


def one_round(guest, runs):
    """Nanoseconds of a packet in each run: a side of a workload."""
    commands = (f"echo {side} {load.order} >{PARAMETER} && cat {PARAMETER}" for side, load in runs)
    took = guest.run(" && ".join(commands), LIMIT, check=True)[1].split()
    return [int(ns) / load.packets for ns, (_, load) in zip(took, runs, strict=True)]


def measure(kernel, rounds, packets):
    """Each workload with the one that it is relative to, and what they were made in. All take turns in each round."""
    groups = list(loads(packets))
    found = [{"workload": load.name, "base": group[0].name, "sides": {side: {"cost": []} for side in load.sides}}
             for group in groups for load in group]
    runs = [(side, load) for group in groups for load in group for side in load.sides]
    costs = [one["sides"][side]["cost"] for one in found for side in one["sides"]]
    with vm.Guest(kernel, hyperv=False, cpus=CPUS, modules=builds.build(kernel)) as guest:
        prepare(guest)
        guest.run("modprobe kmcl_bench", check=True)
        # The first round is not counted, as anywhere here.
        for number in range(rounds + 1):
            for into, cost in zip(costs, one_round(guest, runs)):
                if number:
                    into.append(cost)
            builds.say(f"spread: round {number} of {rounds}")
        return found, f"{rounds} rounds; {KINDS[guest.accelerator]}"
