/* test_eid_terminal.c -- a terminal's request, and the folder that its certificate makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sojourn/service.h>

#include "eid/terminal.h"
#include "secure/gate.h"

#define DAY INT64_C(86400)
#define FROM (INT64_C(1767225600) + 300 * DAY)

/* A document verifier, and one terminal of it with its folder. */
struct desk {
	char folder[40];
	struct sj_key *dv;
	struct sj_ec_point dv_point;
	uint8_t dv_cert[SJ_CVC_MAX], sector[600];
	size_t dv_len, sector_len;
	uint8_t key[SJ_TERMINAL_KEY_MAX], request[SJ_TERMINAL_REQUEST_MAX];
	size_t key_len, request_len;
};

static struct sj_span text(const char *s)
{
	return sj_span((const uint8_t *)s, strlen(s));
}

static void put_file(const struct desk *d, const char *name, const uint8_t *bytes, size_t len)
{
	char path[80];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", d->folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* The DV's own certificate; its CVCA is of no interest here. */
static void make_dv(struct desk *d)
{
	struct sj_writer w = SJ_WRITER_OF(d->dv_cert);
	struct sj_cvc plan = { .authority = text("UTCVCA00001"),
			       .holder = text("UTDV00001"),
			       .rights =
				       sj_cvc_all_rights(SJ_CVC_AUTHENTICATION, SJ_CVC_DV_DOMESTIC),
			       .from = FROM,
			       .until = FROM + 90 * DAY };

	d->dv = sj_key_generate("P-256");
	assert_true(sj_cvc_key_of(d->dv, &d->dv_point, &plan.key));
	assert_true(sj_cvc_put(&w, &plan, d->dv));
	d->dv_len = w.len;
}

static void make_sector(struct desk *d)
{
	struct sj_writer w = SJ_WRITER_OF(d->sector);

	sj_ri_key_put(&w, SJ_P256, &d->dv_point); /* any point of the curve will do */
	assert_false(w.failed);
	d->sector_len = w.len;
}

static void ask(struct desk *d, const char *holder, const struct sj_terminal *previous)
{
	d->key_len = sizeof(d->key);
	d->request_len = sizeof(d->request);
	assert_int_equal(sj_terminal_request(holder, "P-256", previous, d->key, &d->key_len,
					     d->request, &d->request_len),
			 SJ_OK);
}

/* What the authority makes of the request, into the folder, beside the key. */
static void answer(struct desk *d)
{
	const struct sj_cvc_service service = { SJ_SECTOR_ACCOMMODATION, 26, 0x4711 };
	const struct sj_span sector = sj_span(d->sector, d->sector_len);
	uint8_t bytes[SJ_CVC_MAX], extra[200], hash[SJ_HASH_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes), x = SJ_WRITER_OF(extra);
	struct sj_cvc_request r;
	struct sj_cvc plan;

	assert_true(sj_cvc_request_read(sj_span(d->request, d->request_len), &r));
	assert_true(sj_hash(SJ_SHA256, &sector, 1, hash));
	sj_cvc_service_put(&x, &service);
	sj_cvc_sectors_put(&x, sj_span(hash, 32), sj_span(NULL, 0));
	plan = (struct sj_cvc){ .authority = text("UTDV00001"),
				.holder = r.cvc.holder,
				.key = r.cvc.key,
				.rights = sj_rights_ask(SJ_RIGHT_VALID | SJ_RIGHT_NAME |
							SJ_RIGHT_PSEUDONYM),
				.from = FROM + DAY,
				.until = FROM + 7 * DAY,
				.extensions = sj_written(&x) };
	assert_true(sj_cvc_put(&w, &plan, d->dv));
	put_file(d, "terminal.key", d->key, d->key_len);
	put_file(d, "terminal.cvcert", bytes, w.len);
}

static int make(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	strcpy(d->folder, "/tmp/sojourn-desk-XXXXXX");
	assert_non_null(mkdtemp(d->folder));
	make_dv(d);
	make_sector(d);
	ask(d, "UTHOTEL00001", NULL);
	answer(d);
	put_file(d, "dv.cvcert", d->dv_cert, d->dv_len);
	put_file(d, "sector.cvkey", d->sector, d->sector_len);
	*state = d;
	return 0;
}

static int drop(void **state)
{
	struct desk *d = *state;
	char command[60];

	snprintf(command, sizeof(command), "rm -r %s", d->folder);
	assert_int_equal(system(command), 0);
	sj_key_free(d->dv);
	free(d);
	return 0;
}

static enum sj_rc open_rc(const struct desk *d)
{
	struct sj_terminal *terminal = NULL;
	enum sj_rc rc = sj_terminal_open(d->folder, &terminal);

	sj_terminal_close(terminal);
	return rc;
}

/* --- the request ---------------------------------------------------------------------- */

static void a_request_proves_that_its_maker_has_the_key(void **state)
{
	struct desk *d = *state;
	struct sj_cvc_request r;

	assert_true(sj_cvc_request_read(sj_span(d->request, d->request_len), &r));
	assert_true(sj_span_eq(r.cvc.holder, text("UTHOTEL00001")));
	assert_true(sj_cvc_verify(&r.cvc, &r.cvc.key));
	assert_int_equal(r.outer_authority.len, 0);
}

static void the_key_in_use_vouches_for_the_next(void **state)
{
	struct desk *d = *state;
	struct sj_terminal *terminal = NULL;
	struct sj_cvc_key key;
	struct sj_cvc_request r;

	assert_int_equal(sj_terminal_open(d->folder, &terminal), SJ_OK);
	key = terminal->own.cvc.key;
	key.curve = SJ_P256;
	ask(d, "UTHOTEL00002", terminal);
	assert_true(sj_cvc_request_read(sj_span(d->request, d->request_len), &r));
	assert_true(sj_span_eq(r.outer_authority, text("UTHOTEL00001")));
	assert_true(sj_cvc_verify_outer(&r, &key));
	sj_terminal_close(terminal);
}

static void no_request_for_a_name_or_curve_that_is_none(void **state)
{
	uint8_t key[SJ_TERMINAL_KEY_MAX], request[SJ_TERMINAL_REQUEST_MAX];
	size_t k = sizeof(key), r = sizeof(request), little = 20;

	(void)state;
	assert_int_equal(sj_terminal_request("hotel", "P-256", NULL, key, &k, request, &r),
			 SJ_USAGE);
	assert_int_equal(sj_terminal_request("UTHOTEL00001", "P-7", NULL, key, &k, request, &r),
			 SJ_USAGE);
	assert_int_equal(
		sj_terminal_request("UTHOTEL00001", "P-256", NULL, key, &k, request, &little),
		SJ_USAGE);
}

/* --- the folder ------------------------------------------------------------------------- */

static void a_folder_says_who_it_is(void **state)
{
	struct desk *d = *state;
	struct sj_terminal_info info = { .size = sizeof(info) };
	struct sj_terminal *terminal = NULL;

	assert_int_equal(sj_terminal_open(d->folder, &terminal), SJ_OK);
	assert_true(sj_terminal_get_info(terminal, &info));
	assert_string_equal(info.holder, "UTHOTEL00001");
	assert_string_equal(info.issuer, "UTDV00001");
	assert_false(info.inspection);
	assert_int_equal(info.sector, SJ_SECTOR_ACCOMMODATION);
	assert_int_equal(info.service, 26);
	assert_int_equal(info.operator_id, 0x4711);
	assert_int_equal(info.rights, SJ_RIGHT_VALID | SJ_RIGHT_NAME | SJ_RIGHT_PSEUDONYM);
	assert_int_equal(info.not_before, FROM + DAY);
	assert_int_equal(info.expires, FROM + 8 * DAY);
	assert_true(info.pseudonyms);
	sj_terminal_close(terminal);
}

static void it_signs_with_its_key(void **state)
{
	struct desk *d = *state;
	const struct sj_span message = text("what was read");
	struct sj_terminal *terminal = NULL;
	struct sj_cvc_key key;
	uint8_t signature[132];
	size_t len = sizeof(signature), little = 63;

	assert_int_equal(sj_terminal_open(d->folder, &terminal), SJ_OK);
	key = terminal->own.cvc.key;
	key.curve = SJ_P256;
	assert_int_equal(sj_terminal_sign(terminal, message.ptr, message.len, signature, &len),
			 SJ_OK);
	assert_true(sj_cvc_key_verify(&key, &message, 1, sj_span(signature, len)));
	assert_int_equal(sj_terminal_sign(terminal, message.ptr, message.len, signature, &little),
			 SJ_USAGE);
	sj_terminal_close(terminal);
}

/* Each in its turn: missing, and cut by its last byte. */
static void a_part_that_is_missing_or_cut_is_noticed(void **state)
{
	static const char *const parts[] = { "terminal.key", "terminal.cvcert", "dv.cvcert" };
	struct desk *d = *state;
	char path[80], kept[84];

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", d->folder, parts[i]);
		snprintf(kept, sizeof(kept), "%s.k", path);
		assert_int_equal(rename(path, kept), 0);
		assert_int_equal(open_rc(d), SJ_TERMINAL_FILES);
		assert_int_equal(rename(kept, path), 0);
	}
	put_file(d, "dv.cvcert", d->dv_cert, d->dv_len - 1);
	assert_int_equal(open_rc(d), SJ_TERMINAL_FILES);
	put_file(d, "dv.cvcert", d->dv_cert, d->dv_len);
	put_file(d, "sector.cvkey", d->sector, d->sector_len - 1);
	assert_int_equal(open_rc(d), SJ_TERMINAL_FILES);
	put_file(d, "sector.cvkey", d->sector, d->sector_len);
	assert_int_equal(open_rc(d), SJ_OK);
}

static void the_key_of_another_certificate_is_noticed(void **state)
{
	struct desk *d = *state;

	ask(d, "UTHOTEL00002", NULL);
	put_file(d, "terminal.key", d->key, d->key_len);
	assert_int_equal(open_rc(d), SJ_TERMINAL_FILES);
}

static void a_certificate_of_another_verifier_is_noticed(void **state)
{
	struct desk *d = *state;

	sj_key_free(d->dv);
	make_dv(d);
	put_file(d, "dv.cvcert", d->dv_cert, d->dv_len);
	assert_int_equal(open_rc(d), SJ_TERMINAL_FILES);
}

#define DESK(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK(a_request_proves_that_its_maker_has_the_key),
		DESK(the_key_in_use_vouches_for_the_next),
		cmocka_unit_test(no_request_for_a_name_or_curve_that_is_none),
		DESK(a_folder_says_who_it_is),
		DESK(it_signs_with_its_key),
		DESK(a_part_that_is_missing_or_cut_is_noticed),
		DESK(the_key_of_another_certificate_is_noticed),
		DESK(a_certificate_of_another_verifier_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
