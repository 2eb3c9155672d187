# SPDX-License-Identifier: GPL-2.0-only
"""What was measured: medians, spread, ratios; a table, a file, a picture.

A comparison is {"workload", "sides": {"kmcl": side, "native": side}}, a side {"cost": [a number a round],
"signals": [the same]}. Costs are nanoseconds of one packet; KMCL/native throughput is native's cost over KMCL's.
The ring alone has two sides more: "iterator", another native way, and "floor", the bytes handed over without a ring.
What is measured of channels side by side has no signals, and "base", the workload that it is relative to.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "vm"))

# pylint: disable=wrong-import-position
from kmclvm import builds, roots                                    # noqa: E402

DIRECTORY = builds.TOP / "build/bench"

# The groups of comparisons in the order of the report: key, title.
GROUPS = [("ring", "the ring alone, two threads of this processor"),
          ("local", "local bus"),
          ("vdisk", "a disk behind the local bus"),
          ("hyperv", "bus hyperv")]


def median(values):
    return statistics.median(values)


def spread(values):
    """Half the distance of the quartiles, in percent of the median."""
    if len(values) < 2:
        return 0.0
    low, _, high = statistics.quantiles(values, n=4)
    return 50 * (high - low) / median(values)


def by_round(comparison, side="native"):
    """KMCL/native throughput of each round: the sides took turns."""
    kmcl, other = (comparison["sides"][name]["cost"] for name in ("kmcl", side))
    return [theirs / ours for ours, theirs in zip(kmcl, other)]


def ratio(comparison, side="native"):
    return median(by_round(comparison, side))


def smallest(comparisons):
    """(ratio, workload) of the workload in which KMCL does worst, or None."""
    return min(((ratio(one), one["workload"]) for one in comparisons), default=None)


def scaling(results, one, side):
    """Throughput of a side in each round, relative to that of the workload's base."""
    base = next(other for other in results["spread"] if other["workload"] == one["base"])
    return [alone / cost for alone, cost in zip(base["sides"][side]["cost"], one["sides"][side]["cost"])]


def _spread_rows(results):
    """What more channels and senders give: each side beside itself."""
    yield f"channels of the local bus side by side: {results['about']['spread']}"
    yield f"  {'relative to the first':32}" + "".join(f" {side:>6} {'':6}  {'ns':>9}" for side in ("kmcl", "native"))
    for one in results["spread"]:
        rounds = ((scaling(results, one, side), values["cost"]) for side, values in one["sides"].items())
        yield f"  {one['workload']:32}" + "".join(
            f" {median(factors):6.2f} {spread(factors):4.0f} %  {median(cost):9.0f}" for factors, cost in rounds)


def _row(comparison):
    kmcl, native = (comparison["sides"][name] for name in ("kmcl", "native"))
    return (f"  {comparison['workload']:24} {ratio(comparison):6.2f}   "
            f"{median(kmcl['cost']):9.0f} {spread(kmcl['cost']):4.0f} %  "
            f"{median(native['cost']):9.0f} {spread(native['cost']):4.0f} %   "
            f"{median(kmcl['signals']):7.4f} {median(native['signals']):7.4f}")


def _beside(comparison):
    """What else there is beside KMCL's ring: costs, and KMCL's throughput in its own."""
    cells = ((ratio(comparison, name), median(comparison["sides"][name]["cost"])) for name in ("iterator", "floor"))
    return f"  {comparison['workload']:24} " + "   ".join(f"{share:6.2f} {cost:9.0f}" for share, cost in cells)


def table(results):
    """Lines for people: ratios first, the figures that they are made of behind them."""
    for key, title in GROUPS:
        if not results.get(key):
            continue
        yield f"{title}: {results['about'][key]}"
        yield f"  {'':24} {'ratio':>6}   {'kmcl ns':>9} {'':6}  {'native ns':>9} {'':6}   {'signals':>7} {'native':>7}"
        yield from map(_row, results[key])
    if results.get("spread"):
        yield from _spread_rows(results)
    if results.get("ring"):
        yield "the ring beside a native reader that walks packets in place, and beside the bytes without a ring"
        yield f"  {'':24} {'ratio':>6} {'walk ns':>9}   {'ratio':>6} {'floor ns':>9}"
        yield from map(_beside, results["ring"])
    if results.get("steps"):
        yield f"instructions a packet on the local bus: {results['about']['steps']}"
        yield from (f"  {name:36} {count:6}" for name, count in results["steps"].items())
    if results.get("steps") and results.get("bare"):
        yield f"what counters, traces and latencies cost of these while nobody asks: {results['about']['bare']}"
        yield from (f"  {name:36} {results['steps'][name] - count:6} {observing(results, name):6.2f} %"
                    for name, count in results["bare"].items())


def observing(results, step):
    """Percent that a step costs more than in modules built to count and trace nothing."""
    bare = results["bare"][step]
    return 100 * (results["steps"][step] - bare) / bare


def verdict(results):
    """The last line of make bench."""
    found = {"hyperv": smallest(results.get("hyperv", ())),
             "local": smallest([*results.get("local", ()), *results.get("vdisk", ())])}
    return "bench: " + ", ".join(f"{key} min {worst[0]:.2f} ({worst[1]})" if worst else f"{key} not run"
                                 for key, worst in found.items())


def save(results):
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    (DIRECTORY / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    return DIRECTORY / "results.json"


def load(path):
    return json.loads(Path(path).read_text())


def draw(results):
    """An SVG of the ratios, by the gnuplot of a root."""
    rows = []
    for colour, (key, _) in enumerate(GROUPS, 1):
        for one in results.get(key, ()):
            rounds = by_round(one)
            low, _, high = statistics.quantiles(rounds, n=4) if len(rounds) > 1 else 3 * rounds
            rows.append(f'"{key}: {one["workload"]}" {median(rounds):.3f} {low:.3f} {high:.3f} {colour}')
    if not rows:
        return None
    (DIRECTORY / "ratios.dat").write_text("\n".join(reversed(rows)) + "\n")
    script = (Path(__file__).resolve().parent / "ratios.gp").read_text()
    subprocess.run([roots.VM_DIR / "in-root", "--bind", f"{DIRECTORY}:/run/bench", "--cd", "/run/bench", "gnuplot",
                    "gnuplot", "-e", f"rows={len(rows)}", "-"], input=script, text=True, check=True)
    return DIRECTORY / "ratios.svg"
