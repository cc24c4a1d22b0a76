#include "secure/cvc.h"
#include "tests/vectors/bsi_cvc.h"
#include "tests/vectors/shared.h"
#include "wire/std/tr03110.h"
#include "wire/tlv.h"

#define DAY 86400
#define NEW_YEAR_2026 INT64_C(1767225600)

static struct sj_cvc read_hex(const char *text)
{
	struct sj_cvc c;

	assert_true(sj_cvc_read(hex(text), &c));
	return c;
}

/* --- the worked example ------------------------------------------------------- */

static void fields_of_the_example(void **state)
{
	const struct sj_cvc ca = read_hex(BSI_EC_CVCA), dv = read_hex(BSI_EC_DV),
			    at = read_hex(BSI_EC_AT);

	(void)state;
	assert_true(sj_span_eq(ca.holder, SJ_SPAN_STR("DECVCAAT00001")));
	assert_true(sj_span_eq(dv.authority, ca.holder));
	assert_int_equal(ca.key.curve, SJ_BP512R1);
	assert_int_equal(dv.key.curve, SJ_CURVE_NONE);
	assert_int_equal(dv.key.hash, SJ_SHA512);
	assert_int_equal(ca.rights.terminal, SJ_CVC_INSPECTION);
	assert_int_equal(sj_cvc_role(&ca.rights), SJ_CVC_CVCA);
	assert_int_equal(sj_cvc_role(&dv.rights), SJ_CVC_DV_DOMESTIC);
	assert_true(at.rights.bits == 0x0000000110);
	assert_int_equal(sj_cvc_role(&at.rights), SJ_CVC_TERMINAL);
	assert_int_equal(at.from, 1285804800); /* 2010-09-30 */
	assert_int_equal(at.until, 1288396800); /* 2010-10-30 */
}

static void signatures_of_the_example(void **state)
{
	const struct sj_cvc ca = read_hex(BSI_EC_CVCA);
	struct sj_cvc dv = read_hex(BSI_EC_DV), at = read_hex(BSI_EC_AT);
	const struct sj_span message = hex(BSI_EC_TA_SIGNED);

	(void)state;
	assert_true(sj_cvc_verify(&ca, &ca.key));
	assert_true(sj_cvc_verify(&dv, &ca.key));
	assert_false(sj_cvc_verify(&at, &dv.key)); /* a key without a curve */
	assert_true(sj_cvc_key_inherit(&dv.key, &ca.key));
	assert_true(sj_cvc_verify(&at, &dv.key));
	assert_false(sj_cvc_verify(&at, &ca.key));
	assert_true(sj_cvc_key_inherit(&at.key, &dv.key));
	assert_true(sj_cvc_key_verify(&at.key, &message, 1, hex(BSI_EC_TA_SIGNATURE)));
	assert_false(sj_cvc_key_verify(&dv.key, &message, 1, hex(BSI_EC_TA_SIGNATURE)));
}

static void signatures_of_the_rsa_example(void **state)
{
	const struct sj_cvc ca = read_hex(BSI_RSA_CVCA), dv = read_hex(BSI_RSA_DV),
			    at = read_hex(BSI_RSA_AT);
	const struct sj_span message = hex(BSI_RSA_TA_SIGNED);

	(void)state;
	assert_int_equal(ca.key.scheme, SJ_CVC_RSA);
	assert_int_equal(ca.key.hash, SJ_SHA1);
	assert_true(sj_cvc_verify(&ca, &ca.key));
	assert_true(sj_cvc_verify(&dv, &ca.key));
	assert_true(sj_cvc_verify(&at, &dv.key));
	assert_false(sj_cvc_verify(&at, &ca.key));
	assert_true(sj_cvc_key_verify(&at.key, &message, 1, hex(BSI_RSA_TA_SIGNATURE)));
}

static void every_truncation(void **state)
{
	static const char *const rows[] = { BSI_EC_CVCA,  BSI_EC_DV,  BSI_EC_AT,
					    BSI_RSA_CVCA, BSI_RSA_DV, BSI_RSA_AT };
	struct sj_cvc_request request;
	struct sj_cvc c;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sj_span whole = hex(rows[i]);

		for (size_t n = 0; n < whole.len; n++) {
			assert_false(sj_cvc_read(sj_span(whole.ptr, n), &c));
			assert_false(sj_cvc_request_read(sj_span(whole.ptr, n), &request));
		}
	}
}

/* Whatever byte changes: it is not read, or its signature does not hold. */
static void a_changed_certificate_does_not_verify(void **state)
{
	const struct sj_cvc ca = read_hex(BSI_RSA_CVCA);
	const struct sj_span whole = hex(BSI_RSA_DV);
	uint8_t bytes[SJ_CVC_MAX];
	struct sj_cvc c;

	(void)state;
	memcpy(bytes, whole.ptr, whole.len);
	for (size_t i = 0; i < whole.len; i++) {
		bytes[i] ^= 1;
		assert_false(sj_cvc_read(sj_span(bytes, whole.len), &c) &&
			     sj_cvc_verify(&c, &ca.key));
		bytes[i] ^= 1;
	}
}

/* --- strictness ----------------------------------------------------------------- */

/* The objects of a body in their order; the extensions are the last. */
#define PARTS 8u
static const char *const parts[PARTS] = {
	"5F290100",
	"420D5554444F4D414E443030303031",
	"7F494F060A04007F00070202020203864104"
	"6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
	"4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5",
	"5F200D55545445535445523030303031",
	"7F4C12060904007F00070301020253050000000100",
	"5F2506020600010001",
	"5F2406020600020001",
	"650F730D060904007F0007030103018000",
};

/* The certificate of these parts, with a signature that is none. */
static bool reads(const char *const *list, size_t n)
{
	uint8_t bytes[SJ_CVC_MAX + 256];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	const size_t at = sj_tlv_open(&w), body = sj_tlv_open(&w);
	struct sj_cvc c;

	for (size_t i = 0; i < n; i++)
		sj_put(&w, hex(list[i]));
	sj_tlv_close(&w, SJ_TAG_CVC_BODY, body);
	sj_tlv_put(&w, SJ_TAG_CVC_SIGNATURE, SJ_SPAN_STR("none"));
	sj_tlv_close(&w, SJ_TAG_CVC, at);
	assert_false(w.failed);
	return sj_cvc_read(sj_written(&w), &c);
}

/* With one part replaced. */
static bool reads_with(size_t i, const char *text)
{
	const char *list[PARTS];

	memcpy(list, parts, sizeof(parts));
	list[i] = text;
	return reads(list, PARTS);
}

static void missing_double_and_swapped_objects(void **state)
{
	const char *list[PARTS + 1];

	(void)state;
	assert_true(reads(parts, PARTS));
	assert_true(reads(parts, PARTS - 1)); /* extensions are optional */
	for (size_t i = 0; i < PARTS - 1; i++) {
		assert_false(reads_with(i, ""));
		memcpy(list, parts, sizeof(parts));
		list[i] = parts[i + 1];
		list[i + 1] = parts[i];
		assert_false(reads(list, PARTS));
	}
	for (size_t i = 0; i < PARTS; i++) {
		memcpy(list, parts, (i + 1) * sizeof(parts[0]));
		memcpy(list + i + 1, parts + i, (PARTS - i) * sizeof(parts[0]));
		assert_false(reads(list, PARTS + 1));
	}
	memcpy(list, parts, sizeof(parts));
	list[PARTS] = "5F4C0100"; /* unknown here */
	assert_false(reads(list, PARTS + 1));
}

static void objects_that_are_refused(void **state)
{
	static const struct {
		size_t part;
		const char *text;
	} rows[] = {
		{ 0, "5F290101" }, /* profile */
		{ 0, "5F29020000" },
		{ 1, "4206555444563031" }, /* too short */
		{ 1, "420D7554444F4D414E443030303031" }, /* lower-case country */
		{ 1, "420D555444014D414E443030303031" }, /* unassigned character */
		{ 1, "420D5554444F4D414E443030302031" }, /* blank in the number */
		{ 1, "42115554444F4D414E444D414E443030303031" }, /* 17 bytes */
		{ 2, "7F4904060204008600" }, /* algorithm */
		{ 2, "7F4910060A04007F0007020202020386020400" }, /* length of a point */
		{ 4, "7F4C12060904007F00070301020453050000000100" }, /* kind of terminal */
		{ 4, "7F4C11060904007F000703010202530400000100" }, /* size */
		{ 4, "7F4C0E060904007F0007030102025301C3" },
		{ 4, "7F4C14060904007F000703010202530500000001005300" },
		{ 5, "5F2506020601030001" }, /* month 13 */
		{ 5, "5F250602060002000A" }, /* a digit of 10 */
		{ 5, "5F2506020600030002" }, /* after the last day */
		{ 5, "5F25050206000100" },
		{ 6, "5F2406020600020300" }, /* 30 February */
		{ 7, "6500" },
		{ 7, "650D730B060904007F000703010301" }, /* no data */
		{ 7, "650F730D060904007F0007030103014200" }, /* neither */
		{ 7, "651E730D060904007F0007030103018000730D060904007F0007030103018000" },
		{ 7, "6510730E060A04007F000703010202018000" }, /* no authorization */
		{ 7, "6510730E060A04007F000703010202015300" },
		{ 7, "650F740D060904007F0007030103018000" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (reads_with(rows[i].part, rows[i].text))
			fail_msg("row %zu is read", i);
	assert_true(reads_with(7, "6511730F060A04007F00070301020201530107")); /* eIDAccess */
	assert_true(reads_with(5, "5F2506020600020001")); /* one day */
}

/* X.690, 10.1: 82 0141 may not be 83 000141, nor 41 be 81 41, at any depth. */
static void lengths_are_the_shortest(void **state)
{
	(void)state;
	assert_false(reads_with(0, "5F29810100"));
	assert_false(reads_with(2, "7F498150060A04007F00070202020203868141"
				   "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898"
				   "C2964FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837"
				   "BF51F5"));
	assert_false(reads_with(7, "6510730E06810904007F0007030103018000"));
}

static void nothing_longer_than_the_limit(void **state)
{
	static uint8_t bytes[SJ_CVC_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	static char text[2 * SJ_CVC_MAX + 1];

	(void)state;
	for (size_t n = 1500; n <= 2000; n += 500) {
		w.len = 0;
		sj_put(&w, hex("060904007F000703010301"));
		sj_tlv_put_header(&w, 0x80, n);
		sj_put_fill(&w, 0x5A, n);
		sj_tlv_close(&w, 0x73, 0);
		sj_tlv_close(&w, 0x65, 0);
		for (size_t i = 0; i < w.len; i++)
			snprintf(text + 2 * i, 3, "%02X", bytes[i]);
		assert_int_equal(reads_with(7, text), n == 1500);
	}
}

/* --- what we make ------------------------------------------------------------------ */

/* A plan for this key, of which it borrows `point`. */
static struct sj_cvc plan_for(const struct sj_key *key, struct sj_ec_point *point,
			      enum sj_cvc_role role)
{
	struct sj_cvc plan = { .authority = SJ_SPAN_STR("UTCVCA00001"),
			       .holder = SJ_SPAN_STR("UTTERM00001"),
			       .rights = sj_cvc_all_rights(SJ_CVC_AUTHENTICATION, role),
			       .from = NEW_YEAR_2026,
			       .until = NEW_YEAR_2026 + 58 * DAY };

	assert_true(sj_cvc_key_of(key, point, &plan.key));
	return plan;
}

static void check_made(const char *kind, enum sj_cvc_role role)
{
	struct sj_key *key = sj_key_generate(kind);
	struct sj_ec_point point;
	const struct sj_cvc plan = plan_for(key, &point, role);
	uint8_t bytes[SJ_CVC_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_cvc c;

	assert_true(sj_cvc_put(&w, &plan, key));
	assert_true(sj_cvc_read(sj_written(&w), &c));
	assert_int_equal(c.key.curve, role == SJ_CVC_CVCA ? plan.key.curve : SJ_CURVE_NONE);
	assert_true(sj_span_eq(c.key.point, plan.key.point));
	assert_true(sj_span_eq(c.authority, plan.authority) && sj_span_eq(c.holder, plan.holder));
	assert_true(sj_cvc_within(&c.rights, &plan.rights) &&
		    sj_cvc_within(&plan.rights, &c.rights));
	assert_int_equal(sj_cvc_role(&c.rights), role);
	assert_int_equal(c.from, plan.from);
	assert_int_equal(c.until, plan.until);
	assert_true(sj_cvc_verify(&c, &plan.key));
	sj_key_free(key);
}

static void what_is_made_verifies(void **state)
{
	static const char *const kinds[] = {
		"P-256", "P-384", "P-521", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		check_made(kinds[i], SJ_CVC_CVCA);
		check_made(kinds[i], SJ_CVC_TERMINAL);
	}
}

static void what_is_not_made(void **state)
{
	struct sj_key *key = sj_key_generate("P-256"), *rsa = sj_key_generate("RSA-2048");
	struct sj_ec_point point;
	struct sj_cvc plan = plan_for(key, &point, SJ_CVC_TERMINAL);
	uint8_t bytes[SJ_CVC_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes), small = sj_writer(bytes, 200);

	(void)state;
	assert_false(sj_cvc_put(&small, &plan, key));
	assert_false(sj_cvc_put(&w, &plan, rsa));
	plan.holder = SJ_SPAN_STR("UT0001");
	assert_false(sj_cvc_put(&w, &plan, key));
	plan.holder = SJ_SPAN_STR("UTTERM00001");
	plan.until = plan.from - 1;
	assert_false(sj_cvc_put(&w, &plan, key));
	plan.until = INT64_C(4102444800); /* 2100-01-01 */
	w = SJ_WRITER_OF(bytes);
	assert_false(sj_cvc_put(&w, &plan, key));
	assert_false(sj_cvc_key_of(rsa, &point, &plan.key));
	sj_key_free(rsa);
	sj_key_free(key);
}

static void days_are_whole_days(void **state)
{
	const struct sj_cvc c = { .from = NEW_YEAR_2026, .until = NEW_YEAR_2026 + DAY };

	(void)state;
	assert_false(sj_cvc_valid_at(&c, c.from - 1));
	assert_true(sj_cvc_valid_at(&c, c.from));
	assert_true(sj_cvc_valid_at(&c, c.until + DAY - 1));
	assert_false(sj_cvc_valid_at(&c, c.until + DAY));
}

/* A request, with an outer signature or not, read at every length. */
static void requests(void **state)
{
	struct sj_key *key = sj_key_generate("brainpoolP256r1"), *old = sj_key_generate("P-256");
	struct sj_ec_point point, old_point;
	const struct sj_cvc plan = plan_for(key, &point, SJ_CVC_TERMINAL);
	struct sj_cvc_key old_key;
	uint8_t bytes[2][700];
	struct sj_writer inner = SJ_WRITER_OF(bytes[0]), outer = SJ_WRITER_OF(bytes[1]);
	struct sj_cvc_request r;

	(void)state;
	assert_true(sj_cvc_key_of(old, &old_point, &old_key));
	assert_true(sj_cvc_request_put(&inner, &plan, key));
	assert_true(sj_cvc_request_read(sj_written(&inner), &r));
	assert_true(sj_span_eq(r.cvc.holder, plan.holder) && r.outer_authority.len == 0);
	assert_true(sj_cvc_verify(&r.cvc, &r.cvc.key));
	assert_false(sj_cvc_verify_outer(&r, &old_key));
	assert_true(r.cvc.rights.extra[SJ_CVC_SOJOURN] == 0xFFFFFFFF);

	assert_true(sj_cvc_outer_put(&outer, sj_written(&inner), plan.authority, old));
	assert_true(sj_cvc_request_read(sj_written(&outer), &r));
	assert_true(sj_cvc_verify(&r.cvc, &r.cvc.key));
	assert_true(sj_cvc_verify_outer(&r, &old_key));
	assert_false(sj_cvc_verify_outer(&r, &r.cvc.key));
	for (size_t n = 0; n < outer.len; n++)
		assert_false(sj_cvc_request_read(sj_span(bytes[1], n), &r));
	sj_key_free(old);
	sj_key_free(key);
}

/* --- other people's certificates --------------------------------------------------- */

/* Among the certificates of the file, one whose key makes this one's signature hold. */
static bool verified_by_another(const json_t *list, const struct sj_cvc *c)
{
	const json_t *v;
	struct sj_cvc by;
	size_t i;

	json_array_foreach(list, i, v) if (sj_cvc_read(hex_of(v, "hex"), &by) &&
					   sj_span_eq(by.holder, c->authority) &&
					   sj_cvc_verify(c, &by.key)) return true;
	return false;
}

static void check_known(const json_t *list, const json_t *v)
{
	const char *by = text_of(v, "signature_verified_with");
	uint64_t bits = 0;
	struct sj_cvc c;

	assert_true(sj_cvc_read(hex_of(v, "hex"), &c));
	assert_true(sj_span_eq(c.authority, sj_span((const uint8_t *)text_of(v, "CAR"),
						    strlen(text_of(v, "CAR")))));
	assert_true(sj_span_eq(
		c.holder, sj_span((const uint8_t *)text_of(v, "CHR"), strlen(text_of(v, "CHR")))));
	for (struct sj_span in = hex_of(v, "CHAT_bits"); in.len > 0;
	     in = sj_span(in.ptr + 1, in.len - 1))
		bits = bits << 8 | in.ptr[0];
	assert_true(c.rights.bits == bits);
	assert_int_equal(c.extensions.len > 0, json_is_true(json_object_get(v, "has_extensions")));
	assert_hex(c.signature, text_of(v, "signature"));
	/* An issuer without parameters of its own: its curve stands further up. */
	if (by != NULL && strstr(by, "cvca") != NULL)
		assert_true(verified_by_another(list, &c));
}

/* All but two on P-192, which we do not have, and a request whose prime begins with 00. */
static void shared_certificates(void **state)
{
	json_t *root = NULL, *list, *v;
	size_t i, read = 0, refused = 0;
	struct sj_cvc_request r;
	struct sj_cvc c;

	(void)state;
	if (shared_vectors("cvc.json", &root) == NULL && root == NULL)
		SKIP_BECAUSE("SOJOURN_SHARED is unset");
	list = json_object_get(root, "certificates");
	json_array_foreach(list, i, v)
	{
		if (text_of(v, "CHAT_bits") != NULL && sj_cvc_read(hex_of(v, "hex"), &c)) {
			check_known(list, v);
			read++;
		} else if (sj_cvc_request_read(hex_of(v, "hex"), &r)) {
			assert_true(sj_cvc_verify(&r.cvc, &r.cvc.key));
			read++;
		} else {
			print_message("# refused: %s\n", text_of(v, "name"));
			refused++;
		}
	}
	assert_int_equal(refused, 3);
	assert_int_equal(read, json_array_size(list) - refused);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_of_the_example),
		cmocka_unit_test(signatures_of_the_example),
		cmocka_unit_test(signatures_of_the_rsa_example),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(a_changed_certificate_does_not_verify),
		cmocka_unit_test(missing_double_and_swapped_objects),
		cmocka_unit_test(objects_that_are_refused),
		cmocka_unit_test(lengths_are_the_shortest),
		cmocka_unit_test(nothing_longer_than_the_limit),
		cmocka_unit_test(what_is_made_verifies),
		cmocka_unit_test(what_is_not_made),
		cmocka_unit_test(days_are_whole_days),
		cmocka_unit_test(requests),
		cmocka_unit_test(shared_certificates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
