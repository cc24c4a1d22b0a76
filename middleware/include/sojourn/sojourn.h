/*
 * sojourn.h -- libsojourn: prove, offline, who a card's holder is.
 *
 * Errors: functions return enum sj_rc (failure.h), SJ_OK is 0; outputs are
 * unchanged on failure unless said otherwise. Texts are UTF-8 and NUL-terminated.
 *
 * Threads: a context and what was opened from it belong to one thread at a
 * time; sj_context_cancel() may be called from any thread and from a signal
 * handler. Different contexts are independent; there is no global state but a
 * count of PC/SC calls, for which fork() waits 200 ms at most.
 *
 * ABI: the soname's number changes when a caller must be compiled again.
 * Structs that callers allocate begin with `size`, which they set to
 * sizeof the struct (the macros *_INIT do), so that fields can be added.
 */
#ifndef SOJOURN_SOJOURN_H
#define SOJOURN_SOJOURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sojourn/failure.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SJ_API __attribute__((visibility("default")))

#define SJ_VERSION "0.1.0"

/* The version of the library that is running. */
SJ_API const char *sj_version(void);

struct sj_context;

/* Makes a context; nothing is opened before it is needed. Free with sj_context_free(). */
SJ_API enum sj_rc sj_context_new(struct sj_context **out);
/* Frees it (NULL is fine). What was opened from it must be closed before. */
SJ_API void sj_context_free(struct sj_context *ctx);
/* Makes the blocking call in progress, and the next one, return SJ_CANCELLED. */
SJ_API void sj_context_cancel(struct sj_context *ctx);
/* Forgets a cancellation. */
SJ_API void sj_context_resume(struct sj_context *ctx);
/*
 * From now on all calls with this context end timeout_ms from now, where their own time would be
 * longer or without limit: for a function made of several. What somebody who is asked takes is not
 * counted. When it has passed it stays: every later call is SJ_TIMED_OUT (or what else it is when its
 * own time ends) until 0, each has its own time again, or a new one. Closing and giving back may take
 * some seconds more.
 */
SJ_API void sj_context_deadline(struct sj_context *ctx, unsigned timeout_ms);

/* What the library tells while it works. */
enum sj_event_kind {
	SJ_EVENT_FIELD_ON, /* a card was powered: begins a capture */
	SJ_EVENT_COMMAND, /* raw command APDU as sent; data of PIN, key and STORE DATA commands are zeros */
	SJ_EVENT_RESPONSE, /* raw response APDU as received; what private keys answer is zeros */
	SJ_EVENT_PLAIN_COMMAND, /* inside secure messaging, secrets masked; comes before COMMAND */
	SJ_EVENT_PLAIN_RESPONSE, /* inside secure messaging, data masked; comes after RESPONSE */
	SJ_EVENT_NOTICE, /* `text`: why it takes long, what was fallen back to */
};

struct sj_event {
	size_t size;
	enum sj_event_kind kind;
	const uint8_t *bytes; /* valid during the call only */
	size_t len;
	const char *text;
};

typedef void (*sj_event_fn)(void *user, const struct sj_event *event);

/* Sets or removes (NULL) the listener; it is called on the caller's thread. */
SJ_API void sj_context_listen(struct sj_context *ctx, sj_event_fn fn, void *user);

/*
 * Gives what the program sojourn-signed writes when it reads these bytes; the library frees *answer.
 * False: no answer.
 */
typedef bool (*sj_signed_fn)(void *user, const uint8_t *bytes, size_t len, uint8_t **answer,
			     size_t *answer_len);

/*
 * From now on what cards of this context show as signed (CMS and the certificates in it) is taken
 * apart by `fn`, in another process, so that a fault in that reaches nothing of this one. What it
 * answers is not believed: it says where things stand, and everything that a verdict needs is checked
 * and read here once a signature of a known issuer holds over it. Without an answer a reading ends
 * with SJ_SIGNED_UNREAD. NULL: it is done here.
 */
SJ_API void sj_context_find_signed(struct sj_context *ctx, sj_signed_fn fn, void *user);

#ifdef __cplusplus
}
#endif

#endif
