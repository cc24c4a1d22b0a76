/* sweep_rows.c -- whether every command of every applet was swept, or is known to change nothing. */
#include <stdio.h>

#include "tests/power/sweep.h"

#define ANY CARD_ANY

/* What changes nothing, by the application's name, CLA, INS, P1. */
static const struct reader {
	const char *applet;
	uint8_t cla, ins;
	int p1;
} readers[] = {
	{ "manager", 0x00, 0xA4, 0x00 }, { "manager", 0x80, 0xF2, ANY },
	{ "manager", 0x80, 0xE6, 0x20 }, { "manager", 0x80, 0xE6, 0x40 },
	{ "MF", 0x00, 0xA4, 0x00 },      { "MF", 0x00, 0xA4, 0x02 },
	{ "MF", 0x00, 0xA4, 0x08 },      { "MF", 0x00, 0xA4, 0x09 },
	{ "MF", 0x00, 0xB0, ANY },       { "MF", 0x00, 0xB1, ANY },
	{ "MF", 0x00, 0x22, 0xC1 },      { "MF", 0x00, 0x22, 0x81 },
	{ "MF", 0x00, 0x22, 0x41 },      { "MF", 0x00, 0x84, 0x00 },
	{ "eMRTD", 0x00, 0xA4, 0x00 },   { "eMRTD", 0x00, 0xA4, 0x02 },
	{ "eMRTD", 0x00, 0xA4, 0x09 },   { "eMRTD", 0x00, 0xB0, ANY },
	{ "eMRTD", 0x00, 0xB1, ANY },    { "eMRTD", 0x00, 0x22, 0x81 },
	{ "eMRTD", 0x00, 0x22, 0x41 },   { "eMRTD", 0x00, 0x84, 0x00 },
	{ "MF", 0x00, 0x82, 0x00 },      { "eMRTD", 0x00, 0x86, 0x00 },
	{ "eMRTD", 0x00, 0x88, 0x00 },   { "eID", 0x00, 0xA4, 0x00 },
	{ "eID", 0x00, 0xA4, 0x02 },     { "eID", 0x00, 0xB0, ANY },
	{ "eID", 0x00, 0xB1, ANY },      { "eID", 0x00, 0xCB, 0x3F },
	{ "eID", 0x80, 0x20, 0x80 },     { "eID", 0x00, 0x22, 0x41 },
	{ "eID", 0x00, 0x86, 0x00 },     { "gate", 0x00, 0xA4, 0x00 },
	{ "key", 0x00, 0xA4, 0x00 },     { "key", 0x00, 0xCB, 0x3F },
	{ "key", 0x00, 0x87, ANY },      { "key", 0x00, 0xFD, 0x00 },
	{ "key", 0x00, 0xF8, 0x00 },     { "key", 0x00, 0xF7, 0x00 },
	{ "key", 0x00, 0xF9, ANY },
};

bool sweep_is_reader(const char *applet, const struct card_command *row)
{
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (strcmp(readers[i].applet, applet) == 0 && readers[i].cla == row->cla &&
		    readers[i].ins == row->ins && readers[i].p1 == row->p1)
			return true;
	return false;
}

static bool was_swept(const struct sweep_count *count, const struct card_command *row)
{
	for (size_t i = 0; i < count->row_count; i++)
		if (count->rows[i] == row)
			return true;
	return false;
}

unsigned sweep_missing(const struct sweep_count *count)
{
	const struct card_applet *const *applets = card_applets_builtin();
	unsigned missing = count->select ? 0 : 1;

	for (size_t i = 0; applets[i] != NULL; i++)
		for (size_t k = 0; k < applets[i]->command_count; k++) {
			const struct card_command *row = &applets[i]->commands[k];

			if (sweep_is_reader(applets[i]->name, row) != was_swept(count, row))
				continue;
			printf("# %s %02X %02X P1 %d P2 %d\n", applets[i]->name, row->cla, row->ins,
			       row->p1, row->p2);
			missing++;
		}
	return missing;
}
