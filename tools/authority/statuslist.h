/*
 * statuslist.h -- the status list of an authority, from its register.
 *
 * Its bytes are trust/status_file.h's. Functions that return int return 0 or
 * the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_STATUSLIST_H
#define SJ_AUTHORITY_STATUSLIST_H

#include "authority/register.h"
#include "trust/status_list.h"

#define STATUSLIST_MAX (SJ_STATUS_BODY_MAX + 1024u) /* bytes of a file */

/* A list as it is published; starts zeroed, freed with statuslist_free(). */
struct statuslist {
	uint8_t *bytes;
	size_t len;
	uint32_t epoch, expires; /* expires: when the next is due */
	size_t revoked;
	uint8_t root[SJ_STATUS_ROOT];
};
void statuslist_free(struct statuslist *list);

/*
 * Builds and signs the next epoch's list, which holds for `seconds`. Save the
 * registry before the list leaves.
 */
CLI_MUST_CHECK int statuslist_build(struct authority *a, struct holder_register *r,
				    uint32_t seconds, struct statuslist *out);
/*
 * What leads from the list in these bytes, which are called `name`, to this one; free *out.
 * `root` (may be NULL) gets the old list's.
 */
CLI_MUST_CHECK int statuslist_delta(struct cli *cli, const struct statuslist *list,
				    const char *name, struct sj_span old, uint8_t **out,
				    size_t *len, uint8_t *root);
/* Writes to `out` what leads from the list in the file `old` to this one. */
CLI_MUST_CHECK int statuslist_write_delta(struct cli *cli, const struct statuslist *list,
					  const char *old, const char *out);
/* Writes a partition of DIR/status.list as a Token Status List. */
CLI_MUST_CHECK int statuslist_export(const struct authority *a, uint16_t partition, bool cbor,
				     const char *out);
/* Writes a staple to DIR for each credential of this document; adds to *made. */
CLI_MUST_CHECK int statuslist_staple(const struct authority *a, struct holder_register *r,
				     const char *document, const char *dir, size_t *made);

#endif
