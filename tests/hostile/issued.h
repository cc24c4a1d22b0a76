/*
 * issued.h -- a whole document in this process: an authority, a personalised
 * card, a trust store, and a reader between which anything can be changed.
 */
#ifndef TESTS_HOSTILE_ISSUED_H
#define TESTS_HOSTILE_ISSUED_H

#include "tests/hostile/plan.h"

/* --- the card -------------------------------------------------------------------- */

static OWN_FRAME void issued_access(struct issued *d)
{
	uint8_t value[128], information[SJ_MRZ_INFORMATION_MAX];
	struct sj_writer w = SJ_WRITER_OF(value), i = SJ_WRITER_OF(information);
	bool pace = d->plan.pace && !d->plan.no_card_access;
	uint8_t flags = (uint8_t)(d->plan.bac | pace << 1);
	uint8_t suite[3] = { d->plan.suite.mapping == SJ_PACE_CAM, (uint8_t)d->plan.suite.cipher,
			     (uint8_t)d->plan.suite.curve };

	const char *lines = d->plan.other_lines ? OTHER_LINES : d->mrz;

	assert_int_equal(sj_mrz_access(lines, strlen(lines), &i), SJ_MRZ_OK);
	sj_tlv_put(&w, 0x80, sj_span(&flags, 1));
	sj_tlv_put(&w, 0x81, SJ_SPAN_STR(HOLDER_CAN));
	sj_tlv_put(&w, 0x82, sj_written(&i));
	if (d->plan.weaker_card_access)
		suite[1] = SJ_CIPHER_3DES;
	if (pace)
		sj_tlv_put(&w, 0x83, SJ_SPAN_OF(suite));
	assert_int_equal(bench_dgi(d->bench, 0x0001, sj_written(&w)), SJ_SW_OK);
}

static inline void issued_key(struct issued *d, uint16_t dgi, struct sj_span value, uint8_t *spki,
			      size_t cap, size_t *len)
{
	assert_int_equal(bench_dgi(d->bench, dgi, value), SJ_SW_OK);
	assert_true(d->bench->data.len <= cap);
	memcpy(spki, d->bench->data.ptr, d->bench->data.len);
	*len = d->bench->data.len;
}

static OWN_FRAME void issued_keys(struct issued *d)
{
	uint8_t ca[3] = { (uint8_t)d->plan.ca, (uint8_t)(1u << d->plan.ca_cipher), 0 };
	uint8_t aa[2] = { (uint8_t)d->plan.aa, SJ_SHA256 }, cam = (uint8_t)d->plan.suite.curve;
	uint8_t rsa[3] = { (uint8_t)(d->plan.aa_bits >> 8), (uint8_t)d->plan.aa_bits, SJ_SHA256 };

	if (d->plan.ca != SJ_CURVE_NONE)
		issued_key(d, 0x0011, SJ_SPAN_OF(ca), d->ca_spki, sizeof(d->ca_spki),
			   &d->ca_spki_len);
	if (d->plan.aa != SJ_CURVE_NONE)
		issued_key(d, 0x0012, SJ_SPAN_OF(aa), d->aa_spki, sizeof(d->aa_spki),
			   &d->aa_spki_len);
	else if (d->plan.aa_bits != 0)
		issued_key(d, 0x0014, SJ_SPAN_OF(rsa), d->aa_spki, sizeof(d->aa_spki),
			   &d->aa_spki_len);
	if (d->plan.pace && d->plan.suite.mapping == SJ_PACE_CAM)
		issued_key(d, 0x0015, sj_span(&cam, 1), d->cam_spki, sizeof(d->cam_spki),
			   &d->cam_spki_len);
}

/* A file in pieces that fit an extended command. */
static inline void issued_put_file(struct issued *d, const struct sj_lds_entry *entry,
				   struct sj_span rest)
{
	uint8_t *value = malloc(40007);
	uint32_t at = 0;

	assert_non_null(value);
	while (rest.len > 0) {
		struct sj_writer w = sj_writer(value, 40007);
		struct sj_span piece;

		assert_true(sj_take(&rest, rest.len < 40000 ? rest.len : 40000, &piece));
		sj_put_be(&w, 2, entry->in_mf ? 0x3F00 : 0x0101);
		sj_put_be(&w, 2, entry->file_id);
		sj_put_be(&w, 3, at);
		sj_put(&w, piece);
		assert_int_equal(bench_dgi(d->bench, 0x0002, sj_written(&w)), SJ_SW_OK);
		at += (uint32_t)piece.len;
	}
	free(value);
}

static inline void issued_write(struct issued *d)
{
	for (unsigned f = 1; f < FILES; f++)
		if (d->len[f] > 0 && !(f == SJ_EF_CARD_ACCESS && d->plan.no_card_access))
			issued_put_file(d, sj_lds_entry((enum sj_lds_file)f), issued_span(d, f));
}

/* What no card of ours does by itself: loses groups after it was issued. */
static inline void issued_withhold(struct issued *d)
{
	for (unsigned dg = 1; dg <= SJ_DG_COUNT; dg++)
		if (d->plan.withheld & (1u << dg))
			assert_true(card_store_delete(d->bench->store,
						      CARD_OBJECT_EMRTD + 0x20100u + dg));
	assert_int_equal(card_store_commit(d->bench->store), CARD_STORE_OK);
}

/* --- the reader -------------------------------------------------------------------- */

static inline size_t issued_power_on(void *self, uint8_t atr[static 33])
{
	struct issued *d = self;

	return card_direct_power_on(d->bench->card, atr);
}

static inline void issued_power_off(void *self)
{
	card_direct_power_off(((struct issued *)self)->bench->card);
}

static inline size_t issued_transmit(void *self, struct sj_span command, uint8_t *response)
{
	struct issued *d = self;
	size_t n = card_direct_transmit(d->bench->card, command, response);

	return d->meddle ? d->meddle(d, command, response, n) : n;
}

static inline void issued_connect(struct issued *d)
{
	static const struct sj_direct_ops ops = { issued_power_on, issued_power_off,
						  issued_transmit };
	struct sj_transport *t = sj_transport_direct(&ops, d);

	assert_non_null(t);
	assert_int_equal(sj_context_new(&d->ctx), SJ_OK);
	assert_int_equal(sj_card_over(d->ctx, t, "direct", sj_deadline_after(0), &d->card), SJ_OK);
}

/* --- all of it ---------------------------------------------------------------------- */

static OWN_FRAME struct issued *issued_new(const struct plan *plan)
{
	struct issued *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	d->plan = *plan;
	issued_found(d);
	d->bench = bench_new();
	bench_install(d->bench);
	issued_dg1(d);
	issued_access(d);
	issued_keys(d);
	issued_dg2(d);
	if (plan->details) {
		issued_dg11(d);
		issued_dg12(d);
	}
	if (plan->persons)
		issued_dg16(d);
	if (plan->dg13.len > 0)
		issued_file(d, SJ_DG13, plan->dg13);
	issued_dg14(d);
	issued_dg15(d);
	issued_sod(d);
	issued_com(d);
	issued_mf(d);
	if (plan->other_keys)
		issued_keys(d);
	if (plan->altered)
		d->bytes[plan->altered][plan->altered_at] ^= 1;
	issued_write(d);
	bench_lock(d->bench);
	issued_withhold(d);
	issued_import(d);
	issued_connect(d);
	return d;
}

static inline void issued_free(struct issued *d)
{
	char command[80];

	sj_report_free(d->report);
	sj_card_close(d->card);
	sj_context_free(d->ctx);
	sj_trust_close(d->trust);
	snprintf(command, sizeof(command), "rm -rf %s", d->directory);
	assert_int_equal(system(command), 0);
	for (size_t f = 0; f < FILES; f++)
		free(d->bytes[f]);
	sj_key_free(d->csca_key);
	sj_key_free(d->signer_key);
	sj_key_free(d->foreign_key);
	bench_free(d->bench);
	free(d);
}

/* Verifies with the CAN, or with the MRZ where the plan has no PACE. */
static inline enum sj_rc issued_verify(struct issued *d, const struct sj_verify_options *options)
{
	struct sj_verify_options standard = SJ_VERIFY_OPTIONS_INIT;
	struct sj_access *access;
	enum sj_rc rc;

	standard.now = NOW;
	if (d->plan.pace)
		assert_int_equal(sj_access_can(HOLDER_CAN, 6, &access), SJ_OK);
	else
		assert_int_equal(sj_access_mrz(d->mrz, strlen(d->mrz), &access), SJ_OK);
	sj_report_free(d->report);
	d->report = NULL;
	rc = sj_document_verify(d->card, d->trust, access, options ? options : &standard,
				&d->report);
	sj_access_free(access);
	return rc;
}

static inline struct sj_check issued_check(const struct issued *d, enum sj_check_id id)
{
	struct sj_check check = { .size = sizeof(check) };

	assert_true(sj_report_check(d->report, id, &check));
	return check;
}

/* One verification that must end so. */
static inline void assert_verdict(struct issued *d, enum sj_verdict verdict, enum sj_rc reason)
{
	assert_int_equal(issued_verify(d, NULL), SJ_OK);
	if (sj_report_verdict(d->report) != verdict || sj_report_reason(d->report) != reason)
		for (int i = 0; i < SJ_CHECK_COUNT; i++)
			print_message("# %s: %s\n", sj_check_name((enum sj_check_id)i),
				      issued_check(d, (enum sj_check_id)i).detail);
	assert_int_equal(sj_report_verdict(d->report), verdict);
	assert_int_equal(sj_report_reason(d->report), reason);
}

#endif
