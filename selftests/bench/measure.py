# SPDX-License-Identifier: GPL-2.0-only
"""Runs the benchmarks: the ring on this machine, the channels in guests."""

import json
import subprocess

from results import DIRECTORY, builds

from kmclvm import guest as vm

HERE = builds.TOP / "selftests/bench"
RUN = "/sys/module/kmcl_bench/parameters/run"
STEPS = "/sys/module/kmcl_steps/parameters"
PEER = "7a7f10c7-4b5e-4d0e-9c54-4b4d434c5065"

SIDES = ("kmcl", "native")

# Seconds for one run.
LIMIT = 400

# Open channels beside the one measured, packets that its server holds.
CROWDS = ((0, 0), (9, 0), (999, 0), (0, 10), (0, 100000))

KINDS = {"kvm": "two processors, KVM with Hyper-V emulation",
         "tcg": "two emulated processors: costs compare, absolute figures are those of an emulator",
         "nested": "nested, one emulated processor: figures compare processor cost, not parallelism"}



class Workload:
    def __init__(self, name, kind, payload, depth, packets):
        self.name = name
        self.packets = packets
        self.order = f"{kind} {payload} {depth} {packets}"


def workloads(scale):
    """Those of a channel; scale is the number of packets of the cheapest."""
    for depth in (1, 32, 256):
        yield Workload(f"request 64 B depth {depth}", "request", 64, depth, scale if depth > 1 else scale // 4)
    for kind, name in (("out", "stream out"), ("in", "stream in")):
        for payload, text, share in ((64, "64 B", 1), (1024, "1 KiB", 2), (4096, "4 KiB", 4)):
            yield Workload(f"{name} {text}", kind, payload, 256, scale // share)
    for payload, text, share in ((4096, "4 KiB", 1), (65536, "64 KiB", 2)):
        yield Workload(f"external {text} depth 32", "external", payload, 32, scale // share)
    yield Workload("full ring, 8 senders", "full", 64, 256, scale)


def ring(rounds, packets=None):
    """The ring alone, on two processors of this machine."""
    subprocess.run(["make", "-s", "-C", HERE / "ring"], check=True)
    out = subprocess.run([DIRECTORY / "ring_bench", str(rounds), *([str(packets)] if packets else [])], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    measured = json.loads(out)
    comparisons = []
    for row in measured["workloads"]:
        sides = {run["way"]: {"cost": run["ns"], "signals": run["signals"]} for run in row["runs"]}
        comparisons.append({"workload": row["workload"], "sides": sides})
    return comparisons, (f"{rounds} rounds; {measured['repeated']} runs repeated because another program had taken a "
                         "processor meanwhile")


class Channels:
    """The drivers of a guest's benchmark modules."""

    def __init__(self, guest, bus):
        self._guest = guest
        self._bus = bus
        self._events = None
        prepare(guest)
        guest.run("modprobe kmcl_bench" + (" && modprobe kmcl_bench_hyperv" if bus == "hyperv" else ""), check=True)
        if bus == "hyperv":
            self._events = guest.run("ls -d /sys/bus/vmbus/devices/" + PEER + "/channels/*/events",
                                     check=True)[1].split()[0]

    def _signals(self):
        """What all channels have signalled so far; on hv_vmbus what this guest has."""
        if self._events:
            return int(self._guest.run(f"cat {self._events}", check=True)[1])
        return signals_of(self._guest)

    def _once(self, side, load):
        """(nanoseconds, signals) of a packet."""
        driver = side if self._bus == "local" else f"{side}-{self._bus}"
        before = self._signals()
        out = self._guest.run(f"echo {driver} {load.order} >{RUN} && cat {RUN}", LIMIT, check=True)[1]
        words = out.split()
        fields = dict(zip(words[::2], map(int, words[1::2])))
        return (fields["ns"] / load.packets, (fields["signals"] or self._signals() - before) / load.packets)

    def compare(self, loads, rounds):
        """A comparison of each workload, the drivers taking turns in each round."""
        comparisons = [{"workload": load.name, "sides": {side: {"cost": [], "signals": []} for side in SIDES}}
                       for load in loads]
        # The first round is not counted: in it objects are made that are kept.
        for number in range(rounds + 1):
            for comparison, load in zip(comparisons, loads):
                for side in SIDES:
                    cost, signals = self._once(side, load)
                    if number:
                        comparison["sides"][side]["cost"].append(cost)
                        comparison["sides"][side]["signals"].append(signals)
            builds.say(f"{self._bus}: round {number} of {rounds}")
        return comparisons


def signals_of(guest):
    """What the channels of the local bus have signalled so far."""
    for line in guest.run("cat /sys/kernel/debug/kmcl/events", check=True)[1].splitlines():
        name, _, value = line.partition(":")
        if name == "local signals":
            return int(value)
    raise vm.GuestError("kmcl counts no signals")


def prepare(guest):
    guest.wait_ready()
    guest.run("mount -t debugfs debugfs /sys/kernel/debug; mount -t tracefs tracefs /sys/kernel/tracing")


def in_guest(bus, kernel, rounds, loads):
    """A comparison on a bus: (comparisons, what they were made in)."""
    hyperv = bus == "hyperv"
    # As Hyper-V does. Stock QEMU forgets to signal room, and KMCL would look for it only after 10 ms.
    signals_room = ["-global", "kmcl-test.mend-room=on"] if hyperv else []
    # Two processors of a guest that take turns on one of its host's would wait for each other's locks.
    cpus = 1 if hyperv and not vm.kvm_has_hyperv() else 2
    with vm.Guest(kernel, hyperv=hyperv, peer=hyperv, mended=hyperv, cpus=cpus, modules=builds.build(kernel),
                  extra=signals_room) as guest:
        compared = Channels(guest, bus).compare(loads, rounds)
        return compared, f"{rounds} rounds; {KINDS[guest.accelerator]}"


def numbers(text):
    """{name: value} of lines "name value"."""
    return {name: int(value) for name, value in (line.split() for line in text.splitlines())}


def counting_guest(kernel, modules):
    """A guest whose clock counts instructions, about to measure steps."""
    return vm.Guest(kernel, hyperv=False, cpus=1, extra=["-icount", "shift=0"], memory=1024, accel="tcg",
                    modules=modules)


def step_costs(guest, channels, outstanding):
    """{step: instructions} with so many other open channels, and so many packets that the server holds."""
    guest.run(f"echo {channels} {outstanding} >{STEPS}/crowd", LIMIT, check=True)
    return numbers(guest.run(f"cat {STEPS}/steps", LIMIT, check=True)[1])


def steps(kernel):
    """Instructions of each step of a packet, alone and in a crowd, and allocations."""
    with counting_guest(kernel, builds.build(kernel)) as guest:
        prepare(guest)
        guest.run("modprobe kmcl_steps", check=True)
        found = {}
        for channels, outstanding in CROWDS:
            cost = step_costs(guest, channels, outstanding)
            builds.say(f"steps: {channels + 1} channels, {outstanding} outstanding: {cost['all']} instructions")
            if not found:
                found.update(cost)
                found["allocations"] = allocations(guest)
            found[f"all, {channels + 1} channels, {outstanding} outstanding"] = cost["all"]
        return found, "one processor, -icount shift=0: guest time counts instructions"


def bare(kernel):
    """The same steps of modules that count nothing and have no trace events."""
    header = f"{builds.IN_ROOT}/selftests/bench/bare/count.h"
    modules = builds.build(kernel, everything=False, variant="bare",
                           options=["KMCL_BENCH=1", f"KCFLAGS=-include {header}"])
    with counting_guest(kernel, modules) as guest:
        prepare(guest)
        guest.run("modprobe kmcl_steps && ! ls /sys/kernel/tracing/events/kmcl", check=True)
        return step_costs(guest, *CROWDS[0]), "built with bare/count.h"


def allocations(guest):
    """How often kmcl asks for memory while hundreds of packets pass."""
    trace = "/sys/kernel/tracing"
    guest.run(f"for event in kmalloc kmalloc_node kmem_cache_alloc kmem_cache_alloc_node; do "
              f"[ ! -e {trace}/events/kmem/$event ] || echo 1 >{trace}/events/kmem/$event/enable; done; "
              f"echo 20000 >{trace}/buffer_size_kb; echo >{trace}/trace", check=True)
    guest.run(f"cat {STEPS}/steps >/run/steps", LIMIT, check=True)
    out = guest.run(f"grep -c 'call_site=.*\\[kmcl\\]' {trace}/trace; echo 0 >{trace}/events/kmem/enable")[1]
    return int(out.split()[0])
