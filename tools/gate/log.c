#include <stdlib.h>
#include <string.h>

#include "gate/tool_run.h"

/* Told once, not with every record. */
static void tell(struct gate_log *log, enum sj_rc rc, const char *why)
{
	if (rc == log->told)
		return;
	log->told = rc;
	if (rc == SJ_OK)
		cli_note(log->cli, "journal %s: works again", log->config->journal);
	else
		cli_warn(log->cli, "journal %s: %s%s%s The gate goes on; records are counted. [%s]",
			 log->config->journal, sj_strerror(rc), why[0] != '\0' ? " " : "", why,
			 cli_failure_id(rc).text);
}

/* Records that could not be written since then; 0: nobody knows how many. */
static enum sj_rc add_gap(struct sj_journal *journal, uint32_t lost, int64_t since)
{
	struct sj_journal_record gap = SJ_JOURNAL_RECORD_INIT;

	gap.kind = SJ_JOURNAL_GAP;
	gap.time = (int64_t)time(NULL);
	gap.lost = lost;
	gap.since = since;
	return sj_journal_add(journal, &gap);
}

static void close_journal(struct gate_log *log)
{
	sj_journal_close(log->journal);
	log->journal = NULL;
	cli_store_close(log->store);
	log->store = NULL;
}

/* When the last run did not end as it should, nobody knows what was under way. */
static enum sj_rc open_journal(struct gate_log *log)
{
	char why[128] = "";
	bool clean = true;
	enum sj_rc rc = cli_store_open(log->config->journal, true, &log->store, why);

	if (rc == SJ_OK)
		rc = sj_journal_open(&log->store->store, log->key, &log->journal, &clean);
	if (rc == SJ_OK) {
		sj_journal_sign_every(log->journal, log->config->sign_records);
		if (!clean)
			rc = add_gap(log->journal, 0, (int64_t)time(NULL));
	}
	if (rc != SJ_OK)
		close_journal(log);
	tell(log, rc, why);
	return rc;
}

/* Adds it, after a record of the gap before it. */
static enum sj_rc add(struct gate_log *log, struct sj_journal_record *record)
{
	enum sj_rc rc = log->journal != NULL ? SJ_OK : open_journal(log);

	if (rc == SJ_OK && log->lost != 0) {
		rc = add_gap(log->journal, log->lost, log->lost_since);
		if (rc == SJ_OK)
			log->lost = 0;
	}
	if (rc == SJ_OK && record != NULL)
		rc = sj_journal_add(log->journal, record);
	tell(log, rc, "");
	return rc;
}

void gate_log_open(struct gate_log *log, struct cli *cli, const struct gate_config *config,
		   const uint8_t key[static GATE_KEY])
{
	log->cli = cli;
	log->config = config;
	log->signed_at = log->kept_at = (int64_t)time(NULL);
	log->kept_at -= GATE_DAY;
	memcpy(log->key, key, GATE_KEY);
	gate_log_event(log, SJ_JOURNAL_START, SJ_OK);
}

void gate_log_add(struct gate_log *log, struct sj_journal_record *record)
{
	pthread_mutex_lock(&log->lock);
	if (add(log, record) != SJ_OK && log->lost < UINT32_MAX) {
		if (log->lost == 0)
			log->lost_since = record->time;
		log->lost++;
		record->number = 0;
	}
	pthread_mutex_unlock(&log->lock);
}

void gate_log_event(struct gate_log *log, enum sj_journal_kind kind, enum sj_rc rc)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;

	r.kind = kind;
	r.rc = rc;
	r.time = (int64_t)time(NULL);
	gate_log_add(log, &r);
}

int64_t gate_log_time(struct gate_log *log)
{
	int64_t when;

	pthread_mutex_lock(&log->lock);
	when = log->journal != NULL ? sj_journal_time(log->journal) : 0;
	pthread_mutex_unlock(&log->lock);
	return when;
}

/* Once a day: personal data and records go when their time is over. */
static void keep(struct gate_log *log, int64_t now)
{
	enum sj_rc rc = SJ_OK;
	uint64_t n = 0;

	if (now - log->kept_at < GATE_DAY)
		return;
	log->kept_at = now;
	if (log->config->keep_personal != 0)
		rc = sj_journal_erase(&log->store->store, now - log->config->keep_personal, &n);
	if (rc == SJ_OK && log->config->keep_records != 0)
		rc = sj_journal_trim(log->journal, now, now - log->config->keep_records, &n);
	if (rc != SJ_OK)
		tell(log, rc, "(keeping to the limits of storage)");
}

void gate_log_tick(struct gate_log *log, int64_t now)
{
	pthread_mutex_lock(&log->lock);
	if (log->lost != 0 || log->journal == NULL)
		(void)add(log, NULL);
	if (log->journal != NULL && log->config->sign_seconds != 0 &&
	    now - log->signed_at >= log->config->sign_seconds) {
		tell(log, sj_journal_sign(log->journal, now), "");
		log->signed_at = now;
	}
	if (log->journal != NULL)
		keep(log, now);
	pthread_mutex_unlock(&log->lock);
}

void gate_log_close(struct gate_log *log)
{
	if (log->config == NULL)
		return;
	gate_log_event(log, SJ_JOURNAL_STOP, SJ_OK);
	pthread_mutex_lock(&log->lock);
	if (log->journal != NULL)
		tell(log, sj_journal_sign(log->journal, (int64_t)time(NULL)), "");
	if (log->lost != 0)
		cli_warn(log->cli, "journal %s: %u records are lost", log->config->journal,
			 (unsigned)log->lost);
	close_journal(log);
	gate_wipe(log->key, sizeof(log->key));
	pthread_mutex_unlock(&log->lock);
}
