/*
 * engine_script.c -- readings that a script gives, for tests and for training clerks: lines of JSON
 * through a FIFO. {"reader": "card"}, {"answer": {...}} for the readings to come,
 * {"trust": "SJ-1108"}. SOJOURN_COUNTER_SERVICE may hold another service than the hotel's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "counter/counter.h"

#define LINE 65536u

struct script {
	struct counter_service service;
	pthread_mutex_t lock;
	json_t *answer; /* what the next readings give */
	enum sj_rc trust;
	int64_t trust_created;
	int fifo, wake; /* wake: readable once it is to stop */
	int cancelled; /* eventfd */
	enum counter_place place;
	enum sj_rc place_rc;
	uint32_t events;
	char line[LINE];
	size_t len;
};

static const struct counter_service *service(void *self)
{
	return &((struct script *)self)->service;
}

/* --- lines --------------------------------------------------------------------------- */

static int word_at(const char *text, const char *const *words)
{
	for (int i = 0; text != NULL && words[i] != NULL; i++) {
		if (strcmp(words[i], text) == 0)
			return i;
	}
	return -1;
}

static enum sj_rc rc_of(const json_t *value)
{
	const char *text = json_string_value(value);

	return text != NULL && strncmp(text, "SJ-", 3) == 0 ? (enum sj_rc)strtol(text + 3, NULL, 10)
							    : SJ_OK;
}

static void set_service(struct script *s, json_t *o)
{
	static const char *const access[] = { "none", "can", "pin", NULL };
	const char *name = json_string_value(json_object_get(o, "name")),
		   *sector = json_string_value(json_object_get(o, "sector"));
	int i = word_at(json_string_value(json_object_get(o, "access")), access);
	json_t *rights = json_object_get(o, "rights");

	if (name != NULL)
		snprintf(s->service.name, sizeof(s->service.name), "%s", name);
	if (sector != NULL)
		snprintf(s->service.sector, sizeof(s->service.sector), "%s", sector);
	if (i >= 0)
		s->service.access = (enum sj_service_access)i;
	if (json_is_array(rights)) {
		json_decref(s->service.rights);
		s->service.rights = json_incref(rights);
	}
}

static void obey(struct script *s, json_t *o)
{
	static const char *const places[] = { "starting", "no-service", "no-reader",
					      "no-card",  "card",       NULL };
	int place = word_at(json_string_value(json_object_get(o, "reader")), places);
	json_t *answer = json_object_get(o, "answer"), *trust = json_object_get(o, "trust");

	pthread_mutex_lock(&s->lock);
	if (place >= 0) {
		s->place = (enum counter_place)place;
		s->events++;
	}
	if (json_is_object(answer)) {
		json_decref(s->answer);
		s->answer = json_incref(answer);
	}
	if (trust != NULL)
		s->trust = rc_of(trust);
	pthread_mutex_unlock(&s->lock);
}

static void take_lines(struct script *s)
{
	char *end;

	while ((end = memchr(s->line, '\n', s->len)) != NULL) {
		size_t n = (size_t)(end - s->line) + 1;
		json_t *o = json_loadb(s->line, n, 0, NULL);

		if (json_is_object(o))
			obey(s, o);
		json_decref(o);
		memmove(s->line, s->line + n, s->len - n);
		s->len -= n;
	}
	if (s->len == sizeof(s->line)) /* longer than any line may be */
		s->len = 0;
}

static void watch(void *self, unsigned timeout_ms, struct counter_presence *known)
{
	struct script *s = self;
	struct pollfd fds[2] = { { s->fifo, POLLIN, 0 }, { s->wake, POLLIN, 0 } };
	ssize_t n;

	if (poll(fds, 2, (int)timeout_ms) > 0 && (fds[0].revents & POLLIN) != 0) {
		n = read(s->fifo, s->line + s->len, sizeof(s->line) - s->len);
		s->len += n > 0 ? (size_t)n : 0;
		take_lines(s);
	}
	pthread_mutex_lock(&s->lock);
	known->place = s->place;
	known->events = s->events;
	snprintf(known->reader, sizeof(known->reader), "%s",
		 s->place >= COUNTER_NO_CARD ? "Training reader" : "");
	pthread_mutex_unlock(&s->lock);
}

/* --- readings ------------------------------------------------------------------------------ */

static void give_data(struct counter_result *out, json_t *data)
{
	const char *name;
	json_t *value;

	json_object_foreach(data, name, value)
	{
		if (!counter_result_put(out, name, json_string_value(value)))
			out->rc = SJ_NO_MEMORY;
	}
}

static void give_checks(struct counter_result *out, json_t *checks)
{
	size_t i;
	json_t *row;

	json_array_foreach(checks, i, row)
	{
		if (i >= SJ_ANSWER_CHECKS)
			break;
		out->checked[i] = true;
		out->checks[i].state = (enum sj_check_state)json_integer_value(row);
	}
}

static void give_portrait(struct counter_result *out, const char *path)
{
	FILE *f = path != NULL ? fopen(path, "re") : NULL;
	uint8_t *bytes = f != NULL ? malloc(LINE) : NULL;

	if (bytes != NULL) {
		out->portrait_len = fread(bytes, 1, LINE, f);
		out->portrait = bytes;
	}
	if (f != NULL)
		fclose(f);
}

static void give(struct counter_result *out, json_t *a)
{
	static const char *const verdicts[] = { "none",      "genuine", "copy-not-excluded",
						"undecided", "expired", "not-genuine",
						NULL };
	const char *verdict = json_string_value(json_object_get(a, "verdict"));
	int v = word_at(verdict, verdicts);

	out->reason = rc_of(json_object_get(a, "reason"));
	out->statistics.wall_ms = (unsigned)json_integer_value(json_object_get(a, "delay"));
	out->statistics.apdus = 21;
	out->statistics.clock_behind = json_is_true(json_object_get(a, "clockBehind"));
	out->evidence = rc_of(json_object_get(a, "evidence"));
	if (v <= 0) {
		out->rc = out->reason != SJ_OK ? out->reason : SJ_CARD_LOST;
		return;
	}
	out->verdict = (enum sj_verdict)v;
	out->info.eid = !json_is_false(json_object_get(a, "eid"));
	out->info.enforced_by = out->info.eid ? SJ_LIMIT_CARD : SJ_LIMIT_TERMINAL;
	out->absent = json_incref(json_object_get(a, "absent"));
	give_checks(out, json_object_get(a, "checks"));
	give_data(out, json_object_get(a, "data"));
	give_portrait(out, json_string_value(json_object_get(a, "portrait")));
}

/* True: it was cancelled or is to stop. */
static bool sleep_ms(struct script *s, int ms)
{
	struct pollfd fds[2] = { { s->cancelled, POLLIN, 0 }, { s->wake, POLLIN, 0 } };

	return poll(fds, 2, ms) > 0;
}

static void read_card(void *self, const struct counter_request *request, struct counter_result *out)
{
	struct script *s = self;
	enum counter_place place;
	json_t *answer;
	int delay;

	(void)request;
	pthread_mutex_lock(&s->lock);
	answer = json_incref(s->answer);
	place = s->place;
	pthread_mutex_unlock(&s->lock);
	delay = (int)json_integer_value(json_object_get(answer, "delay"));
	if (sleep_ms(s, delay))
		out->rc = SJ_CANCELLED;
	else if (place != COUNTER_CARD)
		out->rc = place == COUNTER_NO_CARD     ? SJ_NO_CARD
			  : place == COUNTER_NO_READER ? SJ_NO_READER
						       : SJ_NO_PCSCD;
	else
		give(out, answer);
	json_decref(answer);
}

static void arm(void *self)
{
	struct script *s = self;
	uint64_t n;

	if (read(s->cancelled, &n, sizeof(n)) < 0 && errno != EAGAIN)
		abort(); /* our own counter */
}

static void tidy(void *self)
{
	(void)self;
}

static void signal_fd(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		abort(); /* a counter that is full was read by nobody */
}

static void cancel(void *self)
{
	signal_fd(((struct script *)self)->cancelled);
}

static void stop(void *self)
{
	signal_fd(((struct script *)self)->wake);
}

static enum sj_rc trust(void *self, int64_t now, int64_t *created)
{
	struct script *s = self;
	enum sj_rc rc;

	pthread_mutex_lock(&s->lock);
	rc = s->trust;
	pthread_mutex_unlock(&s->lock);
	*created = now - now % 3600;
	return rc;
}

static void free_script(void *self)
{
	struct script *s = self;

	json_decref(s->service.rights);
	json_decref(s->answer);
	close(s->fifo);
	close(s->wake);
	close(s->cancelled);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int counter_engine_script(struct cli *cli, const char *path, struct counter_engine *out)
{
	struct script *s = calloc(1, sizeof(*s));
	const char *own;
	json_t *row;

	if (s == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	s->fifo = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK); /* both ends: it never ends */
	if (s->fifo < 0) {
		free(s);
		return cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s", path, strerror(errno));
	}
	s->wake = eventfd(0, EFD_CLOEXEC);
	s->cancelled = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->place = COUNTER_NO_CARD;
	s->service = (struct counter_service){ .name = "hotel check-in",
					       .sector = "accommodation",
					       .access = SJ_SERVICE_CAN };
	s->service.rights =
		json_pack("[s, s, s, s, s, s, s, s]", "valid", "name", "nationality", "birth-date",
			  "document-number", "expiry", "portrait", "entry-records");
	own = getenv("SOJOURN_COUNTER_SERVICE");
	row = own != NULL ? json_loads(own, 0, NULL) : NULL;
	set_service(s, row);
	json_decref(row);
	pthread_mutex_init(&s->lock, NULL);
	*out = (struct counter_engine){ .self = s,
					.scripted = true,
					.service = service,
					.watch = watch,
					.arm = arm,
					.read = read_card,
					.cancel = cancel,
					.stop = stop,
					.tidy = tidy,
					.trust = trust,
					.free = free_script };
	return 0;
}
