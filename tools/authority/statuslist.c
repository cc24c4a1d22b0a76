#include "authority/statuslist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/signatures.h"
#include "authority/statusbody.h"
#include "authority/token.h"
#include "secure/gate.h"
#include "trust/status_build.h"
#include "trust/status_delta.h"
#include "trust/status_store.h"

#define HOUR 3600u

void statuslist_free(struct statuslist *list)
{
	free(list->bytes);
	list->bytes = NULL;
}

/* --- building ---------------------------------------------------------------- */

/* The root of the list before; zeros where there is none, or one that is damaged. */
static int previous_root(const struct authority *a, uint8_t root[static SJ_STATUS_ROOT])
{
	struct sj_status_file file;
	uint8_t *bytes = NULL;
	char *path = NULL;
	bool there;
	size_t len;
	int rc;

	memset(root, 0, SJ_STATUS_ROOT);
	if (asprintf(&path, "%s/status.list", a->directory) < 0)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	rc = cli_file_there(a->cli, path, &there);
	if (rc == 0 && there)
		rc = cli_file_read(a->cli, path, STATUSLIST_MAX, &bytes, &len);
	if (bytes != NULL &&
	    (!sj_status_file_read(sj_span(bytes, len), &file) || !sj_status_root(file.body, root)))
		memset(root, 0, SJ_STATUS_ROOT);
	free(bytes);
	free(path);
	return rc;
}

/* Root and size of a body that was just built. */
static int describe(struct cli *cli, struct sj_span body, struct sj_status_head *head)
{
	struct sj_status_list *list = malloc(sizeof(*list));
	bool ok;

	if (list == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	ok = sj_status_list_open(body, list) && sj_status_root(body, head->root);
	head->indices = (uint32_t)list->parts.indices;
	free(list);
	return ok ? 0 : cli_fail(cli, SJ_INTERNAL, "status list");
}

/* The next epoch's head over this body. */
static int sign_head(struct authority *a, struct sj_span body, uint32_t seconds,
		     struct sj_status_head *head, struct sj_writer *w)
{
	json_t *status = json_object_get(a->state, "status");
	struct token_signer signer;
	int rc = token_signer_get(a, AUTHORITY_STATUS_SIGNER, &signer);

	head->epoch = (uint32_t)json_integer_value(json_object_get(status, "epoch")) + 1;
	head->not_before = (uint32_t)time(NULL);
	if (head->not_before < signer.cwt.not_before) /* made in the same second as another */
		head->not_before = signer.cwt.not_before;
	head->next_update = head->not_before + seconds;
	snprintf(head->issuer, sizeof(head->issuer), "%s", authority_country(a));
	if (rc == 0)
		rc = previous_root(a, head->previous);
	if (rc == 0)
		rc = describe(a->cli, body, head);
	if (rc == 0 && (!sj_status_head_put(w, head, signer.key) ||
			json_object_set_new(status, "epoch", json_integer(head->epoch)) != 0))
		rc = cli_fail(a->cli, SJ_CRYPTO_FAILED, "%s: signature", signer.name);
	token_signer_wipe(&signer);
	return rc;
}

/* The whole file: head and body. */
static int assemble(struct cli *cli, enum sj_status_file_kind kind, struct sj_span head,
		    struct sj_span body, uint8_t **out, size_t *len)
{
	const struct sj_status_file file = { kind, head, body };
	const size_t size = SJ_STATUS_FILE_HEAD + head.len + body.len;
	struct sj_writer w = sj_writer(malloc(size), size);

	*out = w.ptr;
	if (w.ptr == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	sj_status_file_put(&w, &file);
	*len = w.len;
	return w.failed ? cli_fail(cli, SJ_INTERNAL, "status list") : 0;
}

/* Large: not on the stack. */
struct building {
	struct sj_status_draft draft;
	struct sj_status_head head;
};

static int build(struct authority *a, struct holder_register *r, uint32_t seconds,
		 struct building *b, struct statuslist *out)
{
	uint8_t token[SJ_STATUS_HEAD_MAX];
	struct sj_writer w = SJ_WRITER_OF(token);
	struct sj_span body;
	int rc = statusbody_code(a->cli, r, &b->draft, &body, &out->revoked);

	if (rc == 0)
		rc = sign_head(a, body, seconds, &b->head, &w);
	if (rc == 0)
		rc = assemble(a->cli, SJ_STATUS_FILE_LIST, sj_written(&w), body, &out->bytes,
			      &out->len);
	out->epoch = b->head.epoch;
	out->expires = b->head.next_update;
	memcpy(out->root, b->head.root, sizeof(out->root));
	sj_status_draft_free(&b->draft);
	return rc;
}

int statuslist_build(struct authority *a, struct holder_register *r, uint32_t seconds,
		     struct statuslist *out)
{
	struct building *b = calloc(1, sizeof(*b));
	int rc;

	*out = (struct statuslist){ .bytes = NULL };
	if (b == NULL)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	rc = build(a, r, seconds, b, out);
	free(b);
	return rc;
}

/* --- deltas, other forms ------------------------------------------------------- */

/* Opens the list that a file holds; the bytes are the caller's. */
static int open_list(struct cli *cli, const char *name, struct sj_span bytes,
		     struct sj_status_file *file, struct sj_status_list *list)
{
	if (!sj_status_file_read(bytes, file) || file->kind != SJ_STATUS_FILE_LIST ||
	    !sj_status_list_open(file->body, list))
		return cli_fail(cli, SJ_INPUT_MALFORMED, "%s: not a status list", name);
	return 0;
}

/* Two lists are large: they are not on the stack. */
struct step {
	struct sj_status_file old_file, new_file;
	struct sj_status_list old, new;
};

static int make_delta(struct cli *cli, const struct step *step, uint8_t **out, size_t *len)
{
	uint8_t *delta = NULL;
	size_t n = 0;
	enum sj_rc made = sj_status_delta_make(&step->old, &step->new, &delta, &n);
	int rc = made == SJ_OK ? assemble(cli, SJ_STATUS_FILE_DELTA, step->new_file.head,
					  sj_span(delta, n), out, len)
			       : cli_fail(cli, made, "delta");

	free(delta);
	return rc;
}

int statuslist_delta(struct cli *cli, const struct statuslist *list, const char *name,
		     struct sj_span old, uint8_t **out, size_t *len, uint8_t *root)
{
	struct step *step = malloc(sizeof(*step));
	int rc;

	*out = NULL;
	if (step == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = open_list(cli, name, old, &step->old_file, &step->old);
	if (rc == 0)
		rc = open_list(cli, "status.list", sj_span(list->bytes, list->len), &step->new_file,
			       &step->new);
	if (rc == 0 && root != NULL && !sj_status_root(step->old_file.body, root))
		rc = cli_fail(cli, SJ_CRYPTO_FAILED, "%s", name);
	if (rc == 0)
		rc = make_delta(cli, step, out, len);
	free(step);
	return rc;
}

int statuslist_write_delta(struct cli *cli, const struct statuslist *list, const char *old,
			   const char *out)
{
	uint8_t *bytes = NULL, *delta = NULL;
	size_t len = 0, n = 0;
	int rc = cli_file_read(cli, old, STATUSLIST_MAX, &bytes, &len);

	if (rc == 0)
		rc = statuslist_delta(cli, list, old, sj_span(bytes, len), &delta, &n, NULL);
	if (rc == 0)
		rc = cli_file_write(cli, out, delta, n, 0644);
	free(delta);
	free(bytes);
	return rc;
}

/* Exports from a list that was opened: of `status` only that is looked at. */
static int export(struct cli *cli, const struct sj_status *status, uint16_t partition, bool cbor,
		  const char *out)
{
	uint8_t *made = NULL;
	size_t len = 0;
	enum sj_rc exported = sj_status_export(status, partition,
					       cbor ? SJ_STATUS_CBOR : SJ_STATUS_JSON, &made, &len);
	int rc;

	if (exported != SJ_OK)
		return cli_fail(cli, exported, "%04x: no such partition in status.list", partition);
	rc = cli_file_write(cli, out, made, len, 0644);
	sj_status_free(made);
	return rc;
}

int statuslist_export(const struct authority *a, uint16_t partition, bool cbor, const char *out)
{
	struct sj_status *status = calloc(1, sizeof(*status));
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc;

	if (status == NULL)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	rc = authority_file_read(a, "status", ".list", STATUSLIST_MAX, &bytes, &len);
	if (rc == 0)
		rc = open_list(a->cli, "status.list", sj_span(bytes, len), &status->slot.file,
			       &status->list);
	if (rc == 0)
		rc = export(a->cli, status, partition, cbor, out);
	free(bytes);
	free(status);
	return rc;
}

/* --- staples ------------------------------------------------------------------- */

struct stapling {
	const struct authority *a;
	const char *dir;
	struct token_signer ca;
	size_t found, made;
	uint32_t now, begin;
};

static int write_staple(struct stapling *s, const struct register_credential *row, uint32_t expires)
{
	struct sj_cwt cwt = { .kind = SJ_CWT_CARD,
			      .not_before = s->begin,
			      .expires = expires,
			      .key_x = SJ_SPAN_OF(row->key_x),
			      .status = row->status };
	uint8_t bytes[SJ_CWT_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	char *path = NULL;
	int rc = token_put(s->a, &s->ca, &cwt, &w);

	if (rc == 0 && asprintf(&path, "%s/%04x-%08x.cwt", s->dir, row->status.partition,
				row->status.index) < 0)
		rc = cli_fail(s->a->cli, SJ_NO_MEMORY, NULL);
	if (rc == 0)
		rc = signatures_flush(s->a);
	if (rc == 0)
		rc = cli_file_write(s->a->cli, path, bytes, w.len, 0644);
	free(path);
	s->made++;
	return rc;
}

static int staple_row(void *user, const struct register_credential *row, uint32_t expires,
		      bool good)
{
	struct stapling *s = user;

	s->found++;
	if (!good || row->sector == 0 || row->slot >= SJ_GATE_SLOTS || expires < s->now)
		return 0;
	return write_staple(s, row, expires);
}

/* With the hour: a card's staples in two sectors are not known by the second that they share. */
static uint32_t staple_begin(const struct stapling *s)
{
	const uint32_t hour = s->now / HOUR * HOUR;

	return hour > s->ca.cwt.not_before ? hour : s->ca.cwt.not_before;
}

int statuslist_staple(const struct authority *a, struct holder_register *r, const char *document,
		      const char *dir, size_t *made)
{
	struct stapling s = { .a = a, .dir = dir, .now = (uint32_t)time(NULL) };
	int rc = token_signer_get(a, AUTHORITY_GATE_CA, &s.ca);

	s.begin = staple_begin(&s);
	if (rc == 0)
		rc = register_credentials(r, document, staple_row, &s);
	if (rc == 0 && s.made == 0)
		rc = cli_fail(a->cli, SJ_INPUT_REFUSED, "%s: %s", document,
			      s.found == 0 ? "nothing was issued to this number"
					   : "revoked, or expired");
	*made += s.made;
	token_signer_wipe(&s.ca);
	return rc;
}
