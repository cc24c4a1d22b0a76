/* bundle_country.c -- what only an authority can put into a bundle: certificates, pseudonyms. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/bundle_rig.h"
#include "tools/authority/cert.h"
#include "trust/pseudonyms.h"

void bundle_add_country(struct bundle_rig *r)
{
	struct sj_key *old = sj_key_generate("P-256"), *new = sj_key_generate("P-256");
	struct rig_file files[3] = { { malloc(SJ_ISSUED_CERT_MAX), 0 },
				     { malloc(SJ_ISSUED_CERT_MAX), 0 },
				     { malloc(SJ_ISSUED_CERT_MAX), 0 } };
	uint8_t name[SJ_ISSUED_NAME_MAX], spki[2][SJ_EC_SPKI_MAX];
	struct sj_writer n = SJ_WRITER_OF(name), o = SJ_WRITER_OF(spki[0]),
			 s = SJ_WRITER_OF(spki[1]);
	struct sj_cert_plan plan = { .kind = SJ_CERT_CSCA,
				     .serial = SJ_SPAN_STR("\1"),
				     .not_before = RIG_NOW - RIG_DAY,
				     .not_after = RIG_NOW + 900 * RIG_DAY,
				     .private_until = RIG_NOW + 300 * RIG_DAY,
				     .country = RIG_ISSUER };
	struct sj_crl_plan crl = { .number = 1,
				   .this_update = RIG_NOW - RIG_DAY,
				   .next_update = RIG_NOW + 90 * RIG_DAY };
	struct sj_writer w[3];

	for (size_t i = 0; i < 3; i++)
		w[i] = sj_writer(files[i].bytes, SJ_ISSUED_CERT_MAX);
	assert_true(sj_name_put(&n, "UT", NULL, "CSCA") && sj_key_put_public(old, false, &o) &&
		    sj_key_put_public(new, false, &s));
	plan.issuer = plan.subject = crl.issuer = sj_written(&n);
	plan.issuer_spki = plan.subject_spki = crl.issuer_spki = sj_written(&o);
	assert_true(sj_cert_put(&w[0], &plan, old) && sj_crl_put(&w[2], &crl, old));
	plan.kind = SJ_CERT_LINK;
	plan.subject_spki = sj_written(&s);
	assert_true(sj_cert_put(&w[1], &plan, old));
	for (size_t i = 0; i < 3; i++)
		files[i].len = w[i].len;
	bundle_add(r, SJ_BUNDLED_CSCA, files[0]);
	bundle_add(r, SJ_BUNDLED_LINK, files[1]);
	bundle_add(r, SJ_BUNDLED_CRL, files[2]);
	sj_key_free(old);
	sj_key_free(new);
}

void bundle_add_pseudonym(struct bundle_rig *r, const uint8_t sector[static 32],
			  const uint8_t identifier[static 32], uint32_t epoch)
{
	struct rig_file file = { malloc(SJ_PSEUDONYMS_SIZE(1)), 0 };
	struct sj_writer w = sj_writer(file.bytes, SJ_PSEUDONYMS_SIZE(1));
	struct sj_key *key = sj_key_from_ec(SJ_P256, &r->authority->signer);
	struct sj_pseudonyms_head head = { .issuer = SJ_SPAN_STR(RIG_ISSUER),
					   .epoch = epoch,
					   .not_before = RIG_NOW,
					   .next_update = RIG_NOW + RIG_DAY };
	uint8_t entry[SJ_PSEUDONYM_ENTRY];

	memcpy(head.sector, sector, sizeof(head.sector));
	assert_true(sj_pseudonym_entry(identifier, entry));
	assert_true(sj_pseudonyms_put(&w, &head, SJ_SPAN_OF(entry), key));
	sj_key_free(key);
	file.len = w.len;
	bundle_add(r, SJ_BUNDLED_PSEUDONYMS, file);
}
