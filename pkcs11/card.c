/* card.c -- opening a card, and reading what it tells once. */
#include "card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypt/wipe.h"
#include "wire/piv.h"

/* A card that is there connects in milliseconds, or is held by somebody: who only looks waits no longer. */
#define LOOK_MS 3000u

/* --- the codes of a contactless card -------------------------------------------------- */

/* What sj_piv_open() asks with. */
struct asking {
	struct p11_slot *slot;
	enum p11_ask ask;
};

/* The first line of a file. */
static bool read_code(const char *path, char *out, size_t cap)
{
	FILE *f = path != NULL ? fopen(path, "re") : NULL;
	bool fine;

	if (f == NULL)
		return false;
	setvbuf(f, NULL, _IONBF, 0); /* no copy of it in a buffer */
	fine = fgets(out, (int)cap, f) != NULL;
	fclose(f);
	if (fine)
		out[strcspn(out, "\r\n")] = '\0';
	return fine && out[0] != '\0';
}

static enum sj_rc ask_user(struct asking *a, const struct sj_piv_question *q, char *out, size_t cap)
{
	char typed[P11_SECRET_MAX], text[SJ_READER_NAME_MAX + 64];
	bool can = q->what == SJ_PIV_CAN;
	size_t len = 0;
	CK_RV rv;

	snprintf(text, sizeof(text), "%s%s in %s", q->again ? "That was wrong. " : "",
		 can ? "The six digits printed on the card" : "The card's pairing code", q->reader);
	rv = p11_pinentry(a->slot, can ? "CAN:" : "Pairing code:", text, typed, &len);
	if (rv == CKR_OK && len < cap)
		memcpy(out, typed, len + 1);
	sj_wipe(typed, sizeof(typed));
	return rv == CKR_OK && len < cap ? SJ_OK : SJ_SECRET_NEEDED;
}

static enum sj_rc ask(void *user, const struct sj_piv_question *q, char *out, size_t cap,
		      bool *remember)
{
	struct asking *a = user;
	const struct p11_config *c = &a->slot->module->config;
	const char *file = q->what == SJ_PIV_CAN ? c->can_file : c->pairing_code_file;

	*remember = c->remember;
	if (!q->again && read_code(file, out, cap))
		return SJ_OK;
	if (a->ask == P11_ASK_FILES || c->pinentry == NULL)
		return SJ_SECRET_NEEDED;
	return ask_user(a, q, out, cap);
}

/* Where codes are remembered; the caller frees. NULL: nowhere. */
static char *memory_folder(const struct p11_config *c)
{
	const char *base = secure_getenv("XDG_STATE_HOME"), *home = secure_getenv("HOME");
	char *path = NULL;
	int n = -1;

	if (!c->remember)
		return NULL;
	if (base != NULL && base[0] == '/')
		n = asprintf(&path, "%s/sojourn/codes", base);
	else if (home != NULL && home[0] == '/')
		n = asprintf(&path, "%s/.local/state/sojourn/codes", home);
	if (n < 0)
		return NULL;
	p11_make_folders(path);
	return path;
}

/* --- opening ------------------------------------------------------------------------------ */

static enum sj_rc open_application(struct p11_slot *slot, enum p11_ask how, struct p11_card *c)
{
	const struct p11_config *config = &slot->module->config;
	struct sj_piv_options options = SJ_PIV_OPTIONS_INIT;
	struct asking asking = { slot, how };
	char *memory = memory_folder(config);
	enum sj_rc rc;

	options.timeout_ms = config->timeout_ms;
	options.ask = ask;
	options.user = &asking;
	options.memory = memory;
	options.trust = config->trust;
	options.only_trusted = config->trust != NULL; /* there is nobody to tell */
	rc = sj_piv_open(c->card, &options, &c->piv);
	free(memory);
	return rc;
}

static enum sj_rc identify(struct p11_card *c, struct sj_piv_info *out)
{
	out->size = sizeof(*out);
	return sj_piv_identify(c->piv, out->guid, &out->has_guid, out->content, &out->has_content);
}

enum sj_rc p11_card_open(struct p11_slot *slot, enum p11_ask how, struct p11_card **out)
{
	const struct p11_config *config = &slot->module->config;
	struct p11_card *c = calloc(1, sizeof(*c));
	unsigned limit = config->timeout_ms;
	enum sj_rc rc;

	if (how == P11_ASK_FILES && limit > LOOK_MS)
		limit = LOOK_MS;
	if (c == NULL)
		return SJ_NO_MEMORY;
	rc = sj_card_wait(slot->context, slot->reader, limit, &c->card);
	if (rc == SJ_OK)
		rc = open_application(slot, how, c);
	if (rc == SJ_OK)
		rc = identify(c, &c->identity);
	if (rc != SJ_OK) {
		p11_card_close(c);
		return rc;
	}
	if (c->identity.has_guid && c->identity.has_content)
		p11_cache_load(config, c->identity.guid, c->identity.content, &c->kept);
	*out = c;
	return SJ_OK;
}

static void drop_loose(struct p11_card *c)
{
	if (c->loose != NULL)
		sj_wipe(c->loose, c->loose_len);
	free(c->loose);
	c->loose = NULL;
	c->loose_len = 0;
}

void p11_card_close(struct p11_card *c)
{
	if (c == NULL)
		return;
	sj_piv_close(c->piv);
	sj_card_close(c->card);
	p11_kept_free(&c->kept);
	drop_loose(c);
	free(c);
}

struct sj_piv *p11_card_piv(const struct p11_token *t)
{
	return t->card->piv;
}

const struct sj_piv_info *p11_card_identity(const struct p11_token *t)
{
	return &t->card->identity;
}

CK_RV p11_card_failed(struct p11_token *t, enum sj_rc rc)
{
	switch ((int)rc) {
	case SJ_NO_PCSCD:
	case SJ_NO_READER:
	case SJ_READER_UNKNOWN:
	case SJ_READER_LOST:
	case SJ_NO_CARD:
	case SJ_CARD_LOST:
	case SJ_CARD_MUTE:
	case SJ_CARD_SM_BROKEN:
	case SJ_NO_KEY_APPLICATION: /* another card, or none that answers */
	case SJ_CANCELLED:
		t->slot->gone = true;
		break;
	case SJ_TIMED_OUT: /* the next call goes on, unless the connection was left behind with one that hangs */
		t->slot->late = true;
		p11_card_rest(t);
		break;
	case SJ_PIN_NEEDED:
	case SJ_CARD_RESET:
		p11_token_logged_out(t);
		break;
	default:
		break;
	}
	return p11_rv(rc);
}

bool p11_card_gone(const struct p11_token *t)
{
	return t->slot->gone || t->slot->late;
}

/* --- what is kept --------------------------------------------------------------------------- */

static void forget(struct p11_card *c)
{
	p11_kept_free(&c->kept);
	drop_loose(c);
	c->unsaved = false;
	c->generation++;
}

void p11_card_changed(struct p11_token *t)
{
	forget(t->card);
	t->card->changed = true;
}

void p11_card_rest(struct p11_token *t)
{
	t->card->rested = true;
	drop_loose(t->card);
}

/* Asks the card what it is now; cards that do not tell of changes are read anew. */
static CK_RV identify_again(struct p11_token *t)
{
	struct p11_card *c = t->card;
	struct sj_piv_info now = { .size = sizeof(now) };
	enum sj_rc rc = identify(c, &now);

	if (rc != SJ_OK)
		return p11_card_failed(t, rc);
	if (now.has_guid != c->identity.has_guid ||
	    memcmp(now.guid, c->identity.guid, sizeof(now.guid)) != 0)
		return p11_card_failed(t, SJ_CARD_LOST); /* another card, or made anew */
	if (!now.has_content || memcmp(now.content, c->identity.content, sizeof(now.content)) != 0)
		forget(c);
	c->identity = now;
	c->rested = c->changed = false;
	return CKR_OK;
}

CK_RV p11_card_check(struct p11_token *t)
{
	return t->card->rested ? identify_again(t) : CKR_OK;
}

static void save(struct p11_token *t)
{
	struct p11_card *c = t->card;

	if (!c->unsaved || !c->identity.has_guid || !c->identity.has_content)
		return;
	/* After our own change the content is asked for once, when there is something to write. */
	if (c->changed && (identify_again(t) != CKR_OK || !c->unsaved))
		return;
	c->unsaved = false;
	(void)p11_cache_save(&t->slot->module->config, c->identity.guid, c->identity.content,
			     c->kept);
}

unsigned p11_card_generation(const struct p11_token *t)
{
	return t->card->generation;
}

/*
 * What is read in one call of the program is read in one stretch: absence is then sure
 * at the first answer, and a login that follows has its SELECT.
 */
static enum sj_rc begin_reading(struct p11_card *c)
{
	enum sj_rc rc = c->reading ? SJ_OK : sj_piv_begin(c->piv);

	c->reading = rc == SJ_OK;
	return rc;
}

static void end_reading(struct p11_card *c)
{
	if (c->reading)
		sj_piv_end(c->piv);
	c->reading = false;
}

void p11_card_leave(struct p11_token *t)
{
	end_reading(t->card);
	save(t);
}

static CK_RV keep(struct p11_token *t, enum p11_kind kind, uint32_t tag, struct sj_span bytes,
		  const struct p11_kept **out)
{
	*out = p11_kept_add(&t->card->kept, kind, tag, bytes);
	t->card->unsaved = true;
	return *out != NULL ? CKR_OK : CKR_HOST_MEMORY;
}

CK_RV p11_card_key(struct p11_token *t, uint8_t key, const struct sj_piv_key_info **out)
{
	const struct p11_kept *k = p11_kept_find(t->card->kept, P11_KEPT_KEY, key);
	struct sj_piv_key_info info = { .size = sizeof(info) };
	CK_RV rv = CKR_OK;

	if (k == NULL) {
		enum sj_rc rc = begin_reading(t->card);

		if (rc == SJ_OK)
			rc = sj_piv_key_info(t->card->piv, key, &info);
		if (rc == SJ_PIN_NEEDED) /* as in read_new() */
			return CKR_USER_NOT_LOGGED_IN;
		if (rc != SJ_OK && rc != SJ_KEY_ABSENT)
			return p11_card_failed(t, rc);
		rv = keep(t, P11_KEPT_KEY, key,
			  sj_span((const uint8_t *)&info, rc == SJ_OK ? sizeof(info) : 0), &k);
	}
	if (rv == CKR_OK)
		*out = k->len > 0 ? (const struct sj_piv_key_info *)(const void *)k->bytes : NULL;
	return rv;
}

/* Reads a certificate (`key`) or an object (`tag`) into fresh memory, which the caller frees. */
static CK_RV read_new(struct p11_token *t, enum p11_kind kind, uint32_t tag, uint8_t **bytes,
		      size_t *len)
{
	uint8_t *buffer = malloc(SJ_PIV_OBJECT_MAX);
	enum sj_rc rc;

	if (buffer == NULL)
		return CKR_HOST_MEMORY;
	*len = SJ_PIV_OBJECT_MAX;
	rc = begin_reading(t->card);
	if (rc == SJ_OK && kind == P11_KEPT_CERTIFICATE)
		rc = sj_piv_read_certificate(t->card->piv, (uint8_t)tag, buffer, len);
	else if (rc == SJ_OK)
		rc = sj_piv_read(t->card->piv, tag, buffer, len);
	if (rc == SJ_KEY_ABSENT)
		*len = 0;
	if (rc == SJ_OK || rc == SJ_KEY_ABSENT) {
		*bytes = buffer;
		return CKR_OK;
	}
	sj_wipe(buffer, SJ_PIV_OBJECT_MAX);
	free(buffer);
	/* A public thing that wants the PIN is no logout. */
	return rc == SJ_PIN_NEEDED ? CKR_USER_NOT_LOGGED_IN : p11_card_failed(t, rc);
}

static CK_RV read_kept(struct p11_token *t, enum p11_kind kind, uint32_t tag, struct sj_span *out)
{
	const struct p11_kept *k = p11_kept_find(t->card->kept, kind, tag);
	uint8_t *bytes = NULL;
	size_t len = 0;
	CK_RV rv = CKR_OK;

	if (k == NULL) {
		rv = read_new(t, kind, tag, &bytes, &len);
		if (rv != CKR_OK)
			return rv;
		rv = keep(t, kind, tag, sj_span(bytes, len), &k);
		free(bytes);
	}
	if (rv == CKR_OK)
		*out = sj_span(k->bytes, k->len);
	return rv;
}

CK_RV p11_card_certificate(struct p11_token *t, uint8_t key, struct sj_span *der)
{
	return read_kept(t, P11_KEPT_CERTIFICATE, key, der);
}

/* SP 800-73-5, part 1, table 3: objects that want the PIN. */
static bool is_private(uint32_t tag)
{
	return tag == PIV_OBJECT_FINGERPRINTS || tag == PIV_OBJECT_FACE ||
	       tag == PIV_OBJECT_PRINTED || tag == PIV_OBJECT_IRIS ||
	       tag == PIV_OBJECT_PAIRING_CODE;
}

CK_RV p11_card_object(struct p11_token *t, uint32_t tag, struct sj_span *out)
{
	struct p11_card *c = t->card;
	CK_RV rv;

	if (!is_private(tag))
		return read_kept(t, P11_KEPT_OBJECT, tag, out);
	if (t->user != CKU_USER)
		return CKR_USER_NOT_LOGGED_IN;
	drop_loose(c);
	rv = read_new(t, P11_KEPT_OBJECT, tag, &c->loose, &c->loose_len);
	if (rv == CKR_OK)
		*out = sj_span(c->loose, c->loose_len);
	return rv;
}

CK_RV p11_card_info(struct p11_token *t, struct sj_piv_info *out)
{
	return p11_card_failed(t, sj_piv_get_info(t->card->piv, out));
}

CK_RV p11_card_retired(struct p11_token *t, unsigned *out)
{
	const unsigned max = PIV_KEY_RETIRED_LAST - PIV_KEY_RETIRED_FIRST + 1;
	struct sj_piv_key_history history;
	struct sj_span value;
	CK_RV rv = p11_card_object(t, PIV_OBJECT_KEY_HISTORY, &value);

	*out = 0;
	if (rv == CKR_USER_NOT_LOGGED_IN) /* over the air it wants more than some cards have */
		return CKR_OK;
	if (rv == CKR_OK && value.len > 0 && sj_piv_key_history_read(value, &history))
		*out = history.on_card < max ? history.on_card : max;
	return rv;
}

CK_RV p11_card_user_pin(struct p11_token *t, enum sj_piv_pin *out)
{
	struct sj_piv_discovery d;
	struct sj_span value;
	CK_RV rv = p11_card_object(t, PIV_OBJECT_DISCOVERY, &value);

	*out = SJ_PIV_PIN;
	if (rv != CKR_OK || value.len == 0 || !sj_piv_discovery_read(value, &d))
		return rv;
	/* SP 800-73-5, part 1, 3.3.2: both, and the global one preferred; or that one alone. */
	if ((d.policy & PIV_POLICY_GLOBAL_PIN) != 0 &&
	    ((d.policy & PIV_POLICY_PIN) == 0 || d.preference == PIV_PREFER_GLOBAL_PIN))
		*out = SJ_PIV_GLOBAL_PIN;
	return CKR_OK;
}
