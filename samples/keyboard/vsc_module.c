// SPDX-License-Identifier: GPL-2.0-only
/* The Linux side of keyboard_vsc: makes a module of the driver, and an input device of its port. */
#include <linux/input.h>
#include <linux/module.h>

#include <kmcl/driver.h>

/* linux/input.h has names of keys that the port's flags share. */
#define FLAG_BREAK	1
#define FLAG_E0		2
#define FLAG_E1		4

#define LAST_PLAIN	KEY_F12		/* up to here Linux numbers keys by scan codes of set 1 */

static const u16 extended[128] = {
	[0x1c] = KEY_KPENTER,	[0x1d] = KEY_RIGHTCTRL,	[0x35] = KEY_KPSLASH,
	[0x37] = KEY_SYSRQ,	[0x38] = KEY_RIGHTALT,	[0x47] = KEY_HOME,
	[0x48] = KEY_UP,	[0x49] = KEY_PAGEUP,	[0x4b] = KEY_LEFT,
	[0x4d] = KEY_RIGHT,	[0x4f] = KEY_END,	[0x50] = KEY_DOWN,
	[0x51] = KEY_PAGEDOWN,	[0x52] = KEY_INSERT,	[0x53] = KEY_DELETE,
	[0x5b] = KEY_LEFTMETA,	[0x5c] = KEY_RIGHTMETA,	[0x5d] = KEY_COMPOSE,
};

static unsigned int key_of(u16 code, u16 flags)
{
	if (code >= ARRAY_SIZE(extended))
		return KEY_RESERVED;
	if (flags & FLAG_E1)
		return code == 0x1d ? KEY_PAUSE : KEY_RESERVED;
	if (flags & FLAG_E0)
		return extended[code];
	return code <= LAST_PLAIN ? code : KEY_RESERVED;
}

static void set_keys(struct input_dev *input)
{
	unsigned int i;

	for (i = KEY_ESC; i <= LAST_PLAIN; i++)
		input_set_capability(input, EV_KEY, i);
	for (i = 0; i < ARRAY_SIZE(extended); i++)
		if (extended[i])
			input_set_capability(input, EV_KEY, extended[i]);
	input_set_capability(input, EV_KEY, KEY_PAUSE);
}

void *KeyboardPortCreate(void);
void *KeyboardPortCreate(void)
{
	struct input_dev *input = input_allocate_device();

	if (!input)
		return NULL;
	input->name = "KMCL synthetic keyboard";
	input->id.bustype = BUS_VIRTUAL;
	set_keys(input);
	if (input_register_device(input)) {
		input_free_device(input);
		return NULL;
	}
	return input;
}

/* Keys that are down go up. */
void KeyboardPortDestroy(void *port);
void KeyboardPortDestroy(void *port)
{
	input_unregister_device(port);
}

void KeyboardPortReport(void *port, u16 code, u16 flags);
void KeyboardPortReport(void *port, u16 code, u16 flags)
{
	unsigned int key = key_of(code, flags);

	if (key == KEY_RESERVED)
		return;
	input_report_key(port, key, !(flags & FLAG_BREAK));
	input_sync(port);
}

KMCL_MODULE_PNP_DRIVER(DriverEntry, KMCL_VMBUS_ID(0xf912ad6d, 0x2b17, 0x48ea, 0xbd, 0x65, 0xf9,
						  0x27, 0xa6, 0x1c, 0x76, 0x84));
MODULE_AUTHOR("KMCL for Linux");
MODULE_DESCRIPTION("Driver of the synthetic keyboard, a sample driver on KMCL");
MODULE_LICENSE("GPL");
