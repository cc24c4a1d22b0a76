/* cipher.h -- contracts of what crypt/cipher.h declares and the proofs call. */
#ifndef PROVE_CIPHER_H
#define PROVE_CIPHER_H

#include "tests/prove/spans.h"

#include "crypt/cipher.h"
#include "crypt/wipe.h"

/*@ assigns \nothing;
    ensures \result == 8 || \result == 16; */
size_t sj_cipher_block_size(enum sj_cipher c);

/* Assumed: OpenSSL does it. */
/*@ requires span_ok(in) && room_ok(out, in.len) && bytes_ok(iv, 16);
    assigns out[0 .. in.len - 1]; */
bool sj_cbc_encrypt(enum sj_cipher c, const uint8_t *key, const uint8_t *iv, struct sj_span in,
		    uint8_t *out);
/*@ requires span_ok(in) && room_ok(out, in.len) && bytes_ok(iv, 16);
    assigns out[0 .. in.len - 1]; */
bool sj_cbc_decrypt(enum sj_cipher c, const uint8_t *key, const uint8_t *iv, struct sj_span in,
		    uint8_t *out);
/*@ requires room_ok(at, n);
    assigns at[0 .. n - 1]; */
void prove_wipe(uint8_t *at, size_t n);
#define sj_wipe prove_wipe

/*@ requires \valid(w) && writer_ok(*w) && block > 0;
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w) && w->len >= \old(w->len);
    ensures \old(w->failed) ==> w->failed; */
void sj_pad(struct sj_writer *w, size_t from, size_t block);

/*
 * That the length is not beyond the padding is masks and shifts, which the provers do not see
 * through: assumed where it is used. The unit tests try every place of the padding.
 */
#ifdef PROVE_PAD
/*@ requires \valid(len) && span_ok(padded) && block > 0;
    assigns *len; */
bool sj_unpad(struct sj_span padded, size_t block, size_t *len);
#else
/*@ requires \valid(len) && span_ok(padded) && block > 0;
    assigns *len;
    ensures \result ==> *len <= padded.len; */
bool sj_unpad(struct sj_span padded, size_t block, size_t *len);
#endif

#endif
