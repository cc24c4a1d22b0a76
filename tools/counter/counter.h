/* counter.h -- what the files of the counter share. */
#ifndef SOJOURN_TOOLS_COUNTER_COUNTER_H
#define SOJOURN_TOOLS_COUNTER_COUNTER_H

#include <pthread.h>
#include <stdatomic.h>

#include "counter/engine.h"

#define COUNTER_SCHEMA 1
#define COUNTER_BODY_MAX 65536u
#define COUNTER_TARGETS_MAX 8u

extern const struct cli_command counter_run;
extern const struct cli_command counter_url;

/* --- config.c: sojourn-counter.conf(5) ------------------------------------------------ */

/* A system that registrations go to: a section [target NAME]. Texts are owned. */
struct counter_target {
	char *name;
	char *map; /* file of the field map; NULL: our own names */
	char *folder; /* file drop; or */
	char *url; /* HTTP POST; */
	char *token_file; /* its first line is sent as a bearer token; NULL: none */
	json_t *fields; /* the map, once it is loaded */
	struct cli_curl *curl; /* with `url`, once it is loaded */
	atomic_bool *stopping; /* the outbox's */
};

struct counter_config {
	char *address; /* 127.0.0.1 or ::1 */
	unsigned port;
	char *state; /* directory of database and address */
	char *service, *terminal, *journal, *trust, *reader;
	char *api_token_file; /* for integrators; NULL: none */
	uint32_t read_timeout, forget_after; /* seconds */
	uint32_t retention, activity; /* seconds that registrations and the log are kept */
	struct counter_target targets[COUNTER_TARGETS_MAX];
	size_t targets_n;
};

#define COUNTER_CONFIG_OPTIONS \
	{ .name = "config", \
	  .letter = 'c', \
	  .argument = "FILE", \
	  .help = "configuration; default /etc/sojourn/counter.conf", \
	  .complete = CLI_COMPLETE_FILE }, \
	{ \
		.name = "state", .argument = "DIR", \
		.help = "directory of the registrations; default /var/lib/sojourn/counter", \
		.complete = CLI_COMPLETE_DIRECTORY \
	}

/* Reads the configuration; what is not set has its default. Free it also after a failure. */
CLI_MUST_CHECK int counter_config_load(struct cli *cli, struct counter_config *out);
void counter_config_free(struct counter_config *config);

struct counter_path {
	char text[512];
};
/* A path in the state directory. */
struct counter_path counter_path(const struct counter_config *config, const char *name);

/* --- engine_card.c ---------------------------------------------------------------------- */

/* Reads cards for the configured service. The engine is to be freed even after a failure. */
CLI_MUST_CHECK int counter_engine_card(struct cli *cli, const struct counter_config *config,
				       struct counter_engine *out);

/* --- auth.c: who may ask ----------------------------------------------------------------- */

#define COUNTER_TOKEN 43u /* characters: 256 bits in base64url */
#define COUNTER_SESSIONS 16u

/*
 * A page comes in with a code that is good once and stands in the address's fragment, which no
 * browser sends on; it gets a token for as long as the daemon runs, which its tab keeps.
 */
struct counter_auth {
	pthread_mutex_t lock;
	char code[COUNTER_TOKEN + 1];
	char tokens[COUNTER_SESSIONS][COUNTER_TOKEN + 1]; /* the oldest gives way */
	size_t next;
	char api[129]; /* integrators' token; "": none */
	bool published;
	struct cli *cli;
	const struct counter_config *config;
};

CLI_MUST_CHECK int counter_auth_open(struct cli *cli, struct counter_auth *auth,
				     const struct counter_config *config);
/* Writes the page's address, with the code, into the state directory; closing takes it away. */
CLI_MUST_CHECK int counter_auth_publish(struct counter_auth *auth);
void counter_auth_close(struct counter_auth *auth);
/* Trades the code for a token, and makes the next code. */
CLI_MUST_CHECK bool counter_auth_login(struct counter_auth *auth, const char *code,
				       char token[static COUNTER_TOKEN + 1]);
CLI_MUST_CHECK bool counter_auth_check(struct counter_auth *auth, const char *token);
void counter_auth_logout(struct counter_auth *auth, const char *token);

/* --- events.c: what pages hear by themselves --------------------------------------------- */

enum counter_topic {
	COUNTER_TOPIC_STATE,
	COUNTER_TOPIC_VERIFICATION,
	COUNTER_TOPIC_LISTS, /* registrations or activity changed */
	COUNTER_TOPICS
};

struct counter_hub;
CLI_MUST_CHECK struct counter_hub *counter_hub_new(void);
void counter_hub_free(struct counter_hub *hub);
/* Publishes the newest of a topic (taken; NULL: no memory); who is slow hears the newest only. */
void counter_hub_put(struct counter_hub *hub, enum counter_topic topic, json_t *object);
/* Ends every stream. */
void counter_hub_stop(struct counter_hub *hub);
/* Shows the streams that have been still that they live; call it every few seconds. */
void counter_hub_beat(struct counter_hub *hub);
struct MHD_Connection;
struct MHD_Response;
/* A stream for this connection; NULL: there are too many, or no memory. */
struct MHD_Response *counter_hub_stream(struct counter_hub *hub, struct MHD_Connection *connection);

/* --- desk.c: one card, one reading at a time ------------------------------------------------ */

enum counter_phase { COUNTER_IDLE, COUNTER_READING, COUNTER_DONE };

enum counter_portrait {
	COUNTER_FACE_NONE,
	COUNTER_FACE_COMING,
	COUNTER_FACE_DRAWN,
	COUNTER_FACE_REFUSED
};

struct counter_desk {
	struct counter_engine *engine;
	const struct counter_config *config;
	struct counter_hub *hub;
	struct counter_store *store;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t watcher, worker;
	bool ready, watching, working; /* locks, and threads that run */
	atomic_bool stopping;
	enum counter_phase phase;
	bool asked; /* the worker has to begin */
	uint64_t id; /* of the reading in progress or last done */
	struct counter_request request;
	struct counter_result result;
	int64_t started, done; /* seconds since 1970 UTC */
	enum counter_portrait portrait;
	uint8_t *png; /* the portrait, drawn */
	size_t png_len;
	enum sj_rc png_rc; /* why it is refused */
	bool face_told, face_same; /* what the clerk saw */
	enum sj_rc trust;
	int64_t trust_created, looked;
	struct counter_presence presence;
};

CLI_MUST_CHECK bool counter_desk_start(struct counter_desk *desk);
void counter_desk_stop(struct counter_desk *desk);
/* SJ_READER_BUSY: one is in progress. Copies the request. */
CLI_MUST_CHECK enum sj_rc counter_desk_ask(struct counter_desk *desk,
					   const struct counter_request *request, uint64_t *id);
/* Ends the reading in progress or wipes what the last one gave. False: no such reading. */
CLI_MUST_CHECK bool counter_desk_drop(struct counter_desk *desk, uint64_t id);
/* The clerk compared the face. False: no such result. */
CLI_MUST_CHECK bool counter_desk_face(struct counter_desk *desk, uint64_t id, bool same);
/* Wipes what nobody has looked after for too long, and looks at trust. */
void counter_desk_tidy(struct counter_desk *desk, int64_t now);
json_t *counter_desk_state(struct counter_desk *desk);
/* NULL: no such reading, or no memory. */
json_t *counter_desk_verification(struct counter_desk *desk, uint64_t id);
/* A copy of the portrait, to free(); false: there is none. */
CLI_MUST_CHECK bool counter_desk_portrait(struct counter_desk *desk, uint64_t id, uint8_t **png,
					  size_t *len);
/* The data of a result that may be registered, as an object; NULL: there is none, *verdict: why. */
json_t *counter_desk_data(struct counter_desk *desk, uint64_t id, const char **verdict);

/* --- view.c: results in words ----------------------------------------------------------------- */

/* {id, name, text, cause, action, contact}, or null for SJ_OK. */
json_t *counter_reason_json(enum sj_rc rc);
json_t *counter_service_json(const struct counter_service *service);
json_t *counter_presence_json(const struct counter_presence *presence);
json_t *counter_result_json(const struct counter_result *result);

/* --- mrz.c: what a clerk types from a card whose chip is dead ------------------------------------ */

/* {ok, problem, data}: the fields, and which check digit does not hold. */
json_t *counter_mrz_json(const char *text, size_t len);

/* --- store.c: registrations and the shift's log in SQLite ---------------------------------------- */

struct counter_store;
CLI_MUST_CHECK int counter_store_open(struct cli *cli, const char *path,
				      struct counter_store **out);
void counter_store_close(struct counter_store *store);

/* What was done, without who it was. */
struct counter_activity {
	int64_t time;
	const char *kind; /* "chip", "manual", "face" */
	const char *verdict; /* or NULL */
	enum sj_rc rc;
	unsigned ms;
};
void counter_store_log(struct counter_store *store, const struct counter_activity *activity);
/* An array, newest first. */
json_t *counter_store_activity(struct counter_store *store, int64_t since);

/* A registration; texts belong to who has the struct. */
struct counter_registration {
	int64_t id, created, changed, party, next, erase_at;
	char state[16]; /* New, Modified, Sent, Verified, Incomplete */
	char source[12]; /* chip, manual */
	char verdict[24], target[64], note[256];
	unsigned attempts;
	enum sj_rc rc; /* of the last attempt */
	json_t *fields, *differences; /* objects; differences: or NULL */
	bool override; /* the clerk has seen the differences */
	bool unreadable; /* what is stored is no JSON object: `fields` is empty, and it is not sent */
};
void counter_registration_free(struct counter_registration *r);
/* id 0: adds and gives it its id; else replaces. */
CLI_MUST_CHECK enum sj_rc counter_store_put(struct counter_store *store,
					    struct counter_registration *r);
/* SJ_INPUT_REFUSED: there is none. SJ_NO_MEMORY, SJ_INPUT_UNREADABLE: it may be there. */
CLI_MUST_CHECK enum sj_rc counter_store_get(struct counter_store *store, int64_t id,
					    struct counter_registration *out);
/* The next that is to be sent at `now`; false: none. */
CLI_MUST_CHECK bool counter_store_due(struct counter_store *store, int64_t now,
				      struct counter_registration *out);
json_t *counter_registration_json(const struct counter_registration *r);
/*
 * An array: those that somebody has to look at, then the newest. SJ_NO_MEMORY, SJ_INPUT_UNREADABLE:
 * not all could be read, and *rows is NULL.
 */
CLI_MUST_CHECK enum sj_rc counter_store_list(struct counter_store *store, json_t **rows);
/* SJ_INPUT_REFUSED: there is none. Others: it is there as it was. */
CLI_MUST_CHECK enum sj_rc counter_store_erase(struct counter_store *store, int64_t id);
/* Erases registrations that are over and the log before `log_before`. How many registrations. */
unsigned counter_store_tidy(struct counter_store *store, int64_t now, int64_t log_before);

/* --- outbox.c: from a reading to another system ---------------------------------------------------- */

struct counter_outbox {
	const struct counter_config *config;
	struct counter_store *store;
	struct counter_hub *hub;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool started, woken;
	atomic_bool stopping;
};
CLI_MUST_CHECK bool counter_outbox_start(struct counter_outbox *outbox);
void counter_outbox_stop(struct counter_outbox *outbox);
/* Something is due. */
void counter_outbox_wake(struct counter_outbox *outbox);
/* Sets target, state, note and time of sending by what the target's map needs. */
void counter_outbox_judge(const struct counter_config *config, struct counter_registration *r,
			  bool changed);

/* --- map.c: field maps ---------------------------------------------------------------------------- */

#define COUNTER_WHY 128u

/* Lower-case letters, digits and hyphens, 1 to 40 of them. */
bool counter_field_name(const char *text);
/* SJ_INPUT_MALFORMED: it is no map, `why` is a clause; SJ_NO_MEMORY. The caller frees *out. */
CLI_MUST_CHECK enum sj_rc counter_map_parse(const char *text, size_t len, json_t **out,
					    char why[static COUNTER_WHY]);
/* What the target gets; NULL: the map has no room for the field *stuck. */
json_t *counter_map_apply(const json_t *map, const json_t *fields, const char **stuck);
/* The text at a pointer; NULL: there is none. */
const char *counter_map_text(const json_t *root, const char *pointer);
/* Adds what the target knows otherwise to *differences, made when there is some. */
void counter_map_compare(const json_t *map, const json_t *theirs, const json_t *fields,
			 json_t **differences);

/* --- target.c: adapters ------------------------------------------------------------------------- */

/* Judges the addresses and reads the field maps of all targets. */
CLI_MUST_CHECK int counter_targets_load(struct cli *cli, struct counter_config *config);
/* NULL: there is none of that name. */
const struct counter_target *counter_target_named(const struct counter_config *config,
						  const char *name);
/*
 * Hands it over. SJ_TARGET_UNREACHABLE: again later; SJ_TARGET_REFUSED, SJ_TARGET_DIFFERS: note (and
 * differences) say why. SJ_OK: sent; note is "verified" when the target said so.
 */
CLI_MUST_CHECK enum sj_rc counter_target_send(const struct counter_target *target,
					      struct counter_registration *r);

/* Frees what malloc() gave, and leaves nothing in it: jansson and the HTTP server free by it. */
void counter_wipe_free(void *bytes);

/* --- http.c, api.c ---------------------------------------------------------------------------------- */

struct counter {
	struct cli *cli;
	struct counter_config config;
	struct counter_auth auth;
	struct counter_hub *hub;
	struct counter_engine engine;
	struct counter_desk desk;
	struct counter_store *store;
	struct counter_outbox outbox;
	struct counter_pages *pages;
	struct MHD_Daemon *http;
};

/* A request that passed the door, and its answer. */
struct counter_call {
	struct counter *counter;
	struct MHD_Connection *connection;
	const char *token;
	json_t *body; /* object, or NULL */
	uint64_t id; /* the number in the path */
	unsigned status;
	json_t *answer; /* or */
	uint8_t *png;
	size_t png_len;
	struct MHD_Response *stream;
};
/* Routes; sets status and answer. False: no memory. */
void counter_api(struct counter_call *call, const char *method, const char *path);
/* Is it one that needs no token? */
bool counter_api_open(const char *method, const char *path);
void counter_call_fail(struct counter_call *call, unsigned status, const char *name, enum sj_rc rc,
		       const char *text);

/* "/api/v1/registrations/12/send" becomes "/api/v1/registrations/N/send" and 12; false: no path. */
CLI_MUST_CHECK bool counter_route(const char *path, char out[static 64], uint64_t *id);
CLI_MUST_CHECK int counter_http_start(struct counter *counter);
void counter_http_stop(struct counter *counter);

/* --- pages.c: the page's files, in memory ------------------------------------------------------------ */

struct counter_page {
	const char *path, *mime;
	uint8_t *bytes;
	size_t len;
};
CLI_MUST_CHECK int counter_pages_load(struct cli *cli, struct counter_pages **out);
void counter_pages_free(struct counter_pages *pages);
const struct counter_page *counter_pages_find(const struct counter_pages *pages, const char *path);

#endif
