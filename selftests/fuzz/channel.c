// SPDX-License-Identifier: GPL-2.0-only
#include "channel.h"

struct host host;
struct driver driver;

void channel_end(void)
{
	machine_choose = NULL;
	machine_hook = NULL;
	driver_end(&driver);
	host_destroy(&host);
	machine_settle();
	machine_check_idle();
	NEED(!machine_warnings);
}
