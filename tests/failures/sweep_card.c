/* The card over its file: commands whose memory or whose writes fail; the file opens, with the old or the new. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/card/piv_rig.h"
#include "tests/failures/sweep.h"

struct slot {
	char path[64];
	uint8_t *image; /* of the file as it is before each run */
	size_t len;
	struct bench *b;
	const char *command;
};

static struct slot *slot_of(void **state)
{
	return *state;
}

static void write_image(const struct slot *s)
{
	FILE *f = fopen(s->path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(s->image, 1, s->len, f), s->len);
	assert_int_equal(fclose(f), 0);
}

static void read_image(struct slot *s)
{
	FILE *f = fopen(s->path, "rb");

	assert_non_null(f);
	s->image = malloc(1u << 20);
	assert_non_null(s->image);
	s->len = fread(s->image, 1, 1u << 20, f);
	fclose(f);
}

static void insert(struct slot *s)
{
	struct card_store *store = NULL;

	assert_int_equal(card_store_open(s->path, &store), CARD_STORE_OK);
	s->b = calloc(1, sizeof(*s->b));
	assert_non_null(s->b);
	s->b->store = store;
	bench_insert(s->b, CARD_CONTACT);
}

static void pull(struct slot *s)
{
	if (s->b != NULL)
		bench_free(s->b);
	s->b = NULL;
}

/* A card with a document and keys, issued or not, in a file. */
static int slot_open(void **state, const char *command, bool issued)
{
	struct slot *s = calloc(1, sizeof(*s));
	struct piv_plan plan = { .policy = 0 };
	struct card_store *store = NULL;

	assert_non_null(s);
	s->command = command;
	snprintf(s->path, sizeof(s->path), "/tmp/sojourn-slot-%d.card", (int)getpid());
	unlink(s->path);
	assert_int_equal(card_store_create(s->path, &store), CARD_STORE_OK);
	s->b = bench_new_in(store);
	if (issued) {
		bench_install(s->b);
		assert_int_equal(bench_dgi_hex(s->b, 0x0001, ACCESS_BOTH), SJ_SW_OK);
		bench_perso_files(s->b);
		piv_personalise_all(s->b, &plan);
		bench_lock(s->b);
	}
	pull(s);
	read_image(s);
	*state = s;
	return 0;
}

static int slot_close(void **state)
{
	struct slot *s = *state;

	pull(s);
	unlink(s->path);
	free(s->image);
	free(s);
	return 0;
}

/* The file as at first, the card on. */
static void slot_ready(void *room)
{
	struct slot *s = room;

	pull(s);
	unlink(s->path);
	write_image(s);
	insert(s);
}

static void piv_ready(void *room)
{
	struct slot *s = room;

	slot_ready(room);
	assert_int_equal(bench_hex(s->b, SELECT_PIV), SJ_SW_OK);
}

static void lds_ready(void *room)
{
	struct slot *s = room;

	slot_ready(room);
	assert_int_equal(bench_hex(s->b, SELECT_LDS), SJ_SW_OK);
}

static void pin_ready(void *room)
{
	struct slot *s = room;

	piv_ready(room);
	assert_int_equal(bench_hex(s->b, VERIFY_PIN), SJ_SW_OK);
}

static void admin_ready(void *room)
{
	struct slot *s = room;

	piv_ready(room);
	piv_administer(s->b);
}

static void manager_ready(void *room)
{
	struct slot *s = room;

	slot_ready(room);
	bench_manage(s->b);
}

static unsigned long send(void *room)
{
	struct slot *s = room;
	uint8_t bytes[300];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	size_t n;

	if (!sj_hex_read(s->command, strlen(s->command), &w))
		return 1;
	n = card_transmit(s->b->card, sj_written(&w), s->b->response);
	return n < 2 ? 0 : (unsigned long)s->b->response[n - 2] << 8 | s->b->response[n - 1];
}

/* In the channel of the manager, which a host keeps: INSTALL. */
static unsigned long install(void *room)
{
	struct slot *s = room;
	struct sj_apdu apdu = { .cla = 0x80, .ins = 0xE6, .p1 = 0x20 }, wrapped;
	uint8_t data[64], bytes[300];
	struct sj_writer d = SJ_WRITER_OF(data), w = SJ_WRITER_OF(bytes), c;
	uint8_t command[300];
	size_t n;
	bool ok;

	fail_pause();
	ok = sj_hex_read("000007A0000002471001000000", 26, &d);
	apdu.data = sj_written(&d);
	ok = ok && sj_scp03_wrap(&s->b->channel.session, &apdu, &w, &wrapped);
	c = SJ_WRITER_OF(command);
	sj_apdu_put(&c, &wrapped);
	fail_resume();
	if (!ok)
		return 1;
	n = card_transmit(s->b->card, sj_written(&c), s->b->response);
	return n < 2 ? 0 : (unsigned long)s->b->response[n - 2] << 8 | s->b->response[n - 1];
}

/* What is in the file opens again, and the card in it answers. */
static bool opens_again(void *room, unsigned long rc)
{
	struct slot *s = room;
	struct card_store *store = NULL;
	struct bench *b = s->b;
	bool ok;

	(void)rc;
	s->b = NULL;
	bench_free(b);
	if (card_store_open(s->path, &store) != CARD_STORE_OK)
		return false;
	s->b = calloc(1, sizeof(*s->b));
	s->b->store = store;
	bench_insert(s->b, CARD_CONTACT);
	ok = bench_hex(s->b, SELECT_MANAGER) == SJ_SW_OK;
	return ok;
}

/* And takes the right PIN: no try is lost to a failure but the one that was made. */
static bool takes_pin(void *room, unsigned long rc)
{
	struct slot *s = room;

	return opens_again(room, rc) && bench_hex(s->b, SELECT_PIV) == SJ_SW_OK &&
	       (bench_hex(s->b, VERIFY_PIN) == SJ_SW_OK ||
		bench_hex(s->b, "002000800836363636363636FF") == SJ_SW_OK);
}

/* --- making and opening the file ---------------------------------------------------------- */

static void gone(void *room)
{
	struct slot *s = room;

	pull(s);
	unlink(s->path);
}

static unsigned long create(void *room)
{
	struct slot *s = room;
	struct card_store *store = NULL;
	enum card_store_rc rc = card_store_create(s->path, &store);

	if (rc == CARD_STORE_OK)
		card_store_close(store);
	return rc;
}

/* There is none, or a whole one. */
static bool is_whole(void *room, unsigned long rc)
{
	struct slot *s = room;
	struct card_store *store = NULL;

	if (access(s->path, F_OK) != 0)
		return rc != CARD_STORE_OK;
	if (card_store_open(s->path, &store) != CARD_STORE_OK)
		return false;
	card_store_close(store);
	return true;
}

static void closed(void *room)
{
	struct slot *s = room;

	gone(room);
	write_image(s);
}

static unsigned long open_file(void *room)
{
	struct slot *s = room;
	struct card_store *store = NULL;
	enum card_store_rc rc = card_store_open(s->path, &store);

	if (rc == CARD_STORE_OK)
		card_store_close(store);
	return rc;
}

static const unsigned long store_bad[] = { CARD_STORE_IO, CARD_STORE_NO_MEMORY, 0 };

#define OPEN(name, command, issued) \
	static int name##_open(void **state) \
	{ \
		assert_int_equal(slot_open(state, command, issued), 0); \
		return slot_of(state) == NULL; \
	}

OPEN(blank, "", false)
OPEN(issued, "", true)
OPEN(select_piv, SELECT_PIV, true)
OPEN(select_lds, SELECT_LDS, true)
OPEN(verify, VERIFY_PIN, true)
OPEN(wrong, "0020008008393939393939FFFF", true)
OPEN(change, "0024008010" PIN_HEX "36363636363636FF", true)
OPEN(unblock, "002C008010" PUK_HEX "36363636363636FF", true)
OPEN(put, "00DB3FFF0C5C035FFF1053055001020304", true)
OPEN(generate,
     "0047009A"
     "05AC0380011100",
     true)
OPEN(sign,
     "0087119A287C26820081220000000000000000000000000000000000000000000000000000000000000000000100",
     true)
OPEN(challenge, "0084000008", true)
OPEN(get, "00CB3FFF055C035FC10500", true)

#define ROW(name, open, ready, run, good_sw, check) \
	{ \
		"card: " name, FAIL_ALL, open##_open, slot_close, ready, run, good_sw, \
			.holds = check, .card = true \
	}

const struct operation sweep_card[] = {
	{ "card: create its file", FAIL_ALL, issued_open, slot_close, gone, create,
	  .bad = store_bad, .holds = is_whole, .card = true },
	{ "card: open its file", FAIL_ALL, issued_open, slot_close, closed, open_file,
	  .bad = store_bad, .holds = is_whole, .card = true },
	ROW("INSTALL", blank, manager_ready, install, 0x9000, opens_again),
	ROW("SELECT keys", select_piv, slot_ready, send, 0x9000, takes_pin),
	ROW("SELECT document", select_lds, slot_ready, send, 0x9000, takes_pin),
	ROW("VERIFY", verify, piv_ready, send, 0x9000, takes_pin),
	ROW("VERIFY, wrong", wrong, piv_ready, send, 0x63C4, takes_pin),
	ROW("CHANGE REFERENCE DATA", change, piv_ready, send, 0x9000, takes_pin),
	ROW("RESET RETRY COUNTER", unblock, piv_ready, send, 0x9000, takes_pin),
	ROW("PUT DATA", put, admin_ready, send, 0x9000, takes_pin),
	ROW("GET DATA", get, piv_ready, send, 0x9000, takes_pin),
	ROW("GENERATE ASYMMETRIC KEY PAIR", generate, admin_ready, send, 0x9000, takes_pin),
	ROW("GENERAL AUTHENTICATE", sign, pin_ready, send, 0x9000, takes_pin),
	ROW("GET CHALLENGE", challenge, lds_ready, send, 0x9000, takes_pin),
	OPERATIONS_END,
};
