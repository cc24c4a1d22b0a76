#include "authority/keyobjects.h"

#include <string.h>

#include "wire/tlv.h"

/* Part 1, appendix A: tags of the capability container, the pairing code, the security object. */
#define TAG_CARD_IDENTIFIER 0xF0u
#define TAG_PAIRING_CODE 0x99u
#define TAG_MAPPING 0xBAu
#define TAG_SECURITY 0xBBu

/* Data groups of the security object and the containers behind them (part 1, table 3). */
#define GROUP_CCC 1u
#define GROUP_CHUID 2u
#define CONTAINER_CCC 0xDB00u
#define CONTAINER_CHUID 0x3000u

/*
 * Agency 9999, system 9999, credential 999999, series 0, issue 1, person 0000000000, category 3,
 * organization 0000, association 1: five bits a digit, lowest first, odd parity (TIG SCEPACS 2.2).
 */
static const uint8_t fasc_n[] = { 0xD4, 0xE7, 0x39, 0xDA, 0x73, 0x9C, 0xED, 0x39, 0xCE,
				  0x73, 0x9D, 0x83, 0x68, 0x58, 0x21, 0x08, 0x42, 0x10,
				  0x84, 0x21, 0xC8, 0x42, 0x10, 0xC3, 0xEB };

bool keyobjects_put_chuid(struct sj_writer *w, struct sj_span guid, const char *expires,
			  const struct sj_signed_by *signer)
{
	uint8_t bare[128], signature[KEYOBJECTS_MAX - 256];
	struct sj_writer objects = SJ_WRITER_OF(bare), sig = SJ_WRITER_OF(signature);
	struct sj_piv_chuid chuid = {
		.fasc_n = SJ_SPAN_OF(fasc_n),
		.guid = guid,
		.expiration = sj_span((const uint8_t *)expires, strlen(expires)),
	};

	/* All but 3E: it ends with an empty one and FE. */
	sj_piv_chuid_put(&objects, &chuid);
	if (objects.failed || objects.len < 4)
		return false;
	objects.len -= 4;
	sj_tlv_put_header(&objects, PIV_TAG_ERROR_DETECTION, 0);
	if (objects.failed || !sj_signed_put_chuid(&sig, sj_written(&objects), signer))
		return false;
	chuid.signature = sj_written(&sig);
	sj_piv_chuid_put(w, &chuid);
	return !w->failed;
}

void keyobjects_put_ccc(struct sj_writer *w, const uint8_t id[static KEYOBJECTS_CARD_ID])
{
	/* GSC-RID, a manufacturer who has no number, a card with its own file system. */
	static const uint8_t head[] = { 0xA0, 0x00, 0x00, 0x01, 0x16, 0xFF, 0x02 };
	/* Versions of container and grammar 2.1, no applications, data model 10. */
	static const uint8_t rest[] = { 0xF1, 0x01, 0x21, 0xF2, 0x01, 0x21, 0xF3, 0x00, 0xF4,
					0x01, 0x00, 0xF5, 0x01, 0x10, 0xF6, 0x00, 0xF7, 0x00,
					0xFA, 0x00, 0xFB, 0x00, 0xFC, 0x00, 0xFD, 0x00 };
	size_t at = sj_tlv_open(w);

	sj_put(w, SJ_SPAN_OF(head));
	sj_put(w, sj_span(id, KEYOBJECTS_CARD_ID));
	sj_tlv_close(w, TAG_CARD_IDENTIFIER, at);
	sj_put(w, SJ_SPAN_OF(rest));
	sj_tlv_put_header(w, PIV_TAG_ERROR_DETECTION, 0);
}

void keyobjects_put_pairing(struct sj_writer *w, const char *digits)
{
	sj_tlv_put(w, TAG_PAIRING_CODE, sj_span((const uint8_t *)digits, strlen(digits)));
	sj_tlv_put_header(w, PIV_TAG_ERROR_DETECTION, 0);
}

static void put_mapping(struct sj_writer *w)
{
	size_t at = sj_tlv_open(w);

	sj_put_u8(w, GROUP_CCC);
	sj_put_be(w, 2, CONTAINER_CCC);
	sj_put_u8(w, GROUP_CHUID);
	sj_put_be(w, 2, CONTAINER_CHUID);
	sj_tlv_close(w, TAG_MAPPING, at);
}

bool keyobjects_put_security(struct sj_writer *w, struct sj_span chuid, struct sj_span ccc,
			     const struct sj_signed_by *signer)
{
	struct sj_sod_plan plan = { .version = 0 };
	size_t at;

	plan.groups[GROUP_CCC] = ccc;
	plan.groups[GROUP_CHUID] = chuid;
	put_mapping(w);
	at = sj_tlv_open(w);
	if (!sj_signed_put_piv_security(w, &plan, signer))
		return false;
	sj_tlv_close(w, TAG_SECURITY, at);
	sj_tlv_put_header(w, PIV_TAG_ERROR_DETECTION, 0);
	return !w->failed;
}
