/* keystatus.c -- the functions of wire/keystatus.c, proved. */
#include "tests/prove/tlv.h"

#include "wire/keystatus.h"

/*@ requires span_ok(text);
    assigns \nothing; */
static bool is_issuer(struct sj_span text);

/*@ requires \valid(out) && span_ok(value);
    assigns *out;
    ensures \result ==> span_ok(out->issuer); */
bool sj_key_status_read(struct sj_span value, struct sj_key_status *out);

/*@ requires \valid(w) && writer_ok(*w) && \valid_read(status) && span_ok(status->issuer);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
void sj_key_status_put(struct sj_writer *w, const struct sj_key_status *status);

#include "wire/keystatus.c"
