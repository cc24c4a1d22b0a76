/*
 * flows_change.c -- conversations that change the card: PINs, keys, the manager's keys, locking. After
 * one that was interrupted the next finds the old state or the new one, or does not succeed.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sojourn/failure.h>
#include <sojourn/piv.h>

#include "tests/pkcs11/uses.h"
#include "tests/world/world.h"
#include "wire/hex.h"

#define AUTHORITY "libexec/sojourn/sojourn-authority"
#define DIGITS 6
#define UNHEARD_MAX 5 /* the last command alone, cut in three ways, and by chance */

static const char *const pins[] = { WORLD_PIN, WORLD_OTHER_PIN };

/* --- the key application ------------------------------------------------------------------ */

struct visit {
	struct sj_card *card;
	struct sj_piv *piv;
};

/* Opened, and the PIN proved: that of last time, or the other. */
static enum sj_rc visit_begin(struct world *w, unsigned timeout_ms, struct visit *v)
{
	struct sj_piv_options options = SJ_PIV_OPTIONS_INIT;
	enum sj_rc rc = sj_card_wait(w->ctx, WORLD_READER, timeout_ms, &v->card);

	options.timeout_ms = timeout_ms;
	if (rc == SJ_OK)
		rc = sj_piv_open(v->card, &options, &v->piv);
	if (rc == SJ_OK)
		rc = sj_piv_verify(v->piv, SJ_PIV_PIN, pins[w->second], DIGITS, NULL);
	if (rc != SJ_WRONG_PIN)
		return rc;
	w->second = !w->second;
	return sj_piv_verify(v->piv, SJ_PIV_PIN, pins[w->second], DIGITS, NULL);
}

static void visit_end(struct visit *v)
{
	sj_piv_close(v->piv);
	sj_card_close(v->card);
}

static enum sj_rc new_pin(struct world *w, unsigned timeout_ms, bool by_puk, bool *shown)
{
	struct visit v = { NULL, NULL };
	enum sj_rc rc = visit_begin(w, timeout_ms, &v);
	const char *now = pins[w->second], *next = pins[!w->second];

	if (rc == SJ_OK && by_puk)
		rc = sj_piv_unblock(v.piv, WORLD_PUK, strlen(WORLD_PUK), next, DIGITS, NULL);
	else if (rc == SJ_OK)
		rc = sj_piv_change(v.piv, SJ_PIV_PIN, now, DIGITS, next, DIGITS, NULL);
	*shown = rc == SJ_OK;
	w->second ^= *shown;
	visit_end(&v);
	return rc;
}

enum sj_rc world_key_pin(struct world *w, unsigned timeout_ms, bool *shown)
{
	return new_pin(w, timeout_ms, false, shown);
}

enum sj_rc world_key_unblock(struct world *w, unsigned timeout_ms, bool *shown)
{
	return new_pin(w, timeout_ms, true, shown);
}

static enum sj_rc import(struct sj_piv *piv)
{
	uint8_t pkcs8[67] = { 0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07,
			      0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08,
			      0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x04,
			      0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20, 0x01 };

	return sj_piv_import(piv, USES_KEY, pkcs8, sizeof(pkcs8), SJ_PIV_POLICY_DEFAULT);
}

/* The key that is there signs; then one is made on the card, and another one imported. */
enum sj_rc world_key_make(struct world *w, unsigned timeout_ms, bool *shown)
{
	uint8_t spki[SJ_PIV_SPKI_MAX], digest[32] = { 1 }, signature[128];
	size_t spki_len = sizeof(spki), len = sizeof(signature);
	struct visit v = { NULL, NULL };
	enum sj_piv_algorithm algorithm;
	enum sj_rc rc = visit_begin(w, timeout_ms, &v);

	if (rc == SJ_OK)
		rc = sj_piv_sign(v.piv, USES_KEY, SJ_PIV_P256, digest, sizeof(digest), signature,
				 &len);
	if (rc == SJ_PIN_NEEDED) /* another's reset ended the login */
		rc = SJ_CARD_RESET;
	if (rc == SJ_OK || rc == SJ_KEY_ABSENT)
		rc = sj_piv_admin_algorithm(v.piv, &algorithm);
	if (rc == SJ_OK)
		rc = sj_piv_administer(v.piv, algorithm, w->admin, w->admin_len);
	if (rc == SJ_OK)
		rc = sj_piv_generate(v.piv, USES_KEY, SJ_PIV_P256, SJ_PIV_POLICY_DEFAULT, spki,
				     &spki_len);
	if (rc == SJ_OK)
		rc = import(v.piv);
	*shown = rc == SJ_OK;
	visit_end(&v);
	return rc;
}

/* --- the PIN of an eID card ---------------------------------------------------------------- */

static enum sj_rc change(struct sj_card *card, const char *from, const char *to,
			 unsigned timeout_ms)
{
	struct sj_access *pin = NULL;
	enum sj_rc rc = sj_access_pin(from, DIGITS, &pin);

	if (rc == SJ_OK)
		rc = sj_pin_change(card, pin, NULL, to, timeout_ms);
	sj_access_free(pin);
	return rc;
}

enum sj_rc world_eid_pin(struct world *w, unsigned timeout_ms, bool *shown)
{
	const char *const both[] = { w->eid_pin, WORLD_OTHER_PIN };
	struct sj_card *card = NULL;
	enum sj_rc rc = sj_card_wait(w->ctx, WORLD_READER, timeout_ms, &card);

	if (rc == SJ_OK)
		rc = change(card, both[w->eid_second], both[!w->eid_second], timeout_ms);
	if (rc == SJ_WRONG_PIN) {
		w->eid_second = !w->eid_second;
		rc = change(card, both[w->eid_second], both[!w->eid_second], timeout_ms);
	}
	*shown = rc == SJ_OK;
	w->eid_second ^= *shown;
	sj_card_close(card);
	return rc;
}

/* --- the authority at a card, in programs of their own -------------------------------------- */

static enum sj_rc meaning(int code)
{
	switch (code) {
	case 0:
		return SJ_OK;
	case 3:
		return SJ_READER_LOST;
	case 4:
		return SJ_NO_CARD;
	case 5:
		return SJ_CARD_LOST;
	case 6:
		return SJ_CARD_ANSWER;
	case 9:
		return SJ_TIMED_OUT;
	case 13:
		return SJ_CARD_STATE;
	default:
		return SJ_INTERNAL;
	}
}

static enum sj_rc run(struct world *w, const char *const argv[])
{
	const pid_t pid = bench_start(&w->bench, argv);
	int status;

	if (pid <= 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return SJ_INTERNAL;
	return meaning(WEXITSTATUS(status));
}

static void put_seconds(char seconds[static 16], unsigned timeout_ms)
{
	snprintf(seconds, 16, "%u", (timeout_ms + 999) / 1000);
}

static enum sj_rc authority(struct world *w, const char *verb, unsigned timeout_ms)
{
	char seconds[16];
	const char *const argv[] = { AUTHORITY,           "authority", verb,
				     w->desk.p.authority, "--reader",  WORLD_READER,
				     "--timeout",         seconds,     NULL };

	put_seconds(seconds, timeout_ms);
	return run(w, argv);
}

/* Whose keys the next one finds. */
enum sj_rc world_card_rotate(struct world *w, unsigned timeout_ms, bool *shown)
{
	enum sj_rc rc = authority(w, "card-rotate", timeout_ms);

	*shown = rc == SJ_OK;
	return rc;
}

/* One that is locked already is not locked once more, and is unlocked all the same. */
enum sj_rc world_card_lock(struct world *w, unsigned timeout_ms, bool *shown)
{
	enum sj_rc rc = authority(w, "card-lock", timeout_ms);

	if (rc == SJ_OK || rc == SJ_CARD_STATE)
		rc = authority(w, "card-unlock", timeout_ms);
	*shown = rc == SJ_OK;
	return rc;
}

/* What is half done by then is done again. */
enum sj_rc world_issue(struct world *w, unsigned timeout_ms, bool *shown)
{
	const struct bench_place *p = &w->desk.p;
	char seconds[16];
	const char *const argv[] = { AUTHORITY,
				     "issue",
				     "--again",
				     "--authority",
				     p->authority,
				     "--portrait",
				     "tools/demo/face.jpg",
				     "--can-file",
				     p->can,
				     "--letter-out",
				     p->letter,
				     "--holder",
				     p->holder,
				     "--no-gate",
				     "--no-keys",
				     "--reader",
				     WORLD_READER,
				     "--timeout",
				     seconds,
				     NULL };
	enum sj_rc rc;

	put_seconds(seconds, timeout_ms);
	unlink(p->letter);
	rc = run(w, argv);
	*shown = rc == SJ_OK;
	/* It is refused as one that is issued: the last answer of the one before was lost. */
	if (rc == SJ_CARD_STATE && ++w->unheard > UNHEARD_MAX)
		world_fail("%u cards cannot be issued, nor was it heard that they are", w->unheard);
	w->issued = *shown || rc == SJ_CARD_STATE;
	return rc;
}

/* --- before all that ------------------------------------------------------------------------- */

/* "AES-192 0123...", from the register. */
bool world_read_admin(struct world *w)
{
	char path[BENCH_PATH + 32], text[96] = "";
	const char *const argv[] = { AUTHORITY,    "register",  "key",   w->desk.p.authority,
				     "--document", "U24SJ0117", "--out", path,
				     NULL };
	struct sj_writer out = SJ_WRITER_OF(w->admin);
	FILE *f;

	snprintf(path, sizeof(path), "%s/admin", w->bench.dir);
	f = bench_run(&w->bench, argv) ? fopen(path, "r") : NULL;
	if (!f)
		return false;
	if (fscanf(f, "%*s %95s", text) != 1 || !sj_hex_read(text, strlen(text), &out))
		text[0] = '\0';
	fclose(f);
	w->admin_len = out.len;
	return text[0] != '\0';
}
