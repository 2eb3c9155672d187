// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a fuzzer without libFuzzer, for machines that have only gcc: its seeds, and of each the same
 * mutations every time. Usage: program SEEDS NUMBER
 */
#include <stdio.h>

#include "input.h"

#define LONGEST	256

static uint64_t chance = 88172645463325252ull;

static uint32_t below(uint32_t limit)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return (chance >> 11) % limit;
}

static void run(const uint8_t *bytes, size_t size)
{
	/* Memory of its own size, for the sanitizers. */
	uint8_t *copy = malloc(size ? size : 1);

	memcpy(copy, bytes, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

/* A byte, a number with meaning, a piece moved, or another length. */
static size_t mutate(uint8_t *bytes, size_t size)
{
	static const uint8_t numbers[] = { 0, 1, 2, 7, 8, 0x7f, 0x80, 0xf8, 0xff };

	switch (below(4)) {
	case 0:
		bytes[below(size + 1)] ^= 1u << below(8);
		break;
	case 1:
		bytes[below(size + 1)] = numbers[below(sizeof(numbers))];
		break;
	case 2:
		memmove(bytes + below(LONGEST - 8), bytes + below(LONGEST - 8), 8);
		break;
	default:
		return below(LONGEST);
	}
	return size;
}

static size_t read_line(const char *line, uint8_t *bytes)
{
	unsigned int byte;
	size_t size = 0;

	while (size < LONGEST && sscanf(line + 2 * size, "%2x", &byte) == 1)
		bytes[size++] = byte;
	return size;
}

int main(int argc, char **argv)
{
	static char line[4 * LONGEST];
	unsigned long runs = 0, each = strtoul(argv[2], NULL, 0), i;
	FILE *seeds = fopen(argv[1], "r");

	(void)argc;
	while (seeds && fgets(line, sizeof(line), seeds)) {
		uint8_t bytes[LONGEST + 1] = { 0 };
		size_t size;

		if (*line == '#')
			continue;
		size = read_line(line, bytes);
		run(bytes, size);
		for (i = 0; i < each; i++, runs++) {
			size = mutate(bytes, size);
			run(bytes, size);
		}
	}
	printf("# %lu inputs\n", runs);
	return !runs;
}
