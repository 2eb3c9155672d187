/* SPDX-License-Identifier: GPL-2.0-only */
/* The spelling that the documentation uses, for file systems that tell cases apart. */
#include "vmbuskernelmodeclientlibapi.h"
