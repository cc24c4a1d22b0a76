#include "attributes.h"
#include "crypt/wipe.h"
#include "wire/tlv.h"

#include <stdlib.h>
#include <string.h>

static struct p11_attribute *find(const struct p11_attributes *a, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].type == type)
			return &a->list[i];
	return NULL;
}

static void value_free(struct p11_attribute *at)
{
	if (at->len > 0)
		sj_wipe(at->value, at->len);
	free(at->value);
	at->value = NULL;
	at->len = 0;
}

/* The place of an attribute, new if need be; its old value is gone. NULL: no memory. */
static struct p11_attribute *place(struct p11_attributes *a, CK_ATTRIBUTE_TYPE type)
{
	struct p11_attribute *at = find(a, type);

	if (at != NULL) {
		value_free(at);
		return at;
	}
	if (a->count == a->room) {
		const size_t room = a->room + 32;
		struct p11_attribute *list = realloc(a->list, room * sizeof(*list));

		if (list == NULL)
			return NULL;
		a->list = list;
		a->room = room;
	}
	at = &a->list[a->count++];
	*at = (struct p11_attribute){ type, NULL, 0, false };
	return at;
}

void p11_put(struct p11_attributes *a, CK_ATTRIBUTE_TYPE type, struct sj_span value)
{
	uint8_t *copy = value.len > 0 ? malloc(value.len) : NULL;
	struct p11_attribute *at;

	if (value.len > 0 && copy == NULL) {
		a->failed = true;
		return;
	}
	if (value.len > 0)
		memcpy(copy, value.ptr, value.len);
	at = place(a, type); /* after the copy: the value may be the old one's */
	if (at == NULL) {
		free(copy);
		a->failed = true;
		return;
	}
	at->value = copy;
	at->len = value.len;
	at->hidden = false;
}

void p11_put_bool(struct p11_attributes *a, CK_ATTRIBUTE_TYPE type, bool value)
{
	const uint8_t byte = value ? CK_TRUE : CK_FALSE;

	p11_put(a, type, sj_span(&byte, 1));
}

void p11_put_ulong(struct p11_attributes *a, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
	p11_put(a, type, sj_span((const uint8_t *)&value, sizeof(value)));
}

void p11_put_text(struct p11_attributes *a, CK_ATTRIBUTE_TYPE type, const char *text)
{
	p11_put(a, type, sj_span((const uint8_t *)text, strlen(text)));
}

void p11_put_hidden(struct p11_attributes *a, CK_ATTRIBUTE_TYPE type)
{
	struct p11_attribute *at = place(a, type);

	if (at == NULL)
		a->failed = true;
	else
		at->hidden = true;
}

void p11_put_element(struct p11_attributes *a, CK_ATTRIBUTE_TYPE type, uint32_t tag,
		     struct sj_span content)
{
	uint8_t element[512];
	struct sj_writer w = SJ_WRITER_OF(element);

	sj_tlv_put(&w, tag, content);
	if (w.failed)
		a->failed = true;
	else
		p11_put(a, type, sj_written(&w));
}

void p11_put_template(struct p11_attributes *a, const CK_ATTRIBUTE *t, CK_ULONG n)
{
	for (CK_ULONG i = 0; i < n; i++)
		p11_put(a, t[i].type, sj_span(t[i].pValue, t[i].ulValueLen));
}

const struct p11_attribute *p11_attribute(const struct p11_attributes *a, CK_ATTRIBUTE_TYPE type)
{
	return find(a, type);
}

struct sj_span p11_attribute_span(const struct p11_attributes *a, CK_ATTRIBUTE_TYPE type)
{
	const struct p11_attribute *at = find(a, type);

	return at != NULL ? sj_span(at->value, at->len) : sj_span(NULL, 0);
}

bool p11_attribute_bool(const struct p11_attributes *a, CK_ATTRIBUTE_TYPE type)
{
	const struct p11_attribute *at = find(a, type);

	return at != NULL && at->len == 1 && at->value[0] != CK_FALSE;
}

CK_ULONG p11_attribute_ulong(const struct p11_attributes *a, CK_ATTRIBUTE_TYPE type)
{
	const struct p11_attribute *at = find(a, type);
	CK_ULONG value = CK_UNAVAILABLE_INFORMATION;

	if (at != NULL && at->len == sizeof(value))
		memcpy(&value, at->value, sizeof(value));
	return value;
}

size_t p11_attributes_size(const struct p11_attributes *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->count; i++)
		n += a->list[i].len;
	return n;
}

void p11_attributes_free(struct p11_attributes *a)
{
	for (size_t i = 0; i < a->count; i++)
		value_free(&a->list[i]);
	free(a->list);
	*a = (struct p11_attributes){ 0 };
}
