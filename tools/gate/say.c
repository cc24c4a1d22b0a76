#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate/tool_run.h"

/* Writes at once or not at all, as far as the other end allows. */
static bool put(struct gate_say *say, const char *line, size_t len)
{
	struct pollfd ready = { say->fd, POLLOUT, 0 };
	ssize_t n = -1;

	if (poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0)
		n = write(say->fd, line, len);
	if (n > 0)
		say->torn = (size_t)n < len;
	return n == (ssize_t)len;
}

static void tell_lost(struct gate_say *say)
{
	char line[96];
	int len = snprintf(line, sizeof(line),
			   "%s{\"schema\":%d,\"event\":\"lines-lost\",\"count\":%llu}\n",
			   say->torn ? "\n" : "", GATE_SCHEMA, (unsigned long long)say->lost);

	if (put(say, line, (size_t)len))
		say->lost = 0;
}

void gate_say(struct gate_say *say, json_t *object)
{
	json_t *whole = json_pack("{s:i}", "schema", GATE_SCHEMA);
	char *text = NULL, *line = NULL;
	int len = -1;

	if (whole != NULL && object != NULL && json_object_update(whole, object) == 0)
		text = json_dumps(whole, JSON_COMPACT);
	if (text != NULL)
		len = asprintf(&line, "%s\n", text);
	pthread_mutex_lock(&say->lock);
	if (say->lost != 0)
		tell_lost(say);
	if (len < 0 || say->lost != 0 || !put(say, line, (size_t)len))
		say->lost++;
	pthread_mutex_unlock(&say->lock);
	if (len >= 0)
		free(line);
	free(text);
	json_decref(whole);
	json_decref(object);
}
