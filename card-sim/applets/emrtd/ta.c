/*
 * ta.c -- Terminal Authentication, the card's side: version 2 at the MF, version 1 in LDS1.
 *
 * Sources: BSI TR-03110-1 v2.20, 3.5; TR-03110-2 v2.21, 3.3; -3, 2.5 (certificates, dates),
 * A.7, B.3, B.14 (commands). Nothing of a certificate is believed before its signature, and what it
 * changes is stored before the step counts.
 */
#include <string.h>

#include "crypt/wipe.h"
#include "state.h"
#include "wire/std/tr03110.h"

#define DAY 86400
#define BAC_NUMBER_REST 14u /* of the MRZ information: two dates with their check digits */

static struct emrtd_ta *ta_of(const struct card_call *call)
{
	return &((struct emrtd_state *)call->state)->ta;
}

static bool is_version_1(const struct card_call *call)
{
	return ((const struct emrtd_state *)call->state)->df == EMRTD_LDS;
}

/* For this card at all: in LDS1 version 1, at the MF version 2. */
static bool is_offered(const struct card_call *call)
{
	return is_version_1(call) ? card_has_ta1(call->card) : card_is_eid(call->card);
}

/*
 * Version 1 comes after Chip Authentication, by its protocol or PACE's mapping; version 2 after PACE
 * with a CHAT; each once.
 */
uint16_t emrtd_ta_may_begin(const struct card_call *call)
{
	const struct card_terminal *t = card_terminal(call->card);
	bool ready;

	if (is_version_1(call) && !emrtd_is_open(call))
		return SJ_SW_SECURITY_STATUS;
	if (is_version_1(call))
		ready = t->ephemeral_len > 0;
	else
		ready = (card_rights(call->card) & CARD_RIGHT_PACE) != 0 && t->chat;
	return ready && is_offered(call) && !t->authenticated ? SJ_SW_OK : SJ_SW_CONDITIONS;
}

static enum sj_cvc_terminal kind_of(const struct card_call *call)
{
	return is_version_1(call) ? SJ_CVC_INSPECTION : card_terminal(call->card)->allowed.terminal;
}

/*
 * The protocol's state, empty in a new session or on another channel. A refusal leaves it as it is: a
 * key that was imported stays usable until something has succeeded with it (A.7.2.2).
 */
static struct emrtd_ta *begin(const struct card_call *call, uint16_t *sw)
{
	struct emrtd_ta *ta = ta_of(call);

	*sw = emrtd_ta_may_begin(call);
	if (ta->session != card_sm_number(call->card) || ta->channel != call->channel)
		sj_wipe(ta, sizeof(*ta));
	ta->session = card_sm_number(call->card);
	ta->channel = call->channel;
	return ta;
}

static bool take_once(struct sj_span *slot, struct sj_span value)
{
	if (slot->len != 0 || value.len == 0)
		return false;
	*slot = value;
	return true;
}

/* A link's certificate, its key with what it inherited. */
static bool read_link(const struct emrtd_ta_link *link, struct sj_cvc *out)
{
	if (link->len == 0 || !sj_cvc_read(sj_span(link->certificate, link->len), out))
		return false;
	out->key.curve = link->curve;
	return true;
}

/* --- MSE:Set DST: who has signed the next certificate --------------------------- */

uint16_t emrtd_ta_set_dst(struct card_call *call)
{
	struct sj_span data = call->apdu->data, name;
	struct sj_cvc held;
	uint16_t sw;
	struct emrtd_ta *ta = begin(call, &sw);

	if (sw != SJ_SW_OK)
		return sw;
	if (sj_tlv_take(&data, 0x83, &name) != SJ_TLV_FOUND || data.len != 0)
		return SJ_SW_WRONG_DATA;
	/* Nobody asks what a terminal has signed. */
	if (read_link(&ta->held, &held) && sj_cvc_role(&held.rights) != SJ_CVC_TERMINAL &&
	    sj_span_eq(held.holder, name))
		ta->signer = ta->held;
	else if (!emrtd_anchor_find(call->card, kind_of(call), name, &ta->signer))
		return SJ_SW_REFERENCE_NOT_FOUND;
	return SJ_SW_OK;
}

/* --- PSO: VERIFY CERTIFICATE ------------------------------------------------------ */

/* 2.5.1: a CVCA certifies CVCAs and DVs, a DV terminals, a terminal nobody. */
static bool may_certify(enum sj_cvc_role signer, enum sj_cvc_role holder)
{
	if (signer == SJ_CVC_TERMINAL)
		return false;
	return signer == SJ_CVC_CVCA ? holder != SJ_CVC_TERMINAL : holder == SJ_CVC_TERMINAL;
}

/*
 * 2.5.3: a certificate that has expired, or whose signer has, verifies nothing but links from one
 * CVCA key to the next. One that begins later than the card's date is not too early: the card knows
 * the day only from such certificates. But it begins while its signer's lasts.
 */
static bool is_in_time(struct card *card, const struct sj_cvc *signer, const struct sj_cvc *c)
{
	const int64_t now = card_date(card);

	if (sj_cvc_role(&c->rights) == SJ_CVC_CVCA)
		return true;
	return now < c->until + DAY && now < signer->until + DAY && c->from < signer->until + DAY;
}

/*
 * A service or a sector's key that a terminal names must be readable; the key's hash is made with
 * the hash function of the certificate's signature (C.3.2.1).
 */
static bool extensions_fit(const struct sj_cvc *c, enum sj_hash signed_with)
{
	struct sj_cvc_service service;
	struct sj_span hashes[CARD_SECTOR_HASHES];

	if (!sj_cvc_service_read(c->extensions, &service) ||
	    !sj_cvc_sectors_read(c->extensions, hashes))
		return false;
	for (size_t i = 0; i < CARD_SECTOR_HASHES; i++)
		if (hashes[i].len != 0 && hashes[i].len != sj_hash_size(signed_with))
			return false;
	return true;
}

/* Domain parameters stand in a CVCA's certificate and are inherited from there (D.3.3). */
static bool inherit(struct sj_cvc *c, const struct sj_cvc *signer)
{
	if (sj_cvc_role(&c->rights) != SJ_CVC_CVCA && c->key.scheme == SJ_CVC_ECDSA &&
	    c->key.curve != SJ_CURVE_NONE)
		return false;
	return sj_cvc_key_inherit(&c->key, &signer->key);
}

/* The signature first; then whether the signer may say so, and whether it is in time. */
static uint16_t judge(struct card *card, const struct sj_cvc *signer, struct sj_cvc *c)
{
	if (!sj_span_eq(c->authority, signer->holder) || !sj_cvc_verify(c, &signer->key))
		return SJ_SW_NO_INFORMATION;
	if (c->rights.terminal != signer->rights.terminal ||
	    !may_certify(sj_cvc_role(&signer->rights), sj_cvc_role(&c->rights)))
		return SJ_SW_CONDITIONS;
	if (!is_in_time(card, signer, c))
		return SJ_SW_DATA_INVALIDATED;
	return inherit(c, signer) && extensions_fit(c, signer->key.hash) ? SJ_SW_OK
									 : SJ_SW_WRONG_DATA;
}

/* 2.5.2: the date of terminals counts if an official domestic DV has given it. */
static bool tells_date(const struct sj_cvc *signer, const struct sj_cvc *c)
{
	return sj_cvc_role(&c->rights) != SJ_CVC_TERMINAL ||
	       sj_cvc_role(&signer->rights) == SJ_CVC_DV_DOMESTIC;
}

/* Anchor and date, stored. */
static uint16_t update_card(struct card *card, const struct sj_cvc *signer, const struct sj_cvc *c)
{
	if ((sj_cvc_role(&c->rights) == SJ_CVC_CVCA && !emrtd_anchor_add(card, c)) ||
	    (tells_date(signer, c) && !card_date_grow(card, c->from)) || !card_commit(card))
		return SJ_SW_MEMORY_FAILURE;
	return SJ_SW_OK;
}

/*
 * Its signer has done its part. A DV or terminal is held; a CVCA is an anchor now and found as one, or
 * was known by this name before (A.7.2.1).
 */
static void go_on(struct emrtd_ta *ta, const struct sj_cvc *c)
{
	struct emrtd_ta_link *link = &ta->held;
	struct sj_writer w = SJ_WRITER_OF(link->certificate);

	if (sj_cvc_role(&c->rights) != SJ_CVC_CVCA) {
		link->effective = ta->signer.effective;
		sj_cvc_narrow(&link->effective, &c->rights);
		link->curve = c->key.curve;
		sj_put(&w, c->element);
		link->len = w.len;
		ta->set = false;
	}
	sj_wipe(&ta->signer, sizeof(ta->signer));
}

uint16_t emrtd_ta_verify(struct card_call *call)
{
	uint8_t bytes[SJ_CVC_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_cvc signer, c;
	uint16_t sw;
	struct emrtd_ta *ta = begin(call, &sw);

	if (sw != SJ_SW_OK)
		return sw;
	if (!read_link(&ta->signer, &signer))
		return SJ_SW_CONDITIONS;
	sj_tlv_put(&w, SJ_TAG_CVC, call->apdu->data);
	if (w.failed || !sj_cvc_read(sj_written(&w), &c))
		return SJ_SW_WRONG_DATA;
	sw = judge(call->card, &signer, &c);
	if (sw == SJ_SW_OK)
		sw = update_card(call->card, &signer, &c);
	if (sw == SJ_SW_OK)
		go_on(ta, &c);
	return sw;
}

/* --- MSE:Set AT: the terminal, and what it will sign ------------------------------- */

struct set_at {
	struct sj_span oid, name, aux, ephemeral; /* aux: whole 67 */
};

/* OpenSC's npa-tool sends 67 in 67, and signs the inner one, which is what it means. */
static struct sj_span auxiliary(struct sj_span element, struct sj_span value)
{
	struct sj_span rest = value, inner;

	return sj_tlv_take(&rest, SJ_TAG_CVC_AUTHENTICATION, &inner) == SJ_TLV_FOUND &&
			       rest.len == 0
		       ? value
		       : element;
}

static bool parse_set_at(struct sj_span in, struct set_at *out)
{
	struct sj_span element, rest, value;
	uint32_t tag;

	*out = (struct set_at){ 0 };
	while (in.len > 0) {
		if (sj_tlv_take_any(&in, &element) != SJ_TLV_FOUND)
			return false;
		rest = element;
		if (sj_tlv_next(&rest, &tag, &value) != SJ_TLV_FOUND)
			return false;
		if ((tag == 0x80 && !take_once(&out->oid, value)) ||
		    (tag == 0x83 && !take_once(&out->name, value)) ||
		    (tag == SJ_TAG_CVC_AUTHENTICATION &&
		     !take_once(&out->aux, auxiliary(element, value))) ||
		    (tag == 0x91 && !take_once(&out->ephemeral, value)))
			return false;
	}
	return out->name.len > 0;
}

/* The objects of this version, and the algorithm of this key. */
static bool set_at_fits(const struct card_call *call, const struct set_at *at,
			const struct sj_cvc_key *key)
{
	const bool one = is_version_1(call);

	if (at->oid.len > 0 && !sj_span_eq(at->oid, sj_ta_oid(key->scheme, key->hash)))
		return false;
	if (one)
		return at->ephemeral.len == 0 && at->aux.len == 0;
	return at->oid.len > 0 && at->ephemeral.len > 0 && at->ephemeral.len <= SJ_EC_FIELD_MAX &&
	       at->aux.len <= EMRTD_AUX_ELEMENT;
}

/* What the chain and the holder allow together. */
static struct sj_cvc_rights effective(const struct card_call *call)
{
	const struct card_terminal *t = card_terminal(call->card);
	struct sj_cvc_rights rights = ta_of(call)->held.effective;

	if (t->chat)
		sj_cvc_narrow(&rights, &t->allowed);
	return rights;
}

/*
 * TR-03110-2, 2.2 and part 4, 2.2.3.2: an authentication terminal needs the PIN, or the CAN with the
 * right to it; no terminal gets anything by the PUK.
 */
static bool password_suffices(const struct card_call *call, const struct sj_cvc_rights *rights)
{
	const uint8_t password = card_terminal(call->card)->password;

	if (is_version_1(call))
		return true;
	switch (rights->terminal) {
	case SJ_CVC_AUTHENTICATION:
		return password == SJ_PACE_PIN ||
		       (password == SJ_PACE_CAN && (rights->bits >> SJ_AT_CAN_ALLOWED & 1) != 0);
	case SJ_CVC_INSPECTION:
		return password == SJ_PACE_MRZ || password == SJ_PACE_CAN;
	case SJ_CVC_SIGNATURE:
		break;
	}
	return password == SJ_PACE_CAN || password == SJ_PACE_PIN;
}

static size_t keep(struct sj_span from, uint8_t *to)
{
	if (from.len > 0)
		memcpy(to, from.ptr, from.len);
	return from.len;
}

uint16_t emrtd_ta_set_at(struct card_call *call)
{
	struct sj_cvc_rights rights;
	struct sj_cvc terminal;
	struct set_at at;
	uint16_t sw;
	struct emrtd_ta *ta = begin(call, &sw);

	ta->set = false;
	if (sw != SJ_SW_OK)
		return sw;
	if (!read_link(&ta->held, &terminal) || sj_cvc_role(&terminal.rights) != SJ_CVC_TERMINAL)
		return SJ_SW_CONDITIONS;
	if (!parse_set_at(call->apdu->data, &at) || !set_at_fits(call, &at, &terminal.key))
		return SJ_SW_WRONG_DATA;
	if (!sj_span_eq(at.name, terminal.holder))
		return SJ_SW_REFERENCE_NOT_FOUND;
	rights = effective(call);
	if (!password_suffices(call, &rights))
		return SJ_SW_SECURITY_STATUS;
	ta->ephemeral_len = keep(at.ephemeral, ta->ephemeral);
	ta->aux_len = keep(at.aux, ta->aux);
	ta->set = true;
	return SJ_SW_OK;
}

/* --- GET CHALLENGE and EXTERNAL AUTHENTICATE ---------------------------------------- */

/* At any time before EXTERNAL AUTHENTICATE uses it, before the certificates too (B.3). */
uint16_t emrtd_ta_challenge(struct card_call *call)
{
	const uint32_t n = call->apdu->ne;
	uint16_t sw;
	struct emrtd_ta *ta = begin(call, &sw);

	ta->challenged = false;
	if (sw != SJ_SW_OK)
		return sw;
	if (n != SJ_TA_CHALLENGE && n != SJ_APDU_NE_SHORT && n != SJ_APDU_NE_EXTENDED)
		return SJ_SW_WRONG_LENGTH;
	if (!sj_random_fill(card_random(call->card), ta->challenge, sizeof(ta->challenge)))
		return SJ_SW_EXECUTION_ERROR;
	sj_put(call->out, SJ_SPAN_OF(ta->challenge));
	ta->challenged = true;
	return SJ_SW_OK;
}

/*
 * ID_PICC: after PACE the card's ephemeral key, after BAC the document number with its check
 * digit, as the MRZ has it (TR-03110-1, 3.5).
 */
static bool own_name(const struct card_call *call, struct sj_span *out)
{
	const struct card_terminal *t = card_terminal(call->card);
	struct emrtd_access access;

	*out = sj_span(t->id_icc, t->id_icc_len);
	if ((card_rights(call->card) & CARD_RIGHT_PACE) != 0)
		return out->len > 0;
	if (!emrtd_access_load(call->card, &access) || access.mrz.len <= BAC_NUMBER_REST)
		return false;
	*out = sj_span(access.mrz.ptr, access.mrz.len - BAC_NUMBER_REST);
	return true;
}

/* The signature over who the card is, its challenge, and the key that Chip Authentication uses. */
static bool signature_holds(const struct card_call *call, const struct sj_cvc *terminal)
{
	const struct card_terminal *t = card_terminal(call->card);
	const struct emrtd_ta *ta = ta_of(call);
	struct sj_ta_signed s = {
		.challenge = SJ_SPAN_OF(ta->challenge),
		.ephemeral = sj_span(ta->ephemeral, ta->ephemeral_len),
		.auxiliary = sj_span(ta->aux, ta->aux_len),
	};
	struct sj_span parts[SJ_TA_PARTS];

	if (is_version_1(call))
		s.ephemeral = sj_span(t->ephemeral, t->ephemeral_len);
	if (!own_name(call, &s.id_icc))
		return false;
	sj_ta_parts(&s, parts);
	return sj_cvc_key_verify(&terminal->key, parts, SJ_TA_PARTS, call->apdu->data);
}

/* Service and sectors, which were readable when the certificate was verified. */
static bool set_service(struct card_terminal *t, struct sj_span extensions)
{
	struct sj_span hashes[CARD_SECTOR_HASHES];

	if (!sj_cvc_service_read(extensions, &t->service) ||
	    !sj_cvc_sectors_read(extensions, hashes))
		return false;
	for (size_t i = 0; i < CARD_SECTOR_HASHES; i++)
		t->sector_hash_len[i] = keep(hashes[i], t->sector_hash[i]);
	return true;
}

/* From now on the card knows who it speaks to. Version 1 has no step to come. */
static bool set_terminal(const struct card_call *call, const struct sj_cvc *terminal)
{
	struct card_terminal *t = card_terminal(call->card);
	const struct emrtd_ta *ta = ta_of(call);
	struct sj_span aux = sj_span(ta->aux, ta->aux_len), content = { NULL, 0 };

	if (!set_service(t, terminal->extensions) ||
	    (aux.len > 0 &&
	     (sj_tlv_take(&aux, SJ_TAG_CVC_AUTHENTICATION, &content) != SJ_TLV_FOUND ||
	      content.len > CARD_AUX_MAX)))
		return false;
	t->from = terminal->from;
	t->until = terminal->until;
	t->certified = ta->held.effective;
	t->rights = effective(call);
	t->in_force = is_version_1(call);
	if (!is_version_1(call)) {
		t->ephemeral_len = keep(sj_span(ta->ephemeral, ta->ephemeral_len), t->ephemeral);
		t->aux_len = keep(content, t->aux);
	}
	t->authenticated = true;
	return true;
}

uint16_t emrtd_ta_finish(struct card_call *call)
{
	struct sj_cvc terminal;
	uint16_t sw;
	struct emrtd_ta *ta = begin(call, &sw);

	if (sw == SJ_SW_OK && (!ta->set || !ta->challenged || !read_link(&ta->held, &terminal)))
		sw = SJ_SW_CONDITIONS;
	if (sw == SJ_SW_OK && !signature_holds(call, &terminal))
		sw = SJ_SW_NO_INFORMATION;
	if (sw == SJ_SW_OK && !set_terminal(call, &terminal))
		sw = SJ_SW_WRONG_DATA;
	ta->challenged = false; /* it serves once */
	sj_wipe(ta->challenge, sizeof(ta->challenge));
	if (sw == SJ_SW_OK)
		sj_wipe(ta, sizeof(*ta));
	return sw;
}
