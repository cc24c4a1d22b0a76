/*
 * eid.h -- an eID card in this process, an authority, a terminal's folder, a trust store; and
 * whatever a test changes between card and reader.
 */
#ifndef TESTS_HOSTILE_EID_H
#define TESTS_HOSTILE_EID_H

#include <sojourn/service.h>

#include "secure/gate.h"
#include "secure/ri.h"
#include "tests/card/eac_rig.h"
#include "tests/hostile/issued.h"
#include "tests/unit/status_rig.h"
#include "wire/eid.h"
#include "wire/std/tr03110.h"

#define EID_EPOCH 2u
#define EID_REVOKED 41001u
#define EID_GOOD 41002u
#define EID_KEY_ID 0x2A
#define EID_RI_KEY_ID 2
#define EID_SECTOR SJ_SECTOR_ACCOMMODATION
#define EID_SERVICE 26u
#define SELECT_EID "00A4040C09E80704007F00070302"
#define INSTALL_EID "80E620000F000009E80704007F00070302000000"

/* How it is made; start from eid_plan(). */
struct eid_plan {
	enum sj_cvc_terminal kind;
	uint32_t rights; /* of the terminal's certificate, registry bits */
	uint32_t index; /* in the status list */
	const char *expiry; /* YYYYMMDD */
	const char *birth;
	bool no_trust, no_list, no_links, other_security;
	bool rollover; /* the card knows the old CVCA only */
	uint32_t without; /* groups that are left out, a bit each */
	bool no_sector_key;
	bool plain; /* a plain document with Terminal Authentication 1 */
	enum sj_curve curve; /* of all but certificates: brainpoolP256r1 or P-256 */
};

struct eid_rig {
	struct eid_plan plan;
	struct issued *d; /* the document side: CSCA, signer, trust, card; meddle is its */
	struct eac_chain chain; /* of the plan's kind */
	struct eac_holder next; /* the CVCA after that of the chain */
	struct eac_holder other; /* a CVCA of the other kind that eID cards need */
	struct sj_ec_secret sector_secret;
	uint8_t sector_key[512];
	size_t sector_key_len;
	struct sj_ec_point ri_key; /* the card's, public */
	enum sj_curve ri_curve;
	uint8_t ca_spki[8][SJ_EC_SPKI_MAX];
	size_t ca_spki_len[8];
	char folder[40];
	struct sj_terminal *terminal;
	struct sj_service service;
	struct sj_answer *answer;
	struct status_rig *status; /* who signs the trust store's lists; NULL: none are there */
};

#define EID_HOTEL \
	((uint32_t)(SJ_RIGHT_VALID | SJ_RIGHT_NAME | SJ_RIGHT_NATIONALITY | SJ_RIGHT_BIRTH_DATE | \
		    SJ_RIGHT_DOCUMENT_NUMBER | SJ_RIGHT_EXPIRY | SJ_RIGHT_PORTRAIT | \
		    SJ_RIGHT_ENTRY_RECORDS | SJ_RIGHT_HOME_PASSPORT))

static inline struct eid_plan eid_plan(void)
{
	return (struct eid_plan){ .kind = SJ_CVC_AUTHENTICATION,
				  .rights = EID_HOTEL,
				  .index = EID_GOOD,
				  .expiry = "20310920",
				  .birth = "19740812",
				  .curve = SJ_BP256R1 };
}

/* --- the terminal ------------------------------------------------------------------- */

static inline void eid_write(const char *folder, const char *name, struct sj_span bytes)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	if (bytes.len > 0)
		assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, f), bytes.len);
	assert_int_equal(fclose(f), 0);
}

/* What the row's certificate gives: from the registry's bits by the library's own table. */
static inline struct sj_cvc_rights eid_rights(const struct eid_plan *plan)
{
	struct sj_cvc_rights rights = { .terminal = plan->kind };
	struct sj_right_place place = { .size = sizeof(place) };

	if (plan->kind == SJ_CVC_INSPECTION) {
		rights.bits = plan->rights & SJ_RIGHT_FINGERPRINT ? 1u << SJ_IS_READ_DG3 : 0;
		return rights;
	}
	rights.bits = UINT64_C(1) << SJ_AT_CAN_ALLOWED;
	for (size_t i = 0; sj_right_place_at(i, &place); i++) {
		if (!(place.right & plan->rights) || place.inspection)
			continue;
		if (place.chat_bit >= 0)
			rights.bits |= UINT64_C(1) << place.chat_bit;
		if (place.extension)
			rights.extra[SJ_CVC_SOJOURN] |= place.right;
	}
	return rights;
}

static OWN_FRAME void eid_sector_key(struct eid_rig *r)
{
	const struct sj_random random = sj_random_system();
	struct sj_writer w = SJ_WRITER_OF(r->sector_key);
	struct sj_ec_point point;

	assert_true(sj_ec_secret_random(r->plan.curve, &random, &r->sector_secret));
	assert_true(sj_ec_multiply(r->plan.curve, &r->sector_secret, NULL, &point));
	sj_ri_key_put(&w, r->plan.curve, &point);
	assert_false(w.failed);
	r->sector_key_len = w.len;
}

/* What the terminal's certificate says besides: its service, and its sector's key. */
static OWN_FRAME void eid_extend(struct eid_rig *r)
{
	struct eac_holder *t = &r->chain.terminal;
	const struct sj_cvc_service service = { EID_SECTOR, EID_SERVICE, 4711 };
	struct sj_span whole = sj_span(r->sector_key, r->sector_key_len);
	struct sj_writer w = SJ_WRITER_OF(t->extensions);
	uint8_t hash[SJ_HASH_MAX];

	assert_true(sj_hash(SJ_SHA256, &whole, 1, hash));
	sj_cvc_service_put(&w, &service);
	sj_cvc_sectors_put(&w, sj_span(hash, 32), sj_span(NULL, 0));
	assert_false(w.failed);
	t->plan.extensions = sj_written(&w);
	t->plan.rights = eid_rights(&r->plan);
	eac_sign(t, &r->chain.dv);
}

static OWN_FRAME void eid_certify(struct eid_rig *r)
{
	eac_chain(&r->chain, "P-256", r->plan.kind);
	eac_enter(&r->next, "P-256", "UTCVCA00002", r->plan.kind, SJ_CVC_CVCA);
	eac_sign(&r->next, &r->chain.cvca);
	if (r->plan.rollover)
		eac_sign(&r->chain.dv, &r->next);
	eid_extend(r);
	eac_enter(&r->other, "P-256", "UTOTHER00001",
		  r->plan.kind == SJ_CVC_INSPECTION ? SJ_CVC_AUTHENTICATION : SJ_CVC_INSPECTION,
		  SJ_CVC_CVCA);
	eac_sign(&r->other, &r->other);
}

static OWN_FRAME void eid_folder(struct eid_rig *r)
{
	uint8_t key[512];
	struct sj_writer w = SJ_WRITER_OF(key);

	strcpy(r->folder, "/tmp/sojourn-terminal-XXXXXX");
	assert_non_null(mkdtemp(r->folder));
	assert_true(sj_key_put(r->chain.terminal.key, &w));
	eid_write(r->folder, "terminal.key", sj_written(&w));
	eid_write(r->folder, "terminal.cvcert", eac_made(&r->chain.terminal));
	eid_write(r->folder, "dv.cvcert", eac_made(&r->chain.dv));
	if (r->plan.rollover && !r->plan.no_links)
		eid_write(r->folder, "cvca-link-2.cvcert", eac_made(&r->next));
	if (!r->plan.no_sector_key)
		eid_write(r->folder, "sector.cvkey", sj_span(r->sector_key, r->sector_key_len));
}

/* The same terminal with what the rig has now: its sector's key, its plan's rights. */
static inline void eid_recertify(struct eid_rig *r)
{
	eid_extend(r);
	eid_write(r->folder, "terminal.cvcert", eac_made(&r->chain.terminal));
	eid_write(r->folder, "sector.cvkey", sj_span(r->sector_key, r->sector_key_len));
	sj_terminal_close(r->terminal);
	r->terminal = NULL;
	assert_int_equal(sj_terminal_open(r->folder, &r->terminal), SJ_OK);
}

/* --- the card ------------------------------------------------------------------------- */

/* ChipAuthenticationDomainParameterInfo; RestrictedIdentificationInfo (A.1.1.2, A.1.1.4). */
static inline void eid_put_domain(struct sj_writer *w, enum sj_curve curve)
{
	sj_put(w, HEX("301C060904007F000702020302300C060704007F00070102"));
	sj_put(w, SJ_SPAN_OF(((const uint8_t[]){ 2, 1, (uint8_t)curve, 2, 1, EID_KEY_ID })));
}

static inline void eid_put_ri(struct sj_writer *w)
{
	sj_put(w, SJ_SPAN_STR("\x30\x17\x06\x0A\x04\x00\x7F\x00\x07\x02\x02\x05\x02\x03\x30\x09\x02"
			      "\x01\x01\x02\x01\x02\x01\x01\x00"));
}

static OWN_FRAME void eid_put_access(struct sj_writer *w, enum sj_curve curve)
{
	struct sj_pace_suite suite = { SJ_PACE_GM, SJ_CIPHER_AES128, curve, 0 };
	struct sj_pace_info pace = { .oid = sj_pace_oid(&suite),
				     .version = 2,
				     .parameter_id = { true, (uint32_t)curve } };
	struct sj_ca_info ca = { sj_ca_oid(SJ_CIPHER_AES128), 2, { true, EID_KEY_ID } };

	sj_secinfo_put_pace(w, &pace);
	sj_secinfo_put_ca(w, &ca);
	eid_put_domain(w, curve);
	sj_put(w, SJ_SPAN_STR("\x30\x0D\x06\x08\x04\x00\x7F\x00\x07\x02\x02\x02\x02\x01\x02"));
}

static OWN_FRAME void eid_security(struct eid_rig *r, unsigned sector, struct sj_writer *w)
{
	uint8_t items[1400], set[1420];
	struct sj_writer i = SJ_WRITER_OF(items), s = SJ_WRITER_OF(set);
	struct sj_ca_key_info key = { .oid = sj_ca_public_key_oid(),
				      .spki = sj_span(r->ca_spki[sector], r->ca_spki_len[sector]),
				      .key_id = { true, EID_KEY_ID } };
	const struct sj_signed_by signer = issued_signer(r->d);

	eid_put_access(&i, r->plan.curve);
	sj_secinfo_put_ca_key(&i, &key);
	eid_put_ri(&i);
	sj_secinfos_put(&s, sj_written(&i));
	assert_false(s.failed);
	assert_true(sj_signed_put_card_security(w, sj_written(&s), &signer));
}

static OWN_FRAME void eid_keys(struct eid_rig *r)
{
	struct bench *b = r->d->bench;
	uint8_t *file = malloc(SJ_SOD_MAX);

	assert_non_null(file);
	for (uint8_t sector = 0; sector < EAC_SECTORS; sector++) {
		const uint8_t value[] = { sector, (uint8_t)r->plan.curve, 0x02, EID_KEY_ID };

		assert_int_equal(bench_dgi(b, 0x0016, SJ_SPAN_OF(value)), SJ_SW_OK);
		r->ca_spki_len[sector] = b->data.len;
		memcpy(r->ca_spki[sector], b->data.ptr, b->data.len);
	}
	for (uint8_t sector = 0; sector < EAC_SECTORS; sector++) {
		struct sj_writer w = sj_writer(file, SJ_SOD_MAX);

		eid_security(r, r->plan.other_security ? (sector + 1u) % EAC_SECTORS : sector, &w);
		assert_int_equal(bench_file(b, 0x3F00, (uint16_t)(0x1D00 + sector), sj_written(&w)),
				 SJ_SW_OK);
	}
	free(file);
}

static OWN_FRAME void eid_group(struct eid_rig *r, unsigned n, unsigned sector,
				struct sj_span group)
{
	const size_t cap = group.len + 5;
	uint8_t *value = malloc(cap);
	struct sj_writer w = sj_writer(value, cap);

	assert_non_null(value);
	sj_put_u8(&w, (uint8_t)n);
	sj_put_u8(&w, (uint8_t)sector);
	sj_put_be(&w, 3, 0);
	sj_put(&w, group);
	if (!(r->plan.without & 1u << n))
		assert_int_equal(bench_dgi(r->d->bench, 0x0001, sj_written(&w)), SJ_SW_OK);
	free(value);
}

static OWN_FRAME void eid_text(struct eid_rig *r, unsigned n, struct sj_span first,
			       struct sj_span second, struct sj_span third)
{
	static uint8_t group[24000];
	struct sj_writer w = SJ_WRITER_OF(group);
	struct sj_eid_value value = { { first, second, third }, 1 };

	value.count = n == SJ_EID_HOME_PASSPORT ? 2 : n == SJ_EID_EMERGENCY ? 3 : 1;
	if (n == SJ_EID_ADDRESS)
		value = (struct sj_eid_value){ { first, second, { NULL, 0 }, third, { NULL, 0 } },
					       5 };
	sj_eid_put(&w, n, &value);
	assert_false(w.failed);
	eid_group(r, n, 0, sj_written(&w));
}

static inline struct sj_span eid_str(const char *text)
{
	return sj_span((const uint8_t *)text, strlen(text));
}

static OWN_FRAME void eid_records(struct eid_rig *r)
{
	const struct sj_eid_entry entries[] = {
		{ eid_str("20260901"), 1, eid_str("Port of Zenith") },
		{ eid_str("20260910"), 2, eid_str("Zenith Airport") }
	};
	uint8_t group[200];
	struct sj_writer w = SJ_WRITER_OF(group);

	sj_eid_entries_put(&w, entries, 2);
	assert_false(w.failed);
	eid_group(r, SJ_EID_ENTRY_RECORDS, 0, sj_written(&w));
}

static OWN_FRAME void eid_statuses(struct eid_rig *r)
{
	uint8_t place[6], group[16];

	for (unsigned sector = 1; sector <= SJ_GATE_SECTORS; sector++) {
		struct sj_writer p = SJ_WRITER_OF(place), w = SJ_WRITER_OF(group);
		struct sj_eid_value value = { .count = 1 };

		sj_put_be(&p, 2, RIG_PARTITION);
		sj_put_be(&p, 4, sector == EID_SECTOR ? r->plan.index : 41007u + sector);
		value.parts[0] = sj_written(&p);
		sj_eid_put(&w, SJ_EID_STATUS, &value);
		assert_false(w.failed);
		eid_group(r, SJ_EID_STATUS, sector, sj_written(&w));
	}
}

static OWN_FRAME void eid_application(struct eid_rig *r)
{
	struct bench *b = r->d->bench;
	const uint8_t ri[] = { (uint8_t)r->plan.curve, EID_RI_KEY_ID }, class = SJ_CLASS_VISITOR;
	static uint8_t portrait[20000];
	const struct sj_span none = { NULL, 0 };
	char compared[40];

	bench_manage(b);
	assert_int_equal(bench_do(b, INSTALL_EID), SJ_SW_OK);
	b->block = 0;
	memset(portrait, 0x5A, sizeof(portrait));
	memcpy(portrait, "\xFF\xD8\xFF\xE0", 4);
	eid_text(r, SJ_EID_EXPIRY, eid_str(r->plan.expiry), none, none);
	eid_text(r, SJ_EID_GIVEN_NAMES, eid_str("Anna Maria"), none, none);
	eid_text(r, SJ_EID_FAMILY_NAMES, eid_str("Eriksson"), none, none);
	eid_text(r, SJ_EID_BIRTH_DATE, eid_str(r->plan.birth), none, none);
	eid_text(r, SJ_EID_NATIONALITY, eid_str("UTO"), none, none);
	eid_text(r, SJ_EID_ADDRESS, eid_str("1 Harbour Road"), eid_str("Zenith"), eid_str("UTO"));
	eid_text(r, SJ_EID_PHONE, eid_str("+99 555 0100"), none, none);
	eid_text(r, SJ_EID_DOCUMENT_NUMBER, eid_str("L898902C3"), none, none);
	eid_text(r, SJ_EID_CLASS, sj_span(&class, 1), none, none);
	eid_text(r, SJ_EID_HOME_PASSPORT, eid_str("XXX"), eid_str("P1234567"), none);
	eid_text(r, SJ_EID_PORTRAIT, SJ_SPAN_OF(portrait), none, none);
	eid_text(r, SJ_EID_EMERGENCY, eid_str("0+"), eid_str("penicillin"),
		 eid_str("+99 555 0199"));
	eid_text(r, SJ_EID_INSURANCE, eid_str("IN-31415"), none, none);
	eid_records(r);
	eid_statuses(r);
	assert_int_equal(bench_dgi(b, 0x0002, SJ_SPAN_OF(ri)), SJ_SW_OK);
	assert_true(sj_ec_spki_read(b->data, &r->ri_curve, &r->ri_key));
	snprintf(compared, sizeof(compared), "%s%s", r->plan.birth, r->plan.expiry);
	assert_int_equal(bench_dgi(b, 0x0003, eid_str(compared)), SJ_SW_OK);
}

/* The LDS files; DG3 is three bytes of a finger. */
static OWN_FRAME void eid_lds(struct eid_rig *r)
{
	struct issued *d = r->d;
	uint8_t items[700], place[16];
	struct sj_writer w = SJ_WRITER_OF(items), p = SJ_WRITER_OF(place);

	issued_dg1(d);
	issued_dg2(d);
	issued_file(d, SJ_DG3, SJ_SPAN_STR("\x63\x03\x7F\x61\x00"));
	sj_dg13_put(&p, RIG_PARTITION, r->plan.index);
	issued_file(d, SJ_DG13, sj_written(&p));
	issued_sod(d);
	issued_com(d);
	eid_put_access(&w, r->plan.curve);
	issued_infos(d, SJ_EF_CARD_ACCESS, 0, &w);
}

static OWN_FRAME void eid_personalise(struct eid_rig *r)
{
	struct bench *b = r->d->bench;
	uint8_t flags[5];
	struct sj_writer w = SJ_WRITER_OF(flags);

	assert_int_equal(bench_dgi_hex(b, 1, eac_access(r->plan.curve)), SJ_SW_OK);
	assert_int_equal(bench_dgi(b, 0x0017, eac_made(&r->chain.cvca)), SJ_SW_OK);
	assert_int_equal(bench_dgi(b, 0x0017, eac_made(&r->other)), SJ_SW_OK);
	sj_put_u8(&w, CARD_EAC_EID);
	sj_put_be(&w, 4, (uint32_t)EAC_2026);
	assert_int_equal(bench_dgi(b, 0x0018, sj_written(&w)), SJ_SW_OK);
	eid_lds(r);
	issued_mf(r->d);
	eid_keys(r);
	issued_write(r->d);
	eid_application(r);
	bench_lock(b);
}

/* A plain document whose DG3 Terminal Authentication 1 opens. */
static OWN_FRAME void eid_plain_dg14(struct issued *d)
{
	uint8_t items[700];
	struct sj_writer w = SJ_WRITER_OF(items);

	issued_put_pace(&w, d->plan.suite);
	issued_put_ca(&w, d);
	sj_put(&w, SJ_SPAN_STR("\x30\x0D\x06\x08\x04\x00\x7F\x00\x07\x02\x02\x02\x02\x01\x01"));
	issued_infos(d, SJ_DG14, SJ_TAG_DG14, &w);
}

static OWN_FRAME void eid_personalise_plain(struct eid_rig *r)
{
	struct issued *d = r->d;
	uint8_t flags[5], place[16];
	struct sj_writer w = SJ_WRITER_OF(flags), p = SJ_WRITER_OF(place);

	issued_dg1(d);
	issued_access(d);
	assert_int_equal(bench_dgi(d->bench, 0x0017, eac_made(&r->chain.cvca)), SJ_SW_OK);
	sj_put_u8(&w, CARD_EAC_TA1);
	sj_put_be(&w, 4, (uint32_t)EAC_2026);
	assert_int_equal(bench_dgi(d->bench, 0x0018, sj_written(&w)), SJ_SW_OK);
	issued_keys(d);
	issued_dg2(d);
	issued_file(d, SJ_DG3, SJ_SPAN_STR("\x63\x03\x7F\x61\x00"));
	sj_dg13_put(&p, RIG_PARTITION, r->plan.index);
	issued_file(d, SJ_DG13, sj_written(&p));
	eid_plain_dg14(d);
	issued_sod(d);
	issued_com(d);
	issued_mf(d);
	issued_write(d);
	bench_lock(d->bench);
}

/* --- all of it -------------------------------------------------------------------------- */

static OWN_FRAME void eid_list(struct eid_rig *r)
{
	struct status_rig *rig = r->status = calloc(1, sizeof(*r->status));
	struct rig_file list;

	assert_non_null(rig);
	strcpy(rig->directory, r->d->directory);
	rig_found(rig);
	list = rig_list(rig, EID_EPOCH);
	assert_int_equal(sj_status_import(r->d->directory, list.bytes, list.len, NULL), SJ_OK);
	rig_file_free(&list);
}

static OWN_FRAME struct eid_rig *eid_new(const struct eid_plan *plan)
{
	struct eid_rig *r = calloc(1, sizeof(*r));
	struct plan document = issued_plan();

	assert_non_null(r);
	r->plan = *plan;
	r->d = calloc(1, sizeof(*r->d));
	assert_non_null(r->d);
	document.no_trust = plan->no_trust;
	document.face = 600;
	if (!plan->plain) {
		document.pace = false;
		document.ca = SJ_CURVE_NONE;
	}
	r->d->plan = document;
	issued_found(r->d);
	eid_sector_key(r);
	eid_certify(r);
	eid_folder(r);
	r->d->bench = bench_new();
	bench_install(r->d->bench);
	if (plan->plain)
		eid_personalise_plain(r);
	else
		eid_personalise(r);
	issued_import(r->d);
	if (!plan->no_list)
		eid_list(r);
	issued_connect(r->d);
	assert_int_equal(sj_terminal_open(r->folder, &r->terminal), SJ_OK);
	r->service = (struct sj_service){ .size = sizeof(r->service),
					  .id = EID_SERVICE,
					  .sector = EID_SECTOR,
					  .name = "hotel check-in",
					  .access = SJ_SERVICE_CAN,
					  .stale = 3 * 86400,
					  .rights = plan->rights };
	return r;
}

static inline void eid_free(struct eid_rig *r)
{
	char command[80];

	sj_answer_free(r->answer);
	free(r->status);
	sj_terminal_close(r->terminal);
	snprintf(command, sizeof(command), "rm -rf %s", r->folder);
	assert_int_equal(system(command), 0);
	eac_chain_forget(&r->chain);
	eac_forget(&r->next);
	eac_forget(&r->other);
	issued_free(r->d);
	free(r);
}

/* Asks with the CAN at NOW; `options` may be NULL. */
static inline enum sj_rc eid_ask(struct eid_rig *r, const struct sj_service_options *options)
{
	struct sj_service_options standard = SJ_SERVICE_OPTIONS_INIT;
	struct sj_access *access;
	enum sj_rc rc;

	standard.now = NOW;
	assert_int_equal(sj_access_can(r->plan.plain ? HOLDER_CAN : CAN, 6, &access), SJ_OK);
	sj_answer_free(r->answer);
	r->answer = NULL;
	rc = sj_service_verify(r->d->card, r->d->trust, r->terminal, &r->service, access,
			       options ? options : &standard, &r->answer);
	sj_access_free(access);
	return rc;
}

static inline struct sj_check eid_check(const struct eid_rig *r, enum sj_answer_check id)
{
	struct sj_check check = { .size = sizeof(check) };

	assert_true(sj_answer_get_check(r->answer, id, &check));
	return check;
}

/* What the answer says under this name; "": nothing. */
static inline const char *eid_said(const struct eid_rig *r, const char *name)
{
	struct sj_datum datum = { .size = sizeof(datum) };

	for (size_t i = 0; r->answer && sj_answer_datum(r->answer, i, &datum); i++)
		if (strcmp(datum.name, name) == 0)
			return datum.value;
	return "";
}

static inline size_t eid_count(const struct eid_rig *r)
{
	struct sj_datum datum = { .size = sizeof(datum) };
	size_t n = 0;

	while (sj_answer_datum(r->answer, n, &datum))
		n++;
	return n;
}

/* One asking that must end so. */
static inline void eid_assert(struct eid_rig *r, enum sj_verdict verdict, enum sj_rc reason)
{
	assert_int_equal(eid_ask(r, NULL), SJ_OK);
	if (sj_answer_verdict(r->answer) != verdict || sj_answer_reason(r->answer) != reason)
		for (int i = 0; i < SJ_ANSWER_CHECKS; i++)
			print_message("# %s: %s\n", sj_answer_check_name((enum sj_answer_check)i),
				      eid_check(r, (enum sj_answer_check)i).detail);
	assert_int_equal(sj_answer_verdict(r->answer), verdict);
	assert_int_equal(sj_answer_reason(r->answer), reason);
}

/* A card and a terminal, asked once with this end. */
static inline struct eid_rig *eid_asked(struct eid_plan plan, enum sj_verdict verdict,
					enum sj_rc reason)
{
	struct eid_rig *r = eid_new(&plan);

	eid_assert(r, verdict, reason);
	return r;
}

static inline struct sj_answer_info eid_info(const struct eid_rig *r)
{
	struct sj_answer_info info = { .size = sizeof(info) };

	assert_true(sj_answer_get_info(r->answer, &info));
	return info;
}

static inline bool has_portrait(const struct eid_rig *r)
{
	const uint8_t *bytes;
	const char *mime;
	size_t len;

	return sj_answer_portrait(r->answer, &bytes, &len, &mime);
}

static inline void assert_nothing_told(const struct eid_rig *r)
{
	assert_int_equal(eid_count(r), 0);
	assert_false(has_portrait(r));
	assert_int_equal(eid_info(r).granted, 0);
}

#endif
