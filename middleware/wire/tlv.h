/*
 * tlv.h -- BER-TLV data objects and the subset of DER that card files use.
 *
 * Source: ISO/IEC 7816-4:2020, 6.3 and ISO/IEC 8825-1:2021, 8.1. Tags of one
 * to three bytes, definite lengths up to 2^32 - 1. A tag is the number its
 * bytes spell: 0x7F49, 0x5F1F, 0x30.
 */
#ifndef SJ_WIRE_TLV_H
#define SJ_WIRE_TLV_H

#include "wire/bytes.h"

enum sj_tlv_rc {
	SJ_TLV_FOUND,
	SJ_TLV_ABSENT, /* nothing left, or no such tag */
	SJ_TLV_MALFORMED,
};

/* Takes the next data object. On anything but FOUND *in is as it was. */
SJ_MUST_CHECK enum sj_tlv_rc sj_tlv_next(struct sj_span *in, uint32_t *tag, struct sj_span *value);

/*
 * Takes the next data object, which must have this tag: ABSENT (unchanged)
 * when there is none or another comes next.
 */
SJ_MUST_CHECK enum sj_tlv_rc sj_tlv_take(struct sj_span *in, uint32_t tag, struct sj_span *value);

/* As sj_tlv_take, but `element` covers tag and length too. */
SJ_MUST_CHECK enum sj_tlv_rc sj_tlv_take_element(struct sj_span *in, uint32_t tag,
						 struct sj_span *element);

/* Takes one whole data object of any tag, tag and length included. */
SJ_MUST_CHECK enum sj_tlv_rc sj_tlv_take_any(struct sj_span *in, struct sj_span *element);

/*
 * Finds the first object with this tag among siblings, in any order. The
 * whole of `in` must be well-formed, else MALFORMED even if the tag stands
 * before the fault.
 */
SJ_MUST_CHECK enum sj_tlv_rc sj_tlv_find(struct sj_span in, uint32_t tag, struct sj_span *value);

/* True if `in` is a well-formed sequence of data objects. */
bool sj_tlv_well_formed(struct sj_span in);

/*
 * True if `in` is well-formed, and so is what stands in its constructed objects, nested at most
 * eight deep, with every length in its shortest form, as DER wants it.
 */
bool sj_tlv_strict(struct sj_span in);

/*
 * The size of the whole first object (header and value) as its header
 * announces it, of which only a prefix may be present: what a reader needs
 * to know how much of a file to read. False: the header itself is
 * incomplete or malformed.
 */
SJ_MUST_CHECK bool sj_tlv_announced(struct sj_span prefix, size_t *size);

/* Bytes that a tag and length header takes for a value of n bytes. */
size_t sj_tlv_header_size(uint32_t tag, size_t n);

/* Writes tag and length (shortest form); the value follows. */
void sj_tlv_put_header(struct sj_writer *w, uint32_t tag, size_t n);
/* Writes a whole object. */
void sj_tlv_put(struct sj_writer *w, uint32_t tag, struct sj_span value);

/*
 * Constructed objects of unknown size: remember the position, write the
 * content, then close, which moves the content to make room for the header.
 *	size_t at = sj_tlv_open(w);  ...puts...  sj_tlv_close(w, 0x30, at);
 */
size_t sj_tlv_open(const struct sj_writer *w);
void sj_tlv_close(struct sj_writer *w, uint32_t tag, size_t at);

/* A DER INTEGER's content as a small unsigned number (at most 4 bytes). */
SJ_MUST_CHECK bool sj_der_small(struct sj_span integer, uint32_t *out);
/* Writes a whole DER INTEGER. */
void sj_der_put_small(struct sj_writer *w, uint32_t value);
/* Takes a whole DER INTEGER of at most 4 bytes. False, *in unchanged: none comes next. */
SJ_MUST_CHECK bool sj_der_take_small(struct sj_span *in, uint32_t *out);
/*
 * Writes a whole SET OF (tag 31) of these elements in DER's order (ISO/IEC
 * 8825-1:2021, 11.6). Each element lies outside w's buffer.
 */
void sj_der_put_set(struct sj_writer *w, const struct sj_span *elements, size_t n);

#endif
