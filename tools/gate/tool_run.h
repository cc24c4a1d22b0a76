/*
 * tool_run.h -- a running gate: one lane (thread) a reader, a thread for the fire
 * input, and the main thread that keeps trust, keys and journal.
 */
#ifndef SOJOURN_TOOLS_GATE_TOOL_RUN_H
#define SOJOURN_TOOLS_GATE_TOOL_RUN_H

#include <pthread.h>
#include <stdatomic.h>

#include "gate/tool.h"

/* --- output.c: what opens the barrier ------------------------------------------------ */

/* Never changes after the start: any thread uses it, without a lock. */
struct gate_output {
	const struct gate_helper *opener; /* NULL: none */
	int file; /* -1: none */
};

/* Starts the program, and does not wait for it. */
CLI_MUST_CHECK bool gate_output_start(const char *program, const char *what, const char *reader,
				      const char *decision);
/*
 * Lets the opener start PROGRAM what reader decision, and does not wait for it; appends the line
 * "SECONDS.MILLIS what reader decision" to the file. False: nothing that is
 * configured took it.
 */
bool gate_output(const struct gate_output *output, const char *what, const char *reader,
		 const char *decision);

/* --- fire.c: opens whatever the software thinks ----------------------------------------- */

/*
 * The input is a file that exists, or a FIFO in which somebody writes a line "fire"
 * (and "end"). A file that cannot be looked at counts as fire.
 */
struct gate_fire {
	const char *path;
	const struct gate_output *output;
	int wake; /* eventfd: the main thread looks */
	int fifo; /* -1: not open */
	pthread_t thread;
	atomic_bool on;
	atomic_uint begun, ended; /* how often */
	atomic_bool stopping;
	bool started;
};
CLI_MUST_CHECK bool gate_fire_start(struct gate_fire *fire, const char *path,
				    const struct gate_output *output, int wake);
void gate_fire_stop(struct gate_fire *fire);

/* --- say.c: one JSON line an event ----------------------------------------------------------- */

/* Standard output. Who does not read it loses lines, which are counted; nobody waits for it. */
struct gate_say {
	pthread_mutex_t lock;
	int fd;
	uint64_t lost;
	bool torn; /* the last line was cut short */
};
/* Takes the object (NULL: no memory). */
void gate_say(struct gate_say *say, json_t *object);

/* --- log.c: the journal of a running gate ------------------------------------------------------ */

struct gate_log {
	pthread_mutex_t lock;
	struct cli *cli;
	const struct gate_config *config;
	struct cli_store *store;
	struct sj_journal *journal; /* NULL: could not be opened; tried again */
	uint8_t key[GATE_KEY];
	uint32_t lost; /* records since lost_since */
	int64_t lost_since;
	int64_t signed_at, kept_at;
	enum sj_rc told; /* the failure that was told last */
};
/* Opens the journal. Also when that fails (it is told) the log is usable: records are counted. */
void gate_log_open(struct gate_log *log, struct cli *cli, const struct gate_config *config,
		   const uint8_t key[static GATE_KEY]);
/* Adds a record, or counts it as lost. */
void gate_log_add(struct gate_log *log, struct sj_journal_record *record);
void gate_log_event(struct gate_log *log, enum sj_journal_kind kind, enum sj_rc rc);
/* Tries what failed again, signs and trims when it is due. */
void gate_log_tick(struct gate_log *log, int64_t now);
/* When the last record was made; 0: not known. */
int64_t gate_log_time(struct gate_log *log);
/* Writes the end, signs it, and closes. */
void gate_log_close(struct gate_log *log);

/* --- lane.c: one reader ------------------------------------------------------------------------- */

struct gate_run;

enum gate_signal_state { GATE_SIGNAL_IDLE, GATE_SIGNAL_DUE };

struct gate_lane {
	struct gate_run *run;
	const char *reader; /* NULL: whichever has a card */
	pthread_t thread, signaller;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	struct sj_context *ctx;
	enum gate_signal_state signal;
	struct timespec signal_at; /* CLOCK_MONOTONIC */
	const char *signal_decision;
	char signal_reader[SJ_READER_NAME_MAX];
	atomic_llong beat; /* seconds: when the lane last did something */
	enum sj_rc told; /* the reader's failure that was told last */
	bool started;
};
CLI_MUST_CHECK bool gate_lane_start(struct gate_lane *lane, struct gate_run *run,
				    const char *reader);
void gate_lane_stop(struct gate_lane *lane);

/* --- run.c ----------------------------------------------------------------------------------------- */

struct gate_run {
	struct cli *cli;
	struct gate_config config;
	pthread_rwlock_t gate_lock; /* read: a tap uses the gate; write: it is replaced */
	struct sj_gate *gate;
	struct gate_helper opener, hook; /* for open_exec and ticket_key_exec */
	bool helper_lost;
	struct gate_output output;
	struct gate_say say;
	struct gate_log log;
	struct gate_fire fire;
	struct gate_lane lanes[GATE_READERS_MAX];
	size_t lanes_n;
	unsigned fires_told, fire_ends_told;
	uint64_t trust_stamp, keys_stamp, credential_stamp;
	bool renewal_waits; /* for trust that is as new as what is in use */
	int64_t looked_at, hook_at;
	uint32_t head_epoch; /* the newest that was seen and kept */
	bool clock_told;
	atomic_bool stopping;
};

#endif
