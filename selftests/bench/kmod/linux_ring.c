// SPDX-License-Identifier: GPL-2.0-only
#include "../ring/linux_ring.c"
