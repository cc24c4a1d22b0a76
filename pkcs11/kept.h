/* kept.h -- what a card told, in memory and on disk: public things only. */
#ifndef P11_KEPT_H
#define P11_KEPT_H

#include <sojourn/piv.h>

#include "config.h"
#include "wire/bytes.h"

enum p11_kind { P11_KEPT_KEY = 1, P11_KEPT_CERTIFICATE = 2, P11_KEPT_OBJECT = 3 };

/* One answer; len 0: the card has no such thing. */
struct p11_kept {
	enum p11_kind kind;
	uint32_t tag; /* key reference, or the object's tag */
	uint8_t *bytes; /* a key: its struct sj_piv_key_info */
	size_t len;
	struct p11_kept *next;
};

/* NULL: never asked. */
const struct p11_kept *p11_kept_find(const struct p11_kept *list, enum p11_kind kind, uint32_t tag);
/* Copies; NULL: no memory. */
const struct p11_kept *p11_kept_add(struct p11_kept **list, enum p11_kind kind, uint32_t tag,
				    struct sj_span bytes);
void p11_kept_free(struct p11_kept **list);

/* --- on disk: a file a card, named by its GUID, good for one content -------------------- */

/*
 * What was written for a card of this GUID and content. A file that is not
 * there, of another content, or not whole is as if there were none.
 */
void p11_cache_load(const struct p11_config *c, const uint8_t guid[static SJ_PIV_GUID],
		    const uint8_t content[static SJ_PIV_CONTENT], struct p11_kept **list);
/* Replaces the file in one step; the oldest files beyond the configured number go. False: not written. */
bool p11_cache_save(const struct p11_config *c, const uint8_t guid[static SJ_PIV_GUID],
		    const uint8_t content[static SJ_PIV_CONTENT], const struct p11_kept *list);

/* Makes each folder of a path that is not there, for the user alone. */
void p11_make_folders(char *path);

/* The file's bytes, apart from disk: for the two above and for tests. */
SJ_MUST_CHECK bool p11_cache_read(struct sj_span file, const uint8_t guid[static SJ_PIV_GUID],
				  const uint8_t content[static SJ_PIV_CONTENT],
				  struct p11_kept **list);
void p11_cache_put(struct sj_writer *w, const uint8_t guid[static SJ_PIV_GUID],
		   const uint8_t content[static SJ_PIV_CONTENT], const struct p11_kept *list);

#endif
