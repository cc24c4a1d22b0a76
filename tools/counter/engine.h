/*
 * engine.h -- where the counter's readings come from: cards (engine_card.c), or a script for
 * tests and training (engine_script.c).
 */
#ifndef SOJOURN_TOOLS_COUNTER_ENGINE_H
#define SOJOURN_TOOLS_COUNTER_ENGINE_H

#include <sojourn/service.h>

#include "cli/cli.h"

#define COUNTER_DATA_MAX 40u
#define COUNTER_SECRET_MAX 160u /* bytes of a CAN, PIN or MRZ with line ends */

/* The row of the registry that this counter serves, in words. */
struct counter_service {
	char name[50], sector[24];
	enum sj_service_access access;
	json_t *rights; /* array of names; owned by the engine */
	uint32_t retention; /* seconds that the service has to keep data; 0: not at all */
};

enum counter_place {
	COUNTER_STARTING,
	COUNTER_NO_SERVICE,
	COUNTER_NO_READER,
	COUNTER_NO_CARD,
	COUNTER_CARD
};

/* What is on the reader. */
struct counter_presence {
	enum counter_place place;
	enum sj_rc rc; /* with NO_SERVICE: why */
	char reader[SJ_READER_NAME_MAX];
	uint32_t events; /* grows with each card that comes or goes */
};

enum counter_secret { COUNTER_NONE, COUNTER_CAN, COUNTER_MRZ, COUNTER_PIN, COUNTER_PAD };

/* A reading that is asked for. Wiped by who made it. */
struct counter_request {
	enum counter_secret kind;
	char text[COUNTER_SECRET_MAX + 1];
	size_t len;
	unsigned timeout_ms;
};

struct counter_datum {
	char *name, *value;
};

/* What came of it. Everything is owned; freed and wiped by counter_result_free(). */
struct counter_result {
	enum sj_rc rc; /* why nothing could be read; SJ_OK: the rest is there */
	enum sj_verdict verdict;
	enum sj_rc reason; /* what decided; SJ_OK: genuine */
	bool checked[SJ_ANSWER_CHECKS];
	struct sj_check checks[SJ_ANSWER_CHECKS];
	struct counter_datum data[COUNTER_DATA_MAX];
	size_t data_n;
	uint8_t *portrait; /* as the card has it; NULL: none */
	size_t portrait_len;
	json_t *absent; /* array of rights that the card has nothing for; NULL: none */
	struct sj_answer_info info;
	struct sj_statistics statistics;
	enum sj_rc evidence; /* of the record in the journal; SJ_OK: it is there, or none is kept */
};

struct counter_engine {
	void *self;
	bool scripted; /* the page says so, loudly */
	const struct counter_service *(*service)(void *self);
	/*
	 * One thread calls it: returns when what is on the reader differs from *known (updated), or
	 * after timeout_ms.
	 */
	void (*watch)(void *self, unsigned timeout_ms, struct counter_presence *known);
	/* Forgets a cancel(); called before each read() is asked for. */
	void (*arm)(void *self);
	/* Another thread calls it. *out is zero before. */
	void (*read)(void *self, const struct counter_request *request, struct counter_result *out);
	/* Any thread: ends the read() in progress. */
	void (*cancel)(void *self);
	/* Any thread: watch() and read() return soon, now and ever after. */
	void (*stop)(void *self);
	/* The main thread, every minute: erases what is due. */
	void (*tidy)(void *self);
	/* Whether what is believed is fresh: SJ_OK, or SJ_TRUST_MISSING, SJ_BUNDLE_EXPIRED, ... */
	enum sj_rc (*trust)(void *self, int64_t now, int64_t *created);
	void (*free)(void *self);
};

/* Takes the script: a FIFO of JSON lines. */
CLI_MUST_CHECK int counter_engine_script(struct cli *cli, const char *path,
					 struct counter_engine *out);

void counter_result_free(struct counter_result *result);
/* Copies a datum; false: no memory or no room. */
CLI_MUST_CHECK bool counter_result_put(struct counter_result *result, const char *name,
				       const char *value);

#endif
