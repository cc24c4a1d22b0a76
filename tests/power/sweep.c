#include "tests/power/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypt/wipe.h"
#include "host/card_internal.h"
#include "tests/card/no_clock.h"
#include "tests/power/folder.h"
#include "tests/power/sweep_taps.h"

#define SHOWN_VIOLATIONS 20u

/* What the linker has put in the place of the host's functions, and those. */
__typeof__(card_transmit) __real_card_transmit, __wrap_card_transmit;
__typeof__(card_settle) __real_card_settle, __wrap_card_settle;
__typeof__(sj_equal_secret) __real_sj_equal_secret, __wrap_sj_equal_secret;
__typeof__(card_dispatch) __real_card_dispatch, __wrap_card_dispatch;
__typeof__(card_sm_open) __real_card_sm_open, __wrap_card_sm_open;
__typeof__(card_piv_open) __real_card_piv_open, __wrap_card_piv_open;
__typeof__(card_store_set) __real_card_store_set, __wrap_card_store_set;

/* Whose card's commands are swept; there is one at a time. */
static struct sweep *watching;

void sweep_violated(struct sweep *s, size_t position, const char *what)
{
	if (s->count->violations++ < SHOWN_VIOLATIONS)
		printf("# %s: cut at call %zu of %zu%s: %s\n", s->label, position, s->disk.count,
		       s->answered ? ", answered" : "", what);
}

/* --- states ------------------------------------------------------------------------------ */

/* The number of the state that the store is in, a new one if need be. */
unsigned sweep_state_now(void *self)
{
	struct sweep *s = self;
	struct picture p;

	if (s->b == NULL) /* the file is being made */
		return 0;
	picture_take(&p, s->b->store);
	if (picture_same(&p, &s->states[s->state_count - 1])) {
		picture_drop(&p);
		return s->state_count - 1;
	}
	assert_true(s->state_count < SWEEP_STATES);
	s->states[s->state_count] = p;
	return s->state_count++;
}

/* The last state is the first from now on. */
static void begin_anew(struct sweep *s)
{
	struct picture last = s->states[s->state_count - 1];

	for (unsigned i = 0; i + 1 < s->state_count; i++)
		picture_drop(&s->states[i]);
	s->states[0] = last;
	s->state_count = 1;
}

/* What a command leaves on the way must be what it leaves, or what was with something spent. */
static void check_states(struct sweep *s, uint16_t sw)
{
	const struct picture *before = &s->states[0], *after = &s->states[s->state_count - 1];
	const bool refused = card_sw_is_error(sw) || (sw & 0xFF00) == SJ_SW_NO_INFORMATION;

	for (unsigned i = 1; i < s->state_count; i++)
		if (!picture_same(&s->states[i], after) && !picture_is_spent(before, &s->states[i]))
			sweep_violated(s, i, "a state between before and after");
	if ((refused || !s->answered) && !picture_is_spent(before, after))
		sweep_violated(s, s->disk.count,
			       "refused, and more is changed than was to be spent");
}

/* --- one outcome of a cut ------------------------------------------------------------------- */

static ssize_t quick_pwrite(void *self, int fd, const void *bytes, size_t n, off_t at)
{
	(void)self;
	return pwrite(fd, bytes, n, at);
}

static int quick_fdatasync(void *self, int fd)
{
	(void)self;
	(void)fd;
	return 0;
}

static int quick_ftruncate(void *self, int fd, off_t length)
{
	(void)self;
	return ftruncate(fd, length);
}

static int quick_rename(void *self, const char *from, const char *to)
{
	(void)self;
	return rename(from, to);
}

static const struct card_store_io quick_io = { quick_pwrite, quick_fdatasync, quick_ftruncate,
					       quick_rename };

static void put_file(const char *path, struct sj_span image)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0); /* not emptied first: file systems that flush then take their time */
	assert_int_equal(pwrite(fd, image.ptr, image.len, 0), image.len);
	assert_int_equal(ftruncate(fd, (off_t)image.len), 0);
	close(fd);
}

static void new_of(const char *path, char out[static 112])
{
	snprintf(out, 112, "%s.new", path);
}

/* As the disk holds it; what a FILE.new holds does not matter. */
static void restore(const char *path, const struct disk_outcome *o)
{
	char left[112];

	put_file(path, o->image);
	new_of(path, left);
	if (o->left_new)
		put_file(left, SJ_SPAN_STR("half of a file"));
	else
		unlink(left);
}

/* The number of the picture that the store is; -1: none of those allowed. */
static int which(const struct sweep *s, const struct picture *found, const struct disk_outcome *o)
{
	if (s->failed && picture_changes(found, &s->states[o->last]) == 0)
		return (int)o->last;
	for (unsigned i = o->first; i <= o->last && i < s->state_count; i++)
		if (picture_same(found, &s->states[i]))
			return (int)i;
	return -1;
}

/* The card in the store starts and answers. */
static void switch_on(struct sweep *s, struct card_store *store, size_t position)
{
	const struct card_config config = { .interface = CARD_CONTACTLESS,
					    .clock = no_clock(),
					    .random = sj_random_system(),
					    .store = store };
	static uint8_t response[SJ_APDU_RESPONSE_MAX];
	struct card *card = card_new(&config);
	struct sj_response r = { .sw = 0 };
	uint8_t atr[CARD_ATR_MAX];
	size_t n;

	assert_non_null(card);
	if (card_power_on(card, atr) == 0)
		sweep_violated(s, position, "the card does not start");
	n = __real_card_transmit(card, SJ_SPAN_STR("\x00\xA4\x00\x0C\x02\x3F\x00"), response);
	if (n < 2 || !sj_response_parse(sj_span(response, n), &r) || r.sw == SJ_SW_MEMORY_FAILURE ||
	    r.sw == SJ_SW_UNKNOWN)
		sweep_violated(s, position, "the card does not answer");
	if (s->shown_count > 0 && !taps_probe(s, card))
		sweep_violated(s, position, "a tap shows what another one has shown");
	card_free(card);
}

/* --- the cut after the cut -------------------------------------------------------------------- */

static unsigned probe_state(void *self)
{
	struct sweep *s = self;
	struct sj_span unused;

	return card_store_get(s->again_store, SWEEP_PROBE, &unused) ? 1 : 0;
}

/* `found` again, with the probe or without as it had to be. */
static void look_again(void *self, const struct disk_outcome *o)
{
	struct sweep *s = self;
	struct card_store *store = NULL;
	struct picture now;
	struct sj_span unused;
	enum card_store_rc rc;
	unsigned state;

	s->count->cuts++;
	restore(s->again_path, o);
	rc = card_store_open_with(s->again_path, &quick_io, NULL, &store);
	if (rc != CARD_STORE_OK) {
		sweep_violated(s, o->position, "after a second cut the file does not open");
		return;
	}
	state = card_store_get(store, SWEEP_PROBE, &unused) ? 1 : 0;
	if (state < o->first || state > o->last)
		sweep_violated(s, o->position, "a second cut undid what was safe");
	assert_true(card_store_delete(store, SWEEP_PROBE));
	picture_take(&now, store);
	if (!picture_same(&now, &s->found))
		sweep_violated(s, o->position, "a second cut has changed something else");
	picture_drop(&now);
	card_store_close(store);
}

/* The card changes something more; power goes at each call of that, too. */
static void cut_again(struct sweep *s, const struct disk_outcome *first)
{
	disk_begin(&s->again, s->cut_path);
	s->again.state = probe_state;
	s->again.self = s;
	assert_int_equal(
		card_store_open_with(s->cut_path, &s->again.io, &s->again, &s->again_store),
		CARD_STORE_OK);
	assert_true(card_store_set(s->again_store, SWEEP_PROBE, SJ_SPAN_STR("on")));
	if (card_store_commit(s->again_store) != CARD_STORE_OK)
		sweep_violated(s, first->position, "the card does not go on");
	for (size_t i = 1; i <= s->again.count; i++)
		disk_cuts(&s->again, i, DISK_FEW, look_again, s);
	if (!disk_is_safe(&s->again) || disk_safe_state(&s->again) != 1)
		sweep_violated(s, first->position, "what the card did next can be lost");
	card_store_close(s->again_store);
}

void sweep_look(void *self, const struct disk_outcome *o)
{
	struct sweep *s = self;
	struct card_store *store = NULL;
	struct disk_outcome must = *o;
	enum card_store_rc rc;

	if (s->answered)
		must.first = must.last = s->state_count - 1;
	s->count->cuts++;
	restore(s->cut_path, o);
	rc = card_store_open_with(s->cut_path, &quick_io, NULL, &store);
	if (rc != CARD_STORE_OK) {
		sweep_violated(s, o->position, "the file does not open");
		return;
	}
	picture_take(&s->found, store);
	if (which(s, &s->found, &must) < 0)
		sweep_violated(s, o->position,
			       s->answered ? "the command is undone" : "neither before nor after");
	if (!taps_hold(s, &s->found))
		sweep_violated(s, o->position, "what a gate was shown is there again");
	switch_on(s, store, o->position);
	card_store_close(store);
	if (s->care == DISK_ALL || s->count->cuts % 32 == 0) {
		restore(s->cut_path, o); /* the tap that was tried has changed it */
		cut_again(s, o);
	}
	picture_drop(&s->found);
}

/* --- one command -------------------------------------------------------------------------------- */

static bool is_swept(const struct card *card)
{
	return watching != NULL && watching->b != NULL && !watching->quiet &&
	       watching->b->card == card;
}

static void open_command(struct sweep *s)
{
	s->open = true;
	s->answered = false;
}

static void sweep_cuts(struct sweep *s, uint16_t sw, bool answered, struct sj_span response)
{
	s->answered = answered;
	check_states(s, sw);
	s->answered = false;
	if (s->failing == FAIL_ALL) {
		if (answered)
			taps_note(s, response);
		return;
	}
	for (size_t i = 0; i <= s->disk.count; i++)
		disk_cuts(&s->disk, i, s->care, sweep_look, s);
	if (answered)
		taps_note(s, response);
	s->answered = answered;
	if (answered)
		disk_cuts(&s->disk, s->disk.count, s->care, sweep_look, s);
}

static void close_command(struct sweep *s, uint16_t sw, bool answered, struct sj_span response)
{
	s->open = false;
	(void)sweep_state_now(s);
	if (s->disk.count == 0 && s->state_count > 1)
		sweep_violated(s, 0, "changed without a call");
	if (s->disk.count == 0) {
		taps_note(s, response);
	} else {
		sweep_cuts(s, sw, answered, response);
		if (s->state_count > 1)
			s->count->commands++;
		disk_settle(&s->disk);
	}
	begin_anew(s);
}

/* The row of a table that a command fits. */
static const struct card_command *row_of(const struct card_applet *a, struct sj_span command)
{
	const uint8_t *c = command.ptr;

	for (size_t i = 0; a != NULL && command.len >= 4 && i < a->command_count; i++) {
		const struct card_command *row = &a->commands[i];

		if (row->cla == (c[0] & 0x80) && row->ins == c[1] &&
		    (row->p1 == CARD_ANY || row->p1 == c[2]) &&
		    (row->p2 == CARD_ANY || row->p2 == c[3]))
			return row;
	}
	return NULL;
}

static void name_command(struct sweep *s, const struct card *card, struct sj_span command)
{
	const struct card_applet *a = NULL;
	const uint8_t *c = command.ptr;

	if (command.len < 4)
		return;
	a = card->now.channels[c[0] & 3].applet;
	a = a != NULL ? a : card->mf;
	s->is_select = c[1] == 0xA4 && c[2] == 0x04;
	s->row = s->is_select ? NULL : row_of(a, command);
	snprintf(s->label, sizeof(s->label), "%s %02X%02X%02X%02X", a != NULL ? a->name : "?", c[0],
		 c[1], c[2], c[3]);
	taps_select(s, command);
}

/* Which row has changed something. */
static void count_row(struct sweep *s)
{
	struct sweep_count *n = s->count;

	n->select |= s->is_select;
	for (size_t i = 0; i < n->row_count; i++)
		if (n->rows[i] == s->row)
			return;
	assert_true(n->row_count < SWEEP_ROWS);
	if (s->row != NULL)
		n->rows[n->row_count++] = s->row;
}

size_t __wrap_card_transmit(struct card *card, struct sj_span command, uint8_t *response)
{
	struct sweep *s = watching;
	struct sj_response r = { .sw = 0 };
	size_t n;

	if (!is_swept(card))
		return __real_card_transmit(card, command, response);
	__wrap_card_settle(card); /* what was put off is no part of this */
	name_command(s, card, command);
	sweep_fail(s, card, command);
	open_command(s);
	n = __real_card_transmit(card, command, response);
	assert_true(n == 0 || sj_response_parse(sj_span(response, n), &r));
	if (s->disk.count > 0)
		count_row(s);
	close_command(s, r.sw, n > 0, r.data);
	return n;
}

/* What runs after an answer is a command of its own that nobody is told of. */
void __wrap_card_settle(struct card *card)
{
	struct sweep *s = watching;

	if (!is_swept(card)) {
		__real_card_settle(card);
		return;
	}
	snprintf(s->label, sizeof(s->label), "after an answer");
	sweep_fail(s, card, sj_span(NULL, 0));
	open_command(s);
	__real_card_settle(card);
	close_command(s, SJ_SW_OK, true, sj_span(NULL, 0));
}

/* What was answered, as it is inside of secure messaging. */
uint16_t __wrap_card_dispatch(struct card *card, const struct sj_apdu *plain,
			      const struct card_class *class, struct sj_writer *out)
{
	const uint16_t sw = __real_card_dispatch(card, plain, class, out);

	if (watching != NULL)
		watching->inner = sw;
	return sw;
}

/* --- guesses ------------------------------------------------------------------------------------ */

/* Of a guess: what is safe now has a try less than before it. */
bool __wrap_sj_equal_secret(struct sj_span a, struct sj_span b)
{
	struct sweep *s = watching;

	if (s != NULL && s->guessing && s->open && !s->aside) {
		const struct picture *safe = &s->states[disk_safe_state(&s->disk)];

		s->compared++;
		s->paid &= picture_is_paid(&s->before_guess, safe);
	}
	return __real_sj_equal_secret(a, b);
}

/* What is compared in here is no guess: the MAC of a session, what an object was before. */
static void aside(bool begins)
{
	if (watching != NULL)
		watching->aside = begins;
}

uint16_t __wrap_card_sm_open(struct card *card, const struct sj_apdu *protected_command,
			     struct sj_apdu *plain)
{
	uint16_t sw;

	aside(true);
	sw = __real_card_sm_open(card, protected_command, plain);
	aside(false);
	return sw;
}

uint16_t __wrap_card_piv_open(struct card *card, const struct sj_apdu *protected_command,
			      const struct card_class *class, struct sj_apdu *plain)
{
	uint16_t sw;

	aside(true);
	sw = __real_card_piv_open(card, protected_command, class, plain);
	aside(false);
	return sw;
}

bool __wrap_card_store_set(struct card_store *s, uint32_t id, struct sj_span value)
{
	bool done;

	aside(true);
	done = __real_card_store_set(s, id, value);
	aside(false);
	return done;
}

void sweep_guess(struct sweep *s)
{
	picture_copy(&s->before_guess, &s->states[0]);
	s->guessing = s->paid = true;
	s->compared = 0;
}

void sweep_guessed(struct sweep *s)
{
	assert_true(s->guessing && s->compared > 0);
	if (!s->paid)
		sweep_violated(s, 0, "secrets were compared before a try was spent");
	picture_drop(&s->before_guess);
	s->guessing = false;
}

/* --- beginning and end ------------------------------------------------------------------------------ */

void sweep_pause(struct sweep *s)
{
	s->quiet = s->disk.off = true;
}

void sweep_go_on(struct sweep *s)
{
	disk_settle(&s->disk);
	(void)sweep_state_now(s);
	begin_anew(s);
	s->quiet = s->disk.off = false;
}

struct sweep *sweep_new(struct sweep_count *count, enum disk_care care, enum sweep_failing failing)
{
	struct sweep *s = calloc(1, sizeof(*s));
	struct card_store *store = NULL;

	assert_non_null(s);
	s->count = count;
	s->care = care;
	s->failing = failing;
	folder_make(s->folder);
	assert_true(s->folder[0] != '\0');
	snprintf(s->path, sizeof(s->path), "%s/card", s->folder);
	snprintf(s->cut_path, sizeof(s->cut_path), "%s/cut", s->folder);
	snprintf(s->again_path, sizeof(s->again_path), "%s/again", s->folder);
	snprintf(s->fail_path, sizeof(s->fail_path), "%s/fail", s->folder);
	assert_int_equal(card_store_create_with(s->path, &quick_io, NULL, &store), CARD_STORE_OK);
	card_store_close(store);
	disk_begin(&s->disk, s->path);
	s->disk.state = sweep_state_now;
	s->disk.self = s;
	assert_int_equal(card_store_open_with(s->path, &s->disk.io, &s->disk, &store),
			 CARD_STORE_OK);
	picture_take(&s->states[0], store);
	s->state_count = 1;
	s->b = bench_new_in(store);
	watching = s;
	return s;
}

void sweep_free(struct sweep *s)
{
	const char *const files[] = { s->path, s->cut_path, s->again_path, s->fail_path };
	char left[112];

	watching = NULL;
	bench_free(s->b);
	disk_end(&s->disk);
	disk_end(&s->again);
	for (unsigned i = 0; i < s->state_count; i++)
		picture_drop(&s->states[i]);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		new_of(files[i], left);
		unlink(files[i]);
		unlink(left);
	}
	rmdir(s->folder);
	free(s);
}
