/* object.c -- data objects and certificates. Source: SP 800-73-5, part 1, 3; part 2, 3.1.2, 3.3.1. */
#include <stdlib.h>
#include <string.h>

#include "crypt/x509.h"
#include "piv/gzip.h"
#include "piv/piv.h"
#include "reader/memory.h"
#include "wire/tlv.h"

#define PUT_MAX (SJ_PIV_OBJECT_MAX + 32u)

/* --- reading ------------------------------------------------------------------ */

enum sj_rc sj_piv_get(struct sj_piv *piv, uint32_t tag, struct sj_span *value)
{
	uint8_t list[8];
	struct sj_writer w = SJ_WRITER_OF(list);
	struct sj_apdu a = { .ins = PIV_INS_GET_DATA, .p1 = 0x3F, .p2 = 0xFF };
	struct sj_response r;
	enum sj_rc rc;

	sj_piv_tag_list_put(&w, tag);
	if (w.failed)
		return SJ_USAGE;
	a.data = sj_written(&w);
	a.ne = sj_session_extended(piv->session) ? SJ_APDU_NE_EXTENDED : SJ_APDU_NE_SHORT;
	rc = sj_piv_send(piv, &a, &r);
	if (rc == SJ_OK)
		rc = sj_piv_meaning(r.sw);
	if (rc != SJ_OK)
		return rc;
	if (tag == PIV_OBJECT_DISCOVERY || tag == PIV_OBJECT_BIOMETRIC_GROUP) {
		*value = r.data;
		return r.data.len == 0              ? SJ_KEY_ABSENT
		       : sj_tlv_well_formed(r.data) ? SJ_OK
						    : SJ_CARD_ANSWER;
	}
	if (!sj_piv_data_read(r.data, value))
		return SJ_CARD_ANSWER;
	return value->len == 0 ? SJ_KEY_ABSENT : SJ_OK;
}

struct reading {
	uint32_t tag;
	bool certificate;
	uint8_t *out;
	size_t *len;
};

static enum sj_rc read_step(struct sj_piv *piv, void *arg)
{
	const struct reading *r = arg;
	struct sj_span value, der;
	uint8_t *owned = NULL;
	enum sj_rc rc = sj_piv_get(piv, r->tag, &value);

	if (rc != SJ_OK || !r->certificate)
		return rc == SJ_OK ? sj_piv_give(value, r->out, r->len) : rc;
	rc = sj_piv_certificate_open(value, &der, &owned);
	if (rc == SJ_OK)
		rc = sj_piv_give(der, r->out, r->len);
	free(owned);
	return rc;
}

enum sj_rc sj_piv_read(struct sj_piv *piv, uint32_t tag, uint8_t *out, size_t *len)
{
	const unsigned mark = sj_memory_mark();
	struct reading r = { tag, false, out, len };

	sj_piv_clock(piv);
	return sj_memory_rc(mark, sj_piv_attempt(piv, read_step, &r, NULL));
}

enum sj_rc sj_piv_certificate_open(struct sj_span value, struct sj_span *der, uint8_t **owned)
{
	struct sj_piv_certificate c;
	struct sj_writer w;

	if (!sj_piv_certificate_read(value, &c) || c.certificate.len == 0)
		return SJ_CARD_ANSWER;
	*der = c.certificate;
	if (!c.gzip)
		return SJ_OK;
	*owned = malloc(SJ_CERT_MAX);
	if (!*owned)
		return SJ_NO_MEMORY;
	w = sj_writer(*owned, SJ_CERT_MAX);
	if (!sj_gunzip(c.certificate, &w))
		return SJ_CARD_ANSWER;
	*der = sj_written(&w);
	return SJ_OK;
}

enum sj_rc sj_piv_read_certificate(struct sj_piv *piv, uint8_t key, uint8_t *out, size_t *len)
{
	const unsigned mark = sj_memory_mark();
	struct reading r = { sj_piv_key_object(key), true, out, len };

	if (r.tag == 0)
		return SJ_USAGE;
	sj_piv_clock(piv);
	return sj_memory_rc(mark, sj_piv_attempt(piv, read_step, &r, NULL));
}

/* --- writing -------------------------------------------------------------------- */

/* PUT DATA. The application must not be selected anew: that would end the administration. */
static enum sj_rc put(struct sj_piv *piv, uint32_t tag, struct sj_span value)
{
	uint8_t *bytes = malloc(PUT_MAX);
	struct sj_writer w = sj_writer(bytes, PUT_MAX);
	struct sj_apdu a = { .ins = PIV_INS_PUT_DATA, .p1 = 0x3F, .p2 = 0xFF };
	struct sj_response r;
	enum sj_rc rc = SJ_USAGE;

	if (!bytes)
		return SJ_NO_MEMORY;
	if (tag == PIV_OBJECT_DISCOVERY || tag == PIV_OBJECT_BIOMETRIC_GROUP) {
		sj_put(&w, value);
	} else {
		sj_piv_tag_list_put(&w, tag);
		sj_tlv_put(&w, PIV_TAG_DATA, value);
	}
	a.data = sj_written(&w);
	if (!w.failed)
		rc = sj_piv_send(piv, &a, &r);
	free(bytes);
	if (rc != SJ_OK)
		return rc;
	if (r.sw == SJ_SW_NO_SPACE || r.sw == SJ_SW_WRONG_LENGTH)
		return SJ_FILE_TOO_LARGE;
	return r.sw == SJ_SW_OK ? SJ_OK : SJ_CARD_REFUSED;
}

enum sj_rc sj_piv_write(struct sj_piv *piv, uint32_t tag, const uint8_t *data, size_t len)
{
	const unsigned mark = sj_memory_mark();
	sj_piv_clock(piv);
	return sj_memory_rc(mark, put(piv, tag, sj_span(data, len)));
}

static enum sj_rc put_certificate(struct sj_piv *piv, uint32_t tag, struct sj_span bytes, bool gzip)
{
	uint8_t *value = malloc(SJ_CERT_MAX + 32u);
	struct sj_writer w = sj_writer(value, SJ_CERT_MAX + 32u);
	const struct sj_piv_certificate c = { .certificate = bytes, .gzip = gzip };
	enum sj_rc rc;

	if (!value)
		return SJ_NO_MEMORY;
	sj_piv_certificate_put(&w, &c);
	rc = w.failed ? SJ_FILE_TOO_LARGE : put(piv, tag, sj_written(&w));
	free(value);
	return rc;
}

enum sj_rc sj_piv_write_certificate(struct sj_piv *piv, uint8_t key, const uint8_t *der, size_t len)
{
	const unsigned mark = sj_memory_mark();
	const uint32_t tag = sj_piv_key_object(key);
	uint8_t *packed = NULL;
	struct sj_cert cert;
	struct sj_writer w;
	enum sj_rc rc;

	if (tag == 0)
		return SJ_USAGE;
	sj_piv_clock(piv);
	if (len == 0)
		return sj_memory_rc(mark, put(piv, tag, sj_span(NULL, 0)));
	if (len > SJ_CERT_MAX || !sj_cert_read(sj_span(der, len), &cert))
		return sj_memory_rc(mark, SJ_INPUT_MALFORMED);
	rc = put_certificate(piv, tag, sj_span(der, len), false);
	if (rc != SJ_FILE_TOO_LARGE)
		return sj_memory_rc(mark, rc);
	packed = malloc(SJ_CERT_MAX);
	if (!packed)
		return SJ_NO_MEMORY;
	w = sj_writer(packed, SJ_CERT_MAX);
	if (sj_gzip(sj_span(der, len), &w))
		rc = put_certificate(piv, tag, sj_written(&w), true);
	free(packed);
	return sj_memory_rc(mark, rc);
}
