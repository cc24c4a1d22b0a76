/* Key cards: PINs, keys, objects, certificates; the card is as it was, or as it was to become. */
#include <stdlib.h>
#include <string.h>

#include <sojourn/certificate.h>

#include "crypt/sign.h"
#include "tests/card/attest_rig.h"
#include "tests/card/stores.h"
#include "tests/failures/sweep.h"
#include "tests/reader/piv_stage.h"

struct keys {
	struct piv_stage *s;
	struct card_store *snap; /* of a card with a CHUID, a certificate, an attestation key */
	uint8_t pkcs8[SJ_KEY_MAX], certificate[1200];
	size_t pkcs8_len, certificate_len;
	uint8_t statement[2560], attester[2304];
	size_t statement_len, attester_len;
	uint8_t read[SJ_PIV_OBJECT_MAX]; /* too large for a stack */
	size_t read_len;
};

static void connect(struct keys *k)
{
	assert_int_equal(piv_stage_open(k->s), SJ_OK);
}

static int keys_open(void **state)
{
	struct keys *k = calloc(1, sizeof(*k));
	struct attester *a = calloc(1, sizeof(*a));
	struct sj_piv_key_info info = { .size = sizeof(info) };
	struct sj_key *key = sj_key_generate("P-256");
	struct sj_writer w = SJ_WRITER_OF(k->pkcs8);

	assert_true(k != NULL && a != NULL && key != NULL);
	assert_true(sj_key_put(key, &w));
	k->pkcs8_len = w.len;
	sj_key_free(key);
	k->s = piv_stage_new(&(struct piv_plan){ .policy = 0 });
	connect(k);
	piv_stage_fill(k->s);
	assert_int_equal(sj_piv_key_info(k->s->piv, 0x9E, &info), SJ_OK);
	k->certificate_len = piv_stage_certificate(sj_span(info.spki, info.spki_len),
						   k->certificate, sizeof(k->certificate));
	attester_make(a, "P-256");
	piv_stage_close(k->s);
	attester_give(k->s->b, a);
	k->attester_len = a->der.len;
	memcpy(k->attester, a->der.ptr, a->der.len);
	free(a);
	bench_power(k->s->b);
	k->snap = stores_copy(k->s->b->store);
	*state = k;
	return 0;
}

static int keys_close(void **state)
{
	struct keys *k = *state;

	card_store_close(k->snap);
	piv_stage_free(k->s);
	free(k);
	return 0;
}

/* The card as it was at first, opened. */
static void keys_ready(void *room)
{
	struct keys *k = room;

	piv_stage_close(k->s);
	card_power_off(k->s->b->card);
	stores_become(k->s->b->store, k->snap);
	bench_power(k->s->b);
	connect(k);
}

static void keys_administer(void *room)
{
	struct keys *k = room;

	keys_ready(room);
	piv_stage_administer(k->s);
}

static void keys_log_in(void *room)
{
	struct keys *k = room;

	keys_ready(room);
	assert_int_equal(sj_piv_verify(k->s->piv, SJ_PIV_PIN, STAGE_PIN, 6, NULL), SJ_OK);
}

/* The same handle goes on, and the right PIN is taken. */
static bool takes_pin(void *room, unsigned long rc)
{
	struct keys *k = room;

	(void)rc;
	return sj_piv_verify(k->s->piv, SJ_PIV_PIN, STAGE_PIN, 6, NULL) == SJ_OK;
}

static unsigned long open_card(void *room)
{
	struct keys *k = room;
	struct sj_piv *piv = NULL;
	struct sj_piv_options options = SJ_PIV_OPTIONS_INIT;
	enum sj_rc rc = sj_piv_open(k->s->card, &options, &piv);

	sj_piv_close(piv);
	return rc;
}

static void keys_connected(void *room)
{
	struct keys *k = room;

	keys_ready(room);
	sj_piv_close(k->s->piv);
	k->s->piv = NULL;
}

static unsigned long get_info(void *room)
{
	struct keys *k = room;
	struct sj_piv_info info = { .size = sizeof(info) };

	return sj_piv_get_info(k->s->piv, &info);
}

static unsigned long read_certificate(void *room)
{
	struct keys *k = room;

	k->read_len = sizeof(k->read);
	return sj_piv_read_certificate(k->s->piv, 0x9A, k->read, &k->read_len);
}

static unsigned long write_certificate(void *room)
{
	struct keys *k = room;

	return sj_piv_write_certificate(k->s->piv, 0x9E, k->certificate, k->certificate_len);
}

/* The old one or the new one. */
static bool has_certificate(void *room, unsigned long rc)
{
	struct keys *k = room;
	bool is_new;

	k->read_len = sizeof(k->read);
	is_new = sj_piv_read_certificate(k->s->piv, 0x9E, k->read, &k->read_len) == SJ_OK &&
		 k->read_len == k->certificate_len &&
		 memcmp(k->read, k->certificate, k->read_len) == 0;
	return (is_new || rc != SJ_OK) && takes_pin(room, rc);
}

static unsigned long verify_pin(void *room)
{
	struct keys *k = room;

	return sj_piv_verify(k->s->piv, SJ_PIV_PIN, STAGE_PIN, 6, NULL);
}

static unsigned long change_pin(void *room)
{
	struct keys *k = room;

	return sj_piv_change(k->s->piv, SJ_PIV_PIN, STAGE_PIN, 6, STAGE_PIN, 6, NULL);
}

static unsigned long unblock_pin(void *room)
{
	struct keys *k = room;

	return sj_piv_unblock(k->s->piv, STAGE_PUK, 8, STAGE_PIN, 6, NULL);
}

static unsigned long sign(void *room)
{
	static const uint8_t digest[32] = { 1 };
	struct keys *k = room;
	uint8_t out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);

	return sj_piv_sign(k->s->piv, 0x9A, SJ_PIV_P256, digest, sizeof(digest), out, &len);
}

static unsigned long verify_and_sign(void *room)
{
	static const uint8_t digest[32] = { 1 };
	struct keys *k = room;
	uint8_t out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);

	return sj_piv_verify_and_sign(k->s->piv, SJ_PIV_PIN, STAGE_PIN, 6, 0x9C, SJ_PIV_P256,
				      digest, sizeof(digest), out, &len, NULL);
}

static unsigned long administer(void *room)
{
	struct keys *k = room;
	uint8_t key[24];
	struct sj_writer w = SJ_WRITER_OF(key);
	bool ok = sj_hex_read(ADMIN_HEX, strlen(ADMIN_HEX), &w);
	enum sj_rc rc = sj_piv_administer(k->s->piv, SJ_PIV_AES_192, key, sizeof(key));

	return ok ? rc : SJ_INTERNAL;
}

static unsigned long generate(void *room)
{
	struct keys *k = room;
	uint8_t spki[SJ_PIV_SPKI_MAX];
	size_t len = sizeof(spki);

	return sj_piv_generate(k->s->piv, 0x83, SJ_PIV_P256, SJ_PIV_PIN_NEVER, spki, &len);
}

static unsigned long import_key(void *room)
{
	struct keys *k = room;

	return sj_piv_import(k->s->piv, 0x84, k->pkcs8, k->pkcs8_len, SJ_PIV_PIN_ALWAYS);
}

static unsigned long attest(void *room)
{
	struct keys *k = room;

	k->statement_len = sizeof(k->statement);
	return sj_piv_attest(k->s->piv, 0x9A, k->statement, &k->statement_len);
}

static unsigned long request(void *room)
{
	struct keys *k = room;
	const struct sj_piv_unlock unlock = { SJ_PIV_PIN, STAGE_PIN, 6, NULL };
	uint8_t out[SJ_CERTIFICATE_MADE_MAX];
	size_t len = sizeof(out);

	return sj_piv_request(k->s->piv, 0x9A, &unlock, "C=UT,O=Embassy,CN=Anna", out, &len);
}

static unsigned long self_sign(void *room)
{
	struct keys *k = room;
	const struct sj_piv_unlock unlock = { SJ_PIV_PIN, STAGE_PIN, 6, NULL };
	uint8_t out[SJ_CERTIFICATE_MADE_MAX];
	size_t len = sizeof(out);

	return sj_piv_self_sign(k->s->piv, 0x9A, &unlock, "C=UT,CN=Anna", 1790000000, 30, out,
				&len);
}

static unsigned long describe(void *room)
{
	struct keys *k = room;
	struct sj_certificate_info info = { .size = sizeof(info) };

	return sj_certificate_describe(k->certificate, k->certificate_len, &info);
}

/* --- states, PINs and sessions ----------------------------------------------------------- */

/* What it says about itself; names come from tables. */
static unsigned long identify(void *room)
{
	struct keys *k = room;
	uint8_t guid[SJ_PIV_GUID], content[SJ_PIV_CONTENT];
	bool has_guid = false, has_content = false;
	enum sj_rc rc = sj_piv_begin(k->s->piv);

	if (rc != SJ_OK)
		return rc;
	rc = sj_piv_identify(k->s->piv, guid, &has_guid, content, &has_content);
	sj_piv_end(k->s->piv);
	if (rc == SJ_OK &&
	    (!has_guid || sj_piv_status_word(k->s->piv) == 0 || sj_piv_commands(k->s->piv) == 0))
		rc = SJ_INTERNAL;
	return rc;
}

static unsigned long names(void *room)
{
	bool ok = sj_piv_algorithm_find(sj_piv_algorithm_text(SJ_PIV_P256)) == SJ_PIV_P256 &&
		  sj_piv_key_text(sj_piv_key_at(0)) != NULL && sj_piv_key_certificate(0x9A) != 0 &&
		  strcmp(sj_piv_signature_hash(SJ_PIV_P256), "SHA-256") == 0;

	(void)room;
	return ok ? 0 : 1;
}

static unsigned long pin_states(void *room)
{
	struct keys *k = room;
	struct sj_piv_pin_state state = { .size = sizeof(state) };
	enum sj_piv_pin which = SJ_PIV_PUK;
	enum sj_rc rc = sj_piv_user_pin(k->s->piv, &which);

	if (rc == SJ_OK)
		rc = sj_piv_pin_state(k->s->piv, which, &state);
	return rc == SJ_OK && state.blocked ? SJ_INTERNAL : rc;
}

static unsigned long log_out(void *room)
{
	struct keys *k = room;

	return sj_piv_logout(k->s->piv, SJ_PIV_PIN);
}

/* The reader of this process has no keypad, and says so. */
static unsigned long keypad(void *room)
{
	struct keys *k = room;
	enum sj_rc rc = sj_piv_verify_on_reader(k->s->piv, SJ_PIV_PIN, NULL);

	return sj_piv_reader_has_keypad(k->s->piv) ? SJ_INTERNAL : rc;
}

/* --- objects and keys ------------------------------------------------------------------------ */

static unsigned long read_object(void *room)
{
	struct keys *k = room;

	k->read_len = sizeof(k->read);
	return sj_piv_read(k->s->piv, PIV_OBJECT_CHUID, k->read, &k->read_len);
}

#define OBJECT 0x5FC109u

/* Longer than a short command. */
static unsigned long write_object(void *room)
{
	struct keys *k = room;

	return sj_piv_write(k->s->piv, OBJECT, k->certificate, k->certificate_len);
}

/* It was not there. */
static bool has_object(void *room, unsigned long rc)
{
	struct keys *k = room;
	enum sj_rc there;
	bool is_new;

	k->read_len = sizeof(k->read);
	if (!takes_pin(room, rc))
		return false;
	there = sj_piv_read(k->s->piv, OBJECT, k->read, &k->read_len);
	is_new = there == SJ_OK && k->read_len == k->certificate_len &&
		 memcmp(k->read, k->certificate, k->read_len) == 0;
	return is_new || (rc != SJ_OK && (there == SJ_KEY_ABSENT || there == SJ_OK));
}

static unsigned long key_info(void *room)
{
	struct keys *k = room;
	struct sj_piv_key_info info = { .size = sizeof(info) };

	return sj_piv_key_info(k->s->piv, 0x9A, &info);
}

static unsigned long agree(void *room)
{
	struct keys *k = room;
	struct sj_piv_key_info info = { .size = sizeof(info) };
	uint8_t out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);
	enum sj_rc rc = sj_piv_key_info(k->s->piv, 0x9D, &info);

	/* The point is what the SubjectPublicKeyInfo ends with. */
	return rc == SJ_OK ? sj_piv_agree(k->s->piv, 0x9D, SJ_PIV_P256,
					  info.spki + info.spki_len - 65, 65, out, &len)
			   : rc;
}

static unsigned long random_bytes(void *room)
{
	struct keys *k = room;
	uint8_t out[100];

	return sj_piv_random(k->s->piv, out, sizeof(out));
}

static unsigned long sign_message(void *room)
{
	const struct sj_piv_unlock unlock = { SJ_PIV_PIN, STAGE_PIN, 6, NULL };
	struct keys *k = room;
	uint8_t out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);

	return sj_piv_sign_message(k->s->piv, 0x9C, &unlock, (const uint8_t *)"a message", 9, out,
				   &len);
}

/* --- administration ------------------------------------------------------------------------------ */

static unsigned long set_admin_key(void *room)
{
	static const uint8_t key[32] = { 3 };
	struct keys *k = room;
	enum sj_piv_algorithm is = SJ_PIV_P256;
	enum sj_rc rc = sj_piv_admin_algorithm(k->s->piv, &is);

	if (rc == SJ_OK && is != SJ_PIV_AES_192)
		return SJ_INTERNAL;
	return rc == SJ_OK ? sj_piv_set_admin_key(k->s->piv, SJ_PIV_AES_256, key, sizeof(key)) : rc;
}

/* The old one or the new one. */
static bool has_admin_key(void *room, unsigned long rc)
{
	static const uint8_t key[32] = { 3 };
	struct keys *k = room;

	return sj_piv_administer(k->s->piv, SJ_PIV_AES_256, key, sizeof(key)) == SJ_OK ||
	       (rc != SJ_OK && administer(room) == SJ_OK);
}

static unsigned long delete_key(void *room)
{
	struct keys *k = room;

	return sj_piv_delete_key(k->s->piv, 0x9E);
}

static bool has_no_key(void *room, unsigned long rc)
{
	struct keys *k = room;
	struct sj_piv_key_info info = { .size = sizeof(info) };
	const enum sj_rc there = sj_piv_key_info(k->s->piv, 0x9E, &info);

	return (there == SJ_KEY_ABSENT || (rc != SJ_OK && there == SJ_OK)) && takes_pin(room, rc);
}

/* PIN and PUK blocked, as a reset wants it. */
static void keys_blocked(void *room)
{
	struct keys *k = room;

	keys_ready(room);
	while (sj_piv_verify(k->s->piv, SJ_PIV_PIN, "000000", 6, NULL) == SJ_WRONG_PIN)
		;
	while (sj_piv_unblock(k->s->piv, "00000000", 8, STAGE_PIN, 6, NULL) == SJ_WRONG_PUK)
		;
}

static unsigned long reset(void *room)
{
	struct keys *k = room;

	return sj_piv_reset(k->s->piv);
}

/* Still blocked, or empty. */
static bool is_reset(void *room, unsigned long rc)
{
	struct keys *k = room;
	struct sj_piv_key_info info = { .size = sizeof(info) };
	const enum sj_rc pin = sj_piv_verify(k->s->piv, SJ_PIV_PIN, STAGE_PIN, 6, NULL);
	const enum sj_rc key = sj_piv_key_info(k->s->piv, 0x9A, &info);

	return key == SJ_KEY_ABSENT ? pin == SJ_OK
				    : rc != SJ_OK && key == SJ_OK && pin == SJ_PIN_BLOCKED;
}

/* --- what a card states ----------------------------------------------------------------------------- */

static void statement_ready(void *room)
{
	keys_ready(room);
	assert_int_equal(attest(room), SJ_OK);
}

/* Signed well, by nobody that is known. */
static unsigned long judge(void *room)
{
	struct keys *k = room;
	struct sj_attestation a = { .size = sizeof(a) };

	return sj_attestation_judge(NULL, k->statement, k->statement_len, k->attester,
				    k->attester_len, 1790000000, &a);
}

static bool is_not_believed(void *room, unsigned long rc)
{
	(void)room;
	return rc != SJ_OK;
}

/* OpenSSL has one error for a private key that is none and for one that it has no memory to read. */
static const unsigned long unread_key[] = { SJ_NO_MEMORY, SJ_INPUT_MALFORMED, 0 };

#define ROW(name, ready, run) \
	{ \
		"keys: " name, FAIL_MEMORY, keys_open, keys_close, ready, run, \
			.bad = sweep_memory, .holds = takes_pin \
	}
/* The card's own memory ends, too: it may refuse anything, but not break. */
#define CARD_ROW(name, ready, run) \
	{ \
		"keys, inside too: " name, FAIL_MEMORY, keys_open, keys_close, ready, run, \
			.holds = takes_pin, .card = true \
	}

const struct operation sweep_piv[] = {
	{ "keys: open", FAIL_MEMORY, keys_open, keys_close, keys_connected, open_card,
	  .bad = sweep_memory },
	ROW("information", keys_ready, get_info),
	ROW("read a certificate", keys_ready, read_certificate),
	{ "keys: write a certificate", FAIL_MEMORY, keys_open, keys_close, keys_administer,
	  write_certificate, .bad = sweep_memory, .holds = has_certificate },
	ROW("verify a PIN", keys_ready, verify_pin),
	ROW("change a PIN", keys_ready, change_pin),
	ROW("unblock a PIN", keys_ready, unblock_pin),
	ROW("sign", keys_log_in, sign),
	ROW("verify a PIN and sign", keys_ready, verify_and_sign),
	ROW("administer", keys_ready, administer),
	ROW("generate", keys_administer, generate),
	{ "keys: import", FAIL_MEMORY, keys_open, keys_close, keys_administer, import_key,
	  .bad = unread_key, .holds = takes_pin },
	ROW("attest", keys_ready, attest),
	ROW("request", keys_ready, request),
	ROW("self-signed certificate", keys_ready, self_sign),
	{ "keys: describe a certificate", FAIL_MEMORY, keys_open, keys_close, NULL, describe,
	  .bad = sweep_memory },
	ROW("who it is", keys_ready, identify),
	{ "keys: names", FAIL_MEMORY, .run = names },
	ROW("state of a PIN", keys_ready, pin_states),
	ROW("log out", keys_log_in, log_out),
	{ "keys: no keypad", FAIL_MEMORY, keys_open, keys_close, keys_ready, keypad,
	  .good = SJ_ACCESS_UNSUPPORTED, .bad = sweep_memory, .holds = takes_pin },
	ROW("read an object", keys_ready, read_object),
	{ "keys: write an object", FAIL_MEMORY, keys_open, keys_close, keys_administer,
	  write_object, .bad = sweep_memory, .holds = has_object },
	ROW("about a key", keys_ready, key_info),
	ROW("agree", keys_log_in, agree),
	ROW("random bytes", keys_ready, random_bytes),
	ROW("sign a message", keys_ready, sign_message),
	{ "keys: set the management key", FAIL_MEMORY, keys_open, keys_close, keys_administer,
	  set_admin_key, .bad = sweep_memory, .holds = has_admin_key },
	{ "keys: delete", FAIL_MEMORY, keys_open, keys_close, keys_administer, delete_key,
	  .bad = sweep_memory, .holds = has_no_key },
	{ "keys: reset", FAIL_MEMORY, keys_open, keys_close, keys_blocked, reset,
	  .bad = sweep_memory, .holds = is_reset },
	{ "keys: judge an attestation", FAIL_MEMORY | FAIL_READ, keys_open, keys_close,
	  statement_ready, judge, .good = SJ_TRUST_MISSING, .bad = sweep_files,
	  .holds = is_not_believed },
	CARD_ROW("verify a PIN", keys_ready, verify_pin),
	CARD_ROW("change a PIN", keys_ready, change_pin),
	CARD_ROW("unblock a PIN", keys_ready, unblock_pin),
	CARD_ROW("sign", keys_log_in, sign),
	CARD_ROW("administer", keys_ready, administer),
	CARD_ROW("generate", keys_administer, generate),
	CARD_ROW("import", keys_administer, import_key),
	CARD_ROW("attest", keys_ready, attest),
	CARD_ROW("agree", keys_log_in, agree),
	{ "keys, inside too: set the management key", FAIL_MEMORY, keys_open, keys_close,
	  keys_administer, set_admin_key, .holds = has_admin_key, .card = true },
	{ "keys, inside too: delete", FAIL_MEMORY, keys_open, keys_close, keys_administer,
	  delete_key, .holds = has_no_key, .card = true },
	{ "keys, inside too: reset", FAIL_MEMORY, keys_open, keys_close, keys_blocked, reset,
	  .holds = is_reset, .card = true },
	{ "keys, inside too: write a certificate", FAIL_MEMORY, keys_open, keys_close,
	  keys_administer, write_certificate, .holds = has_certificate, .card = true },
	OPERATIONS_END,
};
