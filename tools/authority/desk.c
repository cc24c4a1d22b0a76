#include "authority/desk.h"

const struct cli_positional desk_positionals[] = {
	{ "DIR", "the authority's directory", CLI_COMPLETE_DIRECTORY, NULL, false, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

const enum sj_rc desk_failures[] = { SJ_INPUT_UNREADABLE, SJ_INPUT_REFUSED, SJ_REGISTER_UNREACHABLE,
				     SJ_REGISTER_BROKEN, SJ_OK };

int desk_open(struct desk *d, struct cli *cli)
{
	const char *actor = cli_value(cli, "actor");
	int rc;

	*d = (struct desk){ .cli = cli, .authority = { .lock = -1 } };
	rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_READ, &d->authority);
	if (rc == 0)
		rc = register_open(&d->authority, &d->r);
	if (rc == 0 && actor != NULL)
		rc = register_actor(d->r, actor);
	return rc;
}

void desk_close(struct desk *d)
{
	register_close(d->r);
	authority_close(&d->authority);
}

int desk_find(struct desk *d, const char *number, struct register_document *out)
{
	bool found = false;
	int rc = register_find(d->r, number, out, &found);

	if (rc == 0 && !found)
		rc = cli_fail(d->cli, SJ_INPUT_REFUSED, "%s: not in the register", number);
	return rc;
}

int desk_end(struct desk *d, int rc)
{
	if (rc == 0)
		return register_commit(d->r);
	register_rollback(d->r);
	return rc;
}
