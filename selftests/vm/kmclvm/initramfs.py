# SPDX-License-Identifier: GPL-2.0-only
"""Initramfs images: a cached base for each kernel, and what changes from run to run on top of it.

The kernel unpacks concatenated cpio archives one after the other, so a run only writes the small one.
"""

import hashlib
import lzma
import os
import stat
from pathlib import Path

from . import roots

GUEST = Path(__file__).resolve().parent.parent / "guest"

# What nests KVM: the outer guest's modules.
OUTER_MODULES = ["9p", "9pnet_virtio", "kvm", "kvm-amd"]

# What a test gets that asks for it: programs of the root of that name, and in-tree modules.
PROGRAMS = {
    "input": (["/usr/bin/evtest"], ["evdev"]),
    "observe": (["/usr/bin/python3.13", "/usr/bin/trace-cmd"], []),
    "storage": (["/usr/bin/fio", "/usr/sbin/mkfs.ext4", "/usr/sbin/e2fsck", "/usr/sbin/resize2fs"],
                ["ext4", "null_blk"]),
    "tracing": (["/usr/bin/bpftrace", "/usr/bin/perf"], []),
}

# What Python has to find in a guest with `observe`.
PYTHON_IMPORTS = "argparse, curses, encodings.ascii, json, locale, os, shutil, sys, time"


class Cpio:
    """A newc archive in memory."""

    def __init__(self):
        self._parts = []
        self._dirs = set()
        self._inode = 0

    def _entry(self, name, mode, data=b"", rdev=(0, 0)):
        self._inode += 1
        fields = [self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
        self._parts += [head, b"\0" * (-len(head) % 4), data, b"\0" * (-len(data) % 4)]

    def dir(self, name):
        name = name.strip("/")
        if name in self._dirs or not name:
            return
        self.dir(os.path.dirname(name))
        self._dirs.add(name)
        self._entry(name, stat.S_IFDIR | 0o755)

    def data(self, name, data, mode=0o644):
        name = name.strip("/")
        self.dir(os.path.dirname(name))
        self._entry(name, stat.S_IFREG | mode, data)

    def file(self, name, path, mode=None):
        path = Path(path)
        self.data(name, path.read_bytes(), mode or (path.stat().st_mode & 0o777))

    def symlink(self, name, target):
        self.dir(os.path.dirname(name.strip("/")))
        self._entry(name.strip("/"), stat.S_IFLNK | 0o777, target.encode())

    def device(self, name, major, minor):
        self.dir(os.path.dirname(name.strip("/")))
        self._entry(name.strip("/"), stat.S_IFCHR | 0o600, rdev=(major, minor))

    def bytes(self):
        self._entry("TRAILER!!!", 0)
        return b"".join(self._parts)


def _lines(path):
    lines = (line.split("#")[0].strip() for line in Path(path).read_text().splitlines())
    return [line for line in lines if line]


def _skeleton():
    cpio = Cpio()
    for name in ("bin", "sbin", "dev", "proc", "sys", "tmp", "run", "root"):
        cpio.dir(name)
    cpio.device("dev/console", 5, 1)
    cpio.device("dev/null", 1, 3)
    cpio.file("bin/busybox", roots.path("trixie") / "usr/bin/busybox", 0o755)
    return cpio


def _module_paths(kernel, names, required=True):
    """(path below the module directory, content) of the modules and what they need, in loading order."""
    order = {}
    for name in names:
        shown = roots.run_output(kernel.root, "modprobe", "-S", kernel.release, "--show-depends", name,
                                 check=required)
        for line in shown.splitlines():
            word, _, rest = line.partition(" ")
            if word == "insmod":
                order[rest.split()[0]] = None
    base = f"/lib/modules/{kernel.release}/"
    for full in order:
        path = roots.path(kernel.root) / full.lstrip("/")
        yield full[len(base):], path.read_bytes()


def _programs(cpio, root_name, programs, opened=()):
    """Dynamic programs of a root with their libraries, and those that they open by name."""
    root = roots.path(root_name)
    wanted = {}
    for program in programs:
        for line in roots.run_output(root_name, "ldd", program).splitlines():
            wanted.update({word: None for word in line.split() if word.startswith("/")})
    libraries = os.path.dirname(next(name for name in wanted if name.endswith("/libc.so.6")))
    for name in opened:
        wanted[f"{libraries}/{name}"] = None
    for name in [*programs, *wanted]:
        cpio.file(name.lstrip("/"), _inside(root, name), 0o755)


def _modules(cpio, kernel, names):
    for path, data in _module_paths(kernel, names, required=kernel.use != "demand"):
        cpio.data(f"lib/modules/{kernel.release}/{path}", data)


def _inside(root, name):
    """The file that NAME, which may pass through links, means inside the root."""
    path = root / name.lstrip("/")
    for _ in range(10):
        path = path.parent.resolve() / path.name
        if not path.is_symlink():
            return path
        target = os.readlink(path)
        path = root / target.lstrip("/") if target.startswith("/") else path.parent / target
    raise OSError(f"too many links: {name}")


def _cached(kind, kernel, sources, make, root="trixie"):
    """The file that make() writes, made anew when the sources or the roots' stamps change."""
    digest = hashlib.sha256()
    for source in [Path(__file__), *sources]:
        digest.update(Path(source).read_bytes())
    for name in sorted({root, kernel.root}):
        digest.update((roots.path(name) / ".kmcl-stamp").read_bytes())
    path = roots.cache_dir() / "initramfs" / f"{kind}-{kernel.version}-{digest.hexdigest()[:16]}.cpio"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in path.parent.glob(f"{kind}-{kernel.version}-*"):
            old.unlink(missing_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_bytes(make())
        part.rename(path)
    return path


def outer(kernel):
    """The whole initramfs of the outer guest."""
    def make():
        cpio = _skeleton()
        cpio.symlink("bin/sh", "busybox")
        order = []
        for path, data in _module_paths(kernel, OUTER_MODULES):
            name = os.path.basename(path).removesuffix(".xz")
            order.append(name)
            cpio.data(f"modules/{name}", lzma.decompress(data) if path.endswith(".xz") else data)
        cpio.data("modules/order", "".join(f"{name}\n" for name in order).encode())
        cpio.file("init", GUEST / "outer-init", 0o755)
        return cpio.bytes()

    return _cached("outer", kernel, [GUEST / "outer-init"], make)


def _inner_base(kernel):
    def make():
        cpio = _skeleton()
        # kmod opens the libraries when it meets a compressed module.
        _programs(cpio, "trixie", ["/usr/bin/bash", "/usr/bin/kmod"], opened=["liblzma.so.5", "libzstd.so.1"])
        for name in ("modprobe", "insmod", "rmmod", "lsmod", "modinfo", "depmod"):
            cpio.symlink(f"sbin/{name}", "/usr/bin/kmod")
        # Not busybox: its shell prefers its own modprobe, which knows no softdeps, to the one in PATH.
        for name in ("bin/bash", "bin/sh"):
            cpio.symlink(name, "/usr/bin/bash")
        _modules(cpio, kernel, _lines(GUEST / "modules"))
        for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
            source = roots.path(kernel.root) / "lib/modules" / kernel.release / name
            if source.exists():
                cpio.file(f"lib/modules/{kernel.release}/{name}", source)
        return cpio.bytes()

    return _cached("inner", kernel, [GUEST / "modules"], make)


def _imported():
    """What Python reads for PYTHON_IMPORTS: (path in the guest, path in the root). Compiled already: TCG is slow."""
    shown = roots.run_output("observe", "python3", "-X", "frozen_modules=off", "-c",
                             f"import {PYTHON_IMPORTS}\nfor module in list(sys.modules.values()):\n"
                             "    print(getattr(module, '__file__', ''), getattr(module, '__cached__', ''))")
    for line in shown.splitlines():
        source, _, compiled = line.partition(" ")
        if compiled.endswith(".pyc") and (roots.path("observe") / compiled.lstrip("/")).exists():
            yield f"{source}c", compiled
        elif source.startswith("/"):
            yield source, source


def _python(cpio):
    files = dict(_imported())
    _programs(cpio, "observe", [name for name in files if name.endswith(".so")])
    for name, source in files.items():
        if not name.endswith(".so"):
            cpio.file(name, _inside(roots.path("observe"), source), 0o644)
    cpio.symlink("bin/python3", "/usr/bin/python3.13")


def _with_programs(kernel, root):
    programs, modules = PROGRAMS[root]

    def make():
        cpio = Cpio()
        _programs(cpio, root, programs)
        for program in programs:
            cpio.symlink(f"sbin/{os.path.basename(program)}", program)
        if root == "observe":
            _python(cpio)
        _modules(cpio, kernel, modules)
        return cpio.bytes()

    return _cached(root, kernel, [], make, root=root)


def inner(kernel, modules, files, mode, run_dir, programs=()):
    """The initramfs of the guest under test, written to run_dir.

    modules: built .ko files. files: {path in the guest: bytes or Path}. mode: see guest/init.
    programs: names of PROGRAMS.
    """
    parts = [_inner_base(kernel), *(_with_programs(kernel, root) for root in programs)]
    cpio = Cpio()
    for module in modules:
        cpio.file(f"lib/modules/{kernel.release}/updates/{Path(module).name}", module, 0o644)
    for name in ("agent", "host"):
        cpio.file(f"bin/{name}", GUEST / name, 0o755)
    cpio.file("init", GUEST / "init", 0o755)
    cpio.dir("tests")
    cpio.data("kmcl/mode", f"{mode}\n".encode())
    for name, content in files.items():
        if isinstance(content, bytes):
            cpio.data(name, content)
        else:
            cpio.file(name, content)
    path = run_dir / "inner.cpio"
    path.write_bytes(b"".join(part.read_bytes() for part in parts) + cpio.bytes())
    return path
