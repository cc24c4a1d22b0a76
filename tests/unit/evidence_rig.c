#include "tests/unit/evidence_rig.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/hostile/plan.h"

/* --- the terminal ------------------------------------------------------------------ */

static void certify(struct rig *r, enum rig_entity who, enum rig_entity by, const char *name,
		    const char *issuer, enum sj_cvc_role role)
{
	const struct sj_cvc_service service = { 6, 26, 0x01020304 };
	struct sj_writer w = SJ_WRITER_OF(r->certs[who]);
	struct sj_cvc plan = { .from = 1767225600, .until = 1767225600 + 364 * DAY };
	struct sj_ec_point point;
	uint8_t extension[100];
	struct sj_writer x = SJ_WRITER_OF(extension);

	r->keys[who] = sj_key_generate("P-256");
	assert_true(sj_cvc_key_of(r->keys[who], &point, &plan.key));
	plan.authority = sj_span((const uint8_t *)issuer, strlen(issuer));
	plan.holder = sj_span((const uint8_t *)name, strlen(name));
	plan.rights = sj_cvc_all_rights(SJ_CVC_AUTHENTICATION, role);
	if (who == RIG_TERMINAL) {
		sj_cvc_service_put(&x, &service);
		plan.extensions = sj_written(&x);
	}
	assert_true(sj_cvc_put(&w, &plan, r->keys[by]));
	r->cert_len[who] = w.len;
}

static void write_file(const struct rig *r, const char *name, const uint8_t *bytes, size_t len)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static OWN_FRAME void open_terminal(struct rig *r)
{
	uint8_t key[512];
	struct sj_writer w = SJ_WRITER_OF(key);

	certify(r, RIG_CVCA, RIG_CVCA, "UTCVCA00001", "UTCVCA00001", SJ_CVC_CVCA);
	certify(r, RIG_DV, RIG_CVCA, "UTDV00001", "UTCVCA00001", SJ_CVC_DV_DOMESTIC);
	certify(r, RIG_TERMINAL, RIG_DV, "UTHOTEL00001", "UTDV00001", SJ_CVC_TERMINAL);
	strcpy(r->dir, "/tmp/sojourn-evidence-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	assert_true(sj_key_put(r->keys[RIG_TERMINAL], &w));
	write_file(r, "terminal.key", key, w.len);
	write_file(r, "terminal.cvcert", r->certs[RIG_TERMINAL], r->cert_len[RIG_TERMINAL]);
	write_file(r, "dv.cvcert", r->certs[RIG_DV], r->cert_len[RIG_DV]);
	assert_int_equal(sj_terminal_open(r->dir, &r->terminal), SJ_OK);
}

/* --- the document --------------------------------------------------------------------- */

static void make_chip(struct rig *r)
{
	const struct sj_random random = sj_random_system();
	struct sj_writer w = SJ_WRITER_OF(r->chip_key);
	struct sj_ec_point point;

	assert_true(sj_ec_secret_random(SJ_P256, &random, &r->chip));
	assert_true(sj_ec_multiply(SJ_P256, &r->chip, NULL, &point));
	assert_true(sj_ec_spki_put(&w, SJ_P256, &point, true));
	r->chip_key_len = w.len;
}

static uint8_t *copy(struct sj_span bytes)
{
	uint8_t *out = malloc(bytes.len + 1);

	assert_non_null(out);
	memcpy(out, bytes.ptr, bytes.len);
	return out;
}

static OWN_FRAME void make_crl(struct rig *r, const struct issued *d)
{
	uint8_t spki[SJ_EC_SPKI_MAX];
	struct sj_writer w = SJ_WRITER_OF(r->crl), s = SJ_WRITER_OF(spki);
	struct sj_crl_plan plan = { .issuer = d->csca_subject,
				    .number = 1,
				    .this_update = RIG_NOW - 3 * 86400,
				    .next_update = RIG_NOW - 86400 };

	assert_true(sj_key_put_public(d->csca_key, false, &s));
	plan.issuer_spki = sj_written(&s);
	assert_true(sj_crl_put(&w, &plan, d->csca_key));
	r->crl_len = w.len;
}

static OWN_FRAME void make_document(struct rig *r)
{
	struct issued *d = calloc(1, sizeof(*d));
	struct sj_writer w;
	char command[128];

	assert_non_null(d);
	d->plan = issued_plan();
	d->plan.face = 600;
	d->plan.aa = SJ_P256;
	d->plan.ca = SJ_CURVE_NONE;
	make_chip(r);
	memcpy(d->aa_spki, r->chip_key, r->chip_key_len);
	d->aa_spki_len = r->chip_key_len;
	issued_found(d);
	issued_dg1(d);
	issued_dg2(d);
	issued_dg14(d);
	issued_dg15(d);
	issued_sod(d);
	issued_import(d);
	r->trust = d->trust;
	r->sod = copy(issued_span(d, SJ_EF_SOD));
	r->sod_len = d->len[SJ_EF_SOD];
	r->groups_len = d->len[SJ_DG14] + d->len[SJ_DG15];
	r->groups = malloc(r->groups_len);
	assert_non_null(r->groups);
	w = sj_writer(r->groups, r->groups_len);
	sj_put(&w, issued_span(d, SJ_DG14));
	sj_put(&w, issued_span(d, SJ_DG15));
	make_crl(r, d);
	for (size_t i = 0; i < FILES; i++)
		free(d->bytes[i]);
	sj_key_free(d->csca_key);
	sj_key_free(d->signer_key);
	sj_key_free(d->foreign_key);
	snprintf(command, sizeof(command), "mv %s %s/trust", d->directory, r->dir);
	assert_int_equal(system(command), 0);
	free(d);
}

/* --- the rig ------------------------------------------------------------------------------ */

int rig_open(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	bool clean;

	assert_non_null(r);
	r->store = memory_store(&r->kept);
	r->key[31] = 7;
	r->operator_key[31] = 11;
	assert_int_equal(sj_journal_public(r->key, r->public_key), SJ_OK);
	assert_int_equal(sj_journal_public(r->operator_key, r->operator_public), SJ_OK);
	assert_int_equal(sj_journal_open(&r->store, r->key, &r->journal, &clean), SJ_OK);
	sj_journal_sign_every(r->journal, 1);
	open_terminal(r);
	make_document(r);
	r->service = (struct sj_service){ .size = sizeof(r->service),
					  .id = 26,
					  .sector = 6,
					  .name = "hotel-check-in",
					  .rights = SJ_RIGHT_VALID | SJ_RIGHT_NAME |
						    SJ_RIGHT_BIRTH_DATE | SJ_RIGHT_PORTRAIT,
					  .keep = SJ_RIGHT_NAME | SJ_RIGHT_PORTRAIT,
					  .retention = 86400 };
	r->options = (struct sj_evidence_options)SJ_EVIDENCE_OPTIONS_INIT;
	r->options.operator_key = r->operator_public;
	r->options.now = RIG_NOW;
	r->believed = (struct sj_evidence_trust){ .size = sizeof(r->believed),
						  .trust = r->trust,
						  .cvca = r->certs[RIG_CVCA],
						  .cvca_len = r->cert_len[RIG_CVCA],
						  .now = RIG_NOW };
	*state = r;
	return 0;
}

int rig_close(void **state)
{
	struct rig *r = *state;
	char command[128];

	sj_evidence_report_free(r->report);
	sj_export_free(r->file, r->file_len);
	sj_answer_free(r->answer);
	sj_evidence_free(r->evidence);
	sj_terminal_close(r->terminal);
	sj_journal_close(r->journal);
	sj_trust_close(r->trust);
	for (size_t i = 0; i < RIG_ENTITIES; i++)
		sj_key_free(r->keys[i]);
	free(r->sod);
	free(r->groups);
	snprintf(command, sizeof(command), "rm -rf %s", r->dir);
	assert_int_equal(system(command), 0);
	free(r);
	return 0;
}

/* --- one verification ------------------------------------------------------------------------ */

static void begin(struct rig *r)
{
	static const uint8_t face[3000] = { 0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3 };
	struct sj_answer *a = sj_answer_new();

	assert_non_null(a);
	sj_evidence_free(r->evidence);
	sj_answer_free(r->answer);
	r->evidence = NULL;
	r->answer = a;
	a->info.asked = r->service.rights;
	a->info.granted = r->service.rights;
	a->info.enforced_by = SJ_LIMIT_TERMINAL;
	a->info.status_epoch = 42;
	a->info.time = RIG_NOW;
	a->verdict = SJ_VERDICT_COPY_NOT_EXCLUDED;
	a->reason = SJ_COPY_NOT_EXCLUDED;
	a->checks[SJ_ANSWER_SECURITY].state = SJ_CHECK_PASSED;
	assert_int_equal(sj_answer_add(a, SJ_RIGHT_NAME, "surname", SJ_SPAN_STR("ERIKSSON")),
			 SJ_OK);
	assert_int_equal(
		sj_answer_add(a, SJ_RIGHT_BIRTH_DATE, "birth-date", SJ_SPAN_STR("1974-08-12")),
		SJ_OK);
	assert_int_equal(sj_answer_set_portrait(a, SJ_SPAN_OF(face)), SJ_OK);
	assert_int_equal(sj_evidence_begin(&r->service, r->terminal, &r->evidence), SJ_OK);
}

void rig_answer(struct rig *r)
{
	struct sj_answer *a;
	uint8_t challenge[8], hash[SJ_HASH_MAX], signature[SJ_EC_SIGNATURE_MAX];
	const struct sj_span message = SJ_SPAN_OF(challenge);
	size_t len = 0;

	begin(r);
	a = r->answer;
	assert_true(sj_evidence_challenge(r->evidence, a, challenge));
	assert_true(sj_hash(SJ_SHA256, &message, 1, hash));
	assert_true(sj_ec_sign(SJ_P256, &r->chip, sj_span(hash, 32), signature, &len));
	a->proof = SJ_PROOF_SIGNED;
	assert_int_equal(sj_answer_keep(&a->challenge, message), SJ_OK);
	assert_int_equal(sj_answer_keep(&a->response, sj_span(signature, len)), SJ_OK);
	assert_int_equal(sj_answer_keep(&a->key, sj_span(r->chip_key, r->chip_key_len)), SJ_OK);
	assert_int_equal(sj_answer_keep(&a->statement, sj_span(r->sod, r->sod_len)), SJ_OK);
	assert_int_equal(sj_answer_keep(&a->groups, sj_span(r->groups, r->groups_len)), SJ_OK);
	a->verdict = SJ_VERDICT_GENUINE;
	a->reason = SJ_OK;
	a->checks[SJ_ANSWER_CHIP].state = SJ_CHECK_PASSED;
}

void rig_agreed(struct rig *r)
{
	struct sj_answer *a;

	begin(r);
	a = r->answer;
	a->info.eid = true;
	a->info.enforced_by = SJ_LIMIT_CARD;
	a->proof = SJ_PROOF_AGREED;
	assert_int_equal(sj_answer_keep(&a->challenge, SJ_SPAN_STR("PK_PCD")), SJ_OK);
	assert_int_equal(sj_answer_keep(&a->response, SJ_SPAN_STR("nonce and token")), SJ_OK);
	assert_int_equal(sj_answer_keep(&a->key, sj_span(r->chip_key, r->chip_key_len)), SJ_OK);
	a->verdict = SJ_VERDICT_GENUINE;
	a->reason = SJ_OK;
}

uint64_t rig_add(struct rig *r)
{
	uint64_t number = 0;

	assert_int_equal(sj_evidence_add(r->evidence, r->journal, r->answer, &r->options, &number),
			 SJ_OK);
	return number;
}

uint64_t rig_verify(struct rig *r)
{
	rig_answer(r);
	return rig_add(r);
}

struct sj_journal_record rig_read(struct rig *r, uint64_t number)
{
	struct sj_journal_record record = SJ_JOURNAL_RECORD_INIT;

	assert_int_equal(sj_journal_read(&r->store, number - 1, &record), SJ_OK);
	assert_int_equal(record.number, number);
	return record;
}

enum sj_rc rig_export(struct rig *r, uint64_t number, bool with_key, bool data)
{
	struct sj_export_options options = SJ_EXPORT_OPTIONS_INIT;

	sj_export_free(r->file, r->file_len);
	r->file = NULL;
	options.operator_key = with_key ? r->operator_key : NULL;
	options.data = data;
	return sj_evidence_export(&r->store, r->public_key, number, &options, &r->file,
				  &r->file_len, &r->why);
}

enum sj_rc rig_prove(struct rig *r)
{
	sj_evidence_report_free(r->report);
	r->report = NULL;
	return sj_evidence_verify(r->file, r->file_len, &r->believed, &r->report);
}

struct sj_check rig_step(const struct rig *r, enum sj_evidence_step step)
{
	struct sj_check check = { .size = sizeof(check) };

	assert_true(sj_evidence_report_step(r->report, step, &check));
	return check;
}
