// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names that drivers chose, made fit for file names, traces and JSON. They may hold anything:
 * slashes, control characters, halves of UTF-8 sequences.
 */
#include <linux/ctype.h>
#include <linux/kallsyms.h>
#include <linux/nls.h>

#include "view.h"

/* Room for the dot and the number behind the name. */
#define LABEL_TAIL	12

static bool is_plain(char c)
{
	return isascii(c) && (isalnum(c) || c == '-' || c == '_');
}

/* The friendly name with %XX for all that is not plain, as far as it goes, then .NUMBER. */
void kmcl_view_label(struct kmcl_channel *ch)
{
	const char *name = ch->name[0] ? ch->name : "unnamed";
	char label[KMCL_LABEL_MAX] = "";
	size_t used = 0;

	for (; *name && used + 3 < sizeof(label) - LABEL_TAIL; name++)
		used += snprintf(label + used, sizeof(label) - used,
				 is_plain(*name) ? "%c" : "%%%02X", (u8)*name);
	snprintf(label + used, sizeof(label) - used, ".%u", ch->number);
	memcpy(ch->label, label, sizeof(label));
}

/* The module that code belongs to: what kallsyms puts behind a symbol, in brackets. */
void kmcl_view_owner(struct kmcl_channel *ch, unsigned long caller)
{
	char text[KSYM_SYMBOL_LEN];
	char *open, *close;

	snprintf(text, sizeof(text), "%ps", (void *)caller);
	open = strrchr(text, '[');
	close = open ? strpbrk(open, " ]") : NULL;
	if (close)
		*close = 0;
	strscpy(ch->owner, close ? open + 1 : "", sizeof(ch->owner));
}

static void quote_unicode(struct seq_file *m, unicode_t c)
{
	if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
		seq_putc(m, c);
	else if (c < 0x10000)
		seq_printf(m, "\\u%04x", c);
	else
		seq_printf(m, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
}

/* A JSON string, in printable ASCII whatever the text is. */
void kmcl_view_quote(struct seq_file *m, const char *text)
{
	size_t left = strlen(text);

	seq_putc(m, '"');
	while (left) {
		unicode_t c;
		int used = utf8_to_utf32(text, left, &c);

		if (used <= 0) {
			used = 1;
			c = 0xfffd;
		}
		quote_unicode(m, c);
		text += used;
		left -= used;
	}
	seq_putc(m, '"');
}
