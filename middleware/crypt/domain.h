/*
 * domain.h -- domain parameters of elliptic curves, as certificates spell them out.
 *
 * Sources: RFC 3279, 2.3.5; BSI TR-03110-3 v2.21, D.3.3; ICAO Doc 9303-12. We take exactly the
 * curves that we know.
 */
#ifndef SJ_CRYPT_DOMAIN_H
#define SJ_CRYPT_DOMAIN_H

#include "crypt/ec.h"

/* The numbers are big-endian; the generator is an encoded point. The cofactor is 1. */
struct sj_ec_domain {
	struct sj_span p, a, b, order;
	struct sj_span generator;
};

#define SJ_EC_DOMAIN_MAX (4u * SJ_EC_FIELD_MAX + SJ_EC_POINT_MAX)

/* The known curve that this is, leading zeros or not; SJ_CURVE_NONE: none. */
enum sj_curve sj_curve_from_domain(const struct sj_ec_domain *domain);
/*
 * The parameters of a curve; p, a and b have the size of the field, the spans point into `bytes`.
 * False: unknown curve, or no memory.
 */
SJ_MUST_CHECK bool sj_curve_domain(enum sj_curve curve, struct sj_ec_domain *out,
				   uint8_t bytes[static SJ_EC_DOMAIN_MAX]);

#endif
