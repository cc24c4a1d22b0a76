#include "tests/card/register_rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOLDER \
	"{\"documentType\": \"TD1\", \"documentNumber\": \"%s\", \"surname\": \"Eriksson\"," \
	" \"givenNames\": \"Anna Maria\", \"expiryDate\": \"2033-05-18\"}"
#define PORTRAIT "a portrait of Anna Maria Eriksson"

/* --- opening ------------------------------------------------------------------------- */

/* Each case has a schema of its own on the server. */
static void place(struct register_rig *rig)
{
	const char *server = getenv("SOJOURN_TEST_REGISTER");
	const char *name = strrchr(rig->directory, '-') + 1;
	struct db *db = NULL;
	char where[400], sql[80];

	if (server == NULL) {
		assert_int_equal(register_place(&rig->authority, NULL), 0);
		return;
	}
	assert_int_equal(db_open(&rig->cli, server, 5000, &db), 0);
	snprintf(sql, sizeof(sql), "CREATE SCHEMA \"%s\"", name);
	assert_int_equal(db_script(db, sql), 0);
	db_close(db);
	snprintf(where, sizeof(where), "%s options='-csearch_path=\"%s\"'", server, name);
	assert_int_equal(register_place(&rig->authority, where), 0);
}

int register_rig_setup(void **state)
{
	struct register_rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	/* In memory where that is possible: a case commits hundreds of times. */
	snprintf(rig->directory, sizeof(rig->directory), "%s/sojourn-register-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(rig->directory));
	rig->cli.out = stdout;
	rig->cli.err = open_memstream(&rig->told, &rig->told_len);
	rig->authority = (struct authority){
		.cli = &rig->cli,
		.lock = -1,
		.directory = strdup(rig->directory),
		.state = json_pack("{s:s, s:{s:i}}", "country", "UTO", "status", "indices",
				   RIG_INDICES),
	};
	place(rig);
	if (register_open(&rig->authority, &rig->r) != 0) {
		fflush(rig->cli.err);
		fail_msg("%s", rig->told);
	}
	*state = rig;
	return 0;
}

int register_rig_teardown(void **state)
{
	struct register_rig *rig = *state;

	register_close(rig->r);
	authority_close(&rig->authority);
	cli_config_free(&rig->cli.config);
	fclose(rig->cli.err);
	free(rig->told);
	cli_tree_remove(rig->directory);
	free(rig);
	return 0;
}

void register_rig_reopen(struct register_rig *rig)
{
	register_close(rig->r);
	assert_int_equal(register_open(&rig->authority, &rig->r), 0);
}

bool register_rig_told(struct register_rig *rig, const char *what)
{
	fflush(rig->cli.err);
	return strstr(rig->told, what) != NULL;
}

/* --- documents and cards ----------------------------------------------------------------- */

int64_t register_rig_card(struct register_rig *rig, int64_t document, size_t n)
{
	static const uint8_t serial[REGISTER_SERIAL] = { 0x53, 0x4A, 1, 2, 3, 4, 5, 6 };
	struct register_credential c[REGISTER_CREDENTIALS];
	int64_t card = 0;

	for (size_t i = 0; i < n; i++)
		c[i] = (struct register_credential){ .sector = (uint8_t)(i / 8 + 1),
						     .slot = (uint8_t)(i % 8),
						     .status.partition = RIG_PARTITION };
	assert_int_equal(register_begin(rig->r), 0);
	assert_int_equal(register_card_begin(rig->r, document, serial, &card), 0);
	assert_int_equal(register_card_credentials(rig->r, card, c, n, RIG_EXPIRES), 0);
	assert_int_equal(register_card_move(rig->r, card, CARD_FINISHING, NULL), 0);
	assert_int_equal(register_card_move(rig->r, card, CARD_ISSUED, NULL), 0);
	assert_int_equal(register_commit(rig->r), 0);
	return card;
}

void register_rig_move(struct register_rig *rig, int64_t document, enum document_state to)
{
	assert_int_equal(register_begin(rig->r), 0);
	assert_int_equal(register_move(rig->r, document, to, NULL), 0);
	assert_int_equal(register_commit(rig->r), 0);
}

int64_t register_rig_document(struct register_rig *rig, const char *number,
			      enum document_state state)
{
	char json[300];
	int64_t id = 0;

	snprintf(json, sizeof(json), HOLDER, number);
	assert_int_equal(register_begin(rig->r), 0);
	assert_int_equal(register_apply(rig->r, sj_span((const uint8_t *)json, strlen(json)),
					SJ_SPAN_STR(PORTRAIT), number, RIG_EXPIRES, &id),
			 0);
	assert_int_equal(register_commit(rig->r), 0);
	if (state == DOCUMENT_APPLIED)
		return id;
	register_rig_move(rig, id, DOCUMENT_APPROVED);
	if (state == DOCUMENT_APPROVED)
		return id;
	register_rig_card(rig, id, 2);
	for (enum document_state s = DOCUMENT_DELIVERED; s <= DOCUMENT_ACTIVE && s <= state; s++)
		register_rig_move(rig, id, s);
	if (state > DOCUMENT_ACTIVE)
		register_rig_move(rig, id, state);
	return id;
}

enum document_state register_rig_state(struct register_rig *rig, int64_t document)
{
	struct register_document d;

	assert_int_equal(register_document_get(rig->r, document, &d), 0);
	return d.state;
}

static int count(void *user, struct sj_status_ref ref)
{
	(void)ref;
	++*(size_t *)user;
	return 0;
}

size_t register_rig_revoked(struct register_rig *rig)
{
	size_t n = 0;

	assert_int_equal(register_revoked(rig->r, 0, count, &n), 0);
	return n;
}

void register_rig_begin(struct register_rig *rig)
{
	assert_int_equal(register_begin(rig->r), 0);
}

void register_rig_commit(struct register_rig *rig)
{
	assert_int_equal(register_commit(rig->r), 0);
}

void register_rig_holds(struct register_rig *rig)
{
	int64_t broken = -1;

	assert_int_equal(register_check(rig->r, &broken), 0);
	assert_int_equal(broken, 0);
}

/* --- two processes ----------------------------------------------------------------------- */

/* Another process, with a connection of its own. */
static pid_t other(struct register_rig *rig, void (*work)(struct register_rig *rig, int out),
		   int out)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		rig->r = NULL;
		if (register_open(&rig->authority, &rig->r) != 0)
			_exit(1);
		work(rig, out);
		register_close(rig->r);
		_exit(0);
	}
	return pid;
}

/* Two at once; what they write is read from the file that this gives. */
int register_rig_two(struct register_rig *rig, void (*work)(struct register_rig *rig, int out))
{
	char path[64];
	int out, status;
	pid_t pids[2];

	snprintf(path, sizeof(path), "%s/out", rig->directory);
	out = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(out >= 0);
	register_close(rig->r);
	rig->r = NULL;
	for (int i = 0; i < 2; i++)
		pids[i] = other(rig, work, out);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(register_open(&rig->authority, &rig->r), 0);
	return out;
}
