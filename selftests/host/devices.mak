# SPDX-License-Identifier: GPL-2.0-only
# What this QEMU has: a PC, a console and ports over virtio; VMBus for a guest; files for the one around it.
CONFIG_I440FX=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_HYPERV=y
CONFIG_VMBUS=y
CONFIG_HV_BALLOON=y
CONFIG_SERIAL_ISA=y
CONFIG_VIRTIO_9P=y
