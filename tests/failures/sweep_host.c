/* The card's side as its host has it: cards made and powered, born, and what they store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/card.h"
#include "host/store.h"
#include "tests/failures/sweep.h"

#define OURS (CARD_OBJECT_GATE + 0xFFFF00u) /* objects of no applet */

struct box {
	char path[64];
	struct card_store *store; /* in memory, of a card that was born */
	uint8_t file[4096]; /* with two objects */
	size_t len;
};

static const unsigned long store_bad[] = { CARD_STORE_IO, CARD_STORE_NO_MEMORY, 0 };

static bool birth(struct card_store *store)
{
	const struct sj_random random = sj_random_system();
	const struct card_birth birth = { .scp_i = 0x70, .random = &random };

	return card_be_born(store, &birth);
}

static void read_file(struct box *b)
{
	FILE *f = fopen(b->path, "rb");

	assert_non_null(f);
	b->len = fread(b->file, 1, sizeof(b->file), f);
	assert_true(b->len > 0 && b->len < sizeof(b->file));
	fclose(f);
}

static int box_open(void **state)
{
	struct box *b = calloc(1, sizeof(*b));
	struct card_store *s = NULL;

	assert_non_null(b);
	snprintf(b->path, sizeof(b->path), "/tmp/sojourn-box-%d.card", (int)getpid());
	unlink(b->path);
	assert_int_equal(card_store_memory(&b->store), CARD_STORE_OK);
	assert_true(birth(b->store));
	assert_int_equal(card_store_create(b->path, &s), CARD_STORE_OK);
	assert_true(card_store_set(s, OURS, SJ_SPAN_STR("one")));
	assert_true(card_store_set(s, OURS + 1, SJ_SPAN_STR("two")));
	assert_int_equal(card_store_commit(s), CARD_STORE_OK);
	card_store_close(s);
	read_file(b);
	*state = b;
	return 0;
}

static int box_close(void **state)
{
	struct box *b = *state;

	card_store_close(b->store);
	unlink(b->path);
	free(b);
	return 0;
}

static void no_file(void *room)
{
	unlink(((struct box *)room)->path);
}

static void old_file(void *room)
{
	struct box *b = room;
	FILE *f;

	unlink(b->path);
	f = fopen(b->path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(b->file, 1, b->len, f), b->len);
	assert_int_equal(fclose(f), 0);
}

/* --- a card -------------------------------------------------------------------------------- */

/* Everything that shows it. */
static bool show(const struct card *card, const struct card_store *store)
{
	struct card_applet_info applet;
	struct card_file_info file;
	struct card_key_info key;
	struct sj_span serial;
	size_t files = 0;

	for (size_t i = 0; card_applet_at(card, i, &applet); i++)
		while (card_file_at(card, i, files, &file))
			files++;
	return card_life_name(card_life(card)) != NULL && !card_is_issued(card) &&
	       card_profile(card) == CARD_PRIVATE && card_rf_elapsed_us(card) == 0 &&
	       card_serial(store, &serial) && card_key_at(store, 0, &key);
}

static unsigned long make_card(void *room)
{
	struct box *b = room;
	uint64_t now = 0;
	const struct card_config config = { .interface = CARD_CONTACTLESS,
					    .clock = card_clock_virtual(&now),
					    .random = sj_random_system(),
					    .store = b->store };
	uint8_t atr[CARD_ATR_MAX];
	struct card *card = card_new(&config);
	bool ok = card != NULL && card_power_on(card, atr) > 0;

	ok = ok && card_reset(card, atr) > 0 && card_uid(card).len == CARD_UID_SIZE;
	ok = ok && show(card, b->store);
	if (card != NULL) {
		card_settle(card);
		card_power_off(card);
	}
	card_free(card);
	return ok ? 0 : 1;
}

static unsigned long clocks(void *room)
{
	const struct card_clock clock = card_clock_system();
	uint8_t key[CARD_KEY_MAX];
	struct sj_writer w = SJ_WRITER_OF(key);

	(void)room;
	return clock.now_us(clock.self) == 0 ||
	       !card_key_read("404142434445464748494A4B4C4D4E4F", 32, &w);
}

/* --- its birth -------------------------------------------------------------------------------- */

static unsigned long be_born(void *room)
{
	const struct box *b = room;
	struct card_store *store = NULL;
	enum card_store_rc rc = card_store_memory(&store);

	if (rc != CARD_STORE_OK)
		return rc;
	if (!birth(store))
		rc = CARD_STORE_NO_MEMORY;
	if (rc == CARD_STORE_OK)
		rc = card_store_keep(store, b->path);
	card_store_close(store);
	return rc;
}

/* There is no file, or one with a card that has its key. */
static bool has_its_key(void *room, unsigned long rc)
{
	const struct box *b = room;
	struct card_store *store = NULL;
	struct card_key_info key;
	bool ok;

	if (access(b->path, F_OK) != 0)
		return rc != CARD_STORE_OK;
	ok = card_store_open(b->path, &store) == CARD_STORE_OK;
	ok = ok && card_key_at(store, 0, &key);
	if (store != NULL)
		card_store_close(store);
	return ok;
}

/* --- what is stored ------------------------------------------------------------------------------ */

enum change { CHANGE, DROP, ABORT };

static enum card_store_rc change(struct card_store *s, enum change what)
{
	uint32_t id = OURS;
	struct sj_span value;
	bool ok = card_store_get(s, OURS, &value) && card_store_next(s, &id) && id == OURS;

	if (what == DROP)
		ok = ok && card_store_wipe(s, OURS, OURS + 2);
	else
		ok = ok && card_store_set(s, OURS, SJ_SPAN_STR("another one")) &&
		     card_store_write(s, OURS + 2, 100, SJ_SPAN_STR("three")) &&
		     card_store_delete(s, OURS + 1);
	if (ok && !card_store_changed(s))
		return CARD_STORE_CORRUPT;
	if (ok && what != ABORT)
		return card_store_commit(s);
	card_store_abort(s);
	return ok ? CARD_STORE_OK : CARD_STORE_NO_MEMORY;
}

static unsigned long open_and_change(const struct box *b, enum change what)
{
	struct card_store *s = NULL;
	enum card_store_rc rc = card_store_open(b->path, &s);

	if (rc == CARD_STORE_OK) {
		rc = change(s, what);
		card_store_close(s);
	}
	return rc;
}

static unsigned long commit(void *room)
{
	return open_and_change(room, CHANGE);
}

static unsigned long wipe(void *room)
{
	return open_and_change(room, DROP);
}

static unsigned long abort_it(void *room)
{
	return open_and_change(room, ABORT);
}

/* How many bytes an object has; 0: it is not there. */
static size_t size_of(const struct card_store *s, uint32_t id)
{
	struct sj_span value = { NULL, 0 };

	return card_store_get(s, id, &value) ? value.len : 0;
}

/* The old state, or one where the three objects are so long. */
static bool is_old_or(const struct box *b, unsigned long rc, size_t one, size_t two, size_t three)
{
	struct card_store *s = NULL;
	bool is_old, is_new;

	if (card_store_open(b->path, &s) != CARD_STORE_OK)
		return false;
	is_new = size_of(s, OURS) == one && size_of(s, OURS + 1) == two &&
		 size_of(s, OURS + 2) == three;
	is_old = size_of(s, OURS) == 3 && size_of(s, OURS + 1) == 3 && size_of(s, OURS + 2) == 0;
	card_store_close(s);
	return is_new || (rc != CARD_STORE_OK && is_old);
}

static bool is_changed(void *room, unsigned long rc)
{
	return is_old_or(room, rc, 11, 0, 105);
}

static bool is_wiped(void *room, unsigned long rc)
{
	return is_old_or(room, rc, 0, 0, 0);
}

static bool is_old(void *room, unsigned long rc)
{
	return is_old_or(room, rc, 3, 3, 0);
}

#define ROW(name, ready, run, list, check) \
	{ \
		"host: " name, FAIL_ALL, box_open, box_close, ready, run, \
			.bad = list, .holds = check, .card = true \
	}

const struct operation sweep_host[] = {
	ROW("a card, made and powered", NULL, make_card, NULL, NULL),
	ROW("a clock and a key", NULL, clocks, NULL, NULL),
	ROW("a card is born", no_file, be_born, store_bad, has_its_key),
	ROW("a change committed", old_file, commit, store_bad, is_changed),
	ROW("objects wiped", old_file, wipe, store_bad, is_wiped),
	ROW("a change aborted", old_file, abort_it, store_bad, is_old),
	OPERATIONS_END,
};
