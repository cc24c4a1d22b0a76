/* info.c -- what the card says about itself. */
#include <string.h>

#include "piv/piv.h"
#include "reader/memory.h"

enum sj_rc sj_piv_get_guid(struct sj_piv *piv, uint8_t out[static SJ_PIV_GUID])
{
	struct sj_piv_chuid chuid;
	struct sj_span value;
	enum sj_rc rc = sj_piv_get(piv, PIV_OBJECT_CHUID, &value);

	if (rc != SJ_OK)
		return rc;
	if (!sj_piv_chuid_read(value, &chuid) || chuid.guid.len != SJ_PIV_GUID)
		return SJ_CARD_ANSWER;
	/* The CVC is of the card with this GUID (part 2, 4.1.5). */
	if (piv->has_cvc_guid && memcmp(piv->cvc_guid, chuid.guid.ptr, SJ_PIV_GUID) != 0) {
		piv->cvc = SJ_CARD_CVC;
		return SJ_CARD_ANSWER;
	}
	memcpy(out, chuid.guid.ptr, SJ_PIV_GUID);
	return SJ_OK;
}

/*
 * The card lacks what was asked for, which is no failure. Outside of a stretch only the status
 * word that the standard has for this says so: any other may be another application's.
 */
static bool lacks(const struct sj_piv *piv, enum sj_rc rc)
{
	if (rc == SJ_KEY_ABSENT && (piv->sw == SJ_SW_NOT_FOUND || piv->sw == SJ_SW_OK))
		return true;
	return piv->depth > 0 &&
	       (rc == SJ_KEY_ABSENT || rc == SJ_CARD_REFUSED || rc == SJ_PIN_NEEDED);
}

struct identity {
	uint8_t *guid, *content;
	bool has_guid, has_content;
};

/* Neither of them: perhaps it was another application that answered. */
static enum sj_rc identify_step(struct sj_piv *piv, void *arg)
{
	struct identity *id = arg;
	struct sj_span value;
	enum sj_rc rc = sj_piv_get_guid(piv, id->guid);

	id->has_guid = rc == SJ_OK;
	id->has_content = false;
	/* A CHUID that cannot be read names nothing. */
	if (rc != SJ_OK && rc != SJ_CARD_ANSWER && !lacks(piv, rc))
		return rc;
	rc = sj_piv_get(piv, SOJOURN_OBJECT_CONTENT, &value);
	if (rc == SJ_OK && value.len == SJ_PIV_CONTENT) {
		memcpy(id->content, value.ptr, SJ_PIV_CONTENT);
		id->has_content = true;
	}
	if (rc != SJ_OK && !lacks(piv, rc))
		return rc;
	return id->has_guid || id->has_content ? SJ_OK : SJ_KEY_ABSENT;
}

enum sj_rc sj_piv_identify(struct sj_piv *piv, uint8_t guid[SJ_PIV_GUID], bool *has_guid,
			   uint8_t content[SJ_PIV_CONTENT], bool *has_content)
{
	const unsigned mark = sj_memory_mark();
	struct identity id = { guid, content, false, false };
	enum sj_rc rc;

	sj_piv_clock(piv);
	rc = sj_piv_attempt(piv, identify_step, &id, NULL);
	if (rc != SJ_OK && rc != SJ_KEY_ABSENT)
		return sj_memory_rc(mark, rc);
	*has_guid = id.has_guid;
	*has_content = id.has_content;
	return SJ_OK;
}

/* GET VERSION and GET SERIAL, once. */
static enum sj_rc ask_extensions(struct sj_piv *piv)
{
	struct sj_apdu a = { .ins = YUBICO_INS_GET_VERSION, .ne = SJ_APDU_NE_SHORT };
	struct sj_response r;
	struct sj_span data;
	enum sj_rc rc;

	if (piv->extensions == SJ_NOT_ASKED) {
		rc = sj_piv_send(piv, &a, &r);
		if (rc != SJ_OK)
			return rc;
		data = r.data;
		/* Another application would not know the command either. */
		if (r.sw != SJ_SW_OK && piv->depth == 0)
			return SJ_CARD_REFUSED;
		piv->extensions = r.sw == SJ_SW_OK && data.len == sizeof(piv->version) &&
						  sj_take_copy(&data, data.len, piv->version)
					  ? SJ_YES
					  : SJ_NO;
	}
	if (piv->extensions != SJ_YES || piv->serial_asked)
		return SJ_OK;
	a.ins = YUBICO_INS_GET_SERIAL;
	rc = sj_piv_send(piv, &a, &r);
	if (rc != SJ_OK)
		return rc;
	data = r.data;
	piv->serial_asked = true;
	if (r.sw != SJ_SW_OK || data.len != 4 || !sj_take_be(&data, 4, &piv->serial))
		piv->serial = 0;
	return SJ_OK;
}

/* SJ_KEY_ABSENT: the card has no discovery object, which leaves `out` as it is then. */
static enum sj_rc ask_discovery(struct sj_piv *piv, struct sj_piv_info *out)
{
	struct sj_piv_discovery d;
	struct sj_span object;
	enum sj_rc rc = sj_piv_get(piv, PIV_OBJECT_DISCOVERY, &object);

	if (rc != SJ_OK)
		return lacks(piv, rc) ? SJ_KEY_ABSENT : rc;
	if (!sj_piv_discovery_read(object, &d))
		return SJ_CARD_ANSWER;
	out->pin = (d.policy & PIV_POLICY_PIN) != 0;
	out->global_pin = (d.policy & PIV_POLICY_GLOBAL_PIN) != 0;
	out->prefers_global =
		out->global_pin && (!out->pin || d.preference == PIV_PREFER_GLOBAL_PIN);
	return SJ_OK;
}

struct inquiry {
	struct sj_piv_info info;
	bool again;
};

static enum sj_rc info_step(struct sj_piv *piv, void *arg)
{
	struct inquiry *q = arg;
	struct identity id = { q->info.guid, q->info.content, false, false };
	enum sj_rc rc = identify_step(piv, &id);

	q->info.has_guid = id.has_guid;
	q->info.has_content = id.has_content;
	if (rc == SJ_OK || (rc == SJ_KEY_ABSENT && (q->again || piv->depth > 0)))
		rc = ask_discovery(piv, &q->info);
	else
		return rc;
	return rc == SJ_OK || rc == SJ_KEY_ABSENT ? ask_extensions(piv) : rc;
}

enum sj_rc sj_piv_get_info(struct sj_piv *piv, struct sj_piv_info *out)
{
	const unsigned mark = sj_memory_mark();
	const size_t size = out->size;
	struct inquiry q = { .info = { .size = size, .pin = true }, .again = false };
	struct sj_piv_info *info = &q.info;
	enum sj_rc rc;

	sj_piv_clock(piv);
	rc = sj_piv_attempt(piv, info_step, &q, &q.again);
	if (rc != SJ_OK)
		return sj_memory_rc(mark, rc);
	info->contactless = piv->contactless;
	info->channel = piv->channel;
	info->extensions = piv->extensions == SJ_YES;
	memcpy(info->version, piv->version, sizeof(info->version));
	info->serial = piv->serial;
	info->cvc = piv->cvc;
	memcpy(out, info, size < sizeof(*info) ? size : sizeof(*info));
	return SJ_OK;
}

static enum sj_rc user_pin_step(struct sj_piv *piv, void *arg)
{
	return ask_discovery(piv, arg);
}

enum sj_rc sj_piv_user_pin(struct sj_piv *piv, enum sj_piv_pin *out)
{
	const unsigned mark = sj_memory_mark();
	struct sj_piv_info info = { .pin = true };
	enum sj_rc rc;

	sj_piv_clock(piv);
	rc = sj_piv_attempt(piv, user_pin_step, &info, NULL);
	if (rc != SJ_OK && rc != SJ_KEY_ABSENT)
		return sj_memory_rc(mark, rc);
	*out = info.prefers_global ? SJ_PIV_GLOBAL_PIN : SJ_PIV_PIN;
	return SJ_OK;
}
