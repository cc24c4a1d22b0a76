#include "tests/card/eid_rig.h"

#include "crypt/hash.h"
#include "secure/ri.h"
#include "wire/std/tr03110.h"

/* --- what is on the card ----------------------------------------------------------- */

/* Hexadecimal, as in EID.md; 26 and 30 are made. Address and community have room behind them. */
static const char *const contents[EID_GROUPS + 1] = {
	[1] = "610413025552", /* UR */
	[2] = "6205130355544F",
	[3] = "630A12083230333031323331",
	[4] = "640C0C0A414E4E41204D41524941",
	[5] = "650A0C084552494B53534F4E",
	[6] = "66060C04416E6E61",
	[7] = "67050C0344722E",
	[8] = "680A12083139373430383132",
	[9] = "690AA1080C065A454E495448",
	[10] = "6A05130355544F",
	[11] = "6B03130146",
	[12] = "6C023100",
	[13] = "6D070C05534D495448",
	[14] = "6E050403FF4FFF",
	[15] = "6F0A12083230323630313031",
	[17] = "7118301"
	       "6AB070C054B4F454C4EAD03130144AE06130435303636"
	       "0000000000000000",
	[18] = "720904070276050315000000000000",
	[19] = "7306A1040C026F6B",
	[20] = "7406A1040C026F6C",
	[21] = "750613042B383631",
	[22] = "7605160361"
	       "4062",
	[23] = "77061304"
	       "44303132",
	[24] = "7803020103",
	[25] = "790B3009130355544F13024C38",
	[27] = "7B153013301112083230323630313032020101"
	       "0C02"
	       "5056",
	[28] = "7C0A30088002412B82024531",
	[29] = "7D040C024939",
};

struct sj_span eid_content(unsigned group, uint8_t sector, uint8_t out[static 1024])
{
	static const uint8_t portrait[] = { 0x7A, 0x82, 0x02, 0xC0, 0x04, 0x82, 0x02, 0xBC };
	struct sj_writer w = sj_writer(out, 1024);

	if (group == 26) {
		sj_put(&w, SJ_SPAN_OF(portrait));
		for (size_t i = 0; i < EID_PORTRAIT_SIZE; i++)
			sj_put_u8(&w, pattern(0x011A, i));
		return sj_written(&w);
	}
	if (group == EID_STATUS) {
		sj_put(&w, SJ_SPAN_STR("\x7E\x08\x04\x06\x00"));
		sj_put_u8(&w, sector);
		sj_put_be(&w, 4, 0x00ABCD00u + sector);
		return sector != 0 ? sj_written(&w) : sj_span(NULL, 0);
	}
	return contents[group] != NULL ? hex(contents[group], out, 1024) : sj_span(NULL, 0);
}

uint16_t eid_group_dgi(struct bench *b, unsigned group, uint8_t sector, uint32_t offset,
		       struct sj_span bytes)
{
	uint8_t value[1100];
	struct sj_writer w = SJ_WRITER_OF(value);

	sj_put_u8(&w, (uint8_t)group);
	sj_put_u8(&w, sector);
	sj_put_be(&w, 3, offset);
	sj_put(&w, bytes);
	return bench_dgi(b, 0x0001, sj_written(&w));
}

void eid_personalise_all(struct bench *b, struct sj_ec_point *ri)
{
	uint8_t bytes[1024];
	enum sj_curve curve;

	bench_manage(b);
	assert_int_equal(bench_do(b, EID_INSTALL), SJ_SW_OK);
	b->block = 0;
	assert_int_equal(bench_dgi_hex(b, 0x0000, ""), SJ_SW_OK);
	for (unsigned group = 1; group <= EID_GROUPS; group++)
		for (uint8_t sector = 0; sector < EAC_SECTORS; sector++)
			if ((sector == 0 || group == EID_STATUS) &&
			    eid_content(group, sector, bytes).len > 0)
				assert_int_equal(eid_group_dgi(b, group, sector, 0,
							       eid_content(group, sector, bytes)),
						 SJ_SW_OK);
	assert_int_equal(bench_dgi_hex(b, 0x0002, "0D01"), SJ_SW_OK);
	if (ri != NULL)
		assert_true(sj_ec_spki_read(b->data, &curve, ri));
	assert_int_equal(
		bench_dgi(b, 0x0003, SJ_SPAN_STR(EID_BORN EID_EXPIRES "\x02\x76\x05\x03\x15\0\0")),
		SJ_SW_OK);
}

/* --- a terminal ------------------------------------------------------------------------ */

void eid_sector_make(struct eid_sector *s)
{
	const struct sj_random random = sj_random_system();
	struct sj_writer w = SJ_WRITER_OF(s->bytes);
	uint8_t digest[SJ_HASH_MAX];
	struct sj_ec_point point;

	assert_true(sj_ec_secret_random(SJ_BP256R1, &random, &s->secret));
	assert_true(sj_ec_multiply(SJ_BP256R1, &s->secret, NULL, &point));
	sj_ri_key_put(&w, SJ_BP256R1, &point);
	assert_false(w.failed);
	s->len = w.len;
	assert_true(sj_hash(SJ_SHA256, (const struct sj_span[]){ sj_written(&w) }, 1, digest));
	memcpy(s->hash, digest, sizeof(s->hash));
}

void eid_certify(struct eac_chain *chain, const struct eid_plan *plan)
{
	struct eac_holder *h = &chain->terminal;
	const struct sj_cvc_service service = { plan->sector, 9, 0x01020304 };
	struct sj_writer w = SJ_WRITER_OF(h->extensions);

	h->plan.rights.bits = plan->bits;
	memset(h->plan.rights.extra, 0, sizeof(h->plan.rights.extra));
	h->plan.rights.extra[SJ_CVC_SOJOURN] = plan->extension;
	if (plan->sector != 0)
		sj_cvc_service_put(&w, &service);
	if (plan->sectors[0] != NULL)
		sj_cvc_sectors_put(&w, SJ_SPAN_OF(plan->sectors[0]->hash),
				   plan->sectors[1] != NULL ? SJ_SPAN_OF(plan->sectors[1]->hash)
							    : sj_span(NULL, 0));
	assert_false(w.failed);
	h->plan.extensions = sj_written(&w);
	eac_sign(h, &chain->dv);
}

void eid_aux_put(struct sj_writer *w, uint8_t arc, const char *data)
{
	const size_t at = sj_tlv_open(w), oid = sj_tlv_open(w);

	sj_put(w, SJ_OID_AUX);
	sj_put_u8(w, arc);
	sj_tlv_close(w, 0x06, oid);
	sj_tlv_put(w, SJ_TAG_DISCRETIONARY, sj_span((const uint8_t *)data, strlen(data)));
	sj_tlv_close(w, SJ_TAG_DISCRETIONARY_TEMPLATE, at);
}

uint16_t eid_read(struct bench *b, unsigned group)
{
	const struct sj_apdu apdu = { .ins = 0xB0,
				      .p1 = (uint8_t)(0x80 | group),
				      .ne = SJ_APDU_NE_EXTENDED,
				      .extended = true };

	return bench_send(b, &apdu);
}

uint16_t eid_ask(struct bench *b, uint8_t arc)
{
	uint8_t data[16];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .cla = 0x80, .ins = 0x20, .p1 = 0x80 };
	const size_t at = sj_tlv_open(&w);

	sj_put(&w, SJ_OID_AUX);
	sj_put_u8(&w, arc);
	sj_tlv_close(&w, 0x06, at);
	apdu.data = sj_written(&w);
	return bench_send(b, &apdu);
}

uint16_t eid_authenticate(struct bench *b, struct sj_span content)
{
	uint8_t data[1024];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0x86, .ne = 256 };

	sj_tlv_put(&w, 0x7C, content);
	assert_false(w.failed);
	apdu.data = sj_written(&w);
	if (apdu.data.len > 255)
		apdu.ne = SJ_APDU_NE_EXTENDED;
	return bench_send(b, &apdu);
}

struct sj_span eid_sector_object(const struct eid_sector *s, uint32_t tag, uint8_t out[static 512])
{
	struct sj_span in = sj_span(s->bytes, s->len), key;
	struct sj_writer w = sj_writer(out, 512);

	assert_int_equal(sj_tlv_take(&in, SJ_TAG_PUBLIC_KEY, &key), SJ_TLV_FOUND);
	sj_tlv_put(&w, tag, key);
	assert_false(w.failed);
	return sj_written(&w);
}

uint16_t eid_identify(struct bench *b, const struct eid_sector *s, uint8_t id[static 32])
{
	uint8_t bytes[512];
	struct sj_span told;
	uint16_t sw = bench_do(b, EID_RI_SET);

	if (sw != SJ_SW_OK)
		return sw;
	sw = eid_authenticate(b, eid_sector_object(s, SJ_TAG_RI_KEY_1, bytes));
	if (sw != SJ_SW_OK)
		return sw;
	told = dynamic_object(b, SJ_TAG_RI_ID_1);
	assert_int_equal(told.len, 32);
	memcpy(id, told.ptr, 32);
	return sw;
}

/* --- visits ---------------------------------------------------------------------------- */

struct eid_plan eid_everything(void)
{
	return (struct eid_plan){ .bits = EID_ALL_BITS,
				  .extension = EID_ALL_EXTENSIONS,
				  .sector = 3 };
}

int eid_room_setup(void **state)
{
	struct eid_room *f = calloc(1, sizeof(*f));
	struct eac_plan plan = { .flags = CARD_EAC_EID, .date = EAC_2026, .keys = true };

	assert_non_null(f);
	eac_chain(&f->at, "P-256", SJ_CVC_AUTHENTICATION);
	eac_chain(&f->is, "P-256", SJ_CVC_INSPECTION);
	plan.anchors[0] = eac_made(&f->at.cvca);
	plan.anchors[1] = eac_made(&f->is.cvca);
	eac_issue(&f->card, &plan);
	eid_sector_make(&f->sector);
	eid_sector_make(&f->other);
	f->aux_w = SJ_WRITER_OF(f->aux);
	*state = f;
	return 0;
}

int eid_room_teardown(void **state)
{
	struct eid_room *f = *state;

	bench_free(f->card.b);
	eac_chain_forget(&f->at);
	eac_chain_forget(&f->is);
	free(f);
	return 0;
}

struct bench *eid_come_to(struct eid_room *f, const struct eid_plan *plan, enum eac_step last)
{
	eid_certify(&f->at, plan);
	bench_power(f->card.b);
	eac_terminal(&f->t, &f->card, &f->at);
	f->t.sector = plan->sector;
	if (f->aux_w.len > 0) {
		sj_tlv_close(&f->aux_w, SJ_TAG_CVC_AUTHENTICATION, 0);
		f->t.aux = sj_written(&f->aux_w);
	}
	assert_int_equal(eac_until(&f->t, last), SJ_SW_OK);
	f->aux_w.len = 0;
	return f->card.b;
}

struct bench *eid_come(struct eid_room *f, const struct eid_plan *plan)
{
	struct bench *b = eid_come_to(f, plan, EAC_CA);

	assert_int_equal(bench_do(b, EID_SELECT), SJ_SW_OK);
	return b;
}

struct bench *eid_inspect(struct eid_room *f)
{
	bench_power(f->card.b);
	eac_terminal(&f->t, &f->card, &f->is);
	assert_int_equal(eac_until(&f->t, EAC_CA), SJ_SW_OK);
	assert_int_equal(bench_do(f->card.b, EID_SELECT), SJ_SW_OK);
	return f->card.b;
}
