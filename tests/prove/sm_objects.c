/* sm_objects.c -- the functions of secure/sm_objects.c, proved. */
#include "tests/prove/cipher.h"
#include "tests/prove/tlv.h"

#include "secure/sm_objects.h"

/*@ requires n <= SIZE_MAX - 17;
    assigns \nothing; */
size_t sj_sm_cryptogram_size(enum sj_cipher c, bool odd, size_t n);

/*@ requires \valid(w) && writer_ok(*w) && \valid_read(cbc) && span_ok(data) && data.len <= SIZE_MAX - 17;
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
void sj_sm_cryptogram_put(struct sj_writer *w, const struct sj_sm_cbc *cbc, bool odd,
			  struct sj_span data);

/*@ requires \valid(o) && span_ok(in);
    assigns *o;
    ensures span_ok(o->cryptogram);
    ensures span_ok(o->second);
    ensures span_ok(o->mac);
    ensures span_ok(o->covered);
    ensures \result == SJ_SM_OK ==> o->mac.len == SJ_MAC_SIZE; */
enum sj_sm_rc sj_sm_objects_take(struct sj_span in, uint32_t second_tag, struct sj_sm_objects *o);

/*@ requires \valid_read(cbc) && \valid_read(o) && \valid(buffer) && \valid(data);
    requires \separated(cbc, o, buffer, data) && writer_ok(*buffer) && span_ok(o->cryptogram);
    assigns buffer->len, buffer->failed, buffer->ptr[0 .. buffer->cap - 1], *data;
    ensures writer_ok(*buffer);
    ensures \result ==> span_ok(*data); */
bool sj_sm_cryptogram_open(const struct sj_sm_cbc *cbc, const struct sj_sm_objects *o,
			   struct sj_writer *buffer, struct sj_span *data);

/*@ requires \valid(a) && span_ok(le);
    assigns a->extended, a->ne; */
bool sj_sm_le_open(struct sj_span le, struct sj_apdu *a);

#include "secure/sm_objects.c"
