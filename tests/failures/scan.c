#include "tests/failures/scan.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MASK 0xA5u
#define PIECE (1u << 20) /* bytes read at once */
#define PAGE 4096u
#define KEY_STRETCH 64u
#define STRETCH (16 * PAGE)
#define LARGEST (UINT64_C(1) << 30) /* beyond it: reserved by a sanitiser, not used */

void scan_add(struct scan *s, const char *name, const void *bytes, size_t len)
{
	struct scan_needle *n = &s->needles[s->n];
	const uint8_t *from = bytes;

	if (s->n == SCAN_NEEDLES || len < SCAN_LEAST || len > SCAN_NEEDLE) {
		s->full = s->full || len >= SCAN_LEAST;
		return;
	}
	snprintf(n->name, sizeof(n->name), "%s", name);
	for (size_t i = 0; i < len; i++)
		n->masked[i] = from[i] ^ MASK;
	n->len = len;
	n->next = s->first[from[0]];
	s->first[from[0]] = ++s->n;
}

static void add_hex(struct scan *s, const char *name, const uint8_t *bytes, size_t len)
{
	char text[2 * SCAN_NEEDLE + 1];

	for (size_t upper = 0; upper < 2 && 2 * len <= SCAN_NEEDLE; upper++) {
		for (size_t i = 0; i < len; i++)
			snprintf(text + 2 * i, 3, upper ? "%02X" : "%02x", bytes[i]);
		scan_add(s, name, text, 2 * len);
	}
	explicit_bzero(text, sizeof(text));
}

static void add_number(struct scan *s, const char *name, const uint8_t *from, size_t len)
{
	uint8_t reversed[KEY_STRETCH];

	scan_add(s, name, from, len);
	for (size_t i = 0; i < len; i++)
		reversed[i] = from[len - 1 - i];
	scan_add(s, name, reversed, len);
	explicit_bzero(reversed, sizeof(reversed));
	add_hex(s, name, from, len);
}

void scan_add_key(struct scan *s, const char *name, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;

	for (; len > KEY_STRETCH; from += KEY_STRETCH, len -= KEY_STRETCH)
		add_number(s, name, from, KEY_STRETCH);
	add_number(s, name, from, len);
}

void scan_add_text(struct scan *s, const char *name, const char *text)
{
	scan_add(s, name, text, strlen(text));
	add_hex(s, name, (const uint8_t *)text, strlen(text));
}

/* --- looking ---------------------------------------------------------------------------- */

struct look {
	struct scan *s;
	const uint8_t *piece; /* of what is looked at; not part of it */
	uint8_t *buffer; /* for what is read; NULL: it is looked at where it is */
	const char *where;
	bool copies; /* of a file that is not written to: only the pages that are not the file's any more */
	long found;
	uint64_t bytes; /* looked at */
};

static bool is_there(const struct scan_needle *n, const uint8_t *at)
{
	size_t i = 0;

	while (i < n->len && at[i] == (n->masked[i] ^ MASK))
		i++;
	return i == n->len;
}

bool scan_is(const struct scan *s, size_t needle, const void *bytes)
{
	return needle < s->n && is_there(&s->needles[needle], bytes);
}

/* Where it is, and what stands around it, as far as that is letters. */
static void tell(const struct look *l, const struct scan_needle *n, size_t at, size_t len,
		 uint64_t place)
{
	const size_t from = at < 48 ? 0 : at - 48,
		     to = len - at < n->len + 48 ? len : at + n->len + 48;

	fprintf(stderr, "# found: %s at %llx in %s\n#  ", n->name, (unsigned long long)(place + at),
		l->where);
	for (size_t i = from; i < to; i++) {
		if (i >= at && i < at + n->len)
			fputc('*', stderr);
		else if (l->piece[i] >= 0x20 && l->piece[i] < 0x7F)
			fputc(l->piece[i], stderr);
		else
			fprintf(stderr, "\\%02x", l->piece[i]);
	}
	fputc('\n', stderr);
}

static void look_at(struct look *l, size_t len, uint64_t place)
{
	const struct scan *s = l->s;

	for (size_t at = 0; at < len; at++) {
		for (size_t i = s->first[l->piece[at]]; i > 0; i = s->needles[i - 1].next) {
			const struct scan_needle *n = &s->needles[i - 1];

			if (n->len > len - at || !is_there(n, l->piece + at))
				continue;
			l->found++;
			if (!s->quiet && l->found <= 20)
				tell(l, n, at, len, place);
		}
	}
}

/* From `from` to `to` of a file that is open; pieces overlap, so that nothing falls between. */
static void look_through(struct look *l, int fd, uint64_t from, uint64_t to)
{
	while (from < to) {
		const uint64_t left = to - from;
		const ssize_t n =
			pread(fd, l->buffer, left < PIECE ? (size_t)left : PIECE, (off_t)from);

		if (n <= 0)
			break;
		l->bytes += (uint64_t)n;
		look_at(l, (size_t)n, from);
		if ((uint64_t)n == left || (size_t)n <= SCAN_NEEDLE)
			break;
		from += (uint64_t)n - SCAN_NEEDLE;
	}
}

static bool look_begin(struct look *l, struct scan *s)
{
	*l = (struct look){ .s = s };
	l->buffer = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	l->piece = l->buffer;
	return l->buffer != MAP_FAILED;
}

static void look_end(struct look *l)
{
	munmap(l->buffer, PIECE);
}

/* Whether any page of a stretch is in memory: what was never touched holds nothing, and is not to be. */
static bool is_used(const struct look *l, int pages, uint64_t from, uint64_t to)
{
	const uint64_t first = from / PAGE, n = (to + PAGE - 1) / PAGE - first;
	uint64_t entries[STRETCH / PAGE];
	const size_t size = n * sizeof(entries[0]);

	if (size > sizeof(entries) ||
	    pread(pages, entries, size, (off_t)(first * sizeof(entries[0]))) != (ssize_t)size)
		return true;
	for (size_t i = 0; i < n; i++)
		if ((entries[i] >> 62) != 0 /* present, or swapped out */ &&
		    !(l->copies && (entries[i] >> 61 & 1) != 0))
			return true;
	return false;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What is used of a mapping, in stretches as long as they go. */
static void look_mapping(struct look *l, int mem, int pages, uint64_t from, uint64_t to)
{
	const uint64_t step = l->copies ? PAGE : STRETCH;

	while (from < to) {
		uint64_t end = from;

		while (end < to && is_used(l, pages, end, least(end + step, to)))
			end = least(end + step, to);
		if (end > from)
			look_through(l, mem, from, end);
		else if (is_used(l, pages, from, least(from + STRETCH, to)))
			end = least(from + step, to);
		else
			end = least(from + STRETCH, to);
		from = end;
	}
}

/*
 * Each mapping that can be read, without the piece itself, and without what a program and its libraries
 * are made of: that is the same for all.
 */
static void look_mappings(struct look *l, FILE *maps, int mem, int pages)
{
	unsigned long long from, to;
	char line[512], access[5];
	unsigned long inode;
	const unsigned long long own = (unsigned long long)(uintptr_t)l->piece;

	while (fgets(line, sizeof(line), maps) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%llx-%llx %4s %*s %*s %lu", &from, &to, access, &inode) != 4 ||
		    access[0] != 'r' || to - from > LARGEST)
			continue;
		l->where = line;
		l->copies = inode != 0 && access[1] != 'w' && access[3] == 'p';
		if (own >= from && own < to) {
			look_mapping(l, mem, pages, from, own);
			from = own + PIECE;
		}
		look_mapping(l, mem, pages, from, to);
	}
}

long scan_process(struct scan *s, pid_t pid)
{
	char path[64];
	struct look l;
	FILE *maps;
	int mem, pages;
	long found = -1;

	if (!look_begin(&l, s))
		return -1;
	if (pid == 0)
		pid = getpid();
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "r");
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	pages = open(path, O_RDONLY | O_CLOEXEC);
	if (maps != NULL && mem >= 0 && pages >= 0) {
		look_mappings(&l, maps, mem, pages);
		found = l.found;
	}
	if (maps != NULL)
		fclose(maps);
	if (mem >= 0)
		close(mem);
	if (pages >= 0)
		close(pages);
	look_end(&l);
	return found;
}

long scan_bytes(struct scan *s, const char *where, const void *bytes, size_t len)
{
	struct look l = { .s = s, .piece = bytes, .where = where };

	look_at(&l, len, (uintptr_t)bytes);
	return l.found;
}

long scan_file(struct scan *s, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct look l;
	long found = -1;

	if (fd < 0 || !look_begin(&l, s))
		return -1;
	l.where = path;
	look_through(&l, fd, 0, UINT64_MAX / 2);
	found = l.found;
	close(fd);
	look_end(&l);
	return found;
}
