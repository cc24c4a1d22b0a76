#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/tool_run.h"

#define POLL_MS 50

/* The last whole word that came through the FIFO decides. */
static bool fifo_says(struct gate_fire *fire, bool on)
{
	char text[256];
	ssize_t n;

	if (fire->fifo < 0)
		fire->fifo = open(fire->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fire->fifo < 0)
		return true;
	while ((n = read(fire->fifo, text, sizeof(text) - 1)) > 0) {
		text[n] = '\0';
		for (char *p = text; *p != '\0'; p++) {
			if (strncmp(p, "fire\n", 5) == 0)
				on = true;
			else if (strncmp(p, "end\n", 4) == 0)
				on = false;
		}
	}
	return on;
}

static bool is_fire(struct gate_fire *fire, bool on)
{
	struct stat st;

	if (stat(fire->path, &st) != 0)
		return errno != ENOENT && errno != ENOTDIR;
	return S_ISFIFO(st.st_mode) ? fifo_says(fire, on) : true;
}

static void change(struct gate_fire *fire, bool on)
{
	const uint64_t one = 1;

	/* Not opened: the next look tries again. */
	if (!gate_output(fire->output, on ? "fire" : "fire-end", "-", on ? "open" : "-") && on)
		return;
	atomic_store(&fire->on, on);
	atomic_fetch_add(on ? &fire->begun : &fire->ended, 1);
	if (write(fire->wake, &one, sizeof(one)) < 0)
		return; /* the main thread looks every second anyway */
}

static void *watch(void *user)
{
	struct gate_fire *fire = user;
	const struct timespec pause = { 0, POLL_MS * 1000000L };

	while (!atomic_load(&fire->stopping)) {
		bool was = atomic_load(&fire->on), is = is_fire(fire, was);

		if (is != was)
			change(fire, is);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

bool gate_fire_start(struct gate_fire *fire, const char *path, const struct gate_output *output,
		     int wake)
{
	fire->path = path;
	fire->output = output;
	fire->wake = wake;
	fire->fifo = -1;
	fire->started = pthread_create(&fire->thread, NULL, watch, fire) == 0;
	return fire->started;
}

void gate_fire_stop(struct gate_fire *fire)
{
	if (!fire->started)
		return;
	atomic_store(&fire->stopping, true);
	pthread_join(fire->thread, NULL);
	if (fire->fifo >= 0)
		close(fire->fifo);
	fire->started = false;
}
