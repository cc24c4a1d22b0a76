/*
 * rows.h -- the rows of the service registry, written for tests from its page, not taken from the
 * product.
 */
#ifndef TESTS_CARD_ROWS_H
#define TESTS_CARD_ROWS_H

#include <sojourn/service.h>

struct row {
	const char *sector, *name;
	enum sj_service_access access;
	const char *rights; /* besides valid; "all": every one */
};

#define ROWS 35u
#define ROW_HOTEL 25u
#define ROW_BORDER 29u
extern const struct row rows[ROWS];

bool row_has(const struct row *row, const char *right);
/* 1 to 7 */
uint8_t row_sector(const struct row *row);
/* As the product has it. */
struct sj_service row_service(const struct row *row);

#endif
