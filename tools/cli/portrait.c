#include "cli/portrait.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/child.h"

#define WAIT_MS 5000u
#define PNG_MAX (16u << 20)
#define REFUSED 13

/* The bytes as a file that only descriptors lead to. */
static int memory_file(const uint8_t *bytes, size_t len)
{
	int fd = memfd_create("portrait", MFD_CLOEXEC);

	while (fd >= 0 && len > 0) {
		ssize_t put = write(fd, bytes, len);

		if (put <= 0)
			goto fail;
		bytes += put;
		len -= (size_t)put;
	}
	if (fd >= 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
fail:
	if (fd >= 0)
		close(fd);
	return -1;
}

bool cli_portrait_png(const uint8_t *bytes, size_t len, uint8_t **png, size_t *png_len,
		      char why[static 96])
{
	struct cli_child child = CLI_CHILD_INIT;
	char *path = cli_program_path("portrait"), *out = NULL;
	const char *const argv[] = { path, NULL };
	size_t out_len = 0;
	int rc = -1;

	child.in = memory_file(bytes, len);
	if (path != NULL && child.in >= 0)
		rc = cli_child_capture_within(&child, argv, WAIT_MS, PNG_MAX, &out, &out_len);
	if (child.in >= 0)
		close(child.in);
	free(path);
	if (rc == 0 && out_len > 0) {
		*png = (uint8_t *)out;
		*png_len = out_len;
		return true;
	}
	free(out);
	snprintf(why, 96, "%s",
		 rc == REFUSED ? "the picture is damaged or too large" :
		 rc == 127 || rc < 0 ? "the decoder cannot be started" :
				       "the decoder was stopped");
	return false;
}
