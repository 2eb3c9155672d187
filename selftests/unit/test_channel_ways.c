// SPDX-License-Identifier: GPL-2.0-only
/*
 * The context of delivery, whose packets cost no lock: every way in which a packet callback can
 * end, with others at work; routines that send; and packet objects that are exchanged without a
 * lock.
 */
#include <stdio.h>

#include "scene.h"

static struct task_struct *tasks[5];
static unsigned int steps, sent, refused, most_depth;
static struct { struct task_struct *task; unsigned int depth; } depths[64];

static void explore(void (*scenario)(void), unsigned int preemptions, unsigned int by_chance)
{
	unsigned long schedules = machine_explore(scenario, preemptions);

	machine_shuffle(scenario, 1, by_chance);
	printf("# %lu schedules with up to %u preemptions, %u by chance\n", schedules, preemptions,
	       by_chance);
	CHECK(schedules);
}

static struct kmcl_channel *chan(void)
{
	return (struct kmcl_channel *)driver.channel;
}

static void set_up(PFN_VMB_CHANNEL_PROCESS_PACKET process, bool passive)
{
	machine_chooser chooser = machine_choose;

	machine_choose = NULL;
	steps = 0;
	sent = 0;
	refused = 0;
	most_depth = 0;
	memset(depths, 0, sizeof(depths));
	host_begin();
	host_init(&host);
	driver_init_client(&driver, 1);
	CHECK_EQ(VmbChannelInitSetProcessPacketCallbacks(driver.channel, process, NULL), 0);
	VmbChannelSetIncomingProcessingAtPassive(driver.channel, passive);
	host_offer(&host);
	CHECK_EQ(driver_enable(&driver), STATUS_SUCCESS);
	machine_settle();
	machine_choose = chooser;
}

static void tear_down(void)
{
	machine_choose = NULL;
	driver_disable(&driver);
	CHECK_EQ(chan()->rx.outstanding, 0);
	CHECK(!chan()->rx.spare && !chan()->rx.presenting && !chan()->rx.in_routine);
	CHECK_EQ(chan()->tx.completing, 0);
	driver_end(&driver);
	host_destroy(&host);
	machine_settle();
	host_end();
	CHECK_EQ(machine_warnings, 0);
}

static void together(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		machine_join(tasks[i]);
}

static void do_packets(void *count)
{
	uintptr_t i;

	for (i = 1; i <= (uintptr_t)count; i++)
		host_send(&host, "1", 1, i);
}

static void do_finish(void *unused)
{
	driver_complete_held(&driver);
}

static void do_disable(void *unused)
{
	driver_disable(&driver);
}

static void do_pause_and_start(void *unused)
{
	VmbChannelPause(driver.channel);
	VmbChannelStart(driver.channel);
}

/* ---- every way to end ---- */

static unsigned int *here(void)
{
	unsigned int i;

	for (i = 0; depths[i].task && depths[i].task != machine_current(); i++)
		;
	depths[i].task = machine_current();
	return &depths[i].depth;
}

static VOID routine(VMBPACKET packet, NTSTATUS status, PVOID buffer, UINT32 length)
{
	VMBPACKETCOMPLETION mine = VmbPacketGetPointer(packet);
	VMBPACKET more = NULL;

	driver.completed++;
	most_depth = max(most_depth, ++*here());
	VmbPacketFree(packet);
	machine_point();
	if (mine)
		VmbChannelPacketComplete(mine, "r", 1);
	if (sent < 6)
		more = VmbPacketAllocate(driver.channel);
	if (more) {
		VmbPacketSetCompletionRoutine(more, routine);
		sent++;
		if (VmbPacketSend(more, "m", 1, NULL, 0)) {
			refused++;
			VmbPacketFree(more);
		}
	}
	--*here();
}

static void send_for(VMBPACKETCOMPLETION mine, u32 flags)
{
	VMBPACKET packet = VmbPacketAllocate(driver.channel);

	VmbPacketSetCompletionRoutine(packet, routine);
	VmbPacketSetPointer(packet, mine);
	sent++;
	if (!VmbPacketSend(packet, "s", 1, NULL, flags))
		return;
	refused++;
	VmbPacketFree(packet);
	if (mine)
		VmbChannelPacketComplete(mine, NULL, 0);
}

static VOID every_way(VMBCHANNEL channel, VMBPACKETCOMPLETION packet, PVOID buffer, UINT32 length,
		      UINT32 flags)
{
	unsigned int what = steps++ % 6;

	driver.packets++;
	switch (what) {
	case 0:
		driver.held[driver.held_count++] = packet;
		machine_point();
		break;
	case 1:
		VmbChannelPacketComplete(packet, buffer, length);
		machine_point();
		if (driver.held_count)
			VmbChannelPacketComplete(driver.held[--driver.held_count], NULL, 0);
		break;
	case 2:
		VmbChannelPacketDeferToPassive(packet);
		machine_point();
		driver.packets--;
		break;
	case 3:
		send_for(packet, 0);
		break;
	case 4:
		if (driver.held_count)
			VmbChannelPacketComplete(driver.held[--driver.held_count], NULL, 0);
		driver.held[driver.held_count++] = packet;
		machine_point();
		break;
	case 5:
		VmbChannelPacketComplete(packet, buffer, length);
		break;
	}
}

static bool passive;
static unsigned int quota;

static void ways_against(void (*other)(void *))
{
	unsigned int rounds;

	set_up(every_way, passive);
	VmbChannelSetTransactionQuota(driver.channel, quota);
	tasks[0] = machine_start("peer", do_packets, (void *)6);
	tasks[1] = machine_start("finish", do_finish, NULL);
	tasks[2] = machine_start("finish", do_finish, NULL);
	tasks[3] = machine_start("other", other, NULL);
	together(4);
	machine_settle();
	for (rounds = 0; rounds < 10; rounds++) {
		driver_complete_held(&driver);
		machine_settle();
	}
	if (other != do_disable)
		CHECK_EQ(driver.packets, 6);
	CHECK(most_depth <= 1);
	tear_down();
	CHECK_EQ(driver.completed + refused, sent);
}

static void ways_pause(void)
{
	ways_against(do_pause_and_start);
}

static void ways_disable(void)
{
	ways_against(do_disable);
}

TEST(every_way_against_a_pause)
{
	quota = 1;
	explore(ways_pause, 0, 3000);
}

TEST(every_way_against_a_pause_2)
{
	quota = 2;
	passive = true;
	explore(ways_pause, 0, 3000);
}

TEST(every_way_against_a_disable)
{
	quota = 1;
	explore(ways_disable, 0, 3000);
}

TEST(every_way_against_a_disable_2)
{
	quota = 2;
	passive = true;
	explore(ways_disable, 0, 3000);
}

/* ---- routines ---- */

static void do_complete(void *unused)
{
	struct host_packet seen;

	while (host_read(&host, &seen) == 1)
		if (seen.desc.flags)
			host_complete(&host, seen.desc.trans_id, "c", 1);
}

static void routines(void)
{
	set_up(every_way, passive);
	send_for(NULL, WAIT_FLAG);
	send_for(NULL, WAIT_FLAG);
	tasks[0] = machine_start("complete", do_complete, NULL);
	tasks[1] = machine_start("disable", do_disable, NULL);
	together(2);
	machine_settle();
	CHECK_EQ(driver.completed + refused, sent);
	CHECK(most_depth <= 1);
	tear_down();
}

TEST(routines_against_a_disable)
{
	explore(routines, 1, 3000);
}

TEST(routines_against_a_disable_2)
{
	passive = true;
	explore(routines, 1, 3000);
}

/* ---- parked packets ---- */

static void do_packets_objects(void *unused)
{
	VMBPACKET a = VmbPacketAllocate(driver.channel), b = VmbPacketAllocate(driver.channel);

	VmbPacketFree(a);
	VmbPacketFree(b);
	a = VmbPacketAllocate(driver.channel);
	CHECK_EQ(((struct kmcl_packet *)a)->capacity + sizeof(struct kmcl_packet),
		 VmbChannelSizeofPacket(driver.channel));
	VmbPacketFree(a);
}

static void do_resize(void *unused)
{
	VmbChannelInitSetMaximumPacketSize(driver.channel, 1024);
}

static void do_count(void *unused)
{
	struct kmcl_channel *ch = chan();
	unsigned int used;

	spin_lock_bh(&ch->packets.lock);
	used = kmcl_packets_used(ch);
	spin_unlock_bh(&ch->packets.lock);
	CHECK(used <= 4);
}

static void parked(void)
{
	host_begin();
	host_init(&host);
	driver_init_client(&driver, 1);
	tasks[0] = machine_start("a", do_packets_objects, NULL);
	tasks[1] = machine_start("b", do_packets_objects, NULL);
	tasks[2] = machine_start("resize", do_resize, NULL);
	tasks[3] = machine_start("count", do_count, NULL);
	together(4);
	spin_lock_bh(&chan()->packets.lock);
	CHECK_EQ(kmcl_packets_used(chan()), 0);
	spin_unlock_bh(&chan()->packets.lock);
	CHECK_EQ(VmbChannelInitSetMaximumPacketSize(driver.channel, 700), 0);
	machine_choose = NULL;
	driver_end(&driver);
	host_destroy(&host);
	machine_settle();
	host_end();
	CHECK_EQ(machine_warnings, 0);
}

TEST(parked_against_a_resize)
{
	explore(parked, 1, 5000);
}
