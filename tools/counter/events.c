/*
 * events.c -- server-sent events (WHATWG HTML, 9.2). A stream keeps no queue: it knows of each
 * topic which text it has sent last, and gets the newest. A silent stream is suspended, and costs
 * nothing until something is published.
 */
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "counter/counter.h"

#define STREAMS 16u
#define BLOCK 4096u

struct topic {
	char *text; /* "event: ...\ndata: ...\n\n" */
	size_t len;
	uint64_t generation;
};

struct stream {
	struct counter_hub *hub; /* NULL: free */
	struct MHD_Connection *connection;
	uint64_t seen[COUNTER_TOPICS];
	char *text; /* what is being sent */
	size_t len, sent;
	bool asleep, beat;
};

struct counter_hub {
	pthread_mutex_t lock;
	struct topic topics[COUNTER_TOPICS];
	struct stream streams[STREAMS];
	bool stopping;
};

struct counter_hub *counter_hub_new(void)
{
	struct counter_hub *hub = calloc(1, sizeof(*hub));

	if (hub != NULL)
		pthread_mutex_init(&hub->lock, NULL);
	return hub;
}

static void forget(struct topic *topic)
{
	if (topic->text != NULL)
		explicit_bzero(topic->text, topic->len);
	free(topic->text);
	topic->text = NULL;
	topic->len = 0;
}

void counter_hub_free(struct counter_hub *hub)
{
	if (hub == NULL)
		return;
	for (size_t i = 0; i < COUNTER_TOPICS; i++)
		forget(&hub->topics[i]);
	pthread_mutex_destroy(&hub->lock);
	free(hub);
}

/* With the lock. */
static void wake(struct counter_hub *hub)
{
	for (struct stream *s = hub->streams; s < hub->streams + STREAMS; s++) {
		if (s->hub == NULL || !s->asleep)
			continue;
		s->asleep = false;
		MHD_resume_connection(s->connection);
	}
}

void counter_hub_put(struct counter_hub *hub, enum counter_topic topic, json_t *object)
{
	static const char *const names[COUNTER_TOPICS] = { "state", "verification", "lists" };
	char *json = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL, *text = NULL;
	int n = -1;

	if (json != NULL) {
		n = asprintf(&text, "event: %s\ndata: %s\n\n", names[topic], json);
		explicit_bzero(json, strlen(json));
	}
	free(json);
	json_decref(object);
	if (n < 0)
		return;
	pthread_mutex_lock(&hub->lock);
	forget(&hub->topics[topic]);
	hub->topics[topic].text = text;
	hub->topics[topic].len = (size_t)n;
	hub->topics[topic].generation++;
	wake(hub);
	pthread_mutex_unlock(&hub->lock);
}

void counter_hub_beat(struct counter_hub *hub)
{
	pthread_mutex_lock(&hub->lock);
	for (struct stream *s = hub->streams; s < hub->streams + STREAMS; s++)
		s->beat = s->asleep;
	wake(hub);
	pthread_mutex_unlock(&hub->lock);
}

void counter_hub_stop(struct counter_hub *hub)
{
	pthread_mutex_lock(&hub->lock);
	hub->stopping = true;
	wake(hub);
	pthread_mutex_unlock(&hub->lock);
}

static void drop_text(struct stream *s)
{
	if (s->text != NULL)
		explicit_bzero(s->text, s->len);
	free(s->text);
	s->text = NULL;
}

/* The next text that the stream has not sent; false: there is none. With the lock. */
static bool next_text(struct stream *s)
{
	struct counter_hub *hub = s->hub;

	drop_text(s);
	for (size_t i = 0; i < COUNTER_TOPICS; i++) {
		struct topic *t = &hub->topics[i];

		if (t->generation == s->seen[i])
			continue;
		s->text = malloc(t->len);
		if (s->text == NULL)
			return false;
		memcpy(s->text, t->text, t->len);
		s->len = t->len;
		s->sent = 0;
		s->seen[i] = t->generation;
		return true;
	}
	if (s->beat)
		s->text = strdup(":\n\n");
	s->beat = false;
	s->len = 3;
	s->sent = 0;
	return s->text != NULL;
}

static ssize_t feed(void *user, uint64_t position, char *out, size_t max)
{
	struct stream *s = user;
	struct counter_hub *hub = s->hub;
	ssize_t n = 0;

	(void)position;
	pthread_mutex_lock(&hub->lock);
	if (hub->stopping) {
		n = MHD_CONTENT_READER_END_OF_STREAM;
	} else if ((s->text != NULL && s->sent < s->len) || next_text(s)) {
		n = (ssize_t)(s->len - s->sent < max ? s->len - s->sent : max);
		memcpy(out, s->text + s->sent, (size_t)n);
		s->sent += (size_t)n;
	} else {
		s->asleep = true;
		MHD_suspend_connection(s->connection);
	}
	pthread_mutex_unlock(&hub->lock);
	return n;
}

static void end(void *user)
{
	struct stream *s = user;
	struct counter_hub *hub = s->hub;

	pthread_mutex_lock(&hub->lock);
	drop_text(s);
	memset(s, 0, sizeof(*s));
	pthread_mutex_unlock(&hub->lock);
}

struct MHD_Response *counter_hub_stream(struct counter_hub *hub, struct MHD_Connection *connection)
{
	struct MHD_Response *response = NULL;
	struct stream *s;

	pthread_mutex_lock(&hub->lock);
	for (s = hub->streams; s < hub->streams + STREAMS && s->hub != NULL; s++)
		;
	if (s < hub->streams + STREAMS && !hub->stopping)
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, feed, s, end);
	if (response != NULL)
		*s = (struct stream){ .hub = hub, .connection = connection };
	pthread_mutex_unlock(&hub->lock);
	return response;
}
