/*
 * attributes.h -- an object is a list of attributes; which ones there are, and who may set them.
 *
 * Source: PKCS #11 3.1, 4.
 */
#ifndef P11_ATTRIBUTES_H
#define P11_ATTRIBUTES_H

#include "p11.h"
#include "wire/bytes.h"

struct p11_attribute {
	CK_ATTRIBUTE_TYPE type;
	uint8_t *value; /* owned; NULL when len is 0 */
	size_t len;
	bool hidden; /* the object has it, but nobody is told */
};

/* Begins as zeros. A put that finds no memory sets `failed`. */
struct p11_attributes {
	struct p11_attribute *list;
	size_t count, room;
	bool failed;
};

/* Each replaces what was there. */
void p11_put(struct p11_attributes *a, CK_ATTRIBUTE_TYPE type, struct sj_span value);
void p11_put_bool(struct p11_attributes *a, CK_ATTRIBUTE_TYPE type, bool value);
void p11_put_ulong(struct p11_attributes *a, CK_ATTRIBUTE_TYPE type, CK_ULONG value);
void p11_put_text(struct p11_attributes *a, CK_ATTRIBUTE_TYPE type, const char *text);
void p11_put_hidden(struct p11_attributes *a, CK_ATTRIBUTE_TYPE type);
/* The value as the content of an OCTET STRING or another element. */
void p11_put_element(struct p11_attributes *a, CK_ATTRIBUTE_TYPE type, uint32_t tag,
		     struct sj_span content);
/* Puts all of a template. */
void p11_put_template(struct p11_attributes *a, const CK_ATTRIBUTE *t, CK_ULONG n);
/* What the class has and is not there yet, with its default (3.1, tables of 4.4 to 4.15). */
void p11_put_defaults(struct p11_attributes *a, CK_OBJECT_CLASS class);

/* NULL: it has none. */
const struct p11_attribute *p11_attribute(const struct p11_attributes *a, CK_ATTRIBUTE_TYPE type);
/* Empty when it has none. */
struct sj_span p11_attribute_span(const struct p11_attributes *a, CK_ATTRIBUTE_TYPE type);
bool p11_attribute_bool(const struct p11_attributes *a, CK_ATTRIBUTE_TYPE type);
CK_ULONG p11_attribute_ulong(const struct p11_attributes *a, CK_ATTRIBUTE_TYPE type);
/* Bytes of all attributes. */
size_t p11_attributes_size(const struct p11_attributes *a);
/* Wipes and frees. */
void p11_attributes_free(struct p11_attributes *a);

/* --- templates ----------------------------------------------------------------- */

enum p11_use {
	P11_CREATE, /* C_CreateObject */
	P11_MAKE, /* generating, unwrapping, deriving */
	P11_CHANGE, /* C_SetAttributeValue, C_CopyObject */
};

/*
 * CKR_ARGUMENTS_BAD; CKR_ATTRIBUTE_TYPE_INVALID: unknown, or not of this class;
 * CKR_ATTRIBUTE_VALUE_INVALID: not of its size; CKR_ATTRIBUTE_READ_ONLY: not for this use;
 * CKR_TEMPLATE_INCONSISTENT: one twice.
 */
CK_RV p11_template_check(const CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_CLASS class,
			 enum p11_use use);
const CK_ATTRIBUTE *p11_template(const CK_ATTRIBUTE *t, CK_ULONG n, CK_ATTRIBUTE_TYPE type);
/* False: not there, or not of a CK_ULONG's size. */
bool p11_template_ulong(const CK_ATTRIBUTE *t, CK_ULONG n, CK_ATTRIBUTE_TYPE type, CK_ULONG *out);
/* `otherwise` when not there. */
bool p11_template_bool(const CK_ATTRIBUTE *t, CK_ULONG n, CK_ATTRIBUTE_TYPE type, bool otherwise);
/* Empty when not there. */
struct sj_span p11_template_span(const CK_ATTRIBUTE *t, CK_ULONG n, CK_ATTRIBUTE_TYPE type);

#endif
