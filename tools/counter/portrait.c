/* portrait.c -- a picture from a card is drawn by another process, which may do nothing else. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/child.h"
#include "counter/counter.h"

#define MAX_PIXELS "4000000"
#define WAIT_MS 5000u
#define PNG_MAX (8u * 1024u * 1024u)

/* The bytes as a file that only we and the child have. */
static int as_file(const uint8_t *bytes, size_t len)
{
	int fd = memfd_create("portrait", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, bytes + done, len - done);

		if (n < 0 && errno != EINTR) {
			close(fd);
			return -1;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	if (lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	close(fd);
	return -1;
}

enum sj_rc counter_portrait_draw(const char *program, const uint8_t *bytes, size_t len,
				 uint8_t **png, size_t *png_len)
{
	static const uint8_t magic[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n' };
	const char *const argv[] = { program, "--max-pixels", MAX_PIXELS, NULL };
	struct cli_child child = CLI_CHILD_INIT;
	char *out = NULL;
	enum sj_rc rc = SJ_IMAGE_REFUSED;

	child.session = true;
	child.in = as_file(bytes, len);
	if (child.in < 0)
		return SJ_NO_MEMORY;
	if (cli_child_capture_within(&child, argv, WAIT_MS, PNG_MAX, &out, png_len) == 0 &&
	    out != NULL && *png_len > sizeof(magic) && memcmp(out, magic, sizeof(magic)) == 0) {
		*png = (uint8_t *)out;
		out = NULL;
		rc = SJ_OK;
	}
	free(out);
	close(child.in);
	return rc;
}
