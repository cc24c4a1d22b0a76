/* perso.c -- the data groupings of PERSO.md, and what the final lock asks for. */
#include "crypt/rsa.h"
#include "crypt/sign.h"
#include "crypt/wipe.h"
#include "state.h"
#include "wire/lds.h"

#define FILE_SIZE_MAX 0x40000u
#define PARENT_MF 0x3F00u
#define PARENT_LDS 0x0101u
#define FID_CARD_ACCESS 0x011Cu
#define FID_CARD_SECURITY 0x011Du
#define FID_COM 0x011Eu
#define FID_DG_BASE 0x0100u /* + number */
#define FID_SOD 0x011Du
#define FID_CVCA 0x011Cu /* not written: the card makes it */
#define CIPHER_MASK 0x0Fu

/* --- 0000: a fresh start ------------------------------------------------------ */

static uint16_t forget(struct card_call *call, struct sj_span data)
{
	struct card_store *store = card_store_of(call->card);

	if (data.len != 0)
		return SJ_SW_WRONG_DATA;
	return card_store_wipe(store, CARD_OBJECT_EMRTD, EMRTD_OBJECT_END) &&
			       card_eac_forget(call->card)
		       ? SJ_SW_OK
		       : SJ_SW_MEMORY_FAILURE;
}

/* --- 0001, 0002: access and files ----------------------------------------- */

static uint16_t set_access(struct card_call *call, struct sj_span data)
{
	struct emrtd_access access;

	if (!emrtd_access_parse(data, &access))
		return SJ_SW_WRONG_DATA;
	if (!card_store_set(card_store_of(call->card), EMRTD_OBJECT_ACCESS, data))
		return SJ_SW_MEMORY_FAILURE;
	return SJ_SW_OK;
}

/* The object of the file that the issuer names; 0: there is no such file. */
static uint32_t object_under(uint32_t parent, uint32_t fid)
{
	const struct emrtd_file *f = NULL;

	if (parent == PARENT_MF && fid - EMRTD_FID_CARD_SECURITIES < EMRTD_SECTORS)
		return EMRTD_OBJECT_FILES_MF + fid;
	if (parent == PARENT_MF)
		f = emrtd_file_by_fid(EMRTD_MF, (uint16_t)fid);
	else if (parent == PARENT_LDS && fid != FID_CVCA)
		f = emrtd_file_by_fid(EMRTD_LDS, (uint16_t)fid);
	return f ? emrtd_file_object(f) : 0;
}

static uint16_t write_file(struct card_call *call, struct sj_span data)
{
	struct card_store *store = card_store_of(call->card);
	struct sj_span present = { 0 };
	uint32_t parent, fid, offset, object;

	if (!sj_take_be(&data, 2, &parent) || !sj_take_be(&data, 2, &fid) ||
	    !sj_take_be(&data, 3, &offset) || data.len == 0)
		return SJ_SW_WRONG_DATA;
	object = object_under(parent, fid);
	if (object == 0)
		return SJ_SW_WRONG_DATA;
	if (offset > 0 && (!card_store_get(store, object, &present) || offset > present.len))
		return SJ_SW_WRONG_DATA;
	if (data.len > FILE_SIZE_MAX - offset)
		return SJ_SW_NO_SPACE;
	if (offset == 0 ? !card_store_set(store, object, data)
			: !card_store_write(store, object, offset, data))
		return SJ_SW_MEMORY_FAILURE;
	return SJ_SW_OK;
}

/* --- 0011 to 0015: keys ---------------------------------------------------- */

static bool take_curve(struct sj_span *in, enum sj_curve *out)
{
	uint8_t id;

	if (!sj_take_u8(in, &id))
		return false;
	*out = sj_curve_from_id(id);
	return *out != SJ_CURVE_NONE;
}

static bool take_hash(struct sj_span *in, enum sj_hash *out)
{
	uint8_t id;

	if (!sj_take_u8(in, &id) || id < SJ_SHA1 || id > SJ_SHA512)
		return false;
	*out = (enum sj_hash)id;
	return true;
}

static uint16_t generate_ca(struct card_call *call, struct sj_span data)
{
	enum sj_curve curve;
	uint8_t ciphers, key_id, least;
	struct sj_span present;

	if (!take_curve(&data, &curve) || !sj_take_u8(&data, &ciphers) ||
	    !sj_take_u8(&data, &key_id) || data.len != 0 || ciphers == 0 ||
	    (ciphers & ~CIPHER_MASK) != 0 || key_id > EMRTD_CA_KEY_ID_MAX)
		return SJ_SW_WRONG_DATA;
	if (!card_store_get(card_store_of(call->card), EMRTD_OBJECT_CA + key_id, &present) &&
	    emrtd_ca_key_count(call->card, &least) >= EMRTD_CA_KEYS_MAX)
		return SJ_SW_NO_SPACE;
	return emrtd_key_generate(call, EMRTD_OBJECT_CA + key_id, curve, ciphers);
}

static uint16_t generate_cam(struct card_call *call, struct sj_span data)
{
	enum sj_curve curve;

	if (!take_curve(&data, &curve) || data.len != 0)
		return SJ_SW_WRONG_DATA;
	return emrtd_key_generate(call, EMRTD_OBJECT_CAM + (uint32_t)curve, curve, 0);
}

/* Deletes what is there; absence is no fault. */
static bool drop(struct card *card, uint32_t object)
{
	struct card_store *store = card_store_of(card);
	struct sj_span present;

	return !card_store_get(store, object, &present) || card_store_delete(store, object);
}

static uint16_t generate_aa_ec(struct card_call *call, struct sj_span data)
{
	enum sj_curve curve;
	enum sj_hash hash;

	if (!take_curve(&data, &curve) || !take_hash(&data, &hash) || data.len != 0 ||
	    sj_hash_size(hash) > sj_curve_order_size(curve))
		return SJ_SW_WRONG_DATA;
	if (!drop(call->card, EMRTD_OBJECT_AA_RSA) || !drop(call->card, EMRTD_OBJECT_IMPORT))
		return SJ_SW_MEMORY_FAILURE;
	return emrtd_key_generate(call, EMRTD_OBJECT_AA_EC, curve, (uint8_t)hash);
}

/* Makes this (hash || PKCS#8) the card's only Active Authentication key. */
static bool set_aa_rsa(struct card *card, struct sj_span stored)
{
	return drop(card, EMRTD_OBJECT_AA_EC) && drop(card, EMRTD_OBJECT_AA_RSA) &&
	       card_store_set(card_store_of(card), EMRTD_OBJECT_AA_RSA, stored) &&
	       drop(card, EMRTD_OBJECT_IMPORT);
}

static uint16_t generate_aa_rsa(struct card_call *call, struct sj_span data)
{
	uint8_t stored[1 + SJ_RSA_PRIVATE_MAX];
	struct sj_writer w = SJ_WRITER_OF(stored);
	enum sj_hash hash;
	uint32_t bits;
	uint16_t sw = SJ_SW_WRONG_DATA;

	if (!sj_take_be(&data, 2, &bits) || !take_hash(&data, &hash) || data.len != 0 ||
	    (bits != 2048 && bits != 3072))
		return sw;
	sj_put_u8(&w, (uint8_t)hash);
	sw = SJ_SW_MEMORY_FAILURE;
	if (sj_rsa_generate(bits, &w, call->out) && !w.failed &&
	    set_aa_rsa(call->card, sj_written(&w)))
		sw = SJ_SW_OK;
	sj_wipe(stored, sizeof(stored));
	return sw;
}

/* The whole key has come: check it, answer its public half, take it. */
static uint16_t finish_import(struct card_call *call)
{
	uint8_t stored[1 + SJ_RSA_PRIVATE_MAX];
	struct sj_span object, pkcs8;
	struct sj_key *key = NULL;
	size_t size;
	uint16_t sw = SJ_SW_WRONG_DATA;

	if (!card_store_get(card_store_of(call->card), EMRTD_OBJECT_IMPORT, &object) ||
	    object.len < 1 || object.len > sizeof(stored))
		return sw;
	pkcs8 = sj_span(object.ptr + 1, object.len - 1);
	size = sj_rsa_private_size(pkcs8);
	if (size != 2048 / 8 && size != 3072 / 8)
		goto out;
	key = sj_key_read(pkcs8);
	if (!key || !sj_key_put_public(key, false, call->out))
		goto out;
	sw = SJ_SW_MEMORY_FAILURE;
	size = object.len;
	if (sj_take_copy(&object, size, stored) && set_aa_rsa(call->card, sj_span(stored, size)))
		sw = SJ_SW_OK;
out:
	sj_key_free(key);
	sj_wipe(stored, sizeof(stored));
	return sw;
}

/* Puts a piece behind the pieces before it; *size gets that of the key so far. */
static uint16_t append_import(struct card *card, enum sj_hash hash, uint32_t offset,
			      struct sj_span piece, size_t *size)
{
	struct card_store *store = card_store_of(card);
	struct sj_span present;
	uint8_t first = (uint8_t)hash;

	if (offset == 0 && (!drop(card, EMRTD_OBJECT_IMPORT) ||
			    !card_store_set(store, EMRTD_OBJECT_IMPORT, sj_span(&first, 1))))
		return SJ_SW_MEMORY_FAILURE;
	if (!card_store_get(store, EMRTD_OBJECT_IMPORT, &present) || present.len != 1 + offset ||
	    present.ptr[0] != first || piece.len > SJ_RSA_PRIVATE_MAX - offset)
		return SJ_SW_WRONG_DATA;
	if (!card_store_write(store, EMRTD_OBJECT_IMPORT, 1 + (size_t)offset, piece))
		return SJ_SW_MEMORY_FAILURE;
	*size = offset + piece.len;
	return SJ_SW_OK;
}

static uint16_t import_aa_rsa(struct card_call *call, struct sj_span data)
{
	struct sj_span present;
	enum sj_hash hash;
	uint32_t offset;
	size_t size, announced;
	uint16_t sw;

	if (!take_hash(&data, &hash) || !sj_take_be(&data, 3, &offset) || data.len == 0 ||
	    offset > SJ_RSA_PRIVATE_MAX)
		return SJ_SW_WRONG_DATA;
	sw = append_import(call->card, hash, offset, data, &size);
	if (sw != SJ_SW_OK)
		return sw;
	if (!card_store_get(card_store_of(call->card), EMRTD_OBJECT_IMPORT, &present) ||
	    !sj_tlv_announced(sj_span(present.ptr + 1, present.len - 1), &announced) ||
	    size > announced)
		return SJ_SW_WRONG_DATA;
	return size == announced ? finish_import(call) : SJ_SW_OK;
}

/* --- 0018: what kind of card --------------------------------------------------- */

static uint16_t set_kind(struct card_call *call, struct sj_span data)
{
	uint8_t flags;
	uint32_t date;

	if (!sj_take_u8(&data, &flags) || !sj_take_be(&data, 4, &date) || data.len != 0 ||
	    flags < CARD_EAC_TA1 || flags > CARD_EAC_EID || date == 0)
		return SJ_SW_WRONG_DATA;
	return card_eac_set(call->card, flags, date) ? SJ_SW_OK : SJ_SW_MEMORY_FAILURE;
}

static const struct grouping {
	uint16_t dgi;
	uint16_t (*take)(struct card_call *call, struct sj_span data);
} groupings[] = {
	{ 0x0000, forget },
	{ 0x0001, set_access },
	{ 0x0002, write_file },
	{ 0x0011, generate_ca },
	{ 0x0012, generate_aa_ec },
	{ 0x0013, import_aa_rsa },
	{ 0x0014, generate_aa_rsa },
	{ 0x0015, generate_cam },
	{ 0x0016, emrtd_ca2_personalise },
	{ 0x0017, emrtd_anchor_personalise },
	{ 0x0018, set_kind },
};

uint16_t emrtd_personalise(struct card_call *call, uint16_t dgi, struct sj_span data)
{
	for (size_t i = 0; i < sizeof(groupings) / sizeof(groupings[0]); i++)
		if (groupings[i].dgi == dgi)
			return groupings[i].take(call, data);
	return SJ_SW_REFERENCE_NOT_FOUND;
}

/* --- the lock --------------------------------------------------------------- */

static bool has_file(struct card *card, enum emrtd_df df, uint16_t fid)
{
	const struct emrtd_file *f = emrtd_file_by_fid(df, fid);

	return f && emrtd_file_exists(card_store_of(card), f);
}

/* EF.COM is there and every data group that it lists, too (Doc 9303-10, 4.6.1). */
static bool has_listed_groups(struct card *card)
{
	const struct emrtd_file *f = emrtd_file_by_fid(EMRTD_LDS, FID_COM);
	struct sj_span content;
	struct sj_com com;

	if (!f || !card_store_get(card_store_of(card), emrtd_file_object(f), &content) ||
	    !sj_com_parse(content, &com))
		return false;
	for (unsigned n = 1; n <= SJ_DG_COUNT; n++)
		if ((com.groups & 1u << n) != 0 &&
		    !has_file(card, EMRTD_LDS, (uint16_t)(FID_DG_BASE + n)))
			return false;
	return true;
}

/* Every PACEInfo can be run, and its files can be read. */
static bool has_pace(struct card *card, const struct emrtd_access *access)
{
	struct sj_span key;

	if ((access->protocols & EMRTD_PACE) == 0)
		return true;
	if (!has_file(card, EMRTD_MF, FID_CARD_ACCESS))
		return false;
	for (size_t i = 0; i < access->suite_count; i++) {
		const struct sj_pace_suite *s = &access->suites[i];

		if (s->mapping == SJ_PACE_CAM &&
		    (!has_file(card, EMRTD_MF, FID_CARD_SECURITY) ||
		     !card_store_get(card_store_of(card), EMRTD_OBJECT_CAM + (uint32_t)s->curve,
				     &key)))
			return false;
	}
	return true;
}

/* Terminal Authentication has somebody to believe; on an eID card, every sector its own key. */
static bool has_eac(struct card *card, const struct emrtd_access *access)
{
	struct sj_span names[EMRTD_ANCHORS], content;
	uint32_t object;
	uint8_t id;

	if (card_has_ta1(card))
		return emrtd_anchor_names(card, SJ_CVC_INSPECTION, names) > 0;
	if (!card_is_eid(card))
		return true;
	if (access->protocols != EMRTD_PACE || access->can.len == 0 || access->pin.len == 0 ||
	    access->puk.len == 0 || emrtd_anchor_names(card, SJ_CVC_AUTHENTICATION, names) == 0)
		return false;
	for (uint8_t sector = 0; sector < EMRTD_SECTORS; sector++)
		if (!emrtd_ca2_find(card, sector, &object, &id) ||
		    (object - EMRTD_OBJECT_CA2) / (EMRTD_CA_KEY_ID_MAX + 1) != sector ||
		    !card_store_get(card_store_of(card),
				    EMRTD_OBJECT_FILES_MF + EMRTD_FID_CARD_SECURITIES + sector,
				    &content))
			return false;
	return true;
}

uint16_t emrtd_lock(struct card_call *call)
{
	struct card *card = call->card;
	struct emrtd_access access;
	struct sj_span unfinished;

	if (!emrtd_access_load(card, &access) || !has_pace(card, &access) ||
	    !has_eac(card, &access) || !has_listed_groups(card) ||
	    !has_file(card, EMRTD_LDS, FID_SOD) ||
	    card_store_get(card_store_of(card), EMRTD_OBJECT_IMPORT, &unfinished))
		return SJ_SW_CONDITIONS;
	return SJ_SW_OK;
}
