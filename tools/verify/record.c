/* record.c -- what `sojourn verify --service` leaves in the journal: sojourn-evidence(1). */
#include "verify/verify.h"

int verify_record_begin(struct verify_run *run, struct sj_service_options *options)
{
	const char *folder = cli_setting(run->cli, "journal");
	enum sj_rc rc;
	int code;

	if (folder == NULL)
		return 0;
	code = cli_journal_open(run->cli, folder, &run->journal);
	if (code == 0 && run->service.keep != 0 && cli_journal_operator(run->journal) == NULL)
		code = cli_fail(run->cli, SJ_KEY_STORE,
				"%s has to keep data, and %s/operator.pub is missing: make the "
				"operator's key ('sojourn evidence operator-key') and put its "
				"public half there",
				run->service.name, folder);
	if (code != 0)
		return code;
	rc = sj_evidence_begin(&run->service, run->terminal, &run->evidence);
	if (rc != SJ_OK)
		return cli_fail(run->cli, rc, "%s", folder);
	options->challenge = sj_evidence_challenge;
	options->user = run->evidence;
	return 0;
}

int verify_record(struct verify_run *run, enum sj_rc failure)
{
	enum sj_rc rc;

	if (run->evidence == NULL)
		return 0;
	rc = cli_journal_record(run->journal, run->evidence, run->answer, failure,
				CLI_PROOF_RETENTION, &run->record);
	if (rc == SJ_OK)
		return 0;
	return cli_fail(run->cli, rc, "%s: nothing is told that cannot be recorded",
			cli_setting(run->cli, "journal"));
}

void verify_record_end(struct verify_run *run)
{
	sj_evidence_free(run->evidence);
	cli_journal_close(run->journal);
}
