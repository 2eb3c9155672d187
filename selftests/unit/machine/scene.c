// SPDX-License-Identifier: GPL-2.0-only
#include "scene.h"

struct host host;
struct driver driver;

void scene_client(void)
{
	host_begin();
	host_init(&host);
	driver_init_client(&driver, 1);
}

void scene_client_open(void)
{
	scene_client();
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	CHECK_LOG("opened started post-started ");
	machine_settle();
	driver.log[0] = 0;
}

void scene_server(void)
{
	host_begin();
	host_init(&host);
	host_of_server = &host;
	driver_init_server(&driver);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	VmbChannelStart(driver.channel);
}

void scene_server_open(void)
{
	scene_server();
	host_knock(&host);
	machine_settle();
	CHECK_LOG("opened started post-started ");
	CHECK_EQ(host.answers, 1);
	CHECK_EQ(host.answer, 0);
	driver.log[0] = 0;
}

void scene_end_with(unsigned int warnings)
{
	unsigned int i;

	driver_end(&driver);
	host_destroy(&host);
	machine_settle();
	for (i = 0; i < KMCL_OBJECTS; i++)
		CHECK_EQ(atomic_read(&kmcl_objects[i]), 0);
	host_end();
	machine_check_idle();
	CHECK_EQ(machine_warnings, warnings);
	machine_warnings = 0;
}

void scene_end(void)
{
	scene_end_with(0);
}

int scene_count(unsigned int kind)
{
	return atomic_read(&kmcl_events[kind]);
}
