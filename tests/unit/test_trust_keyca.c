/* Key CAs in the trust store: apart from CSCAs; certificates by OpenSSL (trust_pki.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/pki.h"
#include "tests/unit/status_rig.h"
#include "trust/chain.h"
#include "trust/keyca.h"

#define MAY_2026 INT64_C(1778000000)
#define DAY INT64_C(86400)
#define FILE_ROOM 1024u

struct store {
	char directory[64];
	struct sj_trust *trust;
	char why[256]; /* last told */
};

static void hear(void *user, const char *what, const char *why)
{
	struct store *s = user;

	(void)what;
	snprintf(s->why, sizeof(s->why), "%s", why);
}

static struct store store_new(void)
{
	struct store s = { .directory = "/tmp/sojourn-store-XXXXXX" };

	assert_non_null(mkdtemp(s.directory));
	assert_int_equal(sj_trust_create(s.directory, &s.trust), SJ_OK);
	return s;
}

static void store_free(struct store *s)
{
	char command[80];

	sj_trust_close(s->trust);
	snprintf(command, sizeof(command), "rm -rf %s", s->directory);
	assert_int_equal(system(command), 0);
}

static struct sj_span load(const char *name, uint8_t bytes[static FILE_ROOM])
{
	char path[128];
	size_t len;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", pki, name);
	in = fopen(path, "rb");
	assert_non_null(in);
	len = fread(bytes, 1, FILE_ROOM, in);
	fclose(in);
	return sj_span(bytes, len);
}

enum how { KEY_CA, CSCA, LINK, CRL };

static enum sj_rc import(struct store *s, enum how how, const char *name)
{
	uint8_t bytes[FILE_ROOM];
	struct sj_span der = load(name, bytes);

	sj_trust_listen(s->trust, hear, s);
	if (how == CRL)
		return sj_trust_import_crl(s->trust, der.ptr, der.len);
	if (how == LINK)
		return sj_trust_import_link(s->trust, der.ptr, der.len, NULL);
	return how == CSCA ? sj_trust_import_csca(s->trust, der.ptr, der.len, NULL)
			   : sj_trust_import_key_ca(s->trust, der.ptr, der.len, NULL);
}

static enum sj_rc judge(const struct store *s, const char *name, enum sj_key_purpose purpose,
			int64_t now)
{
	uint8_t bytes[FILE_ROOM];

	return sj_trust_judge_key(s->trust, load(name, bytes), purpose, now);
}

/* --- what is imported -------------------------------------------------------- */

static void a_key_ca_is_listed_as_one(void **state)
{
	struct sj_trust_entry entry = { .size = sizeof(entry) };
	struct store s = store_new();
	struct sj_trust *again;

	(void)state;
	assert_int_equal(import(&s, KEY_CA, "keys.cer"), SJ_OK);
	assert_int_equal(sj_trust_open(s.directory, &again), SJ_OK); /* keys alone are enough */
	assert_true(sj_trust_get(again, 0, &entry));
	assert_true(entry.key_ca);
	assert_false(entry.link);
	assert_false(sj_trust_get(again, 1, &entry));
	sj_trust_close(again);
	store_free(&s);
}

static void what_is_no_key_ca_is_refused(void **state)
{
	struct store s = store_new();

	(void)state;
	assert_int_equal(import(&s, KEY_CA, "card.cer"), SJ_INPUT_REFUSED);
	assert_int_equal(import(&s, KEY_CA, "attest.cer"), SJ_INPUT_REFUSED);
	assert_string_equal(s.why, "It is not self-signed.");
	assert_int_equal(import(&s, KEY_CA, "keys.crl"), SJ_INPUT_MALFORMED);
	store_free(&s);
}

/* A CRL counts for every certificate of its issuer's name. */
static void one_name_is_of_one_kind_of_ca(void **state)
{
	struct store s = store_new();

	(void)state;
	assert_int_equal(import(&s, CSCA, "old.cer"), SJ_OK);
	assert_int_equal(import(&s, KEY_CA, "keys.as-csca.cer"), SJ_INPUT_REFUSED);
	assert_string_equal(s.why, "A CSCA of the trust store has the same name.");
	assert_int_equal(import(&s, KEY_CA, "keys.cer"), SJ_OK);
	assert_int_equal(import(&s, CSCA, "old.as-keys.cer"), SJ_INPUT_REFUSED);
	assert_string_equal(s.why, "A key CA of the trust store has the same name.");
	store_free(&s);
}

/* --- what is judged ---------------------------------------------------------- */

static void each_certificate_for_its_purpose(void **state)
{
	static const char *const names[] = { "card.cer", "content.cer", "attest.cer" };
	static const enum sj_rc expected[3][3] = {
		{ SJ_OK, SJ_SIGNER_INVALID, SJ_SIGNER_INVALID },
		{ SJ_OK, SJ_OK, SJ_SIGNER_INVALID },
		{ SJ_SIGNER_INVALID, SJ_SIGNER_INVALID, SJ_OK },
	};
	struct store s = store_new();

	(void)state;
	assert_int_equal(import(&s, KEY_CA, "keys.cer"), SJ_OK);
	for (size_t i = 0; i < 3; i++)
		for (unsigned purpose = 0; purpose < 3; purpose++)
			assert_int_equal(
				judge(&s, names[i], (enum sj_key_purpose)purpose, MAY_2026),
				expected[i][purpose]);
	assert_int_equal(judge(&s, "card.odd.cer", SJ_KEY_OF_CARD, MAY_2026), SJ_SIGNER_INVALID);
	assert_int_equal(judge(&s, "keys.crl", SJ_KEY_OF_CARD, MAY_2026), SJ_SIGNER_INVALID);
	store_free(&s);
}

static void a_csca_stands_above_no_key(void **state)
{
	struct store s = store_new();

	(void)state;
	assert_int_equal(judge(&s, "card.cer", SJ_KEY_OF_CARD, MAY_2026), SJ_ISSUER_UNKNOWN);
	assert_int_equal(import(&s, CSCA, "old.cer"), SJ_OK);
	assert_int_equal(judge(&s, "card.csca.cer", SJ_KEY_OF_CARD, MAY_2026), SJ_ISSUER_UNKNOWN);
	assert_int_equal(sj_trust_judge_key(NULL, SJ_SPAN_STR(""), SJ_KEY_OF_CARD, MAY_2026),
			 SJ_SIGNER_INVALID);
	store_free(&s);
}

static void a_key_ca_stands_above_no_document(void **state)
{
	struct store s = store_new();
	uint8_t bytes[FILE_ROOM];
	struct sj_issuer issuer;
	struct sj_finding f;
	struct sj_cert cert;

	(void)state;
	assert_int_equal(import(&s, KEY_CA, "keys.cer"), SJ_OK);
	assert_true(sj_cert_read(load("signer.keys.cer", bytes), &cert));
	sj_chain_find(s.trust, &cert, &issuer, &f);
	assert_int_equal(f.rc, SJ_ISSUER_UNKNOWN);
	store_free(&s);
}

static void a_forged_certificate(void **state)
{
	struct store s = store_new();
	uint8_t bytes[FILE_ROOM];
	struct sj_span der = load("card.cer", bytes);

	(void)state;
	assert_int_equal(import(&s, KEY_CA, "keys.cer"), SJ_OK);
	bytes[der.len - 3] ^= 1;
	assert_int_equal(sj_trust_judge_key(s.trust, der, SJ_KEY_OF_CARD, MAY_2026),
			 SJ_CHAIN_SIGNATURE);
	for (size_t n = 0; n < der.len; n++)
		assert_int_equal(
			sj_trust_judge_key(s.trust, sj_span(bytes, n), SJ_KEY_OF_CARD, MAY_2026),
			SJ_SIGNER_INVALID);
	store_free(&s);
}

static void times(void **state)
{
	struct store s = store_new();

	(void)state;
	assert_int_equal(import(&s, KEY_CA, "keys.cer"), SJ_OK);
	assert_int_equal(judge(&s, "card.ended.cer", SJ_KEY_OF_CARD, MAY_2026), SJ_SIGNER_EXPIRED);
	assert_int_equal(judge(&s, "card.ended.cer", SJ_KEY_OF_CARD, MAY_2026 - 300 * DAY), SJ_OK);
	assert_int_equal(judge(&s, "card.cer", SJ_KEY_OF_CARD, 1000), SJ_SIGNER_EXPIRED);
	/* A clock that was set back makes nothing valid again. */
	assert_int_equal(sj_trust_note_time(s.trust, MAY_2026), SJ_OK);
	assert_int_equal(judge(&s, "card.ended.cer", SJ_KEY_OF_CARD, MAY_2026 - 300 * DAY),
			 SJ_SIGNER_EXPIRED);
	store_free(&s);
}

static void revocation(void **state)
{
	struct store s = store_new();

	(void)state;
	assert_int_equal(import(&s, CRL, "keys.crl"), SJ_INPUT_REFUSED);
	assert_int_equal(import(&s, KEY_CA, "keys.cer"), SJ_OK);
	assert_int_equal(import(&s, CRL, "keys.crl"), SJ_OK);
	assert_int_equal(judge(&s, "card.cer", SJ_KEY_OF_CARD, MAY_2026), SJ_OK);
	assert_int_equal(judge(&s, "card.cer", SJ_KEY_OF_CARD, MAY_2026 + 80 * DAY), SJ_CRL_STALE);
	assert_int_equal(import(&s, CRL, "keys.second.crl"), SJ_OK);
	assert_int_equal(judge(&s, "card.cer", SJ_KEY_OF_CARD, MAY_2026), SJ_SIGNER_REVOKED);
	assert_int_equal(judge(&s, "content.cer", SJ_KEY_OF_CVC_SIGNER, MAY_2026), SJ_OK);
	store_free(&s);
}

/* --- where it stands in a status list -------------------------------------------- */

static enum sj_rc status_of(const struct sj_trust *trust, const char *name, int64_t now)
{
	uint8_t bytes[FILE_ROOM];

	return sj_trust_key_status(trust, load(name, bytes), now);
}

/* Place 5 of partition 80 is revoked from the sixth list on. */
static void shell(const struct store *s, const char *what)
{
	char command[256];

	snprintf(command, sizeof(command), "cd %s && { %s; }", s->directory, what);
	assert_int_equal(system(command), 0);
}

/* A folder in its place is what a file that cannot be read is for root. */
static void what_cannot_be_read_is_not_judged(void **state)
{
	struct store s = store_new();

	(void)state;
	assert_int_equal(import(&s, CSCA, "old.cer"), SJ_OK);
	assert_int_equal(import(&s, CRL, "second.crl"), SJ_OK);
	shell(&s, "f=$(echo crl/*); mv $f kept; mkdir $f");
	assert_int_equal(import(&s, CRL, "first.crl"), SJ_TRUST_UNREADABLE);
	shell(&s, "f=$(echo crl/*); rmdir $f; mv kept $f");
	assert_int_equal(import(&s, CRL, "first.crl"), SJ_INPUT_REFUSED);
	shell(&s, "f=$(echo csca/*); rm $f; mkdir $f");
	assert_int_equal(import(&s, CRL, "second.crl"), SJ_TRUST_UNREADABLE);
	assert_int_equal(import(&s, LINK, "new.link.cer"), SJ_TRUST_UNREADABLE);
	store_free(&s);
}

static void the_status_list_tells_of_keys(void **state)
{
	struct status_rig *rig = *state;
	struct store s;

	snprintf(s.directory, sizeof(s.directory), "%s", rig->directory);
	assert_int_equal(sj_trust_create(rig->directory, &s.trust), SJ_OK);
	assert_int_equal(import(&s, KEY_CA, "keys.cer"), SJ_OK);
	assert_int_equal(status_of(s.trust, "card.status.cer", RIG_NOW), SJ_STATUS_MISSING);
	assert_int_equal(rig_import(rig, rig_list(rig, 5)), SJ_OK);
	assert_int_equal(status_of(s.trust, "card.status.cer", RIG_NOW), SJ_OK);
	assert_int_equal(status_of(s.trust, "card.elsewhere.cer", RIG_NOW), SJ_STATUS_NOT_COVERED);
	assert_int_equal(status_of(s.trust, "card.cer", RIG_NOW), SJ_STATUS_NOT_COVERED);
	assert_int_equal(status_of(s.trust, "card.status.cer", RIG_NOW + 3650 * DAY),
			 SJ_STATUS_STALE);
	assert_int_equal(rig_import(rig, rig_list(rig, 6)), SJ_OK);
	assert_int_equal(status_of(s.trust, "card.status.cer", RIG_NOW), SJ_CARD_REVOKED);
	assert_int_equal(status_of(s.trust, "card.status.cer", RIG_NOW + 3650 * DAY),
			 SJ_CARD_REVOKED);
	sj_trust_close(s.trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_ca_is_listed_as_one),
		cmocka_unit_test(what_is_no_key_ca_is_refused),
		cmocka_unit_test(one_name_is_of_one_kind_of_ca),
		cmocka_unit_test(each_certificate_for_its_purpose),
		cmocka_unit_test(a_csca_stands_above_no_key),
		cmocka_unit_test(a_key_ca_stands_above_no_document),
		cmocka_unit_test(a_forged_certificate),
		cmocka_unit_test(times),
		cmocka_unit_test(revocation),
		cmocka_unit_test(what_cannot_be_read_is_not_judged),
		STATUS_CASE(the_status_list_tells_of_keys),
	};

	return cmocka_run_group_tests(tests, pki_make, pki_remove);
}
