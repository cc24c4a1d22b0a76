/* cmd_issue.c -- sojourn issue: from a holder's data to a card in the hand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "authority/commands.h"
#include "authority/connect.h"
#include "authority/job.h"
#include "crypt/wipe.h"

#define LETTER_MAX 512u

static const struct cli_option options[] = {
	{ "authority", 'a', "DIR", "the issuing authority; needed", CLI_COMPLETE_DIRECTORY, NULL,
	  false },
	{ "holder", 0, "FILE", "who the holder is (JSON; see holder.schema.json); needed",
	  CLI_COMPLETE_FILE, NULL, false },
	{ "portrait", 'p', "FILE", "the holder's face (JPEG or JPEG 2000); needed",
	  CLI_COMPLETE_FILE, NULL, false },
	{ "letter-out", 'l', "FILE",
	  "write CAN, PIN, PUK and MRZ there, for the holder (0600); needed unless on a terminal",
	  CLI_COMPLETE_FILE, NULL, false },
	CLI_SECRET_OPTIONS("can", "CAN"),
	CARDKEYS_OPTIONS,
	CARDKEYS_PLAIN_OPTION,
	PROFILE_OPTIONS,
	KEYS_OPTIONS,
	EID_OPTIONS,
	{ "dg3", 0, "FILE", "fingerprints: a whole DG3, for inspection systems alone",
	  CLI_COMPLETE_FILE, NULL, false },
	{ "profile", 0, "NAME",
	  "private (default): the card tells nothing without a key; open: all", CLI_COMPLETE_WORDS,
	  "private open", false },
	{ "again", 0, NULL, "the document's card turned out bad before delivery: make another",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "no-gate", 0, NULL, "no credentials for gates and no status: a plain ICAO document",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "sod-version", 0, "N", "version of the security object: 0 (default) or 1",
	  CLI_COMPLETE_WORDS, "0 1", false },
	{ "batch", 'b', "FILE",
	  "a card for each line of FILE (see batch.schema.json), and for whoever waits",
	  CLI_COMPLETE_FILE, NULL, false },
	{ "worker", 'w', NULL, "cards for whoever waits in the register's queue", CLI_COMPLETE_NONE,
	  NULL, false },
	{ "workers", 0, "N",
	  "with --batch: N processes (0: only fill the queue); their readers by --reader, repeated",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "letters", 0, "DIR",
	  "with --batch: a letter for each card (else sealed, in the register)",
	  CLI_COMPLETE_DIRECTORY, NULL, false },
	{ "report", 0, "FILE", "with --batch: what failed, as JSON, a line each", CLI_COMPLETE_FILE,
	  NULL, false },
	{ "stay", 0, NULL, "with --worker: wait for more when the queue is empty",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "supervised", 0, NULL, "a worker that another process started", CLI_COMPLETE_NONE, NULL,
	  true },
	CONNECT_EXEC_OPTION,
	{ "check", 0, NULL, "only check the holder file; no card is touched", CLI_COMPLETE_NONE,
	  NULL, false },
	{ "files-out", 0, "DIR", "laboratory: also write the card's files there",
	  CLI_COMPLETE_DIRECTORY, NULL, false },
	{ "defect", 0, "NAME", "laboratory: a card with this defect: copy, strip-com or alter-dg1",
	  CLI_COMPLETE_WORDS, "copy strip-com alter-dg1", false },
	{ "clone-files", 0, "DIR", "laboratory: files of --files-out, for copies",
	  CLI_COMPLETE_DIRECTORY, NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static const struct cli_positional positionals[] = {
	CONNECT_CMD,
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

/* To the file before the lock, so that no card goes out without its letter. */
static int write_letter(struct job *job)
{
	char letter[LETTER_MAX];
	size_t len;
	int rc;

	if (job_letter(job, letter, sizeof(letter), &len))
		rc = cli_secret_write_letter(job->cli, cli_value(job->cli, "letter-out"), letter,
					     len);
	else
		rc = cli_fail(job->cli, SJ_INTERNAL, "letter");
	sj_wipe(letter, sizeof(letter));
	return rc;
}

/* The lock with the letter before it; a letter for a card that is not issued goes away. */
static int finish(struct job *job, struct perso *p, const struct card_keys *keys)
{
	const char *path = cli_value(job->cli, "letter-out");
	int rc = 0;

	if (path != NULL)
		rc = write_letter(job);
	if (rc != 0)
		return rc;
	rc = job_finish_card(job, keys, p->key_version, p->master);
	if (rc == 0)
		rc = perso_lock(p);
	if (rc != 0 && path != NULL && p->state != PERSO_LOCKING)
		unlink(path);
	if (rc == 0)
		rc = job_end_card(job, CARD_ISSUED, NULL);
	if (rc == 0 && path == NULL)
		rc = write_letter(job);
	return rc;
}

static json_t *suites_json(const struct profile *p)
{
	json_t *list = json_array();

	for (size_t i = 0; p->pace && i < p->suite_count; i++)
		json_array_append_new(list, json_sprintf("%s %s %s",
							 profile_mapping(p->suites[i].mapping),
							 sj_cipher_name(p->suites[i].cipher),
							 sj_pace_domain_name(&p->suites[i])));
	return list;
}

static json_t *files_json(const struct file_set *set)
{
	json_t *sizes = json_object();

	for (unsigned f = SJ_DG1; f <= SJ_EF_ATR_INFO; f++) {
		if (set->files[f].len > 0)
			json_object_set_new(sizes, sj_lds_entry((enum sj_lds_file)f)->name,
					    json_integer((json_int_t)set->files[f].len));
	}
	return sizes;
}

/* Null: none. */
static json_t *gate_json(const struct gate_data *g)
{
	if (!g->wanted)
		return json_null();
	return json_pack("{s:s, s:i, s:i}", "class", gate_class_name(g->class), "credentials",
			 (int)GATE_CREDENTIALS, "partition", (int)g->rows[0].status.partition);
}

/* Null: none. */
static json_t *keys_json(const struct key_data *k)
{
	char uuid[SJ_UUID_TEXT], ref[4];
	json_t *algorithms;

	if (!k->wanted)
		return json_null();
	algorithms = json_object();
	for (size_t i = 0; i < KEYS_MADE; i++) {
		snprintf(ref, sizeof(ref), "%02X", keys_refs[i]);
		json_object_set_new(algorithms, ref,
				    json_string(keys_algorithm_name(k->algorithms[i])));
	}
	sj_uuid_text(k->row.key_x, uuid);
	return json_pack("{s:s, s:s, s:o, s:i}", "guid", uuid, "issuer", k->ca.name, "algorithms",
			 algorithms, "partition", (int)k->row.status.partition);
}

/* Null: a plain document. */
static json_t *eid_json(const struct eid_data *e)
{
	json_t *groups;

	if (!e->wanted)
		return json_null();
	groups = json_array();
	for (unsigned i = 1; i < SJ_EID_GROUPS; i++)
		if (e->groups.groups[i].len > 0)
			json_array_append_new(groups, json_integer(i));
	json_array_append_new(groups, json_integer(SJ_EID_STATUS));
	return json_pack("{s:o, s:i}", "groups", groups, "partition",
			 (int)e->rows[0].status.partition);
}

static const char *aa_name(const struct profile *p)
{
	if (p->aa == PROFILE_AA_RSA || p->aa == PROFILE_AA_IMPORT)
		return p->aa_bits == 2048 ? "RSA-2048" : "RSA-3072";
	return p->aa == PROFILE_AA_EC ? sj_curve_name(p->aa_curve) : NULL;
}

/* What was made: nothing in it opens the card or names the holder. */
static int report(struct job *job, const struct perso *p, const char *reader, double seconds)
{
	const char *signer = job->signer.name, *defect = cli_value(job->cli, "defect");
	json_t *ca;

	if (!cli_json(job->cli)) {
		cli_line(job->cli, CLI_MARK_GOOD, "issued", "%s, signed by %s, %u APDUs, %.2f s",
			 reader, signer != NULL ? signer : "nobody (a copy)", perso_commands(p),
			 seconds);
		return 0;
	}
	ca = json_array();
	for (size_t i = 0; i < job->profile.ca_count; i++)
		json_array_append_new(ca, json_string(sj_curve_name(job->profile.ca[i].curve)));
	return cli_json_print(
		job->cli, 1,
		json_pack(
			"{s:b, s:s, s:s?, s:s?, s:b, s:o, s:o, s:s?, s:o, s:o, s:o, s:o, s:b, s:s, s:i, s:f}",
			"issued", 1, "reader", reader, "signer", signer, "defect", defect, "bac",
			(int)job->profile.bac, "pace", suites_json(&job->profile),
			"chipAuthentication", ca, "activeAuthentication", aa_name(&job->profile),
			"files", files_json(&job->files), "gate", gate_json(&job->gate), "keys",
			keys_json(&job->keys), "eid", eid_json(&job->eid), "terminalAuthentication",
			(int)(job->eid.anchor_count > 0), "profile", job->open ? "open" : "private",
			"apdus", (int)perso_commands(p), "seconds", seconds));
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static int issue_card(struct job *job)
{
	struct card_keys *keys = calloc(1, sizeof(*keys));
	struct sj_card *card = NULL;
	struct perso p = { .cli = job->cli };
	struct timespec start;
	int rc = keys != NULL ? 0 : cli_fail(job->cli, SJ_NO_MEMORY, NULL);

	if (rc == 0)
		rc = connect_card(job->cli, 0, &card);
	clock_gettime(CLOCK_MONOTONIC, &start);
	if (rc == 0)
		rc = perso_begin(&p, job->cli, card,
				 job->authority.directory != NULL ? &job->authority : NULL);
	if (rc != 0 && p.issued && job_settle_card(job, p.serial) != 0)
		cli_debug(job->cli, "not settled");
	if (rc == 0)
		rc = job_begin_card(job, p.serial);
	if (rc == 0)
		rc = job_personalise(job, &p, keys);
	if (rc == 0)
		rc = finish(job, &p, keys);
	if (rc == 0)
		rc = report(job, &p, sj_card_reader(card), seconds_since(&start));
	if (rc != 0 && p.state < PERSO_LOCKING && job_end_card(job, CARD_SCRAPPED, "failed") != 0)
		cli_debug(job->cli, "not scrapped");
	if (rc != 0 && card != NULL && !p.told)
		cli_note(job->cli, "%s", perso_state_text(p.state));
	perso_end(&p);
	sj_card_close(card);
	free(keys);
	return rc;
}

/* --check: the holder file alone. */
static int check_only(struct cli *cli)
{
	struct holder holder = { .root = NULL };
	int rc = job_read_holder(cli, &holder);

	if (rc == 0)
		cli_note(cli, "%s: good", cli_value(cli, "holder"));
	holder_free(&holder);
	return rc;
}

static int run(struct cli *cli)
{
	struct job *job;
	int rc;

	if (cli_given(cli, "batch") || cli_given(cli, "worker"))
		return batch_command(cli);
	if (cli_given(cli, "check"))
		return check_only(cli);
	job = malloc(sizeof(*job));
	if (job == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = job_prepare(job, cli);
	if (rc == 0 && job->defect != DEFECT_NONE)
		cli_warn(cli, "FOR LABORATORIES ONLY: this card is made defective on purpose (%s)",
			 cli_value(cli, "defect"));
	if (rc == 0)
		rc = issue_card(job);
	job_free(job);
	free(job);
	return rc;
}

static const char *const examples[] = {
	"sojourn issue --authority utopia --holder anna.json --portrait anna.jpg -l letter.txt",
	"sojourn issue -a utopia --holder anna.json -p anna.jpg -l letter.txt \\\n"
	"    --pace GM:aes256:brainpoolP384r1 --ca brainpoolP384r1:aes256 --aa rsa-3072",
	"sojourn issue -a utopia --eid --holder anna.json -p anna.jpg -l letter.txt",
	"sojourn issue -a utopia --batch holders.jsonl --letters letters --report failed.jsonl",
	"sojourn issue -a utopia --worker --stay # another desk, another reader",
	"sojourn issue ... --exec -- sojourn card run anna.card --link stdio # no reader needed",
	"sojourn issue -a utopia --batch holders.jsonl --workers 2 --letters letters \\\n"
	"    --exec -- sojourn card feed cards # no reader needed, either",
	NULL,
};

static const enum sj_rc failures[] = { SJ_INPUT_MALFORMED, SJ_INPUT_REFUSED,
				       SJ_CARD_STATE,      SJ_NOT_A_DOCUMENT,
				       SJ_CARD_LOST,       SJ_CARD_REFUSED,
				       SJ_CARD_CHANNEL,    SJ_OK };

const struct cli_command issue_command = {
	.noun = "issue",
	.summary = "personalise a blank card for a holder",
	.description =
		"Has the card make its keys, writes and signs its files, and locks it. What\n"
		"opens the card (CAN, MRZ, PIN) goes to the letter and nowhere else; the CAN is\n"
		"random unless it is given. A card that was left half-personalised can be\n"
		"issued again; an issued one is refused.\n"
		"\n"
		"By default the card takes BAC and PACE (generic mapping, P-256, AES-128, with\n"
		"CAN and MRZ) and proves that it is no copy in two ways: Chip Authentication\n"
		"(P-256, AES-128) and Active Authentication (ECDSA, P-256).\n"
		"\n"
		"For gates it gets 56 credentials, eight for each sector, each with a key and a\n"
		"place in the status list of its own; the register keeps them, so that\n"
		"'register revoke' finds them. DG13 has the document's own place.\n"
		"\n"
		"Its key application (PIV, NIST SP 800-73) makes keys to sign in (9A), to sign\n"
		"(9C), to decrypt (9D), for doors (9E), for attestations (F9) and for secure\n"
		"messaging (04), with certificates of the authority's CA for card keys: on P-256\n"
		"unless --key-algorithm says otherwise (RSA takes a chip many seconds). PIN, PUK\n"
		"and pairing code are random unless given, and go to the letter; the management\n"
		"key (9B, AES-192) goes to the register, encrypted ('register key').\n"
		"\n"
		"M is GM or CAM (with AES only); CIPHER 3des, aes128, aes192 or aes256; CURVE\n"
		"P-256, P-384, P-521, brainpoolP256r1, brainpoolP384r1 or brainpoolP512r1.\n"
		"\n"
		"With --eid the card has the eID application (BSI TR-03110-2): data groups with\n"
		"what the holder file says, each shown to the terminals whose certificates give it\n"
		"('authority terminal sign'), ages and validity told without the date, and a\n"
		"pseudonym for each operator ('authority sector new'). Its LDS application is for\n"
		"inspection systems. It opens with PACE alone, takes no BAC and no CAM, and has a\n"
		"PIN and a PUK, random unless given, which go to the letter. The authority needs a\n"
		"CVCA of type at and one of type is, whose terminals the card believes. Seven more\n"
		"places in the status list, one a sector, go with it. A plain card of an authority\n"
		"with a CVCA of type is shows its fingerprints (--dg3) to their terminals.\n"
		"\n"
		"With --batch FILE, each line of FILE is a holder file with a \"portrait\" (a file,\n"
		"seen from where FILE is) or \"portraitData\" (base64); what is wrong is told as\n"
		"FILE:LINE and stops nothing else. The documents wait in the register's queue,\n"
		"from which any number of workers take them, on any machine that reaches the\n"
		"register: this process, --workers N, or 'issue --worker' elsewhere. In a reader,\n"
		"the next card is waited for; a program behind --exec is powered off and on, and\n"
		"started anew when that gives the same card. Options of the cards are each\n"
		"worker's. FILE given again goes on where it was stopped: nobody gets two cards.\n"
		"A worker that is interrupted finishes its card first; one that is killed leaves\n"
		"a card that is finished or void. Letters go to --letters DIR, as NUMBER.txt, or\n"
		"stay in the register ('register key --which letter'). Exit code 13: some lines\n"
		"were bad, or some documents got no card.\n"
		"\n"
		"The options for laboratories make cards that a verifier must refuse.",
	.features = CLI_JSON | CLI_CARD | CLI_READER | CLI_TIMEOUT | CLI_KEYS,
	.options = options,
	.positionals = positionals,
	.examples = examples,
	.failures = failures,
	.run = run,
};
