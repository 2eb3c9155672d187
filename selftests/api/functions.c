// SPDX-License-Identifier: GPL-2.0-only
/* Each function, FN_, PFN_, EVT_ type against the specification's list. */
#include "check.h"
#include "signatures.h"

#define CHECK_CALLBACK(name, type)						\
	SAME_TYPE(PFN_##name, type);						\
	SAME_TYPE(EVT_##name *, type);

#define CHECK_FUNCTION(name, FN)						\
	SAME_TYPE(__typeof__(&name), T_##name);					\
	SAME_TYPE(FN_##FN *, T_##name);						\
	SAME_TYPE(PFN_##FN, T_##name);						\
	static const T_##name check_##name __attribute__((__unused__)) = name;

CALLBACKS(CHECK_CALLBACK)
FUNCTIONS(CHECK_FUNCTION)

#define ONE(...)	+ 1
SAY((0 FUNCTIONS(ONE)) == 55, "55 functions");
SAY((0 CALLBACKS(ONE)) == 11, "11 callbacks");
SAY((0 KMCL_CLIENT_METHODS(ONE)) == 41, "41 members for both endpoints");
SAY((0 KMCL_SERVER_METHODS(ONE)) == 14, "14 members for servers");

/* The inline function: its result is looked at where the program runs (run.c). */
SAME_TYPE(__typeof__(&VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT),
	  void (*)(struct _VMB_CHANNEL_STATE_CHANGE_CALLBACKS *));
