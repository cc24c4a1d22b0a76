#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "lab/lab.h"

/* Nobody real: names, numbers and dates are made up. */
static const struct {
	const char *surname, *given, *birth, *sex;
} holders[] = {
	{ "Bergström", "Aline", "1990-04-12", "F" }, { "Okafor", "Daniel", "1984-11-02", "M" },
	{ "Çelik", "Derya", "1979-01-30", "F" },     { "Novák", "Jan", "2001-07-19", "M" },
	{ "Fernández", "Lucía", "1968-09-05", "F" }, { "Haddad", "Sami", "1995-12-24", "M" },
	{ "Lindqvist", "Noor", "1988-03-08", "X" },  { "Moreau", "Élise", "1972-06-17", "F" },
};
#define HOLDERS (sizeof(holders) / sizeof(holders[0]))

int lab_run(struct lab *lab, const char *program, const char **argv)
{
	struct cli_child child = CLI_CHILD_INIT;
	struct lab_path log = lab_path(lab->dir, "lab.log");
	char *path = cli_program_path(program);
	int rc = -1;
	pid_t pid;

	child.out = open(log.text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (path != NULL) {
		argv[0] = path;
		pid = cli_child_start(&child, argv);
		rc = pid > 0 ? cli_child_end(pid) : -1;
	}
	free(path);
	if (child.out >= 0)
		close(child.out);
	if (rc == 0)
		return 0;
	return cli_fail(lab->cli, SJ_INTERNAL, "sojourn %s %s ended with %d", argv[1], argv[2], rc);
}

#define VALID_S (5l * 365 * 24 * 3600)

static bool expiry(char *text, size_t size)
{
	time_t when = time(NULL) + VALID_S;
	struct tm tm;

	return gmtime_r(&when, &tm) != NULL && strftime(text, size, "%Y-%m-%d", &tm) > 0;
}

/* What eID cards tell besides, each to whom it may. */
static void add_more(json_t *holder, unsigned i)
{
	json_object_set_new(holder, "class", json_string("resident"));
	json_object_set_new(holder, "address", json_sprintf("%u Harbour Road, 1207 Zenith", i + 1));
	json_object_set_new(holder, "telephone", json_sprintf("+00 20 555%04u", i + 1));
	json_object_set_new(holder, "insuranceNumber", json_sprintf("UT%08u", i + 1));
	json_object_set_new(
		holder, "homePassport",
		json_pack("{s:s, s:o}", "state", "XOM", "number", json_sprintf("P%07u", i + 1)));
	json_object_set_new(holder, "emergency",
			    json_pack("{s:s, s:s, s:s}", "bloodGroup", "O+", "allergies",
				      "penicillin", "contact", "Robin, +00 20 5550100"));
	json_object_set_new(holder, "entryRecords",
			    json_pack("[{s:s, s:s, s:s}]", "date", "2026-02-03", "kind", "entry",
				      "place", "Zenith harbour"));
}

static int write_holder(struct lab *lab, unsigned i, const char *path)
{
	char until[16] = "", *text = NULL;
	json_t *holder = NULL;
	int rc;

	if (expiry(until, sizeof(until)))
		holder = json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:s}", "documentNumber",
				   json_sprintf("SJ%07u", i + 1), "surname",
				   holders[i % HOLDERS].surname, "givenNames",
				   holders[i % HOLDERS].given, "nationality", "UTO", "birthDate",
				   holders[i % HOLDERS].birth, "sex", holders[i % HOLDERS].sex,
				   "expiryDate", until);
	if (holder != NULL && lab->eid)
		add_more(holder, i);
	if (holder != NULL)
		text = json_dumps(holder, JSON_INDENT(2));
	if (text == NULL)
		rc = cli_fail(lab->cli, SJ_NO_MEMORY, NULL);
	else
		rc = cli_file_write(lab->cli, path, text, strlen(text), 0600);
	json_decref(holder);
	free(text);
	return rc;
}

/* A CAN or PIN for a card to play with; still nobody else's business. */
static int write_digits(struct lab *lab, const char *path)
{
	uint32_t random;
	char digits[8];

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return cli_fail(lab->cli, SJ_CRYPTO_FAILED, NULL);
	snprintf(digits, sizeof(digits), "%06u\n", random % 1000000u);
	return cli_secret_write_letter(lab->cli, path, digits, strlen(digits));
}

static int issue(struct lab *lab, unsigned i, const char *portrait)
{
	struct lab_path authority = lab_path(lab->dir, "authority");
	struct lab_path holder = lab_path(lab->dir, "holder-%02u.json", i + 1);
	struct lab_path can = lab_path(lab->dir, "card-%02u.can", i + 1);
	struct lab_path letter = lab_path(lab->dir, "card-%02u.letter", i + 1);
	struct lab_path pin = lab_path(lab->dir, "card-%02u.pin", i + 1);
	struct lab_path reader = lab_reader(i);
	const char *argv[] = { NULL,
			       "issue",
			       "--authority",
			       authority.text,
			       "--holder",
			       holder.text,
			       "--portrait",
			       portrait,
			       "--can-file",
			       can.text,
			       "--letter-out",
			       letter.text,
			       "--reader",
			       reader.text,
			       lab->eid ? "--eid" : NULL,
			       "--eid-pin-file",
			       pin.text,
			       NULL };
	int rc = write_holder(lab, i, holder.text);

	if (rc == 0)
		rc = write_digits(lab, can.text);
	if (rc == 0 && lab->eid)
		rc = write_digits(lab, pin.text);
	return rc != 0 ? rc : lab_run(lab, "authority", argv);
}

static int make_authority(struct lab *lab)
{
	struct lab_path dir = lab_path(lab->dir, "authority");
	struct lab_path csca = lab_path(lab->dir, "authority/csca-1.cer");
	struct lab_path trust = lab_path(lab->dir, "trust");
	struct lab_path keys = lab_path(lab->dir, "authority/key-ca-1.cer");
	struct lab_path ca = lab_path(lab->dir, "authority/gate-ca-1.cwt");
	struct lab_path signer = lab_path(lab->dir, "authority/status-signer-1.cwt");
	struct lab_path list = lab_path(lab->dir, "authority/status.list");
	const char *init[] = { NULL, "authority", "init", dir.text, NULL };
	const char *build[] = { NULL, "authority", "status-build", dir.text, "--days", "30", NULL };
	const char *import[] = { NULL,        "trust",     "import",  "--trust",
				 trust.text,  "--csca",    csca.text, "--key-ca",
				 keys.text,   "--gate-ca", ca.text,   "--gate-token",
				 signer.text, "--status",  list.text, NULL };
	int rc = lab_run(lab, "authority", init);

	if (rc == 0)
		rc = lab_run(lab, "authority", build);
	return rc != 0 ? rc : lab_run(lab, "trust", import);
}

int lab_personalise(struct lab *lab)
{
	char *portrait = cli_share_path("face.jpg");
	int rc = portrait != NULL ? make_authority(lab) : cli_fail(lab->cli, SJ_NO_MEMORY, NULL);

	if (rc == 0 && lab->eid)
		rc = lab_verifiers(lab);
	for (unsigned i = 0; rc == 0 && i < lab->cards; i++)
		rc = issue(lab, i, portrait);
	if (rc == 0 && lab->eid)
		rc = lab_terminals(lab);
	free(portrait);
	return rc;
}
