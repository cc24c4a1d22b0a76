/*
 * plan.h -- how a document of the tests is made: its authority and its files.
 */
#ifndef TESTS_HOSTILE_PLAN_H
#define TESTS_HOSTILE_PLAN_H

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
	const char *birth; /* YYMMDD */
	size_t face; /* bytes of the portrait */
	bool details; /* DG11 and DG12 */
	bool persons; /* DG16 */
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
	bool more_card_access; /* the same, besides */
	uint32_t unsigned_groups; /* that EF.SOD does not cover */
	const char *state; /* issuing state in DG1 */
	const char *signer_country; /* C of the signer's subject */
	int64_t signer_from; /* not before; 0: NOW - 30 days */
	bool mapping_unlisted; /* DG14 does not have the PACEInfo */
	bool unknown_aa; /* DG14 names a hash for Active Authentication that is not known */
	bool spoilt_date; /* of expiry: a year alone */
	bool indefinite_security; /* EF.CardSecurity has indefinite lengths */
	bool foreign_security; /* EF.CardSecurity is signed by another, trusted country */
	struct sj_span dg13; /* the file; empty: none */
};

static inline struct plan issued_plan(void)
{
	return (struct plan){
		.pace = true,
		.suite = { .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES128, .curve = SJ_P256 },
		.ca = SJ_P256,
		.ca_cipher = SJ_CIPHER_AES128,
		.csca_kind = "P-256",
		.signer_kind = "P-256",
		.expiry = "310920",
		.birth = "740812",
		.state = "UTO",
		.signer_country = "UT",
		.face = FACE_SIZE,
		.extended = true
	};
}

struct issued {
	struct plan plan;
	struct bench *bench;
	struct sj_context *ctx;
	struct sj_card *card;
	struct sj_trust *trust;
	char directory[40];
	struct sj_key *csca_key, *signer_key, *foreign_key;
	uint8_t foreign[2048], foreign_signer[2048]; /* another country's certificates */
	size_t foreign_len;
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

static inline struct sj_span issued_name(uint8_t *buffer, const char *country,
					 const char *common_name)
{
	struct sj_writer w = sj_writer(buffer, 256);

	assert_true(sj_name_put(&w, country, "Registry", common_name));
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
	int64_t from = csca || !d->plan.signer_from ? NOW - 30 * DAY : d->plan.signer_from;
	struct sj_cert_plan plan = { .kind = csca ? SJ_CERT_CSCA : SJ_CERT_SIGNER,
				     .serial = SJ_SPAN_OF(serials[csca]),
				     .issuer = d->csca_subject,
				     .subject = csca ? d->csca_subject : d->signer_subject,
				     .not_before = from,
				     .not_after = csca ? NOW + 5000 * DAY : until,
				     .private_until = from + 120 * DAY,
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
	d->foreign_key = sj_key_generate("P-256");
	assert_non_null(d->foreign_key);
	assert_non_null(d->csca_key);
	assert_non_null(d->signer_key);
	d->csca_subject = issued_name(d->name, "UT", "CSCA Utopia");
	d->signer_subject = issued_name(d->signer_name, d->plan.signer_country, "Signer 7");
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
	if (d->foreign_len > 0)
		assert_int_equal(
			sj_trust_import_csca(d->trust, d->foreign, d->foreign_len, &counts), SJ_OK);
}

/* --- the files ----------------------------------------------------------------- */

static OWN_FRAME void issued_dg1(struct issued *d)
{
	uint8_t file[128], zone[SJ_MRZ_SIZE_MAX];
	struct sj_writer w = SJ_WRITER_OF(file), z = SJ_WRITER_OF(zone);
	struct sj_mrz mrz = { .format = SJ_MRZ_TD3,
			      .document_code = "P",
			      .document_number = "L898902C3",
			      .surname = "ERIKSSON",
			      .given_names = "ANNA MARIA",
			      .nationality = "UTO",
			      .sex = 'F' };

	strcpy(mrz.issuing_state, d->plan.state);
	strcpy(mrz.expiry_date, d->plan.expiry);
	strcpy(mrz.birth_date, d->plan.birth);
	sj_mrz_put(&z, &mrz);
	assert_false(z.failed);
	memcpy(d->mrz, zone, z.len);
	if (d->plan.spoilt_date)
		memset(zone + 44 + 21 + 2, '<', 4);
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
	dg11->address = SJ_SPAN_STR("Harbour Road 7<Zenith");
	dg11->telephone = SJ_SPAN_STR("+990 123 4567");
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

static OWN_FRAME void issued_dg16(struct issued *d)
{
	uint8_t file[256];
	struct sj_writer w = SJ_WRITER_OF(file);
	struct sj_dg16 *dg16 = calloc(1, sizeof(*dg16));

	assert_non_null(dg16);
	dg16->count = 1;
	dg16->persons[0].recorded = SJ_SPAN_STR("20260901");
	dg16->persons[0].name = SJ_SPAN_STR("Eriksson<<Erik");
	dg16->persons[0].telephone = SJ_SPAN_STR("+990 765 4321");
	sj_dg16_put(&w, dg16);
	assert_false(w.failed);
	issued_file(d, SJ_DG16, sj_written(&w));
	free(dg16);
}

static inline void issued_put_pace(struct sj_writer *w, struct sj_pace_suite suite)
{
	struct sj_pace_info info = { .oid = sj_pace_oid(&suite),
				     .version = 2,
				     .parameter_id = { true, sj_pace_parameter_id(&suite) } };

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

static inline void issued_put_aa(struct sj_writer *w, const struct issued *d)
{
	struct sj_aa_info info = { .version = 1, .signature_oid = sj_aa_ecdsa_oid(SJ_SHA256) };

	if (d->plan.unknown_aa) /* ecdsa-plain-RIPEMD160 of BSI TR-03111 */
		info.signature_oid = SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x01\x01\x04\x01\x06");

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

	if (d->plan.pace && !d->plan.mapping_unlisted)
		issued_put_pace(&w, d->plan.suite);
	if (d->plan.ca != SJ_CURVE_NONE)
		issued_put_ca(&w, d);
	if (d->plan.aa != SJ_CURVE_NONE)
		issued_put_aa(&w, d);
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
		if ((d->plan.unsigned_groups & (1u << dg)) == 0)
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

/* Another country: one key for its CSCA and its signer; fills d->foreign. */
static OWN_FRAME struct sj_span issued_foreign_signer(struct issued *d)
{
	static const uint8_t serials[2][2] = { { 0x50, 1 }, { 0x50, 2 } };
	static const char *const types[] = { "P", NULL };
	uint8_t names[2][256], spki[SJ_EC_SPKI_MAX];
	struct sj_writer s = SJ_WRITER_OF(spki),
			 w[2] = { SJ_WRITER_OF(d->foreign), SJ_WRITER_OF(d->foreign_signer) };
	struct sj_cert_plan plan = { .issuer = issued_name(names[0], "XX", "CSCA Elsewhere"),
				     .not_before = NOW - 30 * DAY,
				     .not_after = NOW + 3650 * DAY,
				     .private_until = NOW + 90 * DAY,
				     .country = "XXX",
				     .document_types = types };

	assert_true(sj_key_put_public(d->foreign_key, false, &s));
	plan.issuer_spki = plan.subject_spki = sj_written(&s);
	for (size_t i = 0; i < 2; i++) {
		plan.kind = i == 0 ? SJ_CERT_CSCA : SJ_CERT_SIGNER;
		plan.serial = SJ_SPAN_OF(serials[i]);
		plan.subject = i == 0 ? plan.issuer : issued_name(names[1], "XX", "Signer");
		assert_true(sj_cert_put(&w[i], &plan, d->foreign_key));
	}
	d->foreign_len = w[0].len;
	return sj_written(&w[1]);
}

/* The outer objects of a ContentInfo with indefinite lengths. */
static inline struct sj_span issued_indefinite(struct sj_span info, uint8_t *buffer)
{
	struct sj_writer w = sj_writer(buffer, SJ_SOD_MAX);
	struct sj_span body, oid, wrapped, data;

	assert_int_equal(sj_tlv_take(&info, 0x30, &body), SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_take_element(&body, 0x06, &oid), SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_take(&body, 0xA0, &wrapped), SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_take(&wrapped, 0x30, &data), SJ_TLV_FOUND);
	sj_put(&w, SJ_SPAN_STR("\x30\x80"));
	sj_put(&w, oid);
	sj_put(&w, SJ_SPAN_STR("\xA0\x80\x30\x80"));
	sj_put(&w, data);
	sj_put_fill(&w, 0, 6);
	assert_false(w.failed);
	return sj_written(&w);
}

static OWN_FRAME void issued_card_security(struct issued *d)
{
	uint8_t items[700], set[720], *file = malloc(2 * SJ_SOD_MAX);
	struct sj_writer i = SJ_WRITER_OF(items), s = SJ_WRITER_OF(set);
	struct sj_writer w = sj_writer(file, SJ_SOD_MAX);
	struct sj_span written;
	struct sj_ca_key_info key = { .oid = sj_ca_public_key_oid(),
				      .spki = sj_span(d->cam_spki, d->cam_spki_len),
				      .key_id = { true, d->plan.suite.curve } };
	struct sj_signed_by signer = issued_signer(d);

	assert_non_null(file);
	if (d->plan.foreign_security)
		signer = (struct sj_signed_by){ d->foreign_key, issued_foreign_signer(d),
						NOW - 5 * DAY };
	issued_put_pace(&i, d->plan.suite);
	sj_secinfo_put_ca_key(&i, &key);
	sj_secinfos_put(&s, sj_written(&i));
	assert_true(sj_signed_put_card_security(&w, sj_written(&s), &signer));
	written = sj_written(&w);
	if (d->plan.indefinite_security)
		written = issued_indefinite(written, file + SJ_SOD_MAX);
	issued_file(d, SJ_EF_CARD_SECURITY, written);
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
	struct sj_pace_suite weak = { .mapping = SJ_PACE_GM,
				      .cipher = SJ_CIPHER_3DES,
				      .curve = SJ_P256 };

	if (d->plan.extended) {
		sj_atr_info_put(&i, &info);
		assert_false(i.failed);
		issued_file(d, SJ_EF_ATR_INFO, sj_written(&i));
	}
	if (!d->plan.pace)
		return;
	issued_put_pace(&w, d->plan.weaker_card_access ? weak : d->plan.suite);
	if (d->plan.more_card_access)
		issued_put_pace(&w, weak);
	issued_infos(d, SJ_EF_CARD_ACCESS, 0, &w);
	if (d->plan.suite.mapping == SJ_PACE_CAM)
		issued_card_security(d);
}

#endif
