/*
 * issued.h -- a whole document in this process: an authority, a personalised
 * card, a trust store, and a reader between which anything can be changed.
 */
#ifndef TESTS_HOSTILE_ISSUED_H
#define TESTS_HOSTILE_ISSUED_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sojourn/document.h>

#include "authority/cert.h"
#include "authority/signed.h"
#include "link/direct.h"
#include "reader/card.h"
#include "secure/aa.h"
#include "secure/ca.h"
#include "tests/card/emrtd_reader.h"
#include "wire/lds.h"
#include "wire/mrz.h"
#include "wire/secinfo.h"
#include "wire/std/icao9303.h"

#define NOW INT64_C(1790000000) /* 2026-09-21, a day like others */
#define DAY INT64_C(86400)
#define FACE_SIZE 20000u
#define HOLDER_CAN "271828"
#define OTHER_LINES "L898902C<369080619406236" /* of Doc 9303-11, D.2 */
/* The compiler may not put its buffers into the caller's frame. */
#define OWN_FRAME __attribute__((noinline, unused))
#define FILES ((size_t)SJ_EF_ATR_INFO + 1)

/* How a document is made; start from issued_plan(). */
struct plan {
	bool bac, pace;
	struct sj_pace_suite suite;
	enum sj_curve ca; /* SJ_CURVE_NONE: no Chip Authentication */
	enum sj_cipher ca_cipher;
	enum sj_curve aa; /* SJ_CURVE_NONE: none, or RSA */
	unsigned aa_bits;
	const char *csca_kind, *signer_kind;
	bool explicit_curves;
	unsigned sod_version;
	const char *expiry; /* YYMMDD */
	size_t face; /* bytes of the portrait */
	bool details; /* DG11 and DG12 */
	bool no_trust; /* the CSCA is not imported */
	bool other_keys; /* the card has not the keys of its DG14 and DG15: a copy */
	bool extended; /* EF.ATR/INFO announces extended length */
	uint32_t com_without; /* groups that EF.COM leaves out */
	uint32_t withheld; /* groups that the card does not have */
	enum sj_lds_file altered; /* a byte of this file changed after signing; 0: none */
	size_t altered_at;
	int64_t signed_at; /* 0: NOW - 5 days */
	int64_t signer_until; /* not after; 0: in ten years */
	bool no_card_access;
	bool other_lines; /* the chip opens with OTHER_LINES */
	bool weaker_card_access; /* offers a suite that is not signed, instead */
};

static inline struct plan issued_plan(void)
{
	return (struct plan){ .pace = true,
			      .suite = { SJ_PACE_GM, SJ_CIPHER_AES128, SJ_P256 },
			      .ca = SJ_P256,
			      .ca_cipher = SJ_CIPHER_AES128,
			      .csca_kind = "P-256",
			      .signer_kind = "P-256",
			      .expiry = "310920",
			      .face = FACE_SIZE,
			      .extended = true };
}

struct issued {
	struct plan plan;
	struct bench *bench;
	struct sj_context *ctx;
	struct sj_card *card;
	struct sj_trust *trust;
	char directory[40];
	struct sj_key *csca_key, *signer_key;
	uint8_t csca[4096], signer[4096], name[256], signer_name[256];
	struct sj_span csca_der, signer_der, csca_subject, signer_subject;
	uint8_t ca_spki[SJ_EC_SPKI_MAX], aa_spki[SJ_RSA_SPKI_MAX], cam_spki[SJ_EC_SPKI_MAX];
	size_t ca_spki_len, aa_spki_len, cam_spki_len;
	uint8_t *bytes[FILES];
	size_t len[FILES];
	char mrz[SJ_MRZ_SIZE_MAX + 1];
	/* Changes a raw response (of n bytes in a buffer for SJ_APDU_RESPONSE_MAX); NULL: nothing. */
	size_t (*meddle)(struct issued *d, struct sj_span command, uint8_t *response, size_t n);
	unsigned seen, spoiled; /* for meddle() */
	struct sj_report *report;
};

static inline void issued_file(struct issued *d, enum sj_lds_file file, struct sj_span content)
{
	d->bytes[file] = malloc(content.len + 1);
	assert_non_null(d->bytes[file]);
	memcpy(d->bytes[file], content.ptr, content.len);
	d->len[file] = content.len;
}

static inline struct sj_span issued_span(const struct issued *d, unsigned file)
{
	return sj_span(d->bytes[file], d->len[file]);
}

/* --- the authority ---------------------------------------------------------- */

static inline struct sj_span issued_name(uint8_t *buffer, const char *common_name)
{
	struct sj_writer w = sj_writer(buffer, 256);

	assert_true(sj_name_put(&w, "UT", "Registry", common_name));
	return sj_written(&w);
}

static OWN_FRAME struct sj_span issued_cert(struct issued *d, bool csca, uint8_t *buffer)
{
	static const char *const types[] = { "P", NULL };
	static const uint8_t serials[2][2] = { { 0x40, 1 }, { 0x40, 2 } };
	uint8_t issuer_spki[SJ_EC_SPKI_MAX], spki[SJ_EC_SPKI_MAX];
	struct sj_writer i = SJ_WRITER_OF(issuer_spki), s = SJ_WRITER_OF(spki);
	struct sj_writer w = sj_writer(buffer, 4096);
	bool explicit_form = d->plan.explicit_curves;
	int64_t until = d->plan.signer_until ? d->plan.signer_until : NOW + 3650 * DAY;
	struct sj_cert_plan plan = { .kind = csca ? SJ_CERT_CSCA : SJ_CERT_SIGNER,
				     .serial = SJ_SPAN_OF(serials[csca]),
				     .issuer = d->csca_subject,
				     .subject = csca ? d->csca_subject : d->signer_subject,
				     .not_before = NOW - 30 * DAY,
				     .not_after = csca ? NOW + 5000 * DAY : until,
				     .private_until = NOW + 90 * DAY,
				     .country = "UTO",
				     .document_types = types };

	assert_true(sj_key_put_public(d->csca_key, explicit_form, &i));
	assert_true(sj_key_put_public(csca ? d->csca_key : d->signer_key, explicit_form, &s));
	plan.issuer_spki = sj_written(&i);
	plan.subject_spki = sj_written(&s);
	if (plan.private_until > plan.not_after)
		plan.private_until = plan.not_after;
	assert_true(sj_cert_put(&w, &plan, d->csca_key));
	return sj_written(&w);
}

static OWN_FRAME void issued_found(struct issued *d)
{
	d->csca_key = sj_key_generate(d->plan.csca_kind);
	d->signer_key = sj_key_generate(d->plan.signer_kind);
	assert_non_null(d->csca_key);
	assert_non_null(d->signer_key);
	d->csca_subject = issued_name(d->name, "CSCA Utopia");
	d->signer_subject = issued_name(d->signer_name, "Signer 7");
	d->csca_der = issued_cert(d, true, d->csca);
	d->signer_der = issued_cert(d, false, d->signer);
}

static OWN_FRAME void issued_import(struct issued *d)
{
	struct sj_trust_counts counts = { .size = sizeof(counts) };

	strcpy(d->directory, "/tmp/sojourn-issued-XXXXXX");
	assert_non_null(mkdtemp(d->directory));
	assert_int_equal(sj_trust_create(d->directory, &d->trust), SJ_OK);
	if (!d->plan.no_trust)
		assert_int_equal(
			sj_trust_import_csca(d->trust, d->csca_der.ptr, d->csca_der.len, &counts),
			SJ_OK);
}

/* --- the files ----------------------------------------------------------------- */

static OWN_FRAME void issued_dg1(struct issued *d)
{
	uint8_t file[128], zone[SJ_MRZ_SIZE_MAX];
	struct sj_writer w = SJ_WRITER_OF(file), z = SJ_WRITER_OF(zone);
	struct sj_mrz mrz = { .format = SJ_MRZ_TD3,
			      .document_code = "P",
			      .issuing_state = "UTO",
			      .document_number = "L898902C3",
			      .surname = "ERIKSSON",
			      .given_names = "ANNA MARIA",
			      .nationality = "UTO",
			      .birth_date = "740812",
			      .sex = 'F' };

	strcpy(mrz.expiry_date, d->plan.expiry);
	sj_mrz_put(&z, &mrz);
	assert_false(z.failed);
	memcpy(d->mrz, zone, z.len);
	sj_dg1_put(&w, sj_written(&z));
	assert_false(w.failed);
	issued_file(d, SJ_DG1, sj_written(&w));
}

static inline void issued_dg2(struct issued *d)
{
	size_t cap = d->plan.face + 200;
	uint8_t *image = malloc(d->plan.face), *file = malloc(cap);
	struct sj_writer w = sj_writer(file, cap);
	struct sj_face face = { .type = SJ_IMAGE_JPEG, .width = 413, .height = 531 };

	assert_non_null(image);
	assert_non_null(file);
	memset(image, 0x5A, d->plan.face);
	memcpy(image, "\xFF\xD8\xFF\xE0", 4);
	face.image = sj_span(image, d->plan.face);
	sj_dg2_put(&w, &face);
	assert_false(w.failed);
	issued_file(d, SJ_DG2, sj_written(&w));
	free(image);
	free(file);
}

static OWN_FRAME void issued_dg11(struct issued *d)
{
	uint8_t file[256];
	struct sj_writer w = SJ_WRITER_OF(file);
	struct sj_dg11 *dg11 = calloc(1, sizeof(*dg11));

	assert_non_null(dg11);
	dg11->full_name = SJ_SPAN_STR("Eriksson<<Anna<Maria");
	dg11->birth_date = SJ_SPAN_STR("19740812");
	dg11->place_of_birth = SJ_SPAN_STR("Zenith<UTO");
	dg11->personal_number = SJ_SPAN_STR("ZE184226B");
	sj_dg11_put(&w, dg11);
	assert_false(w.failed);
	issued_file(d, SJ_DG11, sj_written(&w));
	free(dg11);
}

static OWN_FRAME void issued_dg12(struct issued *d)
{
	uint8_t file[256];
	struct sj_writer w = SJ_WRITER_OF(file);
	struct sj_dg12 *dg12 = calloc(1, sizeof(*dg12));

	assert_non_null(dg12);
	dg12->issuing_authority = SJ_SPAN_STR("Registry of Utopia");
	dg12->issue_date = SJ_SPAN_STR("20260901");
	sj_dg12_put(&w, dg12);
	assert_false(w.failed);
	issued_file(d, SJ_DG12, sj_written(&w));
	free(dg12);
}

static inline void issued_put_pace(struct sj_writer *w, struct sj_pace_suite suite)
{
	struct sj_pace_info info = { .oid = sj_pace_oid(suite.mapping, suite.cipher),
				     .version = 2,
				     .parameter_id = { true, suite.curve } };

	sj_secinfo_put_pace(w, &info);
}

static inline void issued_put_ca(struct sj_writer *w, const struct issued *d)
{
	struct sj_ca_info info = { .oid = sj_ca_oid(d->plan.ca_cipher), .version = 1 };
	struct sj_ca_key_info key = { .oid = sj_ca_public_key_oid(),
				      .spki = sj_span(d->ca_spki, d->ca_spki_len) };

	sj_secinfo_put_ca(w, &info);
	sj_secinfo_put_ca_key(w, &key);
}

static inline void issued_put_aa(struct sj_writer *w)
{
	struct sj_aa_info info = { .version = 1, .signature_oid = sj_aa_ecdsa_oid(SJ_SHA256) };

	sj_secinfo_put_aa(w, &info);
}

/* A SecurityInfos around items, as a file; tag 0: bare. */
static OWN_FRAME void issued_infos(struct issued *d, enum sj_lds_file file, uint32_t tag,
				   const struct sj_writer *items)
{
	uint8_t set[720], whole[740];
	struct sj_writer s = SJ_WRITER_OF(set), w = SJ_WRITER_OF(whole);

	sj_secinfos_put(&s, sj_written(items));
	assert_false(s.failed);
	if (tag == 0)
		sj_put(&w, sj_written(&s));
	else
		sj_tlv_put(&w, tag, sj_written(&s));
	assert_false(w.failed);
	issued_file(d, file, sj_written(&w));
}

static OWN_FRAME void issued_dg14(struct issued *d)
{
	uint8_t items[700];
	struct sj_writer w = SJ_WRITER_OF(items);

	if (d->plan.pace)
		issued_put_pace(&w, d->plan.suite);
	if (d->plan.ca != SJ_CURVE_NONE)
		issued_put_ca(&w, d);
	if (d->plan.aa != SJ_CURVE_NONE)
		issued_put_aa(&w);
	if (w.len > 0)
		issued_infos(d, SJ_DG14, SJ_TAG_DG14, &w);
}

static OWN_FRAME void issued_dg15(struct issued *d)
{
	uint8_t file[SJ_RSA_SPKI_MAX + 8];
	struct sj_writer w = SJ_WRITER_OF(file);

	if (d->aa_spki_len == 0)
		return;
	sj_tlv_put(&w, SJ_TAG_DG15, sj_span(d->aa_spki, d->aa_spki_len));
	issued_file(d, SJ_DG15, sj_written(&w));
}

static inline struct sj_signed_by issued_signer(const struct issued *d)
{
	int64_t when = d->plan.signed_at ? d->plan.signed_at : NOW - 5 * DAY;

	return (struct sj_signed_by){ d->signer_key, d->signer_der, when };
}

static OWN_FRAME void issued_sod(struct issued *d)
{
	uint8_t *file = malloc(SJ_SOD_MAX);
	struct sj_writer w = sj_writer(file, SJ_SOD_MAX);
	struct sj_sod_plan plan = { .version = d->plan.sod_version };
	struct sj_signed_by signer = issued_signer(d);

	assert_non_null(file);
	for (unsigned dg = 1; dg <= SJ_DG_COUNT; dg++)
		plan.groups[dg] = issued_span(d, dg);
	assert_true(sj_signed_put_sod(&w, &plan, &signer));
	issued_file(d, SJ_EF_SOD, sj_written(&w));
	free(file);
}

static OWN_FRAME void issued_com(struct issued *d)
{
	uint8_t file[64];
	struct sj_writer w = SJ_WRITER_OF(file);
	struct sj_com com = { .version = { "0107", "040000" } };

	for (unsigned dg = 1; dg <= SJ_DG_COUNT; dg++)
		if (d->len[dg] > 0 && !(d->plan.com_without & (1u << dg)))
			com.groups |= 1u << dg;
	sj_com_put(&w, &com);
	assert_false(w.failed);
	issued_file(d, SJ_EF_COM, sj_written(&w));
}

static OWN_FRAME void issued_card_security(struct issued *d)
{
	uint8_t items[700], set[720], *file = malloc(SJ_SOD_MAX);
	struct sj_writer i = SJ_WRITER_OF(items), s = SJ_WRITER_OF(set);
	struct sj_writer w = sj_writer(file, SJ_SOD_MAX);
	struct sj_ca_key_info key = { .oid = sj_ca_public_key_oid(),
				      .spki = sj_span(d->cam_spki, d->cam_spki_len),
				      .key_id = { true, d->plan.suite.curve } };
	struct sj_signed_by signer = issued_signer(d);

	assert_non_null(file);
	issued_put_pace(&i, d->plan.suite);
	sj_secinfo_put_ca_key(&i, &key);
	sj_secinfos_put(&s, sj_written(&i));
	assert_true(sj_signed_put_card_security(&w, sj_written(&s), &signer));
	issued_file(d, SJ_EF_CARD_SECURITY, sj_written(&w));
	free(file);
}

static OWN_FRAME void issued_mf(struct issued *d)
{
	uint8_t items[256], info_file[64];
	struct sj_writer w = SJ_WRITER_OF(items), i = SJ_WRITER_OF(info_file);
	struct sj_atr_info info = { .has_capabilities = true,
				    .capabilities = { 0, 0, 0xE0 },
				    .max_command = 65535,
				    .max_response = 65536 };
	struct sj_pace_suite weak = { SJ_PACE_GM, SJ_CIPHER_3DES, SJ_P256 };

	if (d->plan.extended) {
		sj_atr_info_put(&i, &info);
		assert_false(i.failed);
		issued_file(d, SJ_EF_ATR_INFO, sj_written(&i));
	}
	if (!d->plan.pace)
		return;
	issued_put_pace(&w, d->plan.weaker_card_access ? weak : d->plan.suite);
	issued_infos(d, SJ_EF_CARD_ACCESS, 0, &w);
	if (d->plan.suite.mapping == SJ_PACE_CAM)
		issued_card_security(d);
}

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
