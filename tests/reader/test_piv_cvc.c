/* Who vouches for a card's key of secure messaging; certificates by OpenSSL (trust_pki.py). */
#include <stdio.h>

#include <sojourn/trust.h>

#include "applets/piv/state.h"
#include "crypt/sign.h"
#include "crypt/x509.h"
#include "tests/reader/piv_stage.h"
#include "tests/unit/pki.h"

static char store[64];
static const struct piv_plan open_card = { .interface = CARD_CONTACTLESS };

static struct sj_span load(const char *name, uint8_t *out, size_t cap)
{
	char path[128];
	size_t len;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", pki, name);
	in = fopen(path, "rb");
	assert_non_null(in);
	len = fread(out, 1, cap, in);
	fclose(in);
	return sj_span(out, len);
}

static void trust_only(const char *name)
{
	struct sj_trust *trust = NULL;
	uint8_t bytes[1024];
	struct sj_span der = load(name, bytes, sizeof(bytes));
	char command[128];

	snprintf(store, sizeof(store), "%s/store", pki);
	snprintf(command, sizeof(command), "rm -rf %s", store);
	assert_int_equal(system(command), 0);
	assert_int_equal(sj_trust_create(store, &trust), SJ_OK);
	assert_int_equal(sj_trust_import_key_ca(trust, der.ptr, der.len, NULL), SJ_OK);
	sj_trust_close(trust);
}

/* What a card says of its key 04. */
struct story {
	const char *certificate, *key; /* of the signer */
	bool other_key; /* the CVC's is not the card's */
	bool intermediate; /* an intermediate CVC stands between */
};

static struct sj_key *key_of(const char *name)
{
	uint8_t bytes[512];

	return sj_key_read(load(name, bytes, sizeof(bytes)));
}

static void put_object(struct bench *b, struct sj_span certificate, struct sj_span cvc)
{
	const struct sj_piv_certificate c = { .certificate = certificate, .intermediate_cvc = cvc };
	static uint8_t bytes[2048];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	sj_piv_certificate_put(&w, &c);
	assert_false(w.failed);
	assert_true(card_store_set(b->store, PIV_STORE_DATA + (PIV_OBJECT_SM_SIGNER & 0xFFFF),
				   sj_written(&w)));
}

/* The key that signs the card's CVC: the certificate's, or one that it vouches for. */
static struct sj_key *middle(const struct sj_piv_cvc *card, struct sj_key *signer,
			     struct sj_writer *cvc)
{
	struct sj_key *key = sj_key_generate("P-256");
	struct sj_piv_cvc plan = { .issuer = card->issuer,
				   .subject = SJ_SPAN_STR("MIDDLE.."),
				   .curve = SJ_P256,
				   .role = SJ_PIV_CVC_SIGNER };
	struct sj_ec_secret secret;
	enum sj_curve curve;

	assert_true(sj_key_get_ec(key, &curve, &secret, &plan.key));
	assert_true(sj_piv_cvc_put(cvc, &plan, signer));
	sj_key_free(signer);
	return key;
}

static void tell(struct bench *b, const struct story *story)
{
	struct sj_piv_public public = piv_public_key(b, PIV_KEY_SECURE_MESSAGING);
	static uint8_t der[1024], cvc[SJ_PIV_CVC_MAX], between[SJ_PIV_CVC_MAX];
	struct sj_writer w = SJ_WRITER_OF(cvc), m = SJ_WRITER_OF(between);
	struct sj_span certificate = load(story->certificate, der, sizeof(der));
	struct sj_key *signer = key_of(story->key);
	struct sj_piv_cvc plan = { .subject = HEX(PIV_GUID), .curve = SJ_P256 };
	struct sj_cert cert;

	assert_non_null(signer);
	assert_true(sj_cert_read(certificate, &cert));
	plan.issuer = sj_span(cert.subject_key_id.ptr, 8);
	if (story->other_key)
	public = piv_public_key(b, 0x9A);
	assert_true(sj_ec_point_read(SJ_P256, public.point, &plan.key));
	if (story->intermediate) {
		signer = middle(&plan, signer, &m);
		plan.issuer = SJ_SPAN_STR("MIDDLE..");
	}
	assert_true(sj_piv_cvc_put(&w, &plan, signer));
	assert_true(card_store_set(b->store, PIV_STORE_CVC, sj_written(&w)));
	put_object(b, certificate, sj_written(&m));
	assert_int_equal(card_store_commit(b->store), CARD_STORE_OK);
	sj_key_free(signer);
}

/* Opens such a card; *judged is what was found about its CVC. */
static enum sj_rc open_story(const struct story *story, bool judge, enum sj_rc *judged)
{
	struct piv_stage *s = piv_stage_new(&open_card);
	struct sj_piv_info info = { .size = sizeof(info) };
	enum sj_rc rc;

	tell(s->b, story);
	s->answers[0] = STAGE_PAIRING;
	s->options.trust = judge ? store : NULL;
	rc = piv_stage_open(s);
	if (rc == SJ_OK) {
		assert_int_equal(sj_piv_get_info(s->piv, &info), SJ_OK);
		*judged = info.cvc;
	} else {
		assert_int_equal(s->passwords + s->questions, 0);
	}
	piv_stage_free(s);
	return rc;
}

static const struct story good = { "content.cer", "content.der", false, false };

static void a_cvc_of_a_known_ca_is_good(void **state)
{
	const struct story by_middle = { "content.cer", "content.der", false, true };
	enum sj_rc judged = SJ_INTERNAL;

	(void)state;
	trust_only("keys.cer");
	assert_int_equal(open_story(&good, true, &judged), SJ_OK);
	assert_int_equal(judged, SJ_OK);
	assert_int_equal(open_story(&by_middle, true, &judged), SJ_OK);
	assert_int_equal(judged, SJ_OK);
}

static void without_a_store_it_is_not_judged(void **state)
{
	enum sj_rc judged = SJ_INTERNAL;

	(void)state;
	assert_int_equal(open_story(&good, false, &judged), SJ_OK);
	assert_int_equal(judged, SJ_UNDECIDED);
}

static void an_unknown_ca_is_told(void **state)
{
	enum sj_rc judged = SJ_INTERNAL;

	(void)state;
	trust_only("keys.cer");
	assert_int_equal(open_story(&(struct story){ "signer.cer", "signer.der", false, false },
				    true, &judged),
			 SJ_OK);
	assert_int_equal(judged, SJ_ISSUER_UNKNOWN);
}

static void an_unknown_ca_gets_no_code_where_only_known_ones_may(void **state)
{
	struct piv_stage *s = piv_stage_new(&open_card);

	(void)state;
	trust_only("keys.cer");
	tell(s->b, &(struct story){ "signer.cer", "signer.der", false, false });
	s->answers[0] = STAGE_PAIRING;
	s->options.trust = store;
	s->options.only_trusted = true;
	assert_int_equal(piv_stage_open(s), SJ_ISSUER_UNKNOWN);
	assert_int_equal(s->questions, 0);
	tell(s->b, &good);
	assert_int_equal(piv_stage_open(s), SJ_OK);
	piv_stage_free(s);
}

static void a_remembered_code_is_for_a_known_ca(void **state)
{
	struct piv_stage *s = piv_stage_new(&open_card);
	char memory[64];

	(void)state;
	trust_only("keys.cer");
	snprintf(memory, sizeof(memory), "%s/memory", pki);
	tell(s->b, &good);
	s->answers[0] = STAGE_PAIRING;
	s->remember = true;
	s->options.trust = store;
	s->options.memory = memory;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	piv_stage_close(s);
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_int_equal(s->questions, 1);
	piv_stage_close(s);
	tell(s->b, &(struct story){ "signer.cer", "signer.der", false, false });
	s->answers[1] = NULL;
	assert_int_equal(piv_stage_open(s), SJ_SECRET_NEEDED);
	assert_int_equal(s->questions, 2);
	piv_stage_free(s);
}

static void a_forged_cvc_gets_no_code(void **state)
{
	enum sj_rc judged;

	(void)state;
	trust_only("keys.cer");
	assert_int_equal(open_story(&(struct story){ "content.cer", "signer.der", false, false },
				    true, &judged),
			 SJ_CARD_CVC);
}

/* A holder's own certificate is of the CA too, but its key may sign no CVC. */
static void a_signer_for_another_purpose_gets_no_code(void **state)
{
	enum sj_rc judged;

	(void)state;
	trust_only("keys.cer");
	assert_int_equal(
		open_story(&(struct story){ "card.cer", "card.der", false, false }, true, &judged),
		SJ_SIGNER_INVALID);
}

/* The CVC was judged when the card was opened: no other may stand in for it. */
static void another_cvc_with_the_same_guid_is_another_card(void **state)
{
	struct piv_stage *s = piv_stage_new(&open_card);

	(void)state;
	trust_only("keys.cer");
	tell(s->b, &good);
	s->answers[0] = STAGE_PAIRING;
	s->options.trust = store;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	tell(s->b, &(struct story){ "signer.cer", "signer.der", false, false });
	s->was_reset = true;
	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, NULL), SJ_CARD_LOST);
	assert_int_equal(s->passwords, 0);
	piv_stage_free(s);
}

static void a_chuid_of_another_card_names_none(void **state)
{
	const struct sj_piv_chuid other = { .fasc_n = SJ_SPAN_STR("0123456789012345678901234"),
					    .guid = SJ_SPAN_STR("another card's.."),
					    .expiration = SJ_SPAN_STR("20300101") };
	struct piv_stage *s = piv_stage_new(&open_card);
	struct sj_piv_info info = { .size = sizeof(info) };
	uint8_t bytes[256];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	sj_piv_chuid_put(&w, &other);
	assert_true(card_store_set(s->b->store, PIV_STORE_DATA + (PIV_OBJECT_CHUID & 0xFFFF),
				   sj_written(&w)));
	assert_int_equal(card_store_commit(s->b->store), CARD_STORE_OK);
	s->answers[0] = STAGE_PAIRING;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_int_equal(sj_piv_get_info(s->piv, &info), SJ_OK);
	assert_false(info.has_guid);
	assert_int_equal(info.cvc, SJ_CARD_CVC);
	piv_stage_free(s);
}

static void a_copied_cvc_gets_no_code(void **state)
{
	enum sj_rc judged;

	(void)state;
	assert_int_equal(open_story(&(struct story){ "content.cer", "content.der", true, false },
				    false, &judged),
			 SJ_CARD_CVC_PROOF);
}

static int make_pki(void **state)
{
	char command[256];
	int rc = pki_make(state);

	snprintf(command, sizeof(command),
		 "cd %s && for k in content signer card; do "
		 "openssl pkcs8 -topk8 -nocrypt -in $k.key -outform DER -out $k.der; done",
		 pki);
	return rc == 0 ? system(command) : rc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cvc_of_a_known_ca_is_good),
		cmocka_unit_test(without_a_store_it_is_not_judged),
		cmocka_unit_test(an_unknown_ca_is_told),
		cmocka_unit_test(an_unknown_ca_gets_no_code_where_only_known_ones_may),
		cmocka_unit_test(a_remembered_code_is_for_a_known_ca),
		cmocka_unit_test(a_forged_cvc_gets_no_code),
		cmocka_unit_test(a_signer_for_another_purpose_gets_no_code),
		cmocka_unit_test(another_cvc_with_the_same_guid_is_another_card),
		cmocka_unit_test(a_chuid_of_another_card_names_none),
		cmocka_unit_test(a_copied_cvc_gets_no_code),
	};

	return cmocka_run_group_tests(tests, make_pki, pki_remove);
}
