# SPDX-License-Identifier: GPL-2.0-only
"""What the API's header declares, and what built modules export and need."""

import re
import subprocess

from . import builds, roots

HEADER = builds.TOP / "include/vmbuskernelmodeclientlibapi.h"

# A prototype or an inline function: its name with a bracket, outside of comments and type definitions.
PROTOTYPE = re.compile(r"^(?!\s*typedef)[^()*#\n]*?\b(Vmb[A-Z]\w*)\s*\(", re.MULTILINE)
INLINE = re.compile(r"^(?:static inline|FORCEINLINE)\b[^;{(]*?\b(\w+)\s*\(", re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


def _header():
    return COMMENT.sub("", HEADER.read_text())


def inline_functions():
    """Those that the header itself defines."""
    return INLINE.findall(_header())


def functions():
    """The names of the API's functions, in the header's order, the inline ones last."""
    header = _header()
    return list(dict.fromkeys(PROTOTYPE.findall(header) + INLINE.findall(header)))


def client_functions():
    """The members of KMCL_CLIENT_INTERFACE_V1."""
    methods = _header().split("#define KMCL_CLIENT_METHODS", 1)[1].split("#define", 1)[0]
    return set(re.findall(r"\bVmb\w+", methods))


def _symvers(path):
    """(symbol, module, kind of export) rows."""
    for line in path.read_text().splitlines():
        fields = line.split("\t")
        if len(fields) >= 4:
            yield fields[1], fields[2].rsplit("/", 1)[-1], fields[3]


def exports(module, gpl=False):
    """What a built module exports; gpl: only what it exports to GPL modules alone."""
    tree = next(parent for parent in module.parents if (parent / "Module.symvers").exists())
    return {symbol for symbol, name, kind in _symvers(tree / "Module.symvers")
            if name == module.stem and (not gpl or kind == "EXPORT_SYMBOL_GPL")}


def needs(module):
    """The symbols that a built module leaves to others."""
    out = subprocess.run(["nm", "-u", module], stdout=subprocess.PIPE, text=True, check=True).stdout
    return {line.split()[-1] for line in out.splitlines() if line.strip()}


def sources(module):
    """The text of a built module's source files."""
    tree = next(parent for parent in module.parents if (parent / "Module.symvers").exists())
    objects = module.with_suffix(".mod").read_text().split()
    paths = [tree / name.removeprefix(f"{builds.IN_ROOT}/").replace(".o", ".c") for name in objects]
    return "\n".join(path.read_text() for path in paths if path.exists())


def of_kernel(kernel, module):
    """What a module of the distribution's kernel exports."""
    build = roots.path(kernel.root) / "usr/src" / f"linux-headers-{kernel.release}"
    return {symbol for symbol, name, _ in _symvers(build / "Module.symvers") if name == module}
