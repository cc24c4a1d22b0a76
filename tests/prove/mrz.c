/*
 * mrz.c -- reading, checking and making machine readable zones.
 *
 * only: character_of consists_of add_weighted sj_mrz_check_digit check_holds gather without_fillers take_name end_of_longest check_information
 * only: composite_of take_field take_names take_long_number take_number place_holds characters_hold take_zone sj_mrz_parse
 * only: text_size set_field to_zone_name cut_names set_names set_number dates_hold set_zone sj_mrz_put
 * only: layout_of put_checked sj_mrz_put_information sj_mrz_access
 * refused: take_long_number: if (n < 2 || n == l->optional.size) => if (n < 2)
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

/* The C library's, of characters; assumed as those of spans.h are. */
/*@ requires chars_ok(from, n) && (n == 0 || \valid(to + (0 .. n - 1)));
    assigns to[0 .. n - 1]; */
static void prove_chars(char *to, const char *from, size_t n);
/*@ requires n == 0 || \valid(to + (0 .. n - 1));
    assigns to[0 .. n - 1]; */
static void prove_fill_chars(char *to, int value, size_t n);
/*@ requires chars_ok(text, n);
    assigns \nothing;
    ensures \result == \null || \exists integer i; 0 <= i < n && \result == text + i && text[i] == 0; */
static const char *prove_find(const char *text, char c, size_t n);
/*@ requires \exists integer i; 0 <= i < 100 && \valid_read(text + (0 .. i)) && text[i] == 0;
    assigns \nothing;
    ensures \valid_read(text + (0 .. \result)) && text[\result] == 0;
    ensures \forall integer i; 0 <= i < \result ==> text[i] != 0; */
static size_t prove_length(const char *text);
#define memcpy prove_chars
#define memmove prove_chars
#define memchr prove_find
#define strlen prove_length
#define memset prove_fill_chars

/* What is forgotten is not looked at again. */
/*@ assigns \nothing; */
static void prove_forget(void *bytes, size_t n);
#define explicit_bzero prove_forget

/* Of this one the contract is assumed as well: characters are bytes. */
/*@ requires \valid(w) && writer_ok(*w) && chars_ok(text, len);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
static void put_text(struct sj_writer *w, const char *text, size_t len);

#include "wire/mrz.c"

/* A predicate of a layout is not unfolded by the provers, text is. */
/* clang-format off */
#define layout_ok(l) ( \
    \valid_read(l) && place_ok((l)->code, 2) && place_ok((l)->state, 3) && place_ok((l)->number, 9) && \
    place_ok((l)->names, 39) && place_ok((l)->nationality, 3) && place_ok((l)->birth, 6) && \
    place_ok((l)->sex, 1) && place_ok((l)->expiry, 6) && place_ok((l)->optional, 15) && \
    place_ok((l)->optional_2, 11) && (l)->names.size >= 30 && (l)->sex.at < SJ_MRZ_SIZE_MAX && \
    0 <= (l)->line_size * (l)->line_count <= SJ_MRZ_SIZE_MAX && (l)->check_number < SJ_MRZ_SIZE_MAX && \
    (l)->check_birth < SJ_MRZ_SIZE_MAX && (l)->check_expiry < SJ_MRZ_SIZE_MAX && \
    (l)->check_optional < SJ_MRZ_SIZE_MAX && (l)->check_composite < SJ_MRZ_SIZE_MAX && \
    place_ok((l)->composite[0], SJ_MRZ_SIZE_MAX) && place_ok((l)->composite[1], SJ_MRZ_SIZE_MAX) && \
    place_ok((l)->composite[2], SJ_MRZ_SIZE_MAX) && place_ok((l)->composite[3], SJ_MRZ_SIZE_MAX))
#define layouts_ok (layout_ok(layouts + 0) && layout_ok(layouts + 1) && layout_ok(layouts + 2))
/* clang-format on */

/*@ predicate place_ok(struct place p, integer size) = p.at + p.size <= SJ_MRZ_SIZE_MAX && p.size <= size;
    predicate zone_ok(char *zone) = \valid_read(zone + (0 .. SJ_MRZ_SIZE_MAX - 1));
    predicate room_of_zone(char *zone) = \valid(zone + (0 .. SJ_MRZ_SIZE_MAX - 1)); */

/*@ requires layout_ok(l) && zone_ok(zone);
    assigns \nothing; */
static char composite_of(const struct layout *l, const char *zone);
/*@ requires place_ok(p, SJ_MRZ_SIZE_MAX) && zone_ok(zone) && \valid(out + (0 .. p.size));
    assigns out[0 .. p.size]; */
static void take_field(const char *zone, struct place p, char *out);
/*@ requires place_ok(p, 39) && p.size >= 2 && zone_ok(zone) && \valid(out) && \separated(out, zone + (0 .. SJ_MRZ_SIZE_MAX - 1));
    assigns out->surname[0 .. 127], out->given_names[0 .. 127]; */
static void take_names(const char *zone, struct place p, struct sj_mrz *out);
/*@ requires layout_ok(l) && l->format != SJ_MRZ_TD3 && zone_ok(zone) && \valid(out) && \valid(digit) && \valid(used) && \separated(digit, used, out, zone + (0 .. SJ_MRZ_SIZE_MAX - 1), l);
    assigns out->document_number[0 .. SJ_MRZ_NUMBER_MAX], *digit, *used;
    ensures \result ==> *used <= l->optional.size;
    ensures \result ==> \exists integer i; 0 <= i <= SJ_MRZ_NUMBER_MAX && out->document_number[i] == 0;
    ensures !\result ==> *used == \old(*used) && *digit == \old(*digit); */
static bool take_long_number(const struct layout *l, const char *zone, struct sj_mrz *out,
			     char *digit, size_t *used);
/*@ requires layout_ok(l) && zone_ok(zone) && \valid(out) && \separated(out, zone + (0 .. SJ_MRZ_SIZE_MAX - 1), l);
    assigns out->document_number[0 .. SJ_MRZ_NUMBER_MAX], out->optional_data[0 .. 15]; */
static bool take_number(const struct layout *l, const char *zone, struct sj_mrz *out);
/*@ requires place_ok(p, SJ_MRZ_SIZE_MAX) && zone_ok(zone);
    assigns \nothing; */
static bool place_holds(const char *zone, struct place p, unsigned allowed);
/*@ requires layout_ok(l) && zone_ok(zone);
    assigns \nothing; */
static bool characters_hold(const struct layout *l, const char *zone);
/*@ requires layout_ok(l) && zone_ok(zone) && \valid(out) && \separated(out, zone + (0 .. SJ_MRZ_SIZE_MAX - 1), l);
    assigns *out; */
static enum sj_mrz_rc take_zone(const struct layout *l, const char *zone, struct sj_mrz *out);
/*@ requires layouts_ok && chars_ok(text, len) && \valid(out) && \separated(out, text + (0 .. len - 1), layouts + (0 .. 2));
    assigns *out; */
enum sj_mrz_rc sj_mrz_parse(const char *text, size_t len, struct sj_mrz *out);
/*@ requires chars_ok(text, cap) && \valid(len);
    assigns *len;
    ensures *len <= cap;
    ensures \result ==> *len < cap; */
static bool text_size(const char *text, size_t cap, size_t *len);
/*@ requires room_of_zone(zone) && place_ok(p, SJ_MRZ_SIZE_MAX) && chars_ok(text, cap);
    assigns zone[0 .. SJ_MRZ_SIZE_MAX - 1]; */
static bool set_field(char *zone, struct place p, const char *text, size_t cap, unsigned allowed);
/*@ requires chars_ok(text, cap) && \valid(out + (0 .. cap - 1)) && cap > 0 && \valid(len) && \separated(len, out + (0 .. cap - 1), text + (0 .. cap - 1));
    assigns *len, out[0 .. cap - 1];
    ensures \result ==> *len < cap; */
static bool to_zone_name(const char *text, size_t cap, char *out, size_t *len);
/*@ requires \valid(names + (0 .. 257)) && len <= 258 && 1 <= room <= 39;
    assigns names[0 .. 257]; */
static void cut_names(char *names, size_t len, size_t room);
/*@ requires room_of_zone(zone) && place_ok(p, 39) && p.size >= 30 && \valid_read(mrz) && \separated(mrz, zone + (0 .. SJ_MRZ_SIZE_MAX - 1));
    assigns zone[0 .. SJ_MRZ_SIZE_MAX - 1]; */
static bool set_names(char *zone, struct place p, const struct sj_mrz *mrz);
/*@ requires layout_ok(l) && room_of_zone(zone) && \valid_read(mrz) && \separated(mrz, zone + (0 .. SJ_MRZ_SIZE_MAX - 1), l);
    assigns zone[0 .. SJ_MRZ_SIZE_MAX - 1]; */
static bool set_number(const struct layout *l, char *zone, const struct sj_mrz *mrz);
/*@ requires \valid_read(mrz);
    assigns \nothing; */
static bool dates_hold(const struct sj_mrz *mrz);
/*@ requires layout_ok(l) && room_of_zone(zone) && \valid_read(mrz) && \separated(mrz, zone + (0 .. SJ_MRZ_SIZE_MAX - 1), l);
    assigns zone[0 .. SJ_MRZ_SIZE_MAX - 1]; */
static bool set_zone(const struct layout *l, char *zone, const struct sj_mrz *mrz);

/* Each layout is said twice: the provers do not put one for the other. */
/*@ assigns \nothing;
    ensures \result == \null || \result == layouts || \result == layouts + 1 || \result == layouts + 2;
    ensures \result == layouts + 0 ==> layout_ok(\result);
    ensures \result == layouts + 1 ==> layout_ok(\result);
    ensures \result == layouts + 2 ==> layout_ok(\result);
    ensures layout_ok(layouts + 0);
    ensures layout_ok(layouts + 1);
    ensures layout_ok(layouts + 2); */
static const struct layout *layout_of(enum sj_mrz_format format);
/*@ requires \valid(w) && writer_ok(*w) && \valid_read(mrz) && \separated(mrz, layouts + (0 .. 2)) && \separated(w, layouts + (0 .. 2));
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
void sj_mrz_put(struct sj_writer *w, const struct sj_mrz *mrz);
/*@ requires \valid(w) && writer_ok(*w) && chars_ok(data, len);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
static void put_checked(struct sj_writer *w, const char *data, size_t len);
/*@ requires \valid(w) && writer_ok(*w) && \valid_read(mrz) && \separated(w, mrz);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
void sj_mrz_put_information(struct sj_writer *w, const struct sj_mrz *mrz);
/*@ requires layouts_ok && \separated(information, layouts + (0 .. 2)) && chars_ok(text, len) && \valid(information) && writer_ok(*information);
    assigns information->len, information->failed, information->ptr[0 .. information->cap - 1];
    ensures writer_ok(*information); */
enum sj_mrz_rc sj_mrz_access(const char *text, size_t len, struct sj_writer *information);
