#include "authority/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypt/wipe.h"

#define LETTER_MAX 512u
#define LETTER_SECRET "letter" /* its name among the card's secrets */
#define IDLE_MS 500u
#define COUNT_S 0.5 /* counting all jobs takes as long as a card, when they are many */
#define TRIES_MAX 8u /* of a transaction whose connection breaks each time */
#define TROUBLE_MAX 20u /* then the reader, or this machine, is what fails */

static const uint8_t no_serial[REGISTER_SERIAL];

/* --- transactions --------------------------------------------------------------------------- */

/*
 * Runs `fn` in a transaction, again when another stood in its way or the connection broke:
 * whether it took place is then not known, so each of them asks the register how far it is
 * before it goes on.
 */
static int durable(struct worker *w, int (*fn)(struct worker *w))
{
	int rc = 0;

	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		rc = register_begin(w->reg);
		if (rc == 0)
			rc = fn(w);
		if (rc == 0)
			rc = register_commit(w->reg);
		if (rc == 0)
			return 0;
		register_rollback(w->reg);
		if (!db_again(register_db(w->reg)))
			break;
	}
	return rc;
}

/* The newest row of the card in the reader; *found false: none. */
static int row_of_card(struct worker *w, struct register_card *row, bool *found)
{
	*found = false;
	if (memcmp(w->perso.serial, no_serial, sizeof(no_serial)) == 0)
		return 0;
	return register_card_find(w->reg, w->perso.serial, row, found);
}

/* --- a card that is issued ---------------------------------------------------------------------- */

/* Issued, and its worker did not live to write it down; unless nobody wants it any more. */
static int settle_row(struct worker *w, struct register_card *row)
{
	struct register_document d;
	bool changed;
	int rc = register_document_hold(w->reg, row->document, &d);

	if (rc == 0 && d.state != DOCUMENT_APPROVED) {
		row->state = CARD_SCRAPPED;
		return register_card_move(w->reg, row->id, CARD_SCRAPPED, "not wanted any more");
	}
	if (rc == 0)
		rc = queue_done(w->reg, row->document, &changed);
	if (rc == 0)
		rc = register_card_move(w->reg, row->id, CARD_ISSUED, NULL);
	if (rc == 0)
		w->counts.settled++;
	return rc;
}

/* The job's row is locked first: another worker may be scrapping this very card. */
static int settle(struct worker *w)
{
	struct register_card row;
	bool found;
	int rc = row_of_card(w, &row, &found);

	if (rc == 0 && found && row.state == CARD_FINISHING) {
		rc = queue_lock(w->reg, row.document);
		if (rc == 0)
			rc = row_of_card(w, &row, &found);
	}
	if (rc == 0 && found && row.state == CARD_FINISHING) {
		rc = settle_row(w, &row);
		if (rc != 0 || row.state == CARD_FINISHING)
			return rc;
	}
	if (rc == 0 && !w->stack.again) /* else what a program gives once more */
		w->counts.refused++;
	if (rc == 0 && found && row.state == CARD_SCRAPPED)
		cli_note(w->cli, "a card that was scrapped but is complete: destroy it");
	return rc;
}

/* --- a card for a job ------------------------------------------------------------------------------ */

/* What an earlier attempt left on this card is void. */
static int scrap_earlier(struct worker *w)
{
	struct register_card row;
	bool found;
	int rc = row_of_card(w, &row, &found);

	if (rc == 0 && found && (row.state == CARD_WORKING || row.state == CARD_FINISHING))
		rc = register_card_move(w->reg, row.id, CARD_SCRAPPED, "begun again");
	return rc;
}

static int read_person(struct worker *w)
{
	uint8_t *json = NULL, *portrait = NULL;
	size_t json_len = 0, portrait_len = 0;
	int rc = register_person(w->reg, w->now.document, &json, &json_len, &portrait,
				 &portrait_len);

	if (rc == 0) {
		rc = job_set_person(&w->job, json, json_len, portrait, portrait_len);
		sj_wipe(json, json_len);
		free(json);
	}
	return rc;
}

/* Its indices are drawn with it; data that no card can have are the job's end, not the worker's. */
static int take_person(struct worker *w)
{
	int rc;

	job_clear_person(&w->job);
	rc = read_person(w);
	w->hopeless = rc != 0 && !db_again(register_db(w->reg));
	if (rc == 0)
		rc = job_draw(&w->job, w->card);
	return w->hopeless ? 0 : rc;
}

/* A job whose document needs no card: it has one (`issue` alone made it), or shall have none. */
static int drop_job(struct worker *w, const struct register_document *d)
{
	bool changed;

	if (d->state > DOCUMENT_APPROVED && d->state < DOCUMENT_REVOKED)
		return queue_done(w->reg, d->id, &changed);
	cli_note(w->cli, "%s: the document is %s, and gets no card", d->number,
		 register_state_name(d->state));
	w->counts.failed++;
	return queue_release(w->reg, &w->who, d->id, true, sj_exit_code(SJ_INPUT_REFUSED));
}

/* The next whose document is to have a card still. */
static int next_job(struct worker *w)
{
	struct register_document d;
	int rc;

	do {
		rc = queue_take(w->reg, &w->who, &w->now, &w->found);
		if (rc != 0 || !w->found)
			return rc;
		rc = register_document_hold(w->reg, w->now.document, &d);
		if (rc == 0 && d.state != DOCUMENT_APPROVED)
			rc = drop_job(w, &d);
	} while (rc == 0 && d.state != DOCUMENT_APPROVED);
	return rc;
}

static int take_job(struct worker *w)
{
	int rc = 0;

	w->found = false;
	if (w->now.document != 0) /* a commit that was not answered */
		rc = queue_reap(w->reg, &w->who);
	w->now.document = 0;
	if (rc == 0)
		rc = next_job(w);
	if (rc != 0 || !w->found)
		return rc;
	rc = scrap_earlier(w);
	if (rc == 0)
		rc = register_card_begin(w->reg, w->now.document, w->perso.serial, &w->card);
	return rc != 0 ? rc : take_person(w);
}

/* --- letters ------------------------------------------------------------------------------------------ */

/* Document numbers are letters and digits; the name is as short as they are. */
static void letter_path(const struct worker *w, char out[static 512])
{
	snprintf(out, 512, "%s/%s.txt", w->letters, w->job.mrz.document_number);
}

/* On the disk before the lock, so that no card goes out without its letter. */
static int write_letter(struct worker *w)
{
	char letter[LETTER_MAX], path[512];
	size_t len;
	int rc;

	if (!job_letter(&w->job, letter, sizeof(letter), &len)) {
		rc = cli_fail(w->cli, SJ_INTERNAL, "letter");
	} else if (w->letters != NULL) {
		letter_path(w, path);
		rc = cli_file_write(w->cli, path, letter, len, 0600);
	} else {
		rc = register_card_secret(w->reg, w->card, LETTER_SECRET,
					  sj_span((const uint8_t *)letter, len));
	}
	sj_wipe(letter, sizeof(letter));
	return rc;
}

static void remove_letter(const struct worker *w)
{
	char path[512];

	if (w->letters == NULL || w->job.mrz.document_number[0] == '\0')
		return;
	letter_path(w, path);
	unlink(path);
}

/* --- finishing ------------------------------------------------------------------------------------------ */

static int lost_job(struct worker *w)
{
	return perso_fail(&w->perso, SJ_CARD_STATE,
			  "the job was given to another worker, since this one took too long");
}

/* Everything is written and recorded: from here on the card may be locked. */
static int finishing(struct worker *w)
{
	struct register_card row;
	bool mine, found;
	int rc = queue_hold(w->reg, &w->who, w->now.document, &mine);

	if (rc == 0 && !mine)
		return lost_job(w);
	if (rc == 0)
		rc = row_of_card(w, &row, &found);
	if (rc != 0 || (found && row.id == w->card && row.state == CARD_FINISHING))
		return rc;
	if (!found || row.id != w->card || row.state != CARD_WORKING)
		return lost_job(w);
	/* First the letter: what follows makes others wait, who write to the history too. */
	rc = write_letter(w);
	if (rc == 0)
		rc = job_record(&w->job, w->keys, w->card);
	if (rc == 0 && w->perso.key_version != 0)
		rc = register_card_keyed(w->reg, w->card, w->perso.key_version, w->perso.master);
	return rc != 0 ? rc : register_card_move(w->reg, w->card, CARD_FINISHING, NULL);
}

static int issued(struct worker *w)
{
	struct register_document d;
	struct register_card row;
	bool changed, found;
	int rc = queue_done(w->reg, w->now.document, &changed);

	if (rc == 0)
		rc = row_of_card(w, &row, &found);
	if (rc != 0 || (found && row.id == w->card && row.state == CARD_ISSUED))
		return rc;
	if (!found || row.id != w->card || row.state != CARD_FINISHING)
		return lost_job(w);
	rc = register_document_hold(w->reg, w->now.document, &d);
	if (rc == 0 && d.state != DOCUMENT_APPROVED) {
		w->hopeless = true;
		return perso_fail(&w->perso, SJ_CARD_STATE,
				  "%s: the document is %s meanwhile; destroy the card", d.number,
				  register_state_name(d.state));
	}
	return rc != 0 ? rc : register_card_move(w->reg, w->card, CARD_ISSUED, NULL);
}

/*
 * The job is given back, and a card that was not finished is void. One that may be finished is
 * asked when it comes again: until then, or until nothing else is left to do, its job is kept.
 */
static int give_back(struct worker *w)
{
	const bool failed = w->hopeless || w->now.attempts >= QUEUE_ATTEMPTS;
	struct register_card row;
	bool found, mine;
	int rc;

	if (!w->hopeless && (w->perso.state == PERSO_LOCKING || w->perso.state == PERSO_ISSUED))
		return 0;
	rc = queue_hold(w->reg, &w->who, w->now.document, &mine);
	if (rc == 0)
		rc = row_of_card(w, &row, &found);
	if (rc == 0 && found && row.id == w->card &&
	    (row.state == CARD_WORKING || row.state == CARD_FINISHING))
		rc = register_card_move(w->reg, row.id, CARD_SCRAPPED, "not finished");
	if (rc != 0 || !mine)
		return rc;
	remove_letter(w); /* while nobody else can have written one for this document */
	return queue_release(w->reg, &w->who, w->now.document, failed, cli_exit_code(w->cli));
}

/* --- one card --------------------------------------------------------------------------------------------- */

static int personalise(struct worker *w)
{
	struct card_keys *keys = calloc(1, sizeof(*keys));
	int rc = keys != NULL ? 0 : cli_fail(w->cli, SJ_NO_MEMORY, NULL);

	if (rc == 0)
		rc = job_personalise(&w->job, &w->perso, keys);
	w->keys = keys;
	if (rc == 0)
		rc = durable(w, finishing);
	if (rc == 0)
		rc = perso_lock(&w->perso);
	if (rc == 0)
		rc = durable(w, issued);
	w->keys = NULL;
	free(keys);
	return rc;
}

/* The card is blank: it is for the next job, if there is one. */
static int make_card(struct worker *w)
{
	int rc;

	w->now.document = 0;
	w->card = 0;
	w->hopeless = false;
	rc = durable(w, take_job);
	if (rc != 0 || w->now.document == 0)
		return rc;
	if (!w->hopeless)
		rc = personalise(w);
	if (rc == 0 && !w->hopeless) {
		w->counts.issued++;
		w->done++;
		w->trouble = 0;
	} else {
		w->trouble += !w->hopeless;
		w->counts.given_back++;
		if (w->hopeless || w->now.attempts >= QUEUE_ATTEMPTS)
			w->counts.failed++;
		rc = durable(w, give_back);
	}
	job_clear_person(&w->job);
	w->now.document = 0;
	return rc;
}

/* The next card: asked what it is, then made or refused. */
static int one_card(struct worker *w, struct sj_card *card)
{
	int rc = perso_ask(&w->perso, w->cli, card, &w->job.authority);

	if (rc != 0) {
		w->trouble++;
		rc = 0;
	} else if (w->perso.issued) {
		rc = durable(w, settle);
	} else {
		rc = make_card(w);
	}
	perso_end(&w->perso);
	/* A program may have another card; in a reader, this one is not asked again. */
	if (rc != 0 || w->perso.state != PERSO_ISSUED || !cli_given(w->cli, "exec"))
		stack_put_away(&w->stack);
	return rc;
}

/* --- many ------------------------------------------------------------------------------------------------------ */

int worker_open(struct worker *w, struct cli *cli)
{
	int rc;

	*w = (struct worker){ .cli = cli };
	w->letters = cli_value(cli, "letters");
	w->stay = cli_given(cli, "stay");
	queue_worker_self(&w->who);
	rc = job_open(&w->job, cli);
	if (rc == 0 && w->letters != NULL)
		rc = cli_directory_make(cli, w->letters, 0700);
	if (rc == 0)
		rc = stack_open(&w->stack, cli);
	w->reg = w->job.reg;
	return rc;
}

void worker_close(struct worker *w)
{
	stack_close(&w->stack);
	job_free(&w->job);
}

static void idle(unsigned ms)
{
	const struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&pause, NULL);
}

static int count(struct worker *w, struct queue_counts *c)
{
	int rc = queue_count(w->reg, c);

	w->done = (uint64_t)c->done;
	w->all = (uint64_t)(c->waiting + c->taken + c->done);
	w->counted = progress_seconds(&w->progress);
	return rc;
}

static void show(struct worker *w)
{
	if (!w->quiet)
		progress_show(&w->progress, w->done, w->all, w->counts.failed);
}

/*
 * Is there something to do? Waits while others are at the rest of it. Cards of a program come as
 * fast as they are made and are not counted each time; for one in a reader somebody would wait.
 */
static int look_for_work(struct worker *w, bool *work)
{
	struct queue_counts c = { 0, 0, 0, 0 };
	int rc = 0;

	show(w);
	*work = w->found && cli_given(w->cli, "exec") &&
		progress_seconds(&w->progress) - w->counted < COUNT_S && !cli_interrupted(w->cli);
	while (rc == 0 && !*work && !cli_interrupted(w->cli)) {
		rc = count(w, &c);
		show(w);
		*work = rc == 0 && c.waiting > 0;
		if (rc != 0 || *work || (c.taken == 0 && !w->stay))
			break;
		rc = queue_reap(w->reg, &w->who);
		if (rc == 0)
			rc = queue_count(w->reg, &c);
		if (rc == 0 && c.waiting == 0)
			idle(IDLE_MS);
	}
	return rc;
}

int worker_run(struct worker *w)
{
	struct queue_counts c = { 0, 0, 0, 0 };
	struct sj_card *card;
	bool work = false;
	int rc = count(w, &c);

	progress_begin(&w->progress, w->cli, "cards", w->done);
	w->counted = 0;
	while (rc == 0 && (rc = look_for_work(w, &work)) == 0 && work) {
		rc = stack_next(&w->stack, 0, &card);
		if (rc == 0 && card != NULL)
			rc = one_card(w, card);
		if (rc == 0 && w->trouble >= TROUBLE_MAX)
			rc = cli_fail(w->cli, SJ_CARD_REFUSED,
				      "%u cards failed one after the other", w->trouble);
		if (rc == 0 && card == NULL)
			break;
	}
	if (!w->quiet)
		progress_clear(&w->progress);
	return rc;
}
