/* add.c -- making the record of a verification. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypt/wipe.h"
#include "journal/evidence.h"
#include "reader/memory.h"

#define CERTIFICATES_ROOM 6000u /* bytes of a body: two of the largest certificates fit */

struct sj_evidence {
	struct sj_service service;
	const struct sj_terminal *terminal; /* NULL: none */
	struct sj_facts facts; /* what is known before the answer */
};

const char *sj_evidence_strength_name(enum sj_evidence_strength strength)
{
	return strength == SJ_CARD_SIGNED ? "card-signed" : "operator-attested";
}

/* --- before the answer ------------------------------------------------------------- */

static bool hash_of(struct sj_span bytes, uint8_t out[static SJ_JOURNAL_HASH])
{
	uint8_t hash[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, &bytes, 1, hash))
		return false;
	memcpy(out, hash, SJ_JOURNAL_HASH);
	return true;
}

static enum sj_rc begin_terminal(struct sj_evidence *e)
{
	struct sj_terminal_info info = { .size = sizeof(info) };
	struct sj_evidence_info *i = &e->facts.statement.info;
	const uint8_t *bytes = NULL;
	size_t len = 0;

	if (e->terminal == NULL)
		return SJ_OK;
	if (!sj_terminal_get_info(e->terminal, &info) ||
	    !sj_terminal_certificate(e->terminal, 0, &bytes, &len))
		return SJ_INTERNAL;
	memcpy(i->terminal, info.holder, sizeof(i->terminal));
	return hash_of(sj_span(bytes, len), i->terminal_hash) ? SJ_OK : SJ_CRYPTO_FAILED;
}

enum sj_rc sj_evidence_begin(const struct sj_service *service, const struct sj_terminal *terminal,
			     struct sj_evidence **out)
{
	const unsigned mark = sj_memory_mark();
	const struct sj_random random = sj_random_system();
	struct sj_evidence *e = calloc(1, sizeof(*e));
	struct sj_evidence_info *i;
	enum sj_rc rc;

	if (e == NULL)
		return SJ_NO_MEMORY;
	memcpy(&e->service, service,
	       service->size < sizeof(e->service) ? service->size : sizeof(e->service));
	if (e->service.keep != 0 && e->service.retention == 0) {
		sj_evidence_free(e);
		return SJ_USAGE;
	}
	e->terminal = terminal;
	i = &e->facts.statement.info;
	i->size = sizeof(*i);
	i->service = e->service.id;
	i->sector = e->service.sector;
	memcpy(i->name, e->service.name, sizeof(i->name));
	i->asked = e->service.rights;
	rc = sj_random_fill(&random, e->facts.statement.salt, sizeof(e->facts.statement.salt))
		     ? begin_terminal(e)
		     : SJ_CRYPTO_FAILED;
	if (rc == SJ_OK)
		*out = e;
	else
		sj_evidence_free(e);
	return sj_memory_rc(mark, rc);
}

void sj_evidence_free(struct sj_evidence *evidence)
{
	if (evidence == NULL)
		return;
	for (size_t i = 0; i < SJ_SEALED_PARTS; i++)
		sj_bytes_free(&evidence->facts.parts[i]);
	sj_wipe(evidence, sizeof(*evidence));
	free(evidence);
}

bool sj_evidence_challenge(void *evidence, const struct sj_answer *so_far, uint8_t out[8])
{
	struct sj_evidence *e = evidence;
	struct sj_answer_info info = { .size = sizeof(info) };
	struct sj_statement *s = &e->facts.statement;

	if (!sj_answer_get_info(so_far, &info))
		return false;
	s->info.time = info.time;
	s->info.bound = sj_answer_verdict(so_far);
	if (!sj_statement_challenge(s, s->info.challenge))
		return false;
	memcpy(out, s->info.challenge, sizeof(s->info.challenge));
	return true;
}

/* --- with it ------------------------------------------------------------------------- */

static void take_options(struct sj_evidence_options *out, const struct sj_evidence_options *options)
{
	const struct sj_evidence_options defaults = SJ_EVIDENCE_OPTIONS_INIT;

	*out = defaults;
	if (options != NULL)
		memcpy(out, options,
		       options->size < sizeof(defaults) ? options->size : sizeof(defaults));
	if (out->now == 0)
		out->now = (int64_t)time(NULL);
}

static enum sj_rc sign(void *user, struct sj_span message, struct sj_writer *signature)
{
	size_t len = signature->cap;
	enum sj_rc rc = sj_terminal_sign(user, message.ptr, message.len, signature->ptr, &len);

	if (rc == SJ_OK)
		signature->len = len;
	return rc;
}

/* Its own and its DV's; links as far as they fit: a verifier has newer CVCA certificates, as a rule. */
static void signer_of(const struct sj_evidence *e, struct sj_signer_of_evidence *out)
{
	size_t room = CERTIFICATES_ROOM;
	struct sj_span c;

	*out = (struct sj_signer_of_evidence){ .user = NULL };
	if (e->terminal == NULL)
		return;
	out->sign = sign;
	memcpy(&out->user, &e->terminal, sizeof(out->user));
	while (out->n < sizeof(out->certificates) / sizeof(out->certificates[0]) &&
	       sj_terminal_certificate(e->terminal, out->n, &c.ptr, &c.len) && c.len <= room) {
		out->certificates[out->n++] = c;
		room -= c.len;
	}
}

/* When what is sealed has to go; 0: nothing may be sealed at all. */
static uint32_t retention_of(const struct sj_evidence *e, const struct sj_evidence_options *o)
{
	if (o->operator_key == NULL)
		return 0;
	return e->service.keep != 0 ? e->service.retention : o->proof_retention;
}

enum sj_rc sj_evidence_add(struct sj_evidence *evidence, struct sj_journal *journal,
			   const struct sj_answer *answer,
			   const struct sj_evidence_options *options, uint64_t *number)
{
	const unsigned mark = sj_memory_mark();
	struct sj_facts facts = evidence->facts;
	struct sj_evidence_info *i = &facts.statement.info;
	struct sj_signer_of_evidence signer;
	struct sj_evidence_options o;
	uint32_t retention;
	enum sj_rc rc = SJ_OK;

	take_options(&o, options);
	if (answer != NULL && evidence->service.keep != 0 && o.operator_key == NULL)
		return sj_memory_rc(mark, SJ_KEY_STORE);
	retention = retention_of(evidence, &o);
	i->reason = o.failure;
	if (answer != NULL)
		rc = sj_facts_collect(answer, retention != 0 ? evidence->service.keep : 0,
				      retention != 0, &facts);
	if (i->time == 0)
		i->time = o.now;
	i->due = retention != 0 ? i->time + retention : 0;
	signer_of(evidence, &signer);
	if (rc == SJ_OK)
		rc = sj_facts_add(&facts, journal, &signer, o.operator_key, number);
	for (size_t k = 0; k < SJ_SEALED_PARTS; k++)
		sj_bytes_free(&facts.parts[k]);
	sj_wipe(&facts, sizeof(facts));
	return sj_memory_rc(mark, rc);
}

/* --- the record ------------------------------------------------------------------------- */

static enum sj_rc seal(struct sj_facts *f, const uint8_t *operator_key,
		       struct sj_journal_record *record, struct sj_bytes *sealed)
{
	struct sj_statement *s = &f->statement;
	bool any = false;
	enum sj_rc rc;

	for (size_t i = 0; i < SJ_SEALED_PARTS; i++) {
		if (f->parts[i].len == 0)
			continue;
		any = true;
		if (!sj_sealed_commit((enum sj_sealed_part)i,
				      sj_span(f->parts[i].ptr, f->parts[i].len), s->commitments[i]))
			return SJ_CRYPTO_FAILED;
	}
	if (!any) {
		s->info.due = 0;
		return SJ_OK;
	}
	rc = sj_seal(operator_key, f->parts, record->key, sealed);
	if (rc == SJ_OK && !sj_operator_id(operator_key, s->info.operator_id))
		rc = SJ_CRYPTO_FAILED;
	record->sealed = sealed->ptr;
	record->sealed_len = sealed->len;
	record->due = s->info.due;
	return rc;
}

static enum sj_rc put_content(struct sj_facts *f, const struct sj_signer_of_evidence *signer,
			      struct sj_writer *content)
{
	uint8_t bytes[640], message[700], signature[SJ_EC_SIGNATURE_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes), m = SJ_WRITER_OF(message),
			 sig = SJ_WRITER_OF(signature);
	struct sj_span parts[SJ_STATEMENT_PARTS];
	enum sj_rc rc = SJ_OK;

	sj_statement_put(&w, &f->statement);
	sj_statement_parts(sj_written(&w), parts);
	for (size_t i = 0; i < SJ_STATEMENT_PARTS; i++)
		sj_put(&m, parts[i]);
	if (w.failed || m.failed)
		return SJ_INTERNAL;
	if (signer->sign != NULL)
		rc = signer->sign(signer->user, sj_written(&m), &sig);
	sj_statement_content_put(content, sj_written(&w), sj_written(&sig), signer->certificates,
				 signer->n);
	return rc == SJ_OK && content->failed ? SJ_INTERNAL : rc;
}

enum sj_rc sj_facts_add(struct sj_facts *facts, struct sj_journal *journal,
			const struct sj_signer_of_evidence *signer, const uint8_t *operator_key,
			uint64_t *number)
{
	struct sj_journal_record record = SJ_JOURNAL_RECORD_INIT;
	struct sj_bytes sealed = { 0 };
	struct sj_writer content = { .cap = SJ_JOURNAL_BODY_MAX };
	enum sj_rc rc = SJ_NO_MEMORY;

	record.kind = SJ_JOURNAL_VERIFICATION;
	record.time = facts->statement.info.time;
	content.ptr = malloc(content.cap);
	if (content.ptr != NULL)
		rc = sj_journal_origin_of(journal, facts->statement.journal);
	if (rc == SJ_OK)
		rc = seal(facts, operator_key, &record, &sealed);
	if (rc == SJ_OK)
		rc = put_content(facts, signer, &content);
	record.content = content.ptr;
	record.content_len = content.len;
	if (rc == SJ_OK)
		rc = sj_journal_add(journal, &record);
	if (rc == SJ_OK)
		*number = record.number;
	sj_bytes_free(&sealed);
	free(content.ptr);
	sj_wipe(&record, sizeof(record));
	return rc;
}
