#include "authority/files.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/sector.h"
#include "secure/aa.h"
#include "secure/ca.h"
#include "secure/gate.h"
#include "wire/apdu.h"
#include "wire/eid.h"
#include "wire/piv.h"
#include "wire/secinfo.h"
#include "wire/std/icao9303.h"
#include "wire/std/tr03110.h"

#define INFOS_MAX 8192u

void file_set_free(struct file_set *set)
{
	for (size_t i = 0; i <= SJ_EF_ATR_INFO; i++)
		free(set->files[i].bytes);
	for (size_t i = 0; i < FILES_SECTORS; i++)
		free(set->security[i].bytes);
	memset(set, 0, sizeof(*set));
}

struct sj_span file_set_get(const struct file_set *set, enum sj_lds_file file)
{
	return sj_span(set->files[file].bytes, set->files[file].len);
}

static bool replace(struct card_file *file, struct sj_span content)
{
	uint8_t *copy = malloc(content.len + 1);

	if (copy == NULL)
		return false;
	if (content.len > 0)
		memcpy(copy, content.ptr, content.len);
	free(file->bytes);
	file->bytes = copy;
	file->len = content.len;
	return true;
}

bool file_set_put(struct file_set *set, enum sj_lds_file file, struct sj_span content)
{
	return replace(&set->files[file], content);
}

uint32_t file_set_groups(const struct file_set *set)
{
	uint32_t groups = 0;

	for (unsigned n = 1; n <= SJ_DG_COUNT; n++) {
		if (set->files[n].len > 0)
			groups |= 1u << n;
	}
	return groups;
}

static struct sj_span text_of(const struct holder *h, enum holder_field field)
{
	const char *text = h->fields[field];

	return text == NULL ? sj_span(NULL, 0) : sj_span((const uint8_t *)text, strlen(text));
}

static struct sj_span span_of(const char *text)
{
	return text == NULL ? sj_span(NULL, 0) : sj_span((const uint8_t *)text, strlen(text));
}

/* --- the holder: DG1, DG2, DG11, DG12, DG16 --------------------------------- */

static bool put_dg1(struct sj_writer *w, const struct files_plan *plan)
{
	uint8_t zone[SJ_MRZ_SIZE_MAX];
	struct sj_writer z = SJ_WRITER_OF(zone);
	struct sj_mrz mrz;

	if (!holder_mrz(plan->holder, plan->country, &mrz))
		return false;
	sj_mrz_put(&z, &mrz);
	sj_dg1_put(w, sj_written(&z));
	return !z.failed;
}

static bool put_dg2(struct sj_writer *w, const struct files_plan *plan)
{
	sj_dg2_put(w, plan->face);
	return true;
}

static bool put_dg3(struct sj_writer *w, const struct files_plan *plan)
{
	sj_put(w, plan->dg3);
	return true;
}

/* Doc 9303-10, 4.7.11: "<<" between the identifiers, '<' between their parts. */
static void put_name_part(struct sj_writer *w, struct sj_span part)
{
	for (size_t i = 0; i < part.len; i++)
		sj_put_u8(w, part.ptr[i] == ' ' ? '<' : part.ptr[i]);
}

static bool put_dg11(struct sj_writer *w, const struct files_plan *plan)
{
	const struct holder *h = plan->holder;
	uint8_t full[2 * 64 * 4 + 2];
	struct sj_writer name = SJ_WRITER_OF(full);
	struct sj_dg11 dg11 = {
		.personal_number = text_of(h, HOLDER_PERSONAL_NUMBER),
		.place_of_birth = text_of(h, HOLDER_PLACE_OF_BIRTH),
		.address = text_of(h, HOLDER_ADDRESS),
		.telephone = text_of(h, HOLDER_TELEPHONE),
		.profession = text_of(h, HOLDER_PROFESSION),
		.title = text_of(h, HOLDER_TITLE),
	};
	char birth[9];

	put_name_part(&name, text_of(h, HOLDER_SURNAME));
	if (h->fields[HOLDER_GIVEN_NAMES] != NULL) {
		sj_put(&name, SJ_SPAN_STR("<<"));
		put_name_part(&name, text_of(h, HOLDER_GIVEN_NAMES));
	}
	dg11.full_name = sj_written(&name);
	holder_date(h->fields[HOLDER_BIRTH_DATE], birth);
	dg11.birth_date = span_of(birth);
	sj_dg11_put(w, &dg11);
	return !name.failed;
}

static bool put_dg12(struct sj_writer *w, const struct files_plan *plan)
{
	const char *given = plan->holder->fields[HOLDER_ISSUE_DATE];
	const time_t now = (time_t)plan->signer.when;
	struct sj_dg12 dg12 = {
		.issuing_authority = text_of(plan->holder, HOLDER_ISSUING_AUTHORITY),
	};
	char issued[9], made[16];
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL || strftime(made, sizeof(made), "%Y%m%d%H%M%S", &tm) != 14)
		return false;
	if (given != NULL) {
		holder_date(given, issued);
	} else {
		memcpy(issued, made, 8);
		issued[8] = '\0';
	}
	dg12.issue_date = span_of(issued);
	dg12.personalised_at = span_of(made);
	sj_dg12_put(w, &dg12);
	return true;
}

/* Where the document stands in the status list of its issuing state. */
static bool put_dg13(struct sj_writer *w, const struct files_plan *plan)
{
	if (plan->status != NULL)
		sj_dg13_put(w, plan->status->partition, plan->status->index);
	return true;
}

static bool put_dg16(struct sj_writer *w, const struct files_plan *plan)
{
	const struct holder *h = plan->holder;
	struct sj_dg16 dg16 = { .count = h->person_count };
	char recorded[SJ_DG16_MAX][9];

	for (unsigned i = 0; i < h->person_count; i++) {
		const struct holder_person *p = &h->persons[i];

		dg16.persons[i] = (struct sj_person){ .name = span_of(p->name),
						      .telephone = span_of(p->telephone),
						      .address = span_of(p->address) };
		if (p->recorded == NULL)
			continue;
		holder_date(p->recorded, recorded[i]);
		dg16.persons[i].recorded = span_of(recorded[i]);
	}
	if (h->person_count > 0)
		sj_dg16_put(w, &dg16);
	return true;
}

/* --- the card: DG14, DG15, EF.CardAccess, EF.CardSecurity --------------------- */

/*
 * A key of the card. EC: with explicit parameters, never a named curve
 * (Doc 9303-11, 9.5.2), whatever the authority's certificates have.
 */
static bool put_key(struct sj_writer *w, const struct card_key *key)
{
	struct sj_span spki = sj_span(key->bytes, key->len);
	struct sj_ec_point point;
	enum sj_curve curve;

	if (!sj_ec_spki_read(spki, &curve, &point)) {
		sj_put(w, spki);
		return true;
	}
	return sj_ec_spki_put(w, curve, &point, true);
}

static void put_pace_infos(struct sj_writer *w, const struct profile *p)
{
	for (size_t i = 0; p->pace && i < p->suite_count; i++) {
		const struct sj_pace_suite *s = &p->suites[i];
		struct sj_pace_info info = {
			.oid = sj_pace_oid(s),
			.version = SJ_PACE_VERSION,
			.parameter_id = { true, sj_pace_parameter_id(s) },
		};

		sj_secinfo_put_pace(w, &info);
	}
}

/* ChipAuthenticationPublicKeyInfo of an EC key. */
static bool put_key_info(struct sj_writer *w, const struct card_key *key, struct sj_optional_id id)
{
	uint8_t spki[SJ_EC_SPKI_MAX];
	struct sj_writer k = SJ_WRITER_OF(spki);
	struct sj_ca_key_info info = { .oid = sj_ca_public_key_oid(), .key_id = id };

	if (!put_key(&k, key) || k.failed)
		return false;
	info.spki = sj_written(&k);
	sj_secinfo_put_ca_key(w, &info);
	return true;
}

static bool put_ca_infos(struct sj_writer *w, const struct files_plan *plan)
{
	const struct profile *p = plan->profile;

	for (size_t i = 0; i < p->ca_count; i++) {
		struct sj_optional_id id = { p->ca_count > 1, (uint32_t)i + 1 };

		for (unsigned c = SJ_CIPHER_3DES; c <= SJ_CIPHER_AES256; c++) {
			struct sj_ca_info info = { sj_ca_oid((enum sj_cipher)c), SJ_CA_VERSION,
						   id };

			if (p->ca[i].ciphers & 1u << c)
				sj_secinfo_put_ca(w, &info);
		}
		if (!put_key_info(w, &plan->keys->ca[i], id))
			return false;
	}
	return true;
}

/* Writes the SET around items, or nothing when there are none. */
static bool put_set(struct sj_writer *w, const struct sj_writer *items)
{
	if (!items->failed && items->len > 0)
		sj_secinfos_put(w, sj_written(items));
	return !items->failed;
}

/* What an eID card says besides, of any sector (TR-03110-3, A.1.2.1). */
static void put_eac_infos(struct sj_writer *w, const struct files_plan *plan)
{
	const struct profile_ca *ca = &plan->profile->ca[0];
	const struct sj_optional_id id = { true, FILES_CA2_KEY_ID };
	const struct sj_ta_info ta = { .version = 2 };

	if (plan->sector_keys == NULL)
		return;
	for (unsigned c = SJ_CIPHER_AES128; c <= SJ_CIPHER_AES256; c++) {
		const struct sj_ca_info info = { sj_ca_oid((enum sj_cipher)c), 2, id };

		if (ca->ciphers & 1u << c)
			sj_secinfo_put_ca(w, &info);
	}
	sj_secinfo_put_domain(w, SJ_OID_CA_ECDH, (uint32_t)ca->curve, id);
	sj_secinfo_put_ta(w, &ta);
}

static bool put_card_access(struct sj_writer *w, const struct files_plan *plan)
{
	uint8_t buffer[1024];
	struct sj_writer items = SJ_WRITER_OF(buffer);

	put_pace_infos(&items, plan->profile);
	put_eac_infos(&items, plan);
	return put_set(w, &items);
}

/* DG14 repeats EF.CardAccess (Doc 9303-11, 9.2): there it is signed. */
static bool put_dg14(struct sj_writer *w, const struct files_plan *plan)
{
	uint8_t *buffer = malloc(INFOS_MAX);
	struct sj_writer items = sj_writer(buffer, INFOS_MAX);
	struct sj_aa_info aa = { .version = SJ_AA_VERSION };
	const struct sj_ta_info ta = { .version = 1 };
	size_t at = sj_tlv_open(w);
	bool ok = buffer != NULL;

	if (ok) {
		put_pace_infos(&items, plan->profile);
		ok = put_ca_infos(&items, plan);
	}
	if (ok && plan->ta1)
		sj_secinfo_put_ta(&items, &ta);
	if (ok && plan->profile->aa == PROFILE_AA_EC) {
		aa.signature_oid = sj_aa_ecdsa_oid(profile_aa_hash(plan->profile->aa_curve));
		sj_secinfo_put_aa(&items, &aa);
	}
	ok = ok && put_set(w, &items);
	if (ok && w->len > at)
		sj_tlv_close(w, SJ_TAG_DG14, at);
	free(buffer);
	return ok;
}

static bool put_dg15(struct sj_writer *w, const struct files_plan *plan)
{
	size_t at = sj_tlv_open(w);

	if (plan->profile->aa == PROFILE_AA_NONE)
		return true;
	if (!put_key(w, &plan->keys->aa))
		return false;
	sj_tlv_close(w, SJ_TAG_DG15, at);
	return true;
}

/* The key of a CAM suite, once a curve; with an id even where it is alone (Doc 9303-11, 9.2.6). */
static bool put_cam_keys(struct sj_writer *w, const struct files_plan *plan, bool *any)
{
	const struct profile *p = plan->profile;

	for (size_t i = 0; i < p->suite_count; i++) {
		const struct sj_optional_id id = { true, (uint32_t)p->suites[i].curve };

		if (plan->keys->cam[i].len == 0)
			continue;
		*any = true;
		if (!put_key_info(w, &plan->keys->cam[i], id))
			return false;
	}
	return true;
}

/* Doc 9303-10, 3.11.4: what EF.CardAccess says and the keys of the mapping, signed. */
static bool put_card_security(struct sj_writer *w, const struct files_plan *plan)
{
	uint8_t *buffer = malloc(2 * INFOS_MAX);
	struct sj_writer items = sj_writer(buffer, INFOS_MAX), set;
	bool any = false, ok = buffer != NULL;

	if (ok) {
		put_pace_infos(&items, plan->profile);
		ok = put_cam_keys(&items, plan, &any);
	}
	if (ok && any) {
		set = sj_writer(buffer + INFOS_MAX, INFOS_MAX);
		ok = put_set(&set, &items) &&
		     sj_signed_put_card_security(w, sj_written(&set), &plan->signer);
	}
	free(buffer);
	return ok;
}

/* That of an eID card for one sector (TR-03110-3, A.1.2.2). */
static bool put_sector_security(struct sj_writer *w, const struct files_plan *plan, size_t sector)
{
	const struct sj_ri_info ri = { .oid = sj_ri_oid(),
				       .key_id = FILES_RI_KEY_ID,
				       .authorized_only = true };
	uint8_t *buffer = malloc(2 * INFOS_MAX);
	struct sj_writer items = sj_writer(buffer, INFOS_MAX), set;
	bool ok = buffer != NULL;

	if (ok) {
		put_pace_infos(&items, plan->profile);
		put_eac_infos(&items, plan);
		sj_secinfo_put_ri(&items, &ri);
		sj_secinfo_put_domain(&items, SJ_OID_RI_ECDH, SECTOR_CURVE,
				      (struct sj_optional_id){ false, 0 });
		set = sj_writer(buffer + INFOS_MAX, INFOS_MAX);
		ok = put_key_info(&items, &plan->sector_keys[sector],
				  (struct sj_optional_id){ true, FILES_CA2_KEY_ID }) &&
		     put_set(&set, &items) &&
		     sj_signed_put_card_security(w, sj_written(&set), &plan->signer);
	}
	free(buffer);
	return ok;
}

static bool put_sector_securities(struct file_set *files, const struct files_plan *plan)
{
	uint8_t *buffer = malloc(SJ_SOD_MAX);
	bool ok = buffer != NULL;

	for (size_t i = 0; ok && plan->sector_keys != NULL && i < FILES_SECTORS; i++) {
		struct sj_writer w = sj_writer(buffer, SJ_SOD_MAX);

		ok = put_sector_security(&w, plan, i) && !w.failed &&
		     replace(&files->security[i], sj_written(&w));
	}
	free(buffer);
	return ok;
}

/* --- the overview: EF.DIR, EF.ATR/INFO, EF.COM, EF.SOD ------------------------ */

static bool put_dir(struct sj_writer *w, const struct files_plan *plan)
{
	struct sj_dir dir = { .count = 1, .aids = { SJ_AID_LDS1 } };

	if (plan->sector_keys != NULL) {
		dir.aids[dir.count++] = sj_eid_aid();
		if (plan->piv)
			dir.aids[dir.count++] = sj_piv_aid();
		if (plan->gate)
			dir.aids[dir.count++] = sj_gate_aid();
	}
	sj_dir_put(w, &dir);
	return true;
}

/*
 * ISO/IEC 7816-4:2020, tables 122 to 126. Service: applications by full and
 * partial name, data objects in EF.DIR and EF.ATR/INFO, READ BINARY, an MF.
 * Capabilities: selection by name, path, file id and short id; units of one
 * byte; chaining, and four channels that the card or the reader numbers.
 */
static bool put_atr_info(struct sj_writer *w, const struct files_plan *plan)
{
	struct sj_atr_info info = {
		.has_service = true,
		.service = 0xF8,
		.has_capabilities = true,
		.capabilities = { 0xF4, 0x01, SJ_CAPABILITY_CHAINING | 0x1B },
	};

	if (plan->extended_length) {
		info.capabilities[2] |= SJ_CAPABILITY_EXTENDED | SJ_CAPABILITY_LENGTHS;
		/* 32 KiB of data each way: every reader's and driver's buffers take it. */
		info.max_command = 4 + 3 + 32768 + 2;
		info.max_response = 32768 + 2;
	}
	sj_atr_info_put(w, &info);
	return true;
}

bool files_put_com(struct file_set *set, uint32_t groups, unsigned sod_version)
{
	struct sj_com com = { { "0107", "040000" }, groups };
	uint8_t buffer[64];
	struct sj_writer w = SJ_WRITER_OF(buffer);

	if (sod_version == 1)
		memcpy(com.version.lds, "0108", sizeof("0108"));
	sj_com_put(&w, &com);
	return !w.failed && file_set_put(set, SJ_EF_COM, sj_written(&w));
}

static bool put_sod(struct file_set *set, const struct files_plan *plan)
{
	uint8_t *buffer = malloc(SJ_SOD_MAX);
	struct sj_writer w = sj_writer(buffer, SJ_SOD_MAX);
	struct sj_sod_plan sod = { .version = plan->sod_version };
	bool ok;

	for (unsigned n = 1; n <= SJ_DG_COUNT; n++)
		sod.groups[n] = file_set_get(set, (enum sj_lds_file)n);
	ok = buffer != NULL && sj_signed_put_sod(&w, &sod, &plan->signer) &&
	     file_set_put(set, SJ_EF_SOD, sj_written(&w));
	free(buffer);
	return ok;
}

static const struct maker {
	enum sj_lds_file file;
	bool (*put)(struct sj_writer *w, const struct files_plan *plan);
} makers[] = {
	{ SJ_DG1, put_dg1 },
	{ SJ_DG2, put_dg2 },
	{ SJ_DG3, put_dg3 },
	{ SJ_DG11, put_dg11 },
	{ SJ_DG12, put_dg12 },
	{ SJ_DG13, put_dg13 },
	{ SJ_DG14, put_dg14 },
	{ SJ_DG15, put_dg15 },
	{ SJ_DG16, put_dg16 },
	{ SJ_EF_CARD_ACCESS, put_card_access },
	{ SJ_EF_CARD_SECURITY, put_card_security },
	{ SJ_EF_DIR, put_dir },
	{ SJ_EF_ATR_INFO, put_atr_info },
};

bool files_build(struct file_set *set, const struct files_plan *plan, const char **failed)
{
	uint8_t *buffer = malloc(CARD_FILE_MAX);
	struct sj_writer w;
	bool ok = buffer != NULL;

	*failed = "EF.COM";
	for (size_t i = 0; ok && i < sizeof(makers) / sizeof(makers[0]); i++) {
		*failed = sj_lds_entry(makers[i].file)->name;
		w = sj_writer(buffer, CARD_FILE_MAX);
		ok = makers[i].put(&w, plan) && !w.failed &&
		     (w.len == 0 || file_set_put(set, makers[i].file, sj_written(&w)));
	}
	free(buffer);
	if (ok) {
		*failed = "EF.COM";
		ok = files_put_com(set, file_set_groups(set), plan->sod_version);
	}
	if (ok) {
		*failed = "EF.SOD";
		ok = put_sod(set, plan);
	}
	if (ok) {
		*failed = "EF.CardSecurity";
		ok = put_sector_securities(set, plan);
	}
	return ok;
}
