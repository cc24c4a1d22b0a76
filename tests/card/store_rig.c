#include "tests/card/store_rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- system calls that fail on demand ----------------------------------------- */

static bool fails(struct room *r)
{
	r->calls++;
	if (r->fail_at == 0 || r->calls < r->fail_at || (r->calls > r->fail_at && !r->fail_on))
		return false;
	errno = r->error;
	return true;
}

static ssize_t room_pwrite(void *self, int fd, const void *bytes, size_t n, off_t at)
{
	struct room *r = self;

	r->writes++;
	if (fails(r)) {
		/* Half of it is there all the same. */
		if (r->error != EINTR && pwrite(fd, bytes, n / 2, at) < 0)
			abort();
		return -1;
	}
	return pwrite(fd, bytes, r->most != 0 && n > r->most ? r->most : n, at);
}

static int room_fdatasync(void *self, int fd)
{
	struct room *r = self;

	(void)fd;
	r->syncs++;
	return fails(r) ? -1 : 0;
}

static int room_ftruncate(void *self, int fd, off_t length)
{
	return fails(self) ? -1 : ftruncate(fd, length);
}

static int room_rename(void *self, const char *from, const char *to)
{
	return fails(self) ? -1 : rename(from, to);
}

int store_rig_setup(void **state)
{
	struct room *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return -1;
	snprintf(r->folder, sizeof(r->folder), "%s/sj-store-XXXXXX",
		 getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(r->folder) == NULL)
		return -1;
	snprintf(r->path, sizeof(r->path), "%s/card", r->folder);
	r->io = (struct card_store_io){ room_pwrite, room_fdatasync, room_ftruncate, room_rename };
	r->error = EIO;
	*state = r;
	return 0;
}

int store_rig_teardown(void **state)
{
	struct room *r = *state;
	char new[112];

	snprintf(new, sizeof(new), "%s.new", r->path);
	unlink(r->path);
	unlink(new);
	rmdir(r->folder);
	free(r);
	return 0;
}

struct card_store *create(struct room *r)
{
	struct card_store *s = NULL;

	assert_int_equal(card_store_create_with(r->path, &r->io, r, &s), CARD_STORE_OK);
	return s;
}

struct card_store *reopen(struct room *r, struct card_store *s)
{
	card_store_close(s);
	s = NULL;
	assert_int_equal(card_store_open_with(r->path, &r->io, r, &s), CARD_STORE_OK);
	return s;
}

void set(struct card_store *s, uint32_t id, const char *text)
{
	assert_true(card_store_set(s, id, sj_span((const uint8_t *)text, strlen(text))));
}

void commit(struct card_store *s)
{
	assert_int_equal(card_store_commit(s), CARD_STORE_OK);
}

bool has(const struct card_store *s, uint32_t id, const char *text)
{
	struct sj_span got;

	return card_store_get(s, id, &got) &&
	       sj_span_eq(got, sj_span((const uint8_t *)text, strlen(text)));
}

/* --- five transactions, each of which the state shows -------------------------- */

void step(struct card_store *s, unsigned n)
{
	char text[400];

	memset(text, 'a' + (int)n, sizeof(text));
	text[sizeof(text) - 1] = '\0';
	switch (n) {
	case 1:
		set(s, 1, "one");
		set(s, 2, text);
		break;
	case 2:
		assert_true(card_store_write(s, 2, 100, SJ_SPAN_STR("patch")));
		break;
	case 3:
		assert_true(card_store_delete(s, 1));
		set(s, 3, "three");
		break;
	case 4:
		assert_true(card_store_write(s, 3, 5, SJ_SPAN_STR(" and more")));
		break;
	default:
		set(s, 2, text);
		break;
	}
}

unsigned state_of(const struct card_store *s)
{
	struct sj_span two;
	unsigned n = 0;

	if (!card_store_get(s, 2, &two)) {
		uint32_t any = 0;

		assert_false(card_store_next(s, &any));
		return 0;
	}
	assert_int_equal(two.len, 399);
	if (two.ptr[0] == 'f')
		n = 5;
	else if (has(s, 3, "three and more"))
		n = 4;
	else if (has(s, 3, "three"))
		n = 3;
	else
		n = memcmp(two.ptr + 100, "patch", 5) == 0 ? 2 : 1;
	assert_int_equal(has(s, 1, "one"), n < 3);
	assert_int_equal(has(s, 3, "three and more"), n >= 4);
	return n;
}

size_t make_image(struct room *r, uint8_t *image, size_t ends[TRANSACTIONS + 1])
{
	struct card_store *s = create(r);
	struct stat st;
	FILE *f;
	size_t n;

	assert_int_equal(stat(r->path, &st), 0);
	ends[0] = (size_t)st.st_size;
	for (unsigned i = 1; i <= TRANSACTIONS; i++) {
		step(s, i);
		commit(s);
		assert_int_equal(stat(r->path, &st), 0);
		ends[i] = (size_t)st.st_size;
	}
	card_store_close(s);
	f = fopen(r->path, "rb");
	assert_non_null(f);
	n = fread(image, 1, IMAGE_MAX, f);
	fclose(f);
	assert_int_equal(n, ends[TRANSACTIONS]);
	return n;
}

void put_file(struct room *r, const uint8_t *bytes, size_t n)
{
	FILE *f = fopen(r->path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

#define WHOLE_CARD 262144u

uint8_t *store_rig_image(const struct room *r, size_t *len)
{
	uint8_t *image = malloc(WHOLE_CARD);
	FILE *file = fopen(r->path, "rb");

	assert_non_null(image);
	assert_non_null(file);
	*len = fread(image, 1, WHOLE_CARD, file);
	fclose(file);
	assert_true(*len > 0 && *len < WHOLE_CARD);
	return image;
}
