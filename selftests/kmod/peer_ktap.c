// SPDX-License-Identifier: GPL-2.0-only
/* The test library once more, for a module with a client of its own. */
#include "background.c"
#include "ktap.c"
#include "failing.c"
