# SPDX-License-Identifier: GPL-2.0-only
"""Builds the modules for a kernel, in the root that the kernel comes from.

The source tree is copied to build/vm/VERSION first, file by file where the content differs, so that kbuild's time
stamps stay good, the clone stays clean, and builds for several kernels do not disturb each other.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from . import roots

TOP = roots.VM_DIR.parent.parent

# Where the root sees the copied tree.
IN_ROOT = "/run/src"

# Folders that no module is built from.
NOT_BUILT = ("build/", "selftests/vm/", "selftests/unit/", "selftests/demo/")

WARNING = re.compile(r"warning:", re.IGNORECASE)

# Said of the kernel's build, not of our source.
HARMLESS = re.compile(r"the compiler differs from the one used|Skipping BTF generation|"
                      r"pahole version differs")


class BuildError(Exception):
    pass


def say(text):
    """Progress, apart from results."""
    print(f"# {text}", file=sys.stderr, flush=True)


class Ticker:
    """Says that something is still going on, every ten seconds."""

    def __init__(self, what):
        self._what = what
        self._start = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    @property
    def seconds(self):
        return time.monotonic() - self._start

    def _tick(self):
        while not self._stop.wait(10):
            say(f"{self._what}: {self.seconds:.0f} s")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


def _source_files(source):
    """Tracked files and new ones that are not ignored; in an unpacked archive, all."""
    try:
        out = subprocess.run(["git", "-C", source, "ls-files", "-z", "-co", "--exclude-standard"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        names = [name for name in out.decode().split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = [str(path.relative_to(source)) for path in source.rglob("*")
                 if not path.is_dir() and ".git" not in path.parts]
    return {name for name in names
            if not name.startswith(NOT_BUILT) and (source / name).is_file()}


def sync(source, target):
    """Makes the target's copy like the source, and leaves alone what is equal and what kbuild made."""
    manifest = target / ".kmcl-files"
    old = set(manifest.read_text().split("\n")) if manifest.exists() else set()
    new = _source_files(source)
    for name in old - new - {""}:
        (target / name).unlink(missing_ok=True)
    for name in sorted(new):
        data = (source / name).read_bytes()
        copy = target / name
        if not copy.exists() or copy.read_bytes() != data:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(data)
            shutil.copymode(source / name, copy)
    manifest.write_text("\n".join(sorted(new)))


def _modules(tree):
    """What the last build made, by kbuild's own list."""
    order = (tree / "modules.order").read_text().split()
    names = [re.sub(r"\.o$", ".ko", name.removeprefix(f"{IN_ROOT}/")) for name in order]
    return [tree / name for name in names]


def names(paths):
    """What the kernel calls these modules."""
    return {Path(path).stem.replace("-", "_") for path in paths}


def build(version, source=TOP, everything=True, quiet=False, variant="", options=()):
    """Builds for a kernel of the table and returns the paths of the .ko files. A warning is an error.

    variant: names another build for that kernel, in a tree of its own; options are for its make.
    """
    kernel = roots.kernel(version)
    roots.path(kernel.root)
    source = Path(source).resolve()
    what = f"{version} {variant}".strip()
    tree = source / "build/vm" / what.replace(" ", "-")
    tree.mkdir(parents=True, exist_ok=True)
    with open(tree / ".kmcl-lock", "w", encoding="ascii") as lock, \
            Ticker(f"building for {what}") as ticker:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sync(source, tree)
        command = [roots.VM_DIR / "in-root", "--bind", f"{tree}:{IN_ROOT}", "--cd", IN_ROOT, kernel.root,
                   "make", "-C", f"/lib/modules/{kernel.release}/build", f"M={IN_ROOT}", "W=1",
                   f"-j{os.cpu_count()}"]
        log = _make([*command, *(["KMCL_ALL=1"] if everything else []), *options, "modules"], tree)
        warnings = [line for line in log.splitlines() if WARNING.search(line) and not HARMLESS.search(line)]
        if warnings:
            # kbuild would not compile those files again, and the next build would look clean.
            for path in tree.rglob("*.o"):
                path.unlink()
            raise BuildError(f"warnings in the build for {what}:\n" + log)
        modules = _modules(tree)
        if not modules:
            raise BuildError(f"the build for {what} made no module")
        if not quiet:
            say(f"built {len(modules)} modules for {what} ({kernel.release}) in {ticker.seconds:.0f} s")
    return modules


def _make(command, tree):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               stdin=subprocess.DEVNULL)
    try:
        log, _ = process.communicate()
    except BaseException:
        process.kill()
        process.wait()
        raise
    (tree / ".kmcl-log").write_text(log)
    if process.returncode:
        raise BuildError(f"the build failed:\n{log}")
    return log


def main():
    """The command line of ../build."""
    versions = sys.argv[1:]
    if not versions or versions[0].startswith("-"):
        sys.exit(f"usage: build VERSION...   (known: {' '.join(roots.kernels())})")
    try:
        for version in versions:
            for module in build(version):
                print(module)
    except BuildError as error:
        sys.exit(f"build: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
