// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Linux side of keyboard_vsp: makes a module of the server, with a parameter that types:
 * "1e 9e e05b e0db", scan codes of set 1 in hexadecimal.
 */
#include <linux/module.h>
#include <linux/string.h>

#include <kmcl/driver.h>

#include "vsp.h"

#define INFO_BREAK	0x2
#define INFO_E0		0x4
#define INFO_E1		0x8

static int type_code(u16 code)
{
	u32 info = code & 0x80 ? INFO_BREAK : 0;

	if (code >> 8 == 0xe0)
		info |= INFO_E0;
	else if (code >> 8 == 0xe1)
		info |= INFO_E1;
	else if (code >> 8)
		return -EINVAL;
	return NT_SUCCESS(KbdVspType(code & 0x7f, info)) ? 0 : -EIO;
}

static int set_scancodes(const char *value, const struct kernel_param *parameter)
{
	char text[256], *rest = text, *word;
	u16 code;
	int err;

	if (strscpy(text, value, sizeof(text)) < 0)
		return -E2BIG;
	while ((word = strsep(&rest, "\n "))) {
		if (!*word)
			continue;
		err = kstrtou16(word, 16, &code);
		if (!err)
			err = type_code(code);
		if (err)
			return err;
	}
	return 0;
}

static const struct kernel_param_ops scancodes_ops = { .set = set_scancodes };

module_param_cb(scancodes, &scancodes_ops, NULL, 0200);
MODULE_PARM_DESC(scancodes, "scan codes of set 1 to type, in hexadecimal (write only)");

KMCL_MODULE_DRIVER(DriverEntry);
MODULE_AUTHOR("KMCL for Linux");
MODULE_DESCRIPTION("Server of the synthetic keyboard, a sample driver on KMCL");
MODULE_LICENSE("GPL");
