/* gate.c -- a gate: its key, its settings, and what its taps share. */
#include "gate/gate.h"

#include <stdlib.h>
#include <string.h>

#include "crypt/wipe.h"
#include "reader/memory.h"
#include "trust/time.h"

const char *sj_gate_decision_name(enum sj_gate_decision decision)
{
	static const char *const names[] = { "refuse", "ask", "open" };

	return names[decision];
}

unsigned sj_gate_age_at(size_t i)
{
	return sj_gate_age(i);
}

/* --- making and ending ----------------------------------------------------------------- */

static enum sj_rc take_key(struct sj_gate *gate, const uint8_t *key, size_t len)
{
	const struct sj_edhoc_suite *suite = sj_edhoc_suite(SJ_GATE_SUITE);
	uint8_t x[SJ_EDHOC_KEY];

	if (len != SJ_EDHOC_KEY || !sj_edhoc_public(suite, key, x))
		return SJ_INPUT_MALFORMED;
	memcpy(gate->key, key, len);
	return sj_span_eq(SJ_SPAN_OF(x), gate->cwt.key_x) ? SJ_OK : SJ_INPUT_REFUSED;
}

static enum sj_rc take_credential(struct sj_gate *gate, const uint8_t *credential, size_t len)
{
	if (len > SJ_CWT_MAX)
		return SJ_INPUT_MALFORMED;
	memcpy(gate->credential, credential, len);
	gate->credential_len = len;
	return sj_cwt_parse(sj_span(gate->credential, len), &gate->cwt) &&
			       gate->cwt.kind == SJ_CWT_READER
		       ? SJ_OK
		       : SJ_INPUT_MALFORMED;
}

/* All of it there from the start: a gate that runs takes no more. */
static void *memory_of(size_t n, size_t size)
{
	void *memory = calloc(n, size);

	if (memory != NULL)
		sj_wipe(memory, n * size);
	return memory;
}

enum sj_rc sj_gate_new(const uint8_t *key, size_t key_len, const uint8_t *credential,
		       size_t credential_len, struct sj_gate **out)
{
	const unsigned mark = sj_memory_mark();
	struct sj_gate *gate = calloc(1, sizeof(*gate));
	enum sj_rc rc;

	if (gate == NULL || pthread_mutex_init(&gate->lock, NULL) != 0) {
		free(gate);
		return SJ_NO_MEMORY;
	}
	gate->policy = (struct sj_gate_policy)SJ_GATE_POLICY_INIT;
	gate->used = memory_of(SJ_GATE_SALTS, sizeof(*gate->used));
	gate->passed = memory_of(SJ_GATE_PASSED, sizeof(*gate->passed));
	rc = gate->used != NULL && gate->passed != NULL ? SJ_OK : SJ_NO_MEMORY;
	if (rc == SJ_OK)
		rc = take_credential(gate, credential, credential_len);
	if (rc == SJ_OK)
		rc = take_key(gate, key, key_len);
	if (rc == SJ_OK)
		*out = gate;
	else
		sj_gate_free(gate);
	return sj_memory_rc(mark, rc);
}

void sj_gate_free(struct sj_gate *gate)
{
	if (gate == NULL)
		return;
	sj_gate_trust_free(gate->trust);
	free(gate->staples);
	if (gate->passed != NULL)
		sj_wipe(gate->passed, SJ_GATE_PASSED * sizeof(*gate->passed));
	free(gate->passed);
	free(gate->used);
	pthread_mutex_destroy(&gate->lock);
	sj_wipe(gate, sizeof(*gate));
	free(gate);
}

/* --- settings ----------------------------------------------------------------------------- */

static bool age_known(unsigned years)
{
	for (size_t i = 0; years != 0 && i < SJ_GATE_AGES; i++)
		if (sj_gate_age(i) == years)
			return true;
	return years == 0;
}

static bool policy_valid(const struct sj_gate_policy *p)
{
	if ((p->classes & ~0x1Eu) != 0 || !age_known(p->min_age) ||
	    (unsigned)p->when_stale > SJ_GATE_STALE_STAPLE || p->window_count > SJ_GATE_WINDOWS)
		return false;
	for (size_t i = 0; i < p->window_count; i++) {
		const struct sj_gate_window *w = &p->windows[i];

		if (w->days == 0 || w->days > 0x7F || w->from >= w->to || w->to > 1440)
			return false;
	}
	return true;
}

enum sj_rc sj_gate_set_policy(struct sj_gate *gate, const struct sj_gate_policy *policy)
{
	struct sj_gate_policy p = SJ_GATE_POLICY_INIT;

	if (policy->size == 0 || policy->size > sizeof(p))
		return SJ_USAGE;
	memcpy(&p, policy, policy->size);
	p.size = sizeof(p);
	if (!policy_valid(&p))
		return SJ_USAGE;
	pthread_mutex_lock(&gate->lock);
	gate->policy = p;
	pthread_mutex_unlock(&gate->lock);
	return SJ_OK;
}

enum sj_rc sj_gate_set_ticket_keys(struct sj_gate *gate, const uint8_t *keys, size_t n)
{
	if (n > SJ_GATE_TICKET_KEYS)
		return SJ_USAGE;
	pthread_mutex_lock(&gate->lock);
	sj_wipe(gate->ticket_keys, sizeof(gate->ticket_keys));
	if (n > 0)
		memcpy(gate->ticket_keys, keys, n * SJ_TICKET_KEY);
	gate->ticket_key_count = n;
	pthread_mutex_unlock(&gate->lock);
	return SJ_OK;
}

enum sj_rc sj_gate_set_staples(struct sj_gate *gate, const char *directory)
{
	char *copy = directory != NULL ? strdup(directory) : NULL;

	if (directory != NULL && copy == NULL)
		return SJ_NO_MEMORY;
	pthread_mutex_lock(&gate->lock);
	free(gate->staples);
	gate->staples = copy;
	pthread_mutex_unlock(&gate->lock);
	return SJ_OK;
}

bool sj_gate_get_info(struct sj_gate *g, struct sj_gate_info *out)
{
	struct sj_gate_info info = { .size = out->size };
	const struct sj_gate_list *list;

	memcpy(info.issuer, g->cwt.issuer.ptr, g->cwt.issuer.len);
	info.operator_id = g->cwt.reader.operator_id;
	info.sector = g->cwt.reader.sector;
	info.service = g->cwt.reader.service;
	info.rights = g->cwt.reader.rights;
	info.not_before = g->cwt.not_before;
	info.expires = g->cwt.expires;
	pthread_mutex_lock(&g->lock);
	list = g->trust != NULL ? sj_gate_list_of(g->trust, g->cwt.issuer) : NULL;
	if (list != NULL && list->status != NULL) {
		info.status_known = true;
		info.status_epoch = list->info.epoch;
		info.status_time = list->info.not_before;
	}
	info.head_epoch = g->head.epoch;
	pthread_mutex_unlock(&g->lock);
	memcpy(out, &info, out->size < sizeof(info) ? out->size : sizeof(info));
	return true;
}

/* --- trust -------------------------------------------------------------------------------- */

static void take_head(struct sj_gate *gate, uint32_t epoch, int64_t time, struct sj_span token)
{
	if (epoch <= gate->head.epoch || token.len > sizeof(gate->head.token))
		return;
	gate->head.epoch = epoch;
	gate->head.time = time;
	gate->head.len = token.len;
	memcpy(gate->head.token, token.ptr, token.len);
}

/* A list of `old` that `new` has not, or has an older one of. */
static bool goes_back(const struct sj_gate_trust *old, const struct sj_gate_trust *new)
{
	for (size_t i = 0; old != NULL && i < old->list_count; i++) {
		const struct sj_gate_list *list = sj_gate_list_hashed(new, old->lists[i].hash);

		if (list == NULL || list->info.epoch < old->lists[i].info.epoch)
			return true;
	}
	return false;
}

enum sj_rc sj_gate_load_trust(struct sj_gate *gate, const char *directory)
{
	const unsigned mark = sj_memory_mark();
	struct sj_gate_trust *trust = NULL, *old;
	const struct sj_gate_list *list;
	enum sj_rc rc = sj_gate_trust_read(directory, &trust);

	if (rc != SJ_OK)
		return sj_memory_rc(mark, rc);
	trust->users = 1;
	pthread_mutex_lock(&gate->lock);
	if (goes_back(gate->trust, trust)) {
		pthread_mutex_unlock(&gate->lock);
		sj_gate_trust_free(trust);
		return sj_memory_rc(mark, SJ_STATUS_BEHIND);
	}
	old = gate->trust;
	gate->trust = trust;
	if (trust->evidence > gate->newest)
		gate->newest = trust->evidence;
	list = sj_gate_list_of(trust, gate->cwt.issuer);
	if (list != NULL && list->status != NULL)
		take_head(gate, list->info.newest_epoch, list->status->newest.not_before,
			  sj_status_newest(list->status));
	pthread_mutex_unlock(&gate->lock);
	sj_gate_trust_release(gate, old);
	return SJ_OK;
}

struct sj_gate_trust *sj_gate_trust_hold(struct sj_gate *gate)
{
	struct sj_gate_trust *trust;

	pthread_mutex_lock(&gate->lock);
	trust = gate->trust;
	if (trust != NULL)
		trust->users++;
	pthread_mutex_unlock(&gate->lock);
	return trust;
}

void sj_gate_trust_release(struct sj_gate *gate, struct sj_gate_trust *trust)
{
	bool last;

	if (trust == NULL)
		return;
	pthread_mutex_lock(&gate->lock);
	last = --trust->users == 0;
	pthread_mutex_unlock(&gate->lock);
	if (last)
		sj_gate_trust_free(trust);
}

int64_t sj_gate_time(struct sj_gate *gate, int64_t now, bool *behind)
{
	int64_t newest;

	pthread_mutex_lock(&gate->lock);
	newest = gate->newest;
	pthread_mutex_unlock(&gate->lock);
	*behind = sj_trust_time_behind(newest, now);
	return now < newest ? newest : now;
}

bool sj_gate_learn(struct sj_gate *gate, int64_t when, int64_t now)
{
	if (when > now + SJ_GATE_CLOCK_STEP)
		return false;
	pthread_mutex_lock(&gate->lock);
	if (when > gate->newest)
		gate->newest = when;
	pthread_mutex_unlock(&gate->lock);
	return true;
}

void sj_gate_note_time(struct sj_gate *gate, int64_t when)
{
	pthread_mutex_lock(&gate->lock);
	if (when > gate->newest)
		gate->newest = when;
	pthread_mutex_unlock(&gate->lock);
}

void sj_gate_head_get(struct sj_gate *gate, struct sj_gate_head *out)
{
	pthread_mutex_lock(&gate->lock);
	*out = gate->head;
	pthread_mutex_unlock(&gate->lock);
}

bool sj_gate_head_offer(struct sj_gate *gate, const struct sj_status_head *head,
			struct sj_span token)
{
	bool newer;

	pthread_mutex_lock(&gate->lock);
	newer = head->epoch > gate->head.epoch;
	take_head(gate, head->epoch, head->not_before, token);
	pthread_mutex_unlock(&gate->lock);
	return newer;
}

enum sj_rc sj_gate_head(struct sj_gate *gate, uint8_t *out, size_t *len)
{
	struct sj_gate_head head;

	sj_gate_head_get(gate, &head);
	if (head.len == 0)
		return SJ_STATUS_MISSING;
	if (head.len > *len)
		return SJ_USAGE;
	memcpy(out, head.token, head.len);
	*len = head.len;
	return SJ_OK;
}

/* --- tickets -------------------------------------------------------------------------------- */

bool sj_gate_has_tickets(struct sj_gate *gate)
{
	bool has;

	pthread_mutex_lock(&gate->lock);
	has = gate->policy.tickets && gate->ticket_key_count > 0 &&
	      sj_gate_may_resume(&gate->cwt.reader);
	pthread_mutex_unlock(&gate->lock);
	return has;
}

bool sj_gate_ticket_open(struct sj_gate *gate, struct sj_span sealed, struct sj_ticket *out)
{
	bool found = false;

	pthread_mutex_lock(&gate->lock);
	for (size_t i = 0; !found && i < gate->ticket_key_count; i++)
		found = sj_ticket_open(gate->ticket_keys[i], sealed, out);
	pthread_mutex_unlock(&gate->lock);
	return found;
}

bool sj_gate_ticket_seal(struct sj_gate *gate, const uint8_t *salt, const struct sj_ticket *ticket,
			 uint8_t out[static SJ_GATE_TICKET])
{
	bool ok;

	pthread_mutex_lock(&gate->lock);
	ok = gate->ticket_key_count > 0 && sj_ticket_seal(gate->ticket_keys[0], salt, ticket, out);
	pthread_mutex_unlock(&gate->lock);
	return ok;
}

bool sj_gate_ticket_use(struct sj_gate *gate, struct sj_span sealed, int64_t now)
{
	bool fresh = true;

	pthread_mutex_lock(&gate->lock);
	for (size_t i = 0; fresh && i < SJ_GATE_SALTS; i++)
		fresh = gate->used[i].when == 0 ||
			memcmp(gate->used[i].salt, sealed.ptr, SJ_TICKET_SALT) != 0;
	if (fresh) {
		memcpy(gate->used[gate->used_next].salt, sealed.ptr, SJ_TICKET_SALT);
		gate->used[gate->used_next].when = now;
		gate->used_next = (gate->used_next + 1) % SJ_GATE_SALTS;
	}
	pthread_mutex_unlock(&gate->lock);
	return fresh;
}

/* --- who passed --------------------------------------------------------------------------------- */

static bool passed(const struct sj_gate *gate, const struct sj_gate_facts *f, uint32_t within)
{
	for (size_t i = 0; i < SJ_GATE_PASSED; i++) {
		const struct sj_gate_passed *p = &gate->passed[i];

		if (p->when != 0 && f->now - p->when < (int64_t)within &&
		    memcmp(p->pseudonym, f->pseudonym, sizeof(p->pseudonym)) == 0)
			return true;
	}
	return false;
}

void sj_gate_decide(struct sj_gate *gate, const struct sj_gate_policy *policy,
		    struct sj_gate_facts *facts, struct sj_gate_verdict *out)
{
	const bool watch =
		policy->antipassback != 0 && facts->card == SJ_OK && sj_gate_pseudonym_told(facts);

	pthread_mutex_lock(&gate->lock);
	if (watch)
		facts->passed = passed(gate, facts, policy->antipassback);
	sj_gate_judge(policy, facts, out);
	if (watch && out->decision == SJ_GATE_OPEN) {
		struct sj_gate_passed *p = &gate->passed[gate->passed_next];

		memcpy(p->pseudonym, facts->pseudonym, sizeof(p->pseudonym));
		p->when = facts->now;
		gate->passed_next = (gate->passed_next + 1) % SJ_GATE_PASSED;
	}
	pthread_mutex_unlock(&gate->lock);
}
