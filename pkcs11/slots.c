/* slots.c -- a slot per reader; readers and cards that come and go. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypt/memory.h"
#include "state.h"

/* pcscd answers in a millisecond, or hangs. */
#define LOOK_MS 3000
/* Between two looks for a service that is not there. */
#define RETRY_MS 500

/* --- the list of slots (the module's lock is held) ---------------------------------- */

static CK_RV slot_new(struct p11_module *m, const char *reader, struct p11_slot **out)
{
	struct p11_slot *slot = calloc(1, sizeof(*slot));
	CK_RV rv;

	if (slot == NULL)
		return CKR_HOST_MEMORY;
	slot->module = m;
	slot->id = m->n_slots;
	slot->asking = -1;
	memcpy(slot->reader, reader, strnlen(reader, sizeof(slot->reader) - 1));
	rv = p11_rv(sj_context_new(&slot->context));
	if (rv == CKR_OK)
		rv = p11_lock_init(&slot->lock, &m->mutexes);
	if (rv != CKR_OK) {
		sj_context_free(slot->context);
		free(slot);
		return rv;
	}
	m->n_slots++;
	*out = slot;
	return CKR_OK;
}

/* Where the reader's slot is, or where the next one would go. */
static struct p11_slot **place(struct p11_module *m, const char *reader)
{
	struct p11_slot **at = &m->slots;

	while (*at != NULL && strcmp((*at)->reader, reader) != 0)
		at = &(*at)->next;
	return at;
}

static void note_one(struct p11_slot *slot, bool present, uint32_t events)
{
	if (slot->present != present || slot->events != events)
		slot->changed = true;
	slot->present = present;
	slot->events = events;
}

static struct p11_slot *need_slot(struct p11_module *m, const struct sj_reader_info *info)
{
	struct p11_slot **at = place(m, info->name);

	if (*at == NULL && p11_config_reader(&m->config, info->name) &&
	    slot_new(m, info->name, at) == CKR_OK)
		(*at)->changed = true; /* the reader itself came */
	return *at;
}

static bool listed_in(const struct sj_readers *list, const char *reader)
{
	struct sj_reader_info info = { .size = sizeof(info) };

	for (size_t i = 0; list != NULL && sj_readers_get(list, i, &info); i++) {
		if (strcmp(info.name, reader) == 0)
			return true;
	}
	return false;
}

/* `list` NULL: there are no readers. */
static void note(struct p11_module *m, const struct sj_readers *list)
{
	struct sj_reader_info info = { .size = sizeof(info) };

	for (size_t i = 0; list != NULL && sj_readers_get(list, i, &info); i++) {
		struct p11_slot *slot = need_slot(m, &info);

		if (slot != NULL)
			note_one(slot, info.card_present && !info.mute, info.events);
	}
	for (struct p11_slot *slot = m->slots; slot != NULL; slot = slot->next) {
		if (!listed_in(list, slot->reader))
			note_one(slot, false, slot->events);
	}
}

/* --- looking ---------------------------------------------------------------------------- */

CK_RV p11_slots_look(struct p11_module *m)
{
	struct sj_readers *list = NULL;
	enum sj_rc rc;

	p11_lock(&m->watch_lock);
	rc = sj_readers_list(m->watch, LOOK_MS, &list);
	p11_unlock(&m->watch_lock);
	/* A service that hangs has taken no card away; C_GetSlotList knows no device (3.1, 5.5.1). */
	if (rc == SJ_TIMED_OUT)
		return CKR_FUNCTION_FAILED;
	if (rc == SJ_CANCELLED || rc == SJ_NO_MEMORY)
		return p11_rv(rc);
	p11_lock(&m->lock);
	note(m, list);
	p11_unlock(&m->lock);
	sj_readers_free(list);
	return CKR_OK;
}

CK_RV p11_slots_begin(struct p11_module *m)
{
	CK_RV rv = p11_slots_look(m);

	for (struct p11_slot *slot = m->slots; slot != NULL; slot = slot->next)
		slot->changed = false;
	return rv;
}

struct p11_slot *p11_slot_find(struct p11_module *m, CK_SLOT_ID id)
{
	struct p11_slot *slot;

	p11_lock(&m->lock);
	slot = m->slots;
	while (slot != NULL && slot->id != id)
		slot = slot->next;
	p11_unlock(&m->lock);
	return slot;
}

void p11_slot_clock(struct p11_slot *slot)
{
	slot->late = false;
	sj_context_deadline(slot->context, slot->module->config.timeout_ms);
}

CK_RV p11_slot_enter(CK_SLOT_ID id, struct p11_slot **out)
{
	struct p11_module *m;
	struct p11_slot *slot;
	CK_RV rv = p11_enter(&m);

	if (rv != CKR_OK)
		return rv;
	slot = p11_slot_find(m, id);
	if (slot == NULL) {
		p11_leave(m);
		return CKR_SLOT_ID_INVALID;
	}
	p11_lock(&slot->lock);
	p11_slot_clock(slot);
	slot->mark = sj_memory_mark();
	*out = slot;
	return CKR_OK;
}

/* After C_Finalize has cut off the card, whatever it looks like is a call that was cancelled. */
static CK_RV ended(const struct p11_module *m, CK_RV rv)
{
	switch (rv) {
	case CKR_DEVICE_REMOVED:
	case CKR_DEVICE_ERROR:
	case CKR_TOKEN_NOT_RECOGNIZED:
		return p11_closing(m) ? CKR_FUNCTION_CANCELED : rv;
	default:
		return rv;
	}
}

CK_RV p11_slot_leave(struct p11_slot *slot, CK_RV rv)
{
	struct p11_module *m = slot->module;

	/* A signature that does not hold may be due to that, a key that does not fit, too. */
	if (rv != CKR_OK && sj_memory_lacked(slot->mark))
		rv = CKR_HOST_MEMORY;
	if (slot->token != NULL && !slot->gone)
		p11_card_leave(slot->token);
	if (slot->gone) /* by then */
		p11_token_drop(slot);
	p11_unlock(&slot->lock);
	rv = ended(m, rv);
	p11_leave(m);
	return rv;
}

bool p11_slot_same_card(struct p11_slot *slot)
{
	struct p11_module *m = slot->module;
	bool same;

	p11_lock(&m->lock);
	same = slot->present && slot->events == slot->token_at;
	p11_unlock(&m->lock);
	return same;
}

void p11_slots_cancel(struct p11_module *m)
{
	sj_context_cancel(m->watch);
	p11_lock(&m->lock);
	for (struct p11_slot *slot = m->slots; slot != NULL; slot = slot->next) {
		sj_context_cancel(slot->context);
		p11_pinentry_end(slot);
	}
	for (struct p11_waiter *w = m->waiters; w != NULL; w = w->next)
		sj_context_cancel(w->context);
	p11_unlock(&m->lock);
}

void p11_slots_free(struct p11_module *m)
{
	struct p11_slot *slot;

	while ((slot = m->slots) != NULL) {
		m->slots = slot->next;
		p11_token_drop(slot);
		sj_context_free(slot->context);
		p11_lock_free(&slot->lock);
		free(slot);
	}
}

/* --- the functions ------------------------------------------------------------------------ */

/* The list grows when it is asked for without a buffer (3.1, 5.5.1), and at the first time. */
static void publish(struct p11_module *m, bool grow)
{
	bool any = false;

	p11_lock(&m->lock);
	for (struct p11_slot *slot = m->slots; slot != NULL; slot = slot->next)
		any = any || slot->listed;
	for (struct p11_slot *slot = m->slots; slot != NULL; slot = slot->next)
		slot->listed = slot->listed || grow || !any;
	p11_unlock(&m->lock);
}

static struct p11_slot *next_listed(struct p11_module *m, const struct p11_slot *after)
{
	struct p11_slot *slot;

	p11_lock(&m->lock);
	slot = after == NULL ? m->slots : after->next;
	while (slot != NULL && !slot->listed)
		slot = slot->next;
	p11_unlock(&m->lock);
	return slot;
}

static CK_RV list_slots(struct p11_module *m, bool with_token, CK_SLOT_ID_PTR list,
			CK_ULONG_PTR count)
{
	CK_ULONG room = *count, n = 0;
	CK_RV rv = p11_slots_look(m);

	if (rv != CKR_OK)
		return rv;
	publish(m, list == NULL);
	for (struct p11_slot *slot = next_listed(m, NULL); slot != NULL;
	     slot = next_listed(m, slot)) {
		if (with_token && !p11_token_usable(slot))
			continue;
		if (list != NULL && n < room)
			list[n] = slot->id;
		n++;
	}
	*count = n;
	return list != NULL && n > room ? CKR_BUFFER_TOO_SMALL : CKR_OK;
}

CK_RV C_GetSlotList(CK_BBOOL with_token, CK_SLOT_ID_PTR list, CK_ULONG_PTR count)
{
	struct p11_module *m;
	CK_RV rv;

	if (count == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = p11_enter(&m);
	if (rv != CKR_OK)
		return rv;
	rv = list_slots(m, with_token != CK_FALSE, list, count);
	p11_leave(m);
	return rv;
}

static void slot_info(struct p11_slot *slot, CK_SLOT_INFO_PTR info)
{
	memset(info, 0, sizeof(*info));
	p11_pad(info->slotDescription, sizeof(info->slotDescription), slot->reader);
	p11_pad(info->manufacturerID, sizeof(info->manufacturerID), "PC/SC");
	info->flags = CKF_REMOVABLE_DEVICE | CKF_HW_SLOT;
	if (p11_token_usable(slot))
		info->flags |= CKF_TOKEN_PRESENT;
}

CK_RV C_GetSlotInfo(CK_SLOT_ID id, CK_SLOT_INFO_PTR info)
{
	struct p11_module *m;
	struct p11_slot *slot;
	CK_RV rv;

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = p11_enter(&m);
	if (rv != CKR_OK)
		return rv;
	rv = p11_slots_look(m);
	slot = p11_slot_find(m, id);
	if (rv == CKR_OK && slot == NULL)
		rv = CKR_SLOT_ID_INVALID;
	if (rv == CKR_OK)
		slot_info(slot, info);
	p11_leave(m);
	return rv;
}

CK_RV p11_token_enter(CK_SLOT_ID id, struct p11_token **out)
{
	struct p11_slot *slot;
	CK_RV rv = p11_slot_enter(id, &slot);

	if (rv != CKR_OK)
		return rv;
	rv = p11_token_need(slot, P11_ASK_ANYBODY);
	if (rv != CKR_OK)
		return p11_slot_leave(slot, rv);
	*out = slot->token;
	return CKR_OK;
}

CK_RV p11_token_leave(struct p11_token *t, CK_RV rv)
{
	return p11_slot_leave(t->slot, rv);
}

/* --- C_WaitForSlotEvent ---------------------------------------------------------------------- */

static bool take_event(struct p11_module *m, CK_SLOT_ID_PTR id)
{
	struct p11_slot *slot;

	p11_lock(&m->lock);
	slot = m->slots;
	while (slot != NULL && !slot->changed)
		slot = slot->next;
	if (slot != NULL) {
		slot->changed = false;
		*id = slot->id;
	}
	p11_unlock(&m->lock);
	return slot != NULL;
}

/* The service is not there: a look now and then, awake for C_Finalize. */
static void pause_without_service(const struct p11_module *m)
{
	const struct timespec step = { .tv_nsec = 20000000 };

	for (int ms = 0; ms < RETRY_MS && !p11_closing(m); ms += 20)
		nanosleep(&step, NULL);
}

static CK_RV wait_for_event(struct p11_module *m, struct sj_context *context, CK_SLOT_ID_PTR id)
{
	struct sj_readers *known = NULL, *fresh;
	enum sj_rc rc = SJ_OK;

	while (rc != SJ_CANCELLED && rc != SJ_NO_MEMORY && !p11_closing(m)) {
		fresh = NULL;
		rc = sj_readers_wait(context, known, 0, &fresh);
		sj_readers_free(known);
		known = fresh;
		if (rc != SJ_CANCELLED) {
			p11_lock(&m->lock);
			note(m, known);
			p11_unlock(&m->lock);
		}
		if (take_event(m, id)) {
			sj_readers_free(known);
			return CKR_OK;
		}
		if (rc != SJ_OK)
			pause_without_service(m);
	}
	sj_readers_free(known);
	/* 3.1, 5.5.6: ended by C_Finalize. */
	return rc == SJ_NO_MEMORY ? CKR_HOST_MEMORY : CKR_CRYPTOKI_NOT_INITIALIZED;
}

static void add_waiter(struct p11_module *m, struct p11_waiter *w)
{
	p11_lock(&m->lock);
	w->next = m->waiters;
	m->waiters = w;
	p11_unlock(&m->lock);
}

static void remove_waiter(struct p11_module *m, const struct p11_waiter *w)
{
	struct p11_waiter **at = &m->waiters;

	p11_lock(&m->lock);
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	p11_unlock(&m->lock);
}

static CK_RV wait_blocking(struct p11_module *m, CK_SLOT_ID_PTR id)
{
	struct p11_waiter w = { NULL, NULL };
	CK_RV rv = p11_rv(sj_context_new(&w.context));

	if (rv != CKR_OK)
		return rv;
	add_waiter(m, &w);
	rv = wait_for_event(m, w.context, id);
	remove_waiter(m, &w);
	sj_context_free(w.context);
	return rv;
}

CK_RV C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID_PTR id, CK_VOID_PTR reserved)
{
	struct p11_module *m;
	CK_RV rv;

	if (id == NULL || reserved != NULL || (flags & ~(CK_FLAGS)CKF_DONT_BLOCK) != 0)
		return CKR_ARGUMENTS_BAD;
	rv = p11_enter(&m);
	if (rv != CKR_OK)
		return rv;
	if ((flags & CKF_DONT_BLOCK) == 0) {
		rv = wait_blocking(m, id);
	} else {
		rv = p11_slots_look(m);
		if (rv == CKR_OK && !take_event(m, id))
			rv = CKR_NO_EVENT;
	}
	p11_leave(m);
	return rv;
}
