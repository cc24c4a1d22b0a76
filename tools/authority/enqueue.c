#include "authority/enqueue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/progress.h"
#include "crypt/wipe.h"

#define LINES_A_CHANGE 256u /* a transaction costs a write to the disk */

struct enqueue {
	struct cli *cli;
	struct holder_register *reg;
	const char *path;
	FILE *report;
	struct enqueue_counts *counts;
	unsigned open; /* lines in the present transaction */
};

bool enqueue_report(FILE *report, int64_t line, int64_t document, const char *failure,
		    const char *path, const char *what)
{
	json_t *object = json_pack("{s:i, s:o, s:o, s:s, s:s, s:s}", "schema", 1, "line",
				   line > 0 ? json_integer(line) : json_null(), "document",
				   document > 0 ? json_integer(document) : json_null(), "failure",
				   failure, "path", path, "text", what);

	bool put = report == NULL ||
		   (object != NULL && json_dumpf(object, report, JSON_COMPACT) == 0 &&
		    fputc('\n', report) != EOF);

	json_decref(object);
	return put;
}

static void tell_bad(struct enqueue *e, unsigned long line, const struct holder_fault *fault)
{
	const struct cli_id id = cli_failure_id(fault->rc);

	e->counts->bad++;
	cli_note(e->cli, "%s:%lu: %s%s%s [%s]", e->path, line, fault->path,
		 fault->path[0] != '\0' ? " " : "", fault->what, id.text);
	if (!enqueue_report(e->report, (int64_t)line, 0, id.text, fault->path, fault->what))
		e->counts->unreported = true;
}

static void refuse(struct enqueue *e, const struct batch_line *line, const char *path,
		   const char *what)
{
	struct holder_fault fault;

	(void)holder_refuse(&fault, SJ_INPUT_REFUSED, path, "%s", what);
	tell_bad(e, line->number, &fault);
}

/* A new document: applied for, approved, and in the queue. */
static int add(struct enqueue *e, const struct batch_line *line, uint32_t expires)
{
	int64_t document;
	bool added;
	int rc = register_apply(e->reg, line->json, line->portrait,
				line->holder.fields[HOLDER_DOCUMENT_NUMBER], expires, &document);

	if (rc == 0)
		rc = register_move(e->reg, document, DOCUMENT_APPROVED, NULL);
	if (rc == 0)
		rc = queue_add(e->reg, document, (int64_t)line->number, &added);
	if (rc == 0)
		e->counts->added++;
	return rc;
}

/* The same members, however they are written. */
static int same_json(struct holder_register *r, struct sj_span a, struct sj_span b, bool *same)
{
	json_t *one = NULL, *other = NULL;
	int rc = register_json(r, a, &one);

	if (rc == 0)
		rc = register_json(r, b, &other);
	*same = rc == 0 && json_equal(one, other) == 1;
	json_decref(one);
	json_decref(other);
	return rc;
}

static int same_person(struct enqueue *e, const struct batch_line *line, int64_t document,
		       bool *same)
{
	uint8_t *json = NULL, *portrait = NULL;
	size_t json_len = 0, portrait_len = 0;
	int rc = register_person(e->reg, document, &json, &json_len, &portrait, &portrait_len);

	*same = false;
	if (rc == 0)
		rc = same_json(e->reg, sj_span(json, json_len), line->json, same);
	*same = *same && sj_span_eq(sj_span(portrait, portrait_len), line->portrait);
	sj_wipe(json, json_len);
	sj_wipe(portrait, portrait_len);
	free(json);
	free(portrait);
	return rc;
}

/* The number is there: the same person again goes on, anything else is refused. */
static int again(struct enqueue *e, const struct batch_line *line,
		 const struct register_document *document)
{
	bool same, added = false, waits = false;
	int rc = same_person(e, line, document->id, &same);

	if (rc != 0)
		return rc;
	if (!same) {
		refuse(e, line, "/documentNumber",
		       "is in the register with other data; correct the line or give it another "
		       "number");
		return 0;
	}
	if (document->state == DOCUMENT_APPLIED)
		rc = register_move(e->reg, document->id, DOCUMENT_APPROVED, NULL);
	if (rc == 0 && document->state <= DOCUMENT_APPROVED)
		rc = queue_add(e->reg, document->id, (int64_t)line->number, &added);
	if (rc == 0 && document->state <= DOCUMENT_APPROVED && !added)
		rc = queue_again(e->reg, document->id, &waits);
	if (added || waits)
		e->counts->added++;
	else
		e->counts->known++;
	return rc;
}

static int take_line(struct enqueue *e, const struct batch_line *line)
{
	const int64_t end = holder_end_of(line->holder.fields[HOLDER_EXPIRY_DATE]);
	struct register_document document;
	bool found;
	int rc = 0;

	if (end < (int64_t)time(NULL) || end > UINT32_MAX) {
		refuse(e, line, "/expiryDate", "is over, or too far away");
		return 0;
	}
	if (e->reg == NULL)
		return 0;
	if (e->open == 0)
		rc = register_begin(e->reg);
	if (rc != 0)
		return rc;
	e->open++;
	rc = register_find(e->reg, line->holder.fields[HOLDER_DOCUMENT_NUMBER], &document, &found);
	if (rc == 0)
		rc = found ? again(e, line, &document) : add(e, line, (uint32_t)end);
	return rc;
}

static int commit(struct enqueue *e)
{
	const bool open = e->open > 0;

	e->open = 0;
	return open ? register_commit(e->reg) : 0;
}

static int take_lines(struct enqueue *e, struct batch_file *file, struct progress *progress)
{
	struct holder_fault fault;
	struct batch_line line;
	enum batch_rc found = BATCH_END;
	uint64_t read, size;
	int rc = 0;

	while (rc == 0 && !cli_interrupted(e->cli) &&
	       ((found = batch_next(file, &line, &fault)) == BATCH_GOOD || found == BATCH_BAD)) {
		e->counts->lines++;
		if (found == BATCH_BAD)
			tell_bad(e, line.number, &fault);
		else
			rc = take_line(e, &line);
		if (rc == 0 && e->open >= LINES_A_CHANGE)
			rc = commit(e);
		batch_place(file, &read, &size);
		progress_show(progress, read / 1024, size / 1024, e->counts->bad);
	}
	if (rc == 0 && cli_interrupted(e->cli))
		rc = cli_fail(e->cli, SJ_CANCELLED, "%s: give it again to go on", e->path);
	else if (rc == 0 && found == BATCH_FAILED)
		rc = cli_fail(e->cli, SJ_INPUT_UNREADABLE, "%s: %s", e->path, strerror(errno));
	return rc;
}

int enqueue_file(struct cli *cli, struct holder_register *reg, const char *path, FILE *report,
		 struct enqueue_counts *out)
{
	struct enqueue e = { cli, reg, path, report, out, 0 };
	struct batch_file *file = batch_open(path);
	struct progress progress;
	int rc;

	*out = (struct enqueue_counts){ .lines = 0 };
	if (file == NULL)
		return cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s", path, strerror(errno));
	progress_begin(&progress, cli, "kB", 0);
	rc = take_lines(&e, file, &progress);
	progress_clear(&progress);
	if (rc == 0)
		rc = commit(&e);
	if (rc != 0 && reg != NULL)
		register_rollback(reg);
	batch_close(file);
	return rc;
}
