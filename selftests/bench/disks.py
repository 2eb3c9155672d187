# SPDX-License-Identifier: GPL-2.0-only
"""samples/vdisk, a disk behind a channel of the local bus, beside null_blk, a disk in the same driver's memory."""

import json

from measure import SIDES, KINDS, LIMIT, prepare, signals_of
from results import builds

from kmclvm import guest as vm

MEGABYTES = 64
DEPTHS = (1, 32, 256)

# Both keep their data in memory, have a queue of the block layer's, and complete in a softirq or a thread.
SET_UP = (f"modprobe vdisk_vsp size={MEGABYTES} && modprobe vdisk_vsc",
          "modprobe null_blk nr_devices=0 && mount -t configfs configfs /sys/kernel/config && "
          "cd /sys/kernel/config/nullb && mkdir bench && cd bench && "
          f"echo {MEGABYTES} >size && echo 1 >memory_backed && echo 64 >hw_queue_depth && echo 1 >power",
          "for n in 1 2 3 4 5 6 7 8 9 10; do [ -b /dev/vdisk0 ] && break; sleep 1; done",
          *(f"dd if=/dev/urandom of={disk} bs=1M count={MEGABYTES} oflag=direct" for disk in ("/dev/vdisk0",
                                                                                              "/dev/nullb0")))
DISK = {"kmcl": "/dev/vdisk0", "native": "/dev/nullb0"}


def once(guest, side, depth, count):
    """(nanoseconds, signals) of a read."""
    before = signals_of(guest)
    out = guest.run(f"fio --name=bench --filename={DISK[side]} --ioengine=libaio --direct=1 --rw=randread --bs=4k "
                    f"--iodepth={depth} --size={MEGABYTES}m --io_size={4 * count}k --norandommap "
                    "--output-format=json", LIMIT, check=True)[1]
    done = json.loads(out[out.index("{"):])["jobs"][0]["read"]
    if done["total_ios"] != count or done["drop_ios"]:
        raise vm.GuestError(f"fio has read {done['total_ios']} blocks, not {count}")
    return 1e9 / done["iops"], (signals_of(guest) - before) / count


def compare(kernel, rounds, scale):
    """A comparison of each depth, the disks taking turns in each round: (comparisons, what they were made in)."""
    comparisons = [{"workload": f"vdisk 4 KiB depth {depth}",
                    "sides": {side: {"cost": [], "signals": []} for side in SIDES}} for depth in DEPTHS]
    with vm.Guest(kernel, hyperv=False, modules=builds.build(kernel), programs=["storage"], memory=1024) as guest:
        prepare(guest)
        for command in SET_UP:
            guest.run(command, LIMIT, check=True)
        for number in range(rounds + 1):
            for comparison, depth in zip(comparisons, DEPTHS):
                for side in SIDES:
                    cost, signals = once(guest, side, depth, scale if depth > 1 else scale // 4)
                    if number:
                        comparison["sides"][side]["cost"].append(cost)
                        comparison["sides"][side]["signals"].append(signals)
            builds.say(f"vdisk: round {number} of {rounds}")
        return comparisons, f"{rounds} rounds; {KINDS[guest.accelerator]}; native is null_blk"
