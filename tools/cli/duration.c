#include <time.h>

#include "cli/cli.h"

bool cli_duration_parse(const char *text, uint32_t *seconds)
{
	static const struct {
		char letter;
		unsigned long seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	unsigned long n = 0;

	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		n = n * 10 + (unsigned long)(*text - '0');
		if (n > UINT32_MAX)
			return false;
	}
	if (n == 0 && *text == '\0') {
		*seconds = 0;
		return true;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[0] == units[i].letter && text[1] == '\0' &&
		    n <= UINT32_MAX / units[i].seconds) {
			*seconds = (uint32_t)(n * units[i].seconds);
			return true;
		}
	}
	return false;
}

struct cli_time cli_time_text(int64_t when)
{
	struct cli_time out = { "" };
	time_t t = (time_t)when;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(out.text, sizeof(out.text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out.text[0] = '\0';
	return out;
}
