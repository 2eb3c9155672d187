// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sequences of API calls and of what the peer does, against a model of sections 4.2 to 4.7: which
 * call succeeds, which callbacks run and in which order, and how many packets complete. With a
 * leading odd byte the input also chooses the schedule; then only what must hold in all of them is
 * checked.
 */
#include "channel.h"

static struct input in;

/* The model of a client. */
static struct {
	bool offered, open, active, enabled, paused, mark, broken;
	char log[512];
	unsigned int sent, completed, unread;	/* sent with a completion asked for */
} m;

static void say(const char *what)
{
	strcat(strcat(m.log, what), " ");
}

static void model_open(void)
{
	if (!m.enabled || m.open || !m.offered)
		return;
	m.open = true;
	m.broken = false;
	say("opened");
	m.active = !m.paused;
	if (m.active) {
		say("started");
		say("post-started");
	}
}

static void model_close(void)
{
	if (m.open) {
		if (m.active)
			say("suspend");
		say("closed");
	}
	m.completed = m.sent;
	m.open = false;
	m.active = false;
	m.enabled = false;
	m.paused = false;
}

static void op_enable(void)
{
	NTSTATUS status = driver_enable(&driver);

	NEED(status == (m.enabled ? STATUS_INVALID_DEVICE_STATE : STATUS_SUCCESS));
	if (m.enabled)
		return;
	m.enabled = true;
	m.paused = m.mark;
	m.mark = false;
	model_open();
}

static void op_disable(void)
{
	driver_disable(&driver);
	model_close();
}

static void op_start(void)
{
	VmbChannelStart(driver.channel);
	m.mark = false;
	m.paused = false;
	if (m.open && !m.active) {
		m.active = true;
		say("started");
		say("post-started");
	}
}

static void op_pause(void)
{
	VmbChannelPause(driver.channel);
	if (!m.enabled) {
		m.mark = true;
		return;
	}
	m.paused = true;
	if (m.active)
		say("suspend");
	m.active = false;
}

static void op_offer(void)
{
	if (m.offered)
		return;
	machine_settle();
	host_offer(&host);
	m.offered = true;
	model_open();
}

static void op_rescind(void)
{
	if (!m.offered)
		return;
	host_rescind(&host);
	machine_settle();
	m.offered = false;
	if (m.open)
		model_close();
}

static void op_send(bool wait)
{
	NTSTATUS status = driver_send(&driver, "12345678", 8, wait ? WAIT_FLAG : 0);

	NEED(status == (m.enabled ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_STATE));
	m.sent += !status;
}

static void op_read(bool complete)
{
	struct host_packet seen;

	if (host_read(&host, &seen) != 1 || !complete || !seen.desc.flags || m.broken)
		return;
	host_complete(&host, seen.desc.trans_id, NULL, 0);
}

static void op_peer_sends(bool broken)
{
	struct kmcl_desc desc = { .type = 0, .offset8 = 2, .len8 = 2 };

	if (!host.is_open)
		return;
	if (!broken) {
		host_send(&host, "x", 1, 1);
		return;
	}
	m.broken = true;
	host_write(&host, &desc, NULL, 0, 16);
}

static void op(u8 which)
{
	switch (which % 12) {
	case 0:
		op_enable();
		break;
	case 1:
		op_disable();
		break;
	case 2:
		op_start();
		break;
	case 3:
		op_pause();
		break;
	case 4:
		op_offer();
		break;
	case 5:
		op_rescind();
		break;
	case 6:
	case 7:
		op_send(which % 2);
		break;
	case 8:
	case 9:
		op_read(which % 2);
		break;
	case 10:
		op_peer_sends(which > 0xf0);
		break;
	default:
		driver.hold = which & 0x80;
		driver_complete_held(&driver);
	}
}

static void check(void)
{
	struct kmcl_channel *ch = (struct kmcl_channel *)driver.channel;

	machine_settle();
	NEED(!strcmp(driver.log, m.log));
	NEED(ch->state.active == m.active);
	NEED((ch->state.phase == KMCL_OPEN) == m.open);
	NEED((ch->state.phase == KMCL_DISABLED) == !m.enabled);
	NEED(driver.completed <= m.sent && driver.completed >= m.completed);
	NEED(host.opens == host.closes + m.open);
	driver.log[0] = 0;
	m.log[0] = 0;
}

static void run_ops(void)
{
	while (in.left) {
		op(input_byte(&in));
		check();
	}
}

/* ---- the same calls by two tasks, under a schedule of the input's ---- */

static unsigned int choose(unsigned int n, bool preempts)
{
	u8 byte;

	if (!in.left)
		return 0;
	byte = input_byte(&in);
	return preempts && byte < 0xc0 ? 0 : byte % n;
}

static void call(u8 which)
{
	switch (which % 8) {
	case 0:
		if (driver_enable(&driver))
			m.completed++;	/* refused or rescinded: nothing to check */
		break;
	case 1:
		driver_disable(&driver);
		break;
	case 2:
		VmbChannelStart(driver.channel);
		break;
	case 3:
		VmbChannelPause(driver.channel);
		break;
	case 4:
	case 5:
		if (!driver_send(&driver, "12345678", 8, which % 2 ? WAIT_FLAG : 0))
			m.sent++;
		break;
	default:
		op_read(which % 2);
	}
}

static u8 calls[2][8];

static void caller(void *arg)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		call(((u8 *)arg)[i]);
}

static void peer(void *arg)
{
	u8 *what = arg;

	if (what[4] & 1)
		host_rescind(&host);
	if (what[4] & 2)
		host_send(&host, "x", 1, 1);
	if ((what[4] & 5) == 5) {
		kmcl_offer_wait_unclaimed(&host.offer);
		host_offer(&host);
	}
}

static void run_calls(void)
{
	struct task_struct *tasks[3];
	unsigned int i;

	input_bytes(&in, calls, sizeof(calls));
	host_offer(&host);
	machine_choose = choose;
	tasks[0] = machine_start("calls", caller, calls[0]);
	tasks[1] = machine_start("calls too", caller, calls[1]);
	tasks[2] = machine_start("peer", peer, calls[0]);
	for (i = 0; i < 3; i++)
		machine_join(tasks[i]);
	machine_choose = NULL;
	machine_settle();
	driver_disable(&driver);
	NEED(driver.completed == m.sent);
	NEED(host.opens == host.closes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;

	if (size > 100)
		return 0;
	if (!begun)
		host_begin();
	begun = true;
	in = (struct input) { data, size };
	memset(&m, 0, sizeof(m));
	host_init(&host);
	driver_init_client(&driver, 1);
	if (input_byte(&in) & 1)
		run_calls();
	else
		run_ops();
	channel_end();
	NEED(driver.completed == m.sent);
	return 0;
}
