/* sweep_birth.c -- power goes at every system call that makes a card. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/card/store_rig.h"
#include "tests/power/sweep.h"

__typeof__(link) __real_link, __wrap_link;

/* Whose card is being made. */
static struct disk *making;

struct birth {
	struct sweep_count *count;
	struct room *room;
	struct disk disk;
	struct picture born;
	bool made; /* the command is done */
};

static unsigned state_born(void *self)
{
	(void)self;
	return 1;
}

static void violated(struct birth *b, size_t position, const char *what)
{
	printf("# birth: cut at call %zu of %zu: %s\n", position, b->disk.count, what);
	b->count->violations++;
}

/* Half of a FILE.new is no hindrance to making the card again. */
static void make_again(struct birth *b, size_t position)
{
	struct card_store *s = NULL;
	char left[112];

	unlink(b->room->path);
	snprintf(left, sizeof(left), "%s.new", b->room->path);
	put_file(b->room, (const uint8_t *)"half", 4);
	assert_int_equal(rename(b->room->path, left), 0);
	if (b->made ||
	    card_store_create_with(b->room->path, &b->room->io, b->room, &s) != CARD_STORE_OK)
		violated(b, position, b->made ? "the card is gone" : "it cannot be made again");
	card_store_close(s);
}

static void look(void *self, const struct disk_outcome *o)
{
	struct birth *b = self;
	struct card_store *s = NULL;
	struct picture now;

	b->count->cuts++;
	if (sj_span_eq(o->image, SJ_SPAN_STR(DISK_ABSENT))) {
		make_again(b, o->position);
		return;
	}
	unlink(b->room->path);
	put_file(b->room, o->image.ptr, o->image.len);
	if (card_store_open_with(b->room->path, &b->room->io, b->room, &s) != CARD_STORE_OK) {
		violated(b, o->position, "the file does not open");
		return;
	}
	picture_take(&now, s);
	if (!picture_same(&now, &b->born))
		violated(b, o->position, "a card without what it was born with");
	picture_drop(&now);
	card_store_close(s);
}

int __wrap_link(const char *from, const char *to)
{
	if (making != NULL)
		disk_linked(making);
	return __real_link(from, to);
}

void sweep_birth(struct sweep_count *count, enum disk_care care)
{
	const struct sj_random random = sj_random_system();
	const struct card_birth birth = { .transport_key = SJ_SPAN_STR("sixteen bytes..."),
					  .scp_i = 0x70,
					  .random = &random };
	struct birth *b = calloc(1, sizeof(*b));
	struct card_store *s = NULL;
	void *room = NULL;

	assert_non_null(b);
	assert_int_equal(store_rig_setup(&room), 0);
	b->count = count;
	b->room = room;
	assert_int_equal(card_store_memory(&s), CARD_STORE_OK);
	assert_true(card_be_born(s, &birth));
	picture_take(&b->born, s);
	disk_begin_absent(&b->disk, b->room->path);
	b->disk.state = state_born;
	making = &b->disk;
	assert_int_equal(card_store_keep_with(s, b->room->path, &b->disk.io, &b->disk),
			 CARD_STORE_OK);
	making = NULL;
	card_store_close(s);
	for (size_t i = 0; i <= b->disk.count; i++)
		disk_cuts(&b->disk, i, care, look, b);
	b->made = true;
	disk_cuts(&b->disk, b->disk.count, care, look, b);
	picture_drop(&b->born);
	disk_end(&b->disk);
	free(b);
	store_rig_teardown(&room);
}
