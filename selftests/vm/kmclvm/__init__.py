# SPDX-License-Identifier: GPL-2.0-only
"""Boots Linux guests that have a VMBus, and judges what they print."""
