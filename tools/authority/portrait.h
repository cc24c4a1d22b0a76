/*
 * portrait.h -- the size of a portrait, from its first bytes.
 *
 * Sources: ITU-T T.81 (JPEG), B.2.2; ISO/IEC 15444-1:2019 (JPEG 2000), A.5.1
 * and I.5.3. The image itself is not decoded.
 */
#ifndef SJ_AUTHORITY_PORTRAIT_H
#define SJ_AUTHORITY_PORTRAIT_H

#include "wire/lds.h"

/*
 * Fills *out for a JPEG, a JP2 file or a bare JPEG 2000 codestream. False:
 * something else, or it ends before its size is told, or the size is zero or
 * over 65535. out->image is `image`.
 */
SJ_MUST_CHECK bool sj_portrait_read(struct sj_span image, struct sj_face *out);
/*
 * Does it go on to its end, with nothing behind? EOI (T.81, B.1.1.3) and EOC
 * (15444-1, A.4.4) are the same two bytes; the boxes of a JP2 file fill it.
 */
bool sj_portrait_is_whole(const struct sj_face *face);

#endif
