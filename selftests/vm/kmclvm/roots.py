# SPDX-License-Identifier: GPL-2.0-only
"""The Debian roots (see ../root) and the kernels in them."""

import functools
import os
import subprocess
from pathlib import Path

VM_DIR = Path(__file__).resolve().parent.parent


def cache_dir():
    return Path(os.environ.get("KMCL_CACHE") or Path.home() / ".cache/kmcl")


@functools.lru_cache(maxsize=None)
def path(name):
    """The directory of a root, which is made first when it is missing."""
    out = subprocess.run([VM_DIR / "root", name], stdout=subprocess.PIPE, text=True, check=True)
    return Path(out.stdout.strip())


@functools.lru_cache(maxsize=None)
def peer_qemu():
    """QEMU with the test peer, which is built first when it is missing."""
    out = subprocess.run([VM_DIR.parent / "host/build"], stdout=subprocess.PIPE, text=True, check=True)
    return Path(out.stdout.strip())


def run_output(name, *command, check=True):
    """What a command prints inside a root."""
    done = subprocess.run([VM_DIR / "in-root", name, *command], stdout=subprocess.PIPE, text=True,
                          stdin=subprocess.DEVNULL, check=check)
    return done.stdout


class Kernel:
    """A row of the kernel table."""

    def __init__(self, version, root, use, weight="1"):
        self.version = version
        self.root = root
        self.use = use
        self.weight = int(weight)

    @functools.cached_property
    def release(self):
        """The version as `uname -r` gives it."""
        number = self.version.partition("-")[0]
        found = [p.name for p in (path(self.root) / "lib/modules").iterdir() if p.name.startswith(f"{number}.")]
        if len(found) != 1:
            raise RuntimeError(f"root {self.root} has {found or 'no kernel'} for {self.version}")
        return found[0]

    @property
    def image(self):
        return path(self.root) / "boot" / f"vmlinuz-{self.release}"


def kernels():
    """{version: Kernel} of the table."""
    rows = (line.split() for line in (VM_DIR / "kernels").read_text().splitlines())
    return {row[0]: Kernel(*row) for row in rows if row and row[0][0].isdigit()}


def kernel(version):
    table = kernels()
    if version not in table:
        raise SystemExit(f"unknown kernel '{version}'; known: {' '.join(table)}")
    return table[version]
