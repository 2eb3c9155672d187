# SPDX-License-Identifier: GPL-2.0-only
"""An ACPI table that gives VMBus devices address space, as Hyper-V's firmware does and QEMU's does not."""

import struct

# Behind the memory of any guest here.
MMIO_START = 0x1000000000
MMIO_BYTES = 16 << 20


def _package(opcode, body):
    """A short package: its length counts itself and the body."""
    assert len(body) < 63
    return bytes([opcode, len(body) + 1]) + body


def mmio_table():
    """SSDT: Scope (\\_SB) { Name (_CRS, one range of memory) }, where hv_vmbus looks for it."""
    last = MMIO_START + MMIO_BYTES - 1
    descriptor = struct.pack("<BHBBBQQQQQ", 0x8A, 0x2B, 0, 0x0C, 1, 0, MMIO_START, last, 0, MMIO_BYTES)
    resources = descriptor + b"\x79\0"
    name = b"\x08_CRS" + _package(0x11, b"\x0a" + bytes([len(resources)]) + resources)
    body = _package(0x10, b"\\_SB_" + name)
    header = struct.pack("<4sIBB6s8sI4sI", b"SSDT", 36 + len(body), 2, 0, b"KMCL  ", b"VMBUSMEM", 1, b"KMCL", 1)
    checksum = -sum(header + body) & 0xFF
    return header[:9] + bytes([checksum]) + header[10:] + body
