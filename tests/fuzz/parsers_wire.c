#include "tests/fuzz/parsers.h"

#include "wire/apdu.h"
#include "wire/atr.h"
#include "wire/cbor.h"
#include "wire/cms.h"
#include "wire/hex.h"
#include "wire/mrz.h"
#include "wire/oid.h"
#include "wire/secinfo.h"
#include "wire/std/icao9303.h"
#include "wire/std/rfc5652.h"
#include "wire/std/tr03110.h"
#include "wire/tlv.h"

/* Puts the i-th of n literals. */
static bool put_nth(struct sj_writer *w, const struct sj_span *seeds, size_t n, size_t i)
{
	if (i >= n)
		return false;
	sj_put(w, seeds[i]);
	return true;
}

#define SEEDS(name, ...) \
	static bool name(size_t i, struct sj_writer *w) \
	{ \
		const struct sj_span seeds[] = { __VA_ARGS__ }; \
\
		return put_nth(w, seeds, sizeof(seeds) / sizeof(seeds[0]), i); \
	}

/* --- text ---------------------------------------------------------------------- */

SEEDS(hex_seed, SJ_SPAN_STR("00a4040C07A0000002471001"))

static bool hex_run(struct sj_span in)
{
	uint8_t out[256];
	char text[513];
	struct sj_writer w = SJ_WRITER_OF(out);

	return sj_hex_read((const char *)in.ptr, in.len, &w) &&
	       sj_hex_text(sj_written(&w), SJ_HEX_UPPER, text, sizeof(text));
}

SEEDS(oid_text_seed, SJ_SPAN_STR("2.23.136.1.1.1"), SJ_SPAN_STR("0.4.0.127.0.7.2.2.4.2.2"))

static bool oid_text_run(struct sj_span in)
{
	uint8_t out[64];
	struct sj_writer w = SJ_WRITER_OF(out);

	return sj_oid_read((const char *)in.ptr, in.len, &w);
}

SEEDS(oid_seed, SJ_OID_ICAO_LDS_SECURITY_OBJECT, SJ_OID_PACE_ECDH_CAM)

static bool oid_run(struct sj_span in)
{
	char text[SJ_OID_TEXT_MAX];

	return sj_oid_text(in, text, sizeof(text));
}

SEEDS(mrz_seed,
      SJ_SPAN_STR("I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\n"
		  "STEVENSON<<PETER<JOHN<<<<<<<<<\n"),
      SJ_SPAN_STR("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<D231458907UTO7408122F1204159<<<<<<<6"),
      SJ_SPAN_STR("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n"
		  "L898902C36UTO7408122F1204159ZE184226B<<<<<10\n"))

static bool mrz_run(struct sj_span in)
{
	uint8_t zone[SJ_MRZ_SIZE_MAX], info[SJ_MRZ_INFORMATION_MAX];
	struct sj_writer w = SJ_WRITER_OF(zone), x = SJ_WRITER_OF(info);
	struct sj_mrz mrz;

	if (sj_mrz_parse((const char *)in.ptr, in.len, &mrz) != SJ_MRZ_OK)
		return false;
	sj_mrz_put(&w, &mrz);
	sj_mrz_put_information(&x, &mrz);
	return true;
}

SEEDS(mrz_access_seed, SJ_SPAN_STR("L898902C3674081221204159"),
      SJ_SPAN_STR("D23145890734934071279507122"))

static bool mrz_access_run(struct sj_span in)
{
	uint8_t info[SJ_MRZ_INFORMATION_MAX];
	struct sj_writer w = SJ_WRITER_OF(info);

	return sj_mrz_access((const char *)in.ptr, in.len, &w) == SJ_MRZ_OK;
}

SEEDS(mrz_spell_seed,
      SJ_SPAN_STR("M\xC3\xBCller-Nu\xC3\xB1"
		  "ez"),
      SJ_SPAN_STR("\xD0\xA9\xD0\xB5\xD1\x80\xD0\xB1\xD0\xB0"),
      SJ_SPAN_STR("\xD9\x85\xD8\xAD\xD9\x85\xD9\x91\xD8\xAF \xD8\xA9"))

static bool mrz_spell_run(struct sj_span in)
{
	char out[40];

	return sj_mrz_spell(in, SJ_MRZ_SPELL_DEFAULT, out, sizeof(out));
}

/* --- APDUs, ATRs, TLV --------------------------------------------------------------- */

SEEDS(apdu_seed, SJ_SPAN_STR("\x00\xB0\x9E\x00"), SJ_SPAN_STR("\x00\xB0\x9E\x00\x00"),
      SJ_SPAN_STR("\x00\xA4\x04\x0C\x07\xA0\x00\x00\x02\x47\x10\x01"),
      SJ_SPAN_STR("\x00\x86\x00\x00\x02\x7C\x00\x00"), SJ_SPAN_STR("\x00\xB0\x00\x00\x00\x00\x00"),
      SJ_SPAN_STR("\x00\x86\x00\x00\x00\x00\x02\x7C\x00\x00\x00"))

static bool apdu_run(struct sj_span in)
{
	struct sj_apdu a;

	if (!sj_apdu_parse(in, &a))
		return false;
	fuzz_touch(a.data);
	return true;
}

SEEDS(response_seed, SJ_SPAN_STR("\x6A\x82"), SJ_SPAN_STR("\x60\x14\x90\x00"))

static bool response_run(struct sj_span in)
{
	struct sj_response r;

	if (!sj_response_parse(in, &r))
		return false;
	fuzz_touch(r.data);
	return true;
}

static bool atr_seed(size_t i, struct sj_writer *w)
{
	if (i == 0)
		sj_atr_put_contactless(w, SJ_SPAN_STR("\x80\x31\xC0\x73"));
	else
		sj_atr_put_contact(w, SJ_SPAN_STR("\x80\x31\xC0\x73"));
	return i < 2;
}

static bool atr_run(struct sj_span in)
{
	struct sj_atr atr;

	if (!sj_atr_parse(in, &atr))
		return false;
	fuzz_touch(atr.historical);
	return true;
}

SEEDS(tlv_seed, SJ_SPAN_STR("\x7C\x06\x80\x01\x05\x81\x81\x00\x5F\x1F\x02\x01\x02"))

static bool tlv_run(struct sj_span in)
{
	struct sj_span value;
	uint32_t tag;
	size_t size;
	enum sj_tlv_rc rc;

	(void)!sj_tlv_announced(in, &size);
	(void)!sj_tlv_find(in, 0x5F1F, &value);
	while ((rc = sj_tlv_next(&in, &tag, &value)) == SJ_TLV_FOUND)
		fuzz_touch(value);
	return rc == SJ_TLV_ABSENT;
}

/* --- CBOR ------------------------------------------------------------------------------- */

SEEDS(cbor_seed,
      SJ_SPAN_STR("\xA5\x01\x82\x0A\x19\x03\xE8\x03\xD8\x3D\x43\x01\x02\x03\x20\x64\x61\x62"
		  "\x63\x64\x61\x61\xA1\x00\x83\xF4\xF5\x1B\0\0\0\1\0\0\0\0\x61\x62\xF6"),
      SJ_SPAN_STR("\x3B\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), SJ_SPAN_STR("\x82\x40\x80"))

/* The head alone, as the type that it is. */
static void cbor_head(struct sj_span in)
{
	struct sj_span bytes;
	int64_t value;
	size_t n;

	if (sj_cbor_take_bytes(&in, &bytes) || sj_cbor_take_text(&in, &bytes))
		fuzz_touch(bytes);
	else if (!sj_cbor_take_int(&in, &value))
		(void)!sj_cbor_take_array(&in, &n);
}

static bool cbor_run(struct sj_span in)
{
	struct sj_span item, key, value;
	struct sj_cbor_map map;

	cbor_head(in);
	if (!sj_cbor_take_item(&in, &item) || in.len != 0)
		return false;
	fuzz_touch(item);
	if (!sj_cbor_take_map(&item, &map))
		return true;
	if (sj_cbor_find(map, -1, &value))
		fuzz_touch(value);
	while (sj_cbor_next(&map, &key, &value)) {
		cbor_head(key);
		cbor_head(value);
	}
	return map.pairs.len == 0;
}

/* --- SecurityInfos, CMS ----------------------------------------------------------------- */

static bool secinfo_seed(size_t i, struct sj_writer *w)
{
	const struct sj_optional_id id = { true, 13 };
	uint8_t bytes[512];
	struct sj_writer items = SJ_WRITER_OF(bytes);

	sj_secinfo_put_pace(
		&items, &(struct sj_pace_info){
				SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x04\x02\x02"), 2, id });
	sj_secinfo_put_pace_domain(
		&items, &(struct sj_pace_domain_info){ SJ_OID_PACE_ECDH_GM,
						       SJ_SPAN_STR("\x30\x03\x06\x01\x2A"), id });
	sj_secinfo_put_ca(&items,
			  &(struct sj_ca_info){
				  SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x03\x02\x02"), 1, id });
	sj_secinfo_put_ca_key(&items,
			      &(struct sj_ca_key_info){ SJ_OID_PK_ECDH,
							SJ_SPAN_STR("\x30\x03\x06\x01\x2A"), id });
	sj_secinfo_put_aa(&items, &(struct sj_aa_info){ 1, SJ_OID_ECDSA_PLAIN_SHA256 });
	sj_secinfo_put_ta(&items,
			  &(struct sj_ta_info){ 1, SJ_SPAN_STR("\x01\x1C"), SJ_SPAN_STR("\x1C") });
	sj_secinfos_put(w, sj_written(&items));
	return i == 0;
}

static void secinfo_walk(const struct sj_secinfo *i)
{
	struct sj_pace_info pace;
	struct sj_pace_domain_info domain;
	struct sj_ca_info ca;
	struct sj_ca_key_info key;
	struct sj_aa_info aa;
	struct sj_ta_info ta;

	fuzz_touch(i->element);
	fuzz_touch(i->optional);
	(void)!sj_secinfo_pace(i, &pace);
	(void)!sj_secinfo_ca(i, &ca);
	if (sj_secinfo_pace_domain(i, &domain))
		fuzz_touch(domain.parameters);
	if (sj_secinfo_ca_key(i, &key))
		fuzz_touch(key.spki);
	if (sj_secinfo_aa(i, &aa))
		fuzz_touch(aa.signature_oid);
	if (sj_secinfo_ta(i, &ta))
		fuzz_touch(ta.short_id);
}

static bool secinfo_run(struct sj_span in)
{
	struct sj_span items, rest;
	struct sj_secinfo info;

	if (!sj_secinfos_parse(in, &items))
		return false;
	rest = items;
	while (sj_secinfo_next(&rest, &info) == SJ_TLV_FOUND) {
		secinfo_walk(&info);
		(void)sj_secinfos_contain(items, info.element);
	}
	return true;
}

static bool cms_seed(size_t i, struct sj_writer *w)
{
	const struct sj_span certificate = SJ_SPAN_STR("\x30\x03\x02\x01\x05");
	uint8_t bytes[256];
	struct sj_writer attributes = SJ_WRITER_OF(bytes);

	sj_cms_put_attributes(&attributes, SJ_OID_ICAO_LDS_SECURITY_OBJECT,
			      SJ_SPAN_STR("0123456789ABCDEF0123456789ABCDEF"), 1700000000);
	sj_cms_put(w, &(struct sj_cms_recipe){
			      .content_type = SJ_OID_ICAO_LDS_SECURITY_OBJECT,
			      .content = SJ_SPAN_STR("\x30\x03\x02\x01\x00"),
			      .certificates = &certificate,
			      .certificate_count = 1,
			      .issuer = SJ_SPAN_STR("\x30\x02\x31\x00"),
			      .serial = SJ_SPAN_STR("\x05"),
			      .digest_algorithm = SJ_SPAN_STR("\x30\x03\x06\x01\x2A"),
			      .attributes = sj_written(&attributes),
			      .signature_algorithm = SJ_SPAN_STR("\x30\x03\x06\x01\x2A"),
			      .signature = SJ_SPAN_STR("signature"),
		      });
	return i == 0;
}

static bool cms_run(struct sj_span in)
{
	struct sj_cms cms;
	struct sj_cms_signer signer;
	struct sj_span der;

	if (!sj_cms_parse(in, &cms))
		return false;
	fuzz_touch(cms.content);
	while (sj_cms_certificate(&cms.certificates, &der) == SJ_TLV_FOUND)
		fuzz_touch(der);
	while (sj_cms_signer(&cms.signers, &signer) == SJ_TLV_FOUND) {
		fuzz_touch(signer.signed_attributes);
		fuzz_touch(signer.message_digest);
		fuzz_touch(signer.signature);
	}
	return true;
}

SEEDS(cms_definite_seed,
      SJ_SPAN_STR("\x30\x80\x06\x01\x2A\xA0\x80\x24\x80\x04\x02\x01\x02\x04\x01\x03\0\0\0\0\0\0"),
      SJ_SPAN_STR("\x30\x80\x24\x06\x04\x01\x01\x04\x01\x02\0\0"))

static bool cms_definite_run(struct sj_span in)
{
	uint8_t out[FUZZ_SEED_MAX / 8];
	struct sj_writer w = SJ_WRITER_OF(out);

	(void)sj_cms_is_indefinite(in);
	if (!sj_cms_definite(in, &w))
		return false;
	fuzz_touch(sj_written(&w));
	return true;
}

static bool masterlist_seed(size_t i, struct sj_writer *w)
{
	const struct sj_span certificates[] = { SJ_SPAN_STR("\x30\x03\x02\x01\x07"),
						SJ_SPAN_STR("\x30\x03\x02\x01\x05") };

	sj_masterlist_put(w, certificates, 2);
	return i == 0;
}

static bool masterlist_run(struct sj_span in)
{
	struct sj_masterlist list;
	struct sj_span der;

	if (!sj_masterlist_parse(in, &list))
		return false;
	while (sj_cms_certificate(&list.certificates, &der) == SJ_TLV_FOUND)
		fuzz_touch(der);
	return true;
}

struct fuzz_room fuzz_wire(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "hex", hex_seed, hex_run },
		{ "oid", oid_seed, oid_run },
		{ "oid-text", oid_text_seed, oid_text_run },
		{ "mrz", mrz_seed, mrz_run },
		{ "mrz-access", mrz_access_seed, mrz_access_run },
		{ "mrz-spell", mrz_spell_seed, mrz_spell_run },
		{ "apdu", apdu_seed, apdu_run },
		{ "response", response_seed, response_run },
		{ "atr", atr_seed, atr_run },
		{ "tlv", tlv_seed, tlv_run },
		{ "cbor", cbor_seed, cbor_run },
		{ "secinfo", secinfo_seed, secinfo_run },
		{ "cms", cms_seed, cms_run },
		{ "cms-definite", cms_definite_seed, cms_definite_run },
		{ "masterlist", masterlist_seed, masterlist_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
