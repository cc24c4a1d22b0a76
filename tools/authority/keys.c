/* keys.c -- the key application of a card, from its own keys to their certificates. */
#include "authority/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/keyobjects.h"
#include "crypt/random.h"
#include "crypt/wipe.h"
#include "crypt/x509.h"
#include "secure/piv_cvc.h"
#include "secure/piv_spki.h"
#include "wire/hex.h"
#include "wire/std/rfc5652.h"
#include "wire/tlv.h"

#define DGI_BEGIN 0x0000u
#define DGI_IDENTITY 0x0001u
#define DGI_PASSWORD 0x0002u
#define DGI_PAIRING 0x0003u
#define DGI_ADMIN 0x0004u
#define DGI_POLICY 0x0005u
#define DGI_OBJECT 0x0010u
#define DGI_GENERATE 0x0020u
#define DGI_CVC 0x0022u
#define DGI_ATTEST 0x0023u

#define PIN_TRIES 3u
#define PUK_TRIES 10u
#define POLICY (PIV_POLICY_PIN | PIV_POLICY_VCI)
#define ATTESTER (KEYS_MADE - 2) /* place of key F9 */
#define SM (KEYS_MADE - 1) /* place of key 04 */
#define SHORT_DATA 255u
#define BATCH_MAX 16384u /* drivers' buffers take it */
#define GROUPING_HEAD 5u

/* --- secrets ---------------------------------------------------------------------- */

static void put_password(struct sj_writer *w, uint8_t ref, uint8_t tries, const char *text)
{
	uint8_t value[2 + PIV_PIN_SIZE];
	struct sj_writer v = SJ_WRITER_OF(value);
	const size_t len = strlen(text);

	sj_put_u8(&v, ref);
	sj_put_u8(&v, tries);
	sj_put(&v, sj_span((const uint8_t *)text, len));
	sj_put_fill(&v, 0xFF, PIV_PIN_SIZE - len);
	perso_put_grouping(w, DGI_PASSWORD, sj_written(&v));
	sj_wipe(value, sizeof(value));
}

static size_t admin_size(const struct key_data *k)
{
	switch (k->admin_algorithm) {
	case PIV_ALG_AES_128:
		return 16;
	case PIV_ALG_AES_256:
		return 32;
	default: /* 3DES and AES-192 */
		return 24;
	}
}

static void put_admin(struct sj_writer *w, const struct key_data *k)
{
	uint8_t value[1 + KEYS_ADMIN_MAX];
	struct sj_writer v = SJ_WRITER_OF(value);

	sj_put_u8(&v, k->admin_algorithm);
	sj_put(&v, sj_span(k->admin, admin_size(k)));
	perso_put_grouping(w, DGI_ADMIN, sj_written(&v));
	sj_wipe(value, sizeof(value));
}

/* Everything that is known before there are keys, in one command. */
static int store_secrets(const struct key_data *k, struct perso *p)
{
	const uint8_t policy[] = { POLICY, 0 };
	uint8_t identity[PIV_GUID_SIZE + 4], all[192];
	struct sj_writer id = SJ_WRITER_OF(identity), w = SJ_WRITER_OF(all);
	int rc;

	sj_put(&id, sj_span(k->row.key_x, PIV_GUID_SIZE));
	sj_put(&id, sj_span(k->row.key_x + PIV_GUID_SIZE - 4, 4));
	perso_put_grouping(&w, DGI_BEGIN, sj_span(NULL, 0));
	perso_put_grouping(&w, DGI_IDENTITY, sj_written(&id));
	put_password(&w, PIV_REF_PIN, PIN_TRIES, k->pin);
	put_password(&w, PIV_REF_PUK, PUK_TRIES, k->puk);
	perso_put_grouping(&w, DGI_PAIRING, sj_span((const uint8_t *)k->pairing, KEYS_DIGITS));
	put_admin(&w, k);
	perso_put_grouping(&w, DGI_POLICY, SJ_SPAN_OF(policy));
	rc = w.failed ? perso_fail(p, SJ_INTERNAL, "key application")
		      : perso_store_groupings(p, "secrets of the key application", sj_written(&w),
					      0, NULL);
	sj_wipe(all, sizeof(all));
	return rc;
}

bool keys_admin_text(const struct key_data *k, char out[static KEYS_ADMIN_TEXT])
{
	const int len =
		snprintf(out, KEYS_ADMIN_TEXT, "%s ", sj_piv_algorithm_name(k->admin_algorithm));

	return sj_hex_text(sj_span(k->admin, admin_size(k)), SJ_HEX_LOWER, out + len,
			   KEYS_ADMIN_TEXT - (size_t)len);
}

/* --- keys -------------------------------------------------------------------------- */

static bool read_public(struct sj_span *answer, uint8_t algorithm, struct card_key *out)
{
	struct sj_writer w = SJ_WRITER_OF(out->bytes);
	struct sj_piv_public key;
	struct sj_span content;

	if (sj_tlv_take(answer, PIV_TAG_PUBLIC_KEY, &content) != SJ_TLV_FOUND ||
	    !sj_piv_public_read(content, &key) || !sj_piv_key_spki_put(&w, algorithm, &key))
		return false;
	out->len = w.len;
	return true;
}

/* Keys in the making. */
struct making {
	struct key_data *k;
	struct perso *p;
};

static int take_public(void *user, size_t i, struct sj_span *answer)
{
	const struct making *m = user;

	if (read_public(answer, m->k->algorithms[i], &m->k->publics[i]))
		return 0;
	return perso_fail(m->p, SJ_CARD_ANSWER, "key %02X: not a public key", keys_refs[i]);
}

static int make_keys(struct key_data *k, struct perso *p)
{
	uint8_t values[KEYS_MADE][4] = { { 0 } };
	struct making m = { k, p };

	for (size_t i = 0; i < KEYS_MADE; i++) {
		values[i][0] = keys_refs[i];
		values[i][1] = k->algorithms[i];
	}
	return perso_store_each(
		p, &(struct perso_each){ "keys", DGI_GENERATE, values[0], 4, KEYS_MADE },
		take_public, &m);
}

/* --- certificates and objects --------------------------------------------------------- */

/* One card's turn, on the heap: objects are larger than a stack frame should be. */
struct turn {
	const struct key_data *k;
	const struct authority *a;
	struct perso *p;
	uint8_t der[SJ_ISSUED_CERT_MAX], value[3 + KEYOBJECTS_MAX];
	uint8_t chuid[KEYOBJECTS_MAX], ccc[KEYOBJECTS_CCC_MAX], security[KEYOBJECTS_MAX];
	uint8_t batch_bytes[BATCH_MAX];
	struct sj_writer batch; /* groupings for the next command */
};

static int flush(struct turn *t)
{
	int rc = 0;

	if (t->batch.len > 0)
		rc = perso_store_groupings(t->p, "objects of the key application",
					   sj_written(&t->batch), 0, NULL);
	t->batch.len = 0;
	return rc;
}

/* As many groupings in a command as the card takes: each is a step of its store. */
static int add_grouping(struct turn *t, uint16_t dgi, struct sj_span value)
{
	const size_t most = t->p->data_max < BATCH_MAX ? t->p->data_max : BATCH_MAX;
	int rc = t->batch.len + GROUPING_HEAD + value.len > most ? flush(t) : 0;

	perso_put_grouping(&t->batch, dgi, value);
	if (rc == 0 && t->batch.failed)
		rc = perso_fail(t->p, SJ_INTERNAL, "objects of the key application");
	return rc;
}

/* Grouping 0010: the tag in three bytes, then the object. */
static struct sj_writer begin_object(struct turn *t, uint32_t tag)
{
	struct sj_writer w = SJ_WRITER_OF(t->value);

	sj_put_be(&w, 3, tag);
	return w;
}

static int end_object(struct turn *t, const struct sj_writer *w)
{
	return w->failed ? perso_fail(t->p, SJ_INTERNAL, "objects of the key application")
			 : add_grouping(t, DGI_OBJECT, sj_written(w));
}

static int store_object(struct turn *t, uint32_t tag, struct sj_span object)
{
	struct sj_writer w = begin_object(t, tag);

	sj_put(&w, object);
	return end_object(t, &w);
}

static int store_certificate(struct turn *t, uint32_t tag, struct sj_span der)
{
	const struct sj_piv_certificate certificate = { .certificate = der };
	struct sj_writer w = begin_object(t, tag);

	sj_piv_certificate_put(&w, &certificate);
	return end_object(t, &w);
}

/* The names that go into certificates. */
struct names {
	uint8_t person_bytes[SJ_ISSUED_NAME_MAX], card_bytes[SJ_ISSUED_NAME_MAX];
	struct sj_span person, card;
};

static bool make_names(const struct key_data *k, const struct authority *a, struct names *out)
{
	const char *alpha2 = json_string_value(json_object_get(a->state, "alpha2"));
	const char *organization = json_string_value(json_object_get(a->state, "organization"));
	struct sj_writer person = SJ_WRITER_OF(out->person_bytes),
			 card = SJ_WRITER_OF(out->card_bytes);

	if (!sj_key_name_put(&person, alpha2, organization, k->person, k->row.key_x) ||
	    !sj_key_name_put(&card, alpha2, organization, NULL, k->row.key_x))
		return false;
	out->person = sj_written(&person);
	out->card = sj_written(&card);
	return true;
}

static struct sj_span spki_of(const struct key_data *k, size_t i)
{
	return sj_span(k->publics[i].bytes, k->publics[i].len);
}

/* The certificate of the i-th key: a person's, or the card's own (9E, F9). */
static bool certify(const struct key_data *k, const struct authority *a, size_t i,
		    const struct sj_cert *ca, const struct names *names, struct sj_writer *w)
{
	const uint8_t ref = keys_refs[i];
	const char *country = authority_country(a);
	const bool own = ref == PIV_KEY_CARD_AUTHENTICATION || ref == YUBICO_KEY_ATTESTATION;
	const struct sj_key_card card = {
		.ref = ref,
		.agrees = k->algorithms[i] != PIV_ALG_RSA_2048 &&
			  k->algorithms[i] != PIV_ALG_RSA_3072,
		.guid = k->row.key_x,
		.status = { sj_span((const uint8_t *)country, strlen(country)),
			    k->row.status.partition, k->row.status.index },
	};
	uint8_t serial[SJ_SERIAL_SIZE];
	const struct sj_cert_plan plan = {
		.kind = ref == YUBICO_KEY_ATTESTATION ? SJ_CERT_ATTESTATION : SJ_CERT_KEY,
		.serial = SJ_SPAN_OF(serial),
		.issuer = ca->subject,
		.subject = own ? names->card : names->person,
		.issuer_spki = ca->spki,
		.subject_spki = spki_of(k, i),
		.not_before = k->not_before,
		.not_after = k->ends,
		.card = &card,
	};

	keys_serial(&k->row, ref, serial);
	return sj_cert_put(w, &plan, k->ca.key);
}

static int store_certified(struct turn *t, size_t i, const struct sj_cert *ca,
			   const struct names *names)
{
	struct sj_writer w = SJ_WRITER_OF(t->der);

	if (!certify(t->k, t->a, i, ca, names, &w))
		return perso_fail(t->p, SJ_CRYPTO_FAILED, "certificate of %02X", keys_refs[i]);
	return store_certificate(t, sj_piv_key_object(keys_refs[i]), sj_written(&w));
}

/* Nothing is certified that the card does not state, by its key F9, to have made itself. */
static int check_made(void *user, size_t i, struct sj_span *answer)
{
	const struct turn *t = user;
	struct sj_span statement;
	struct sj_cert cert;

	if (sj_tlv_take_element(answer, SJ_ASN1_SEQUENCE, &statement) == SJ_TLV_FOUND &&
	    sj_cert_read(statement, &cert) && sj_cert_signed_by(&cert, spki_of(t->k, ATTESTER)) &&
	    sj_span_eq(cert.spki, spki_of(t->k, i)))
		return 0;
	return perso_fail(t->p, SJ_CARD_ANSWER, "attestation of %02X: not of the key that it made",
			  keys_refs[i]);
}

/* F9's first, which the card needs to attest the others. */
static int store_certificates(struct turn *t)
{
	const struct authority_certificate *ca_file = &t->k->ca.certificate;
	struct names names;
	struct sj_cert ca;
	int rc;

	if (!sj_cert_read(sj_span(ca_file->bytes, ca_file->len), &ca) ||
	    !make_names(t->k, t->a, &names))
		return perso_fail(t->p, SJ_INTERNAL, "names of certificates");
	rc = store_certified(t, ATTESTER, &ca, &names);
	if (rc == 0)
		rc = flush(t);
	if (rc == 0)
		rc = perso_store_each(
			t->p,
			&(struct perso_each){ "attestation", DGI_ATTEST, keys_refs, 1, ATTESTER },
			check_made, t);
	for (size_t i = 0; rc == 0 && i < ATTESTER; i++)
		rc = store_certified(t, i, &ca, &names);
	return rc;
}

/* Key 04's certificate, and beside it that of who signed it. */
static int store_cvc(struct turn *t)
{
	const struct key_data *k = t->k;
	const struct sj_span signer =
		sj_span(k->content.certificate.bytes, k->content.certificate.len);
	struct sj_piv_cvc plan = { .subject = sj_span(k->row.key_x, PIV_GUID_SIZE),
				   .role = SJ_PIV_CVC_CARD };
	uint8_t bytes[SJ_PIV_CVC_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_cert cert;
	int rc;

	if (!sj_cert_read(signer, &cert) || cert.subject_key_id.len != SJ_KEY_ID_SIZE ||
	    !sj_ec_spki_read(sj_span(k->publics[SM].bytes, k->publics[SM].len), &plan.curve,
			     &plan.key))
		return perso_fail(t->p, SJ_INTERNAL, "card verifiable certificate");
	plan.issuer = sj_span(cert.subject_key_id.ptr, 8);
	if (!sj_piv_cvc_put(&w, &plan, k->content.key))
		return perso_fail(t->p, SJ_CRYPTO_FAILED, "card verifiable certificate");
	rc = add_grouping(t, DGI_CVC, sj_written(&w));
	return rc != 0 ? rc : store_certificate(t, PIV_OBJECT_SM_SIGNER, signer);
}

static int store_signed(struct turn *t)
{
	const struct sj_random rnd = sj_random_system();
	const struct key_data *k = t->k;
	const struct sj_signed_by signer = {
		k->content.key, sj_span(k->content.certificate.bytes, k->content.certificate.len),
		k->signed_at
	};
	struct sj_writer chuid = SJ_WRITER_OF(t->chuid), ccc = SJ_WRITER_OF(t->ccc),
			 security = SJ_WRITER_OF(t->security);
	uint8_t id[KEYOBJECTS_CARD_ID];
	int rc;

	if (!sj_random_fill(&rnd, id, sizeof(id)))
		return perso_fail(t->p, SJ_CRYPTO_FAILED, "card identifier");
	keyobjects_put_ccc(&ccc, id);
	if (ccc.failed ||
	    !keyobjects_put_chuid(&chuid, sj_span(k->row.key_x, PIV_GUID_SIZE), k->expires,
				  &signer) ||
	    !keyobjects_put_security(&security, sj_written(&chuid), sj_written(&ccc), &signer))
		return perso_fail(t->p, SJ_CRYPTO_FAILED, "signed objects");
	rc = store_object(t, PIV_OBJECT_CHUID, sj_written(&chuid));
	if (rc == 0)
		rc = store_object(t, PIV_OBJECT_CCC, sj_written(&ccc));
	return rc != 0 ? rc : store_object(t, PIV_OBJECT_SECURITY, sj_written(&security));
}

static int store_pairing(struct turn *t)
{
	struct sj_writer w = begin_object(t, PIV_OBJECT_PAIRING_CODE);

	keyobjects_put_pairing(&w, t->k->pairing);
	return end_object(t, &w);
}

/* What is signed for keys that the card has made, and that the authority has recorded. */
static int store_all(const struct key_data *k, const struct authority *a, struct perso *p)
{
	struct turn *t = malloc(sizeof(*t));
	int rc;

	if (t == NULL)
		return perso_fail(p, SJ_NO_MEMORY, "objects");
	t->k = k;
	t->a = a;
	t->p = p;
	t->batch = SJ_WRITER_OF(t->batch_bytes);
	rc = store_cvc(t);
	if (rc == 0)
		rc = store_certificates(t);
	if (rc == 0)
		rc = store_signed(t);
	if (rc == 0)
		rc = store_pairing(t);
	if (rc == 0)
		rc = flush(t);
	sj_wipe(t, sizeof(*t));
	free(t);
	return rc;
}

int keys_personalise(struct key_data *k, const struct authority *a, struct perso *p)
{
	int rc = perso_target(p, sj_piv_aid(), "key", k->wanted);

	if (rc == 0 && k->wanted && p->data_max <= SHORT_DATA)
		return perso_fail(p, SJ_CARD_REFUSED,
				  "the card takes at most %u bytes in a command, which is too few "
				  "for the key application; leave it out with --no-keys",
				  SHORT_DATA);
	if (rc == 0 && p->target_found && !k->wanted)
		rc = perso_store(p, "begin of the key application", DGI_BEGIN, sj_span(NULL, 0),
				 NULL);
	if (rc != 0 || !k->wanted)
		return rc;
	rc = store_secrets(k, p);
	if (rc == 0)
		rc = make_keys(k, p);
	return rc != 0 ? rc : store_all(k, a, p);
}
