# SPDX-License-Identifier: GPL-2.0-only
# What the peer's QEMU has: a PC, a console and ports over virtio, and VMBus.
CONFIG_I440FX=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_HYPERV=y
CONFIG_VMBUS=y
CONFIG_HV_BALLOON=y
