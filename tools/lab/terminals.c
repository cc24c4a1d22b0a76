/* terminals.c -- who may ask the lab's eID cards: the authority's verifiers, terminals of some services. */
#include <string.h>

#include "lab/lab.h"

#define OPERATOR "00004711"

static const struct {
	const char *folder, *holder, *service;
} terminals[] = {
	{ "hotel-check-in", "UTHOTEL00001", "hotel check-in" },
	{ "pharmacy", "UTPHARM00001", "pharmacy" },
	{ "rail", "UTRAIL00001", "rail ticket and gate" }, /* with a pseudonym */
	{ "bank", "UTBANK00001", "bank account opening" }, /* asks for the PIN */
};
#define TERMINALS (sizeof(terminals) / sizeof(terminals[0]))

const char *lab_terminal_at(unsigned i, const char **service)
{
	if (i >= TERMINALS)
		return NULL;
	*service = terminals[i].service;
	return terminals[i].folder;
}

int lab_verifiers(struct lab *lab)
{
	struct lab_path dir = lab_path(lab->dir, "authority");
	const char *at[] = { NULL, "authority", "cvca-init", dir.text, NULL };
	const char *is[] = { NULL, "authority", "cvca-init", dir.text, "--type", "is", NULL };
	const char *dv[] = { NULL, "authority", "dv-init", dir.text, NULL };
	const char *sector[] = { NULL,         "authority", "sector-new", dir.text,
				 "--operator", OPERATOR,    NULL };
	int rc = lab_run(lab, "authority", at);

	if (rc == 0)
		rc = lab_run(lab, "authority", is);
	if (rc == 0)
		rc = lab_run(lab, "authority", dv);
	return rc == 0 ? lab_run(lab, "authority", sector) : rc;
}

/* Request, certificate, installation. */
static int make(struct lab *lab, unsigned i)
{
	struct lab_path dir = lab_path(lab->dir, "authority");
	struct lab_path folder = lab_path(lab->dir, "%s", terminals[i].folder);
	struct lab_path request = lab_path(lab->dir, "%s/next.cvreq", terminals[i].folder);
	struct lab_path signed_for = lab_path(lab->dir, "signed-%u", i);
	const char *ask[] = { NULL,       "terminal",          "new", folder.text,
			      "--holder", terminals[i].holder, NULL };
	const char *sign[] = {
		NULL,        "authority",          "terminal-sign", dir.text, request.text,
		"--service", terminals[i].service, "--operator",    OPERATOR, "--days",
		"31",        "--folder",           signed_for.text, NULL
	};
	const char *install[] = { NULL, "terminal", "install", folder.text, signed_for.text, NULL };
	int rc = lab_run(lab, "terminal", ask);

	if (rc == 0)
		rc = lab_run(lab, "authority", sign);
	if (rc == 0)
		rc = lab_run(lab, "terminal", install);
	cli_tree_remove(signed_for.text);
	return rc;
}

int lab_terminals(struct lab *lab)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < TERMINALS; i++)
		rc = make(lab, i);
	return rc;
}
