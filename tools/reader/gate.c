/* gate.c -- doctor's look at a gate, where one is configured. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <sojourn/gate.h>

#include "reader/reader.h"

#define DAY_SECONDS 86400
#define CREDENTIAL_MAX 1024

static size_t read_file(const char *folder, const char *name, uint8_t *out, size_t max)
{
	char path[512];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "re");
	if (!f)
		return 0;
	len = fread(out, 1, max, f);
	fclose(f);
	return len;
}

static void find_credential(struct doctor *d, const struct sj_gate_info *info, int64_t now)
{
	double days = (double)(info->expires - now) / DAY_SECONDS;

	if (days <= 0)
		doctor_find(d, "gate credential", DOCTOR_FAIL, SJ_GATE_CREDENTIAL_EXPIRED,
			    "expired %.1f days ago", -days);
	else
		doctor_find(d, "gate credential", days < 1 ? DOCTOR_WARN : DOCTOR_OK,
			    days < 1 ? SJ_GATE_CREDENTIAL_EXPIRED : SJ_OK,
			    "of %s, operator %08x, %.1f days left", info->issuer,
			    (unsigned)info->operator_id, days);
}

static void find_status(struct doctor *d, const struct sj_gate_info *info, int64_t now)
{
	double days = (double)(now - info->status_time) / DAY_SECONDS;

	if (!info->status_known)
		doctor_find(d, "status list", DOCTOR_WARN, SJ_STATUS_MISSING, "none of %s",
			    info->issuer);
	else
		doctor_find(d, "status list", days > 1 ? DOCTOR_WARN : DOCTOR_OK,
			    days > 1 ? SJ_STATUS_STALE : SJ_OK, "epoch %u, %.1f days old",
			    (unsigned)info->status_epoch, days);
}

/* Keys by name only: nobody reads them here. */
static void find_ticket_keys(struct doctor *d, const char *folder, int64_t now)
{
	char path[512];
	int64_t newest = 0;
	unsigned n = 0;
	struct dirent *e;
	struct stat st;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/ticket-keys", folder);
	dir = opendir(path);
	while (dir && (e = readdir(dir)) != NULL) {
		const char *dot = strrchr(e->d_name, '.');

		if (!dot || strcmp(dot, ".key") != 0 || fstatat(dirfd(dir), e->d_name, &st, 0) != 0)
			continue;
		n++;
		newest = st.st_mtim.tv_sec > newest ? st.st_mtim.tv_sec : newest;
	}
	if (dir)
		closedir(dir);
	if (n == 0)
		doctor_find(d, "ticket keys", DOCTOR_OK, SJ_OK,
			    "none: no tickets are left on cards");
	else
		doctor_find(d, "ticket keys", DOCTOR_OK, SJ_OK, "%u, the newest is %.1f days old",
			    n, (double)(now - newest) / DAY_SECONDS);
}

void doctor_gate(struct doctor *d)
{
	const char *folder = cli_setting(d->cli, "gate"), *trust = cli_setting(d->cli, "trust");
	uint8_t key[32 + 1], credential[CREDENTIAL_MAX];
	struct sj_gate_info info = { .size = sizeof(info) };
	int64_t now = (int64_t)time(NULL);
	struct sj_gate *gate = NULL;
	enum sj_rc rc;
	size_t len;

	if (!folder)
		return;
	len = read_file(folder, "credential.cwt", credential, sizeof(credential));
	rc = sj_gate_new(key, read_file(folder, "gate.key", key, sizeof(key)), credential, len,
			 &gate);
	explicit_bzero(key, sizeof(key));
	if (rc != SJ_OK) {
		doctor_find(d, "gate credential", DOCTOR_FAIL, len == 0 ? SJ_INPUT_UNREADABLE : rc,
			    "%s: no key and credential that belong together", folder);
		return;
	}
	rc = sj_gate_load_trust(gate, trust);
	if (rc != SJ_OK)
		doctor_find(d, "gate trust", DOCTOR_FAIL, rc, "%s: %s", trust, sj_strerror(rc));
	if (sj_gate_get_info(gate, &info)) {
		find_credential(d, &info, now);
		find_status(d, &info, now);
	}
	find_ticket_keys(d, folder, now);
	sj_gate_free(gate);
}
