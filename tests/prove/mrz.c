/*
 * mrz.c -- the functions of wire/mrz.c that meet characters nobody has looked at yet. Those that
 * follow a layout's table do not come here: their places are constants, and the unit tests go
 * through each.
 *
 * only: character_of consists_of add_weighted sj_mrz_check_digit check_holds gather without_fillers take_name end_of_longest check_information
 */
#include "tests/prove/spans.h"

#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#include "wire/mrz.h"

/*@ predicate chars_ok(char *p, integer n) = n == 0 || \valid_read(p + (0 .. n - 1)); */

/*@ assigns \nothing; */
static unsigned character_of(char c);
/*@ requires chars_ok(data, len);
    assigns \nothing; */
static bool consists_of(const char *data, size_t len, unsigned allowed);
/*@ requires chars_ok(data, len) && \valid(sum) && \valid(n) && \separated(sum, n) && *sum <= 9;
    assigns *sum, *n;
    ensures *sum <= 9; */
static bool add_weighted(const char *data, size_t len, unsigned *sum, size_t *n);
/*@ requires chars_ok(data, len);
    assigns \nothing; */
char sj_mrz_check_digit(const char *data, size_t len);
/*@ requires chars_ok(data, len);
    assigns \nothing; */
static bool check_holds(const char *data, size_t len, char digit);
/*@ requires chars_ok(text, len) && \valid(n) && \valid(zone + (0 .. SJ_MRZ_SIZE_MAX - 1));
    assigns *n, zone[0 .. SJ_MRZ_SIZE_MAX - 1];
    ensures *n <= SJ_MRZ_SIZE_MAX; */
static enum sj_mrz_rc gather(const char *text, size_t len, char *zone, size_t *n);
/*@ requires chars_ok(data, len);
    assigns \nothing;
    ensures \result <= len; */
static size_t without_fillers(const char *data, size_t len);
/*@ requires chars_ok(data, len) && \valid(out + (0 .. len)) && len < SIZE_MAX;
    assigns out[0 .. len]; */
static void take_name(const char *data, size_t len, char *out);
/*@ requires chars_ok(names, end);
    assigns \nothing;
    ensures \result <= end; */
static size_t end_of_longest(const char *names, size_t end);
/*@ requires 24 <= n && chars_ok(info, n);
    assigns \nothing; */
static enum sj_mrz_rc check_information(const char *info, size_t n);

#include "wire/mrz.c"
