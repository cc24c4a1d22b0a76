#include "tests/fuzz/parsers.h"

#include <string.h>

#include "crypt/pbes2.h"
#include "crypt/public.h"
#include "crypt/rsa.h"
#include "crypt/sign.h"
#include "crypt/soft.h"
#include "crypt/x509.h"
#include "tests/vectors/openssl.h"
#include "wire/hex.h"

/* A self-signed CSCA certificate (P-256) and a CRL of it with one entry; made with OpenSSL. */
static const char certificate_hex[] =
	"308201bb30820161a00302010202021234300a06082a8648ce3d0403023034310b3009060355040613025554"
	"310f300d060355040a0c0655746f7069613114301206035504030c0b435343412055746f706961301e170d32"
	"36313132333136323534345a170d3336313132303136323534345a3034310b3009060355040613025554310f"
	"300d060355040a0c0655746f7069613114301206035504030c0b435343412055746f7069613059301306072a"
	"8648ce3d020106082a8648ce3d0301070342000444c62e087a0a7ac1d162077a900560ada3eff089ed709723"
	"e8eb994c571b54b8d20ace59c0cced7f339d1b495239972243a5b77b81730c5c38d143edb2ec7e32a3633061"
	"301d0603551d0e041604147a2a8636ec9c3cedb947b3233454f5ff6ee1650c301f0603551d23041830168014"
	"7a2a8636ec9c3cedb947b3233454f5ff6ee1650c300f0603551d130101ff040530030101ff300e0603551d0f"
	"0101ff040403020106300a06082a8648ce3d04030203480030450220793f441ed94067ba2b00610d97c7ee82"
	"6f1ce0e655e47c416c6bd7cd73150927022100bd3a042dae2df3631ecf6c8e46032f15a8147b0a4d2e6e58e5"
	"bbaf6079994402";
static const char crl_hex[] =
	"3081e330818a020101300a06082a8648ce3d0403023034310b3009060355040613025554310f300d06035504"
	"0a0c0655746f7069613114301206035504030c0b435343412055746f706961170d3236313132333136323534"
	"345a170d3236313232333136323534345a30153013020255aa170d3235313130313030303030305aa00e300c"
	"300a0603551d140403020101300a06082a8648ce3d0403020348003045022100c169615059cd3aa26afe6986"
	"39028f466bbb17d15b3090db6d5da5db279177420220738fa0c424c40c3f9a95b9526c65fdc0dc1af2de66a4"
	"be79847ac7a7b3322594";

/* Signed by themselves with RSA, PKCS #1 v1.5, and with PSS, to which the key is restricted; made with OpenSSL. */
static const char rsa_certificate_hex[] =
	"3082020e30820177a00302010202143889c9cf4bbe9229a8e11f696eef266d3b7f38d7300d06092a864886f7"
	"0d01010b05003019310b3009060355040613025554310a300806035504030c0178301e170d32363131323731"
	"32343333365a170d3336313132343132343333365a3019310b3009060355040613025554310a300806035504"
	"030c017830819f300d06092a864886f70d010101050003818d0030818902818100a5722298ee15b9bb7c4e73"
	"cf61960409099ff7330b8c023c4a02bc259409b898fa9a491afdb50e96ead0b1e04c171879f757c9eef5974e"
	"a43b2897bf2c0b33fe6fad310b73f69eeb026b9286b1679b0f485b0be1d65c5be7e842908d378eaf725c6ea1"
	"a5efbfa2b0459ac2c7c826dd1c02b41889a8fa85fbe95809bbb236a4550203010001a3533051301d0603551d"
	"0e0416041404dd9f8e49d8c266f51c320f55087ea7795957ff301f0603551d2304183016801404dd9f8e49d8"
	"c266f51c320f55087ea7795957ff300f0603551d130101ff040530030101ff300d06092a864886f70d01010b"
	"0500038181000938750ff446ba67d614b2e13707a2acf0ea068edb11049076293903755138bdab8d33500af8"
	"ae2223fe09139127f8005f5a5ef87acf83865d044e68c5baa1d114311f928b2804dae7e4ab7ac4eb837f5110"
	"6060f119080f5857ab6a148b3cfbb311d8bed8f3b775b53d3029f16782e47b79e4a5883c2d6c502a4ff6bacf"
	"aff0";
static const char pss_certificate_hex[] =
	"308202aa308201dfa00302010202142e5bb0bfbc3d794df7f0b789bac97db880221b29304106092a864886f7"
	"0d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086"
	"480165030402010500a2030201243019310b3009060355040613025554310a300806035504030c0178301e17"
	"0d3236313132373132343334305a170d3336313132343132343334305a3019310b3009060355040613025554"
	"310a300806035504030c01783081d3304106092a864886f70d01010a3034a00f300d06096086480165030402"
	"010500a11c301a06092a864886f70d010108300d06096086480165030402010500a20302012003818d003081"
	"8902818100a74b078ce2f5e7b967311cd5f769b82208e83e87b1ede9905e87e145faeac8615e3ce35e0c6fb8"
	"8162936fb5b0c5d1f6d02ed017043851a4b5c915096593961958e567cbcc1e4fca66ab9bccd59608432b2c35"
	"b4b41519b63867b1b85ab39dfb39b28d56ba14dd13e7c8f0ffe35430f3db9a028ba96b9a7e90ff64fc88ac20"
	"0b0203010001a3533051301d0603551d0e04160414dbd94a1e7c3d3401d45099b1c2ace58a23a036fd301f06"
	"03551d23041830168014dbd94a1e7c3d3401d45099b1c2ace58a23a036fd300f0603551d130101ff04053003"
	"0101ff304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a8648"
	"86f70d010108300d06096086480165030402010500a20302012403818100544e6bef39b2aab9c3a133c6f77a"
	"f7c7ba0ae681020192326d3e8df8b7e986f0008b9c3197fccc4bb257ff5ed4835b1c00948d1ae52abd99b455"
	"38a764d5663574e71723a3b50e65e921ee2a326ad8faa2163dc7ee1109d454750497dbd5797d898abd71e5af"
	"d68dec1bb7790dc5db845280af458a9bc552c731b48ba57bbefe";

static bool put_hex(struct sj_writer *w, const char *hex)
{
	return sj_hex_read(hex, strlen(hex), w);
}

static bool certificate_seed(size_t i, struct sj_writer *w)
{
	return i == 0 && put_hex(w, certificate_hex);
}

static bool certificate_run(struct sj_span in)
{
	struct sj_cert cert;
	struct sj_ec_point point;
	enum sj_curve curve;
	char name[64];

	if (!sj_cert_read(in, &cert))
		return false;
	fuzz_touch(cert.tbs);
	fuzz_touch(cert.extended_key_usage);
	fuzz_touch(cert.authority_key_id);
	sj_name_text(cert.subject, name, sizeof(name));
	(void)sj_name_eq(cert.subject, cert.issuer);
	(void)!sj_ec_spki_read(cert.spki, &curve, &point);
	return true;
}

static bool name_seed(size_t i, struct sj_writer *w)
{
	uint8_t bytes[1024];
	struct sj_writer der = SJ_WRITER_OF(bytes);
	struct sj_cert cert;

	if (i > 0 || !put_hex(&der, certificate_hex) || !sj_cert_read(sj_written(&der), &cert))
		return false;
	sj_put(w, cert.subject);
	return true;
}

static bool name_run(struct sj_span in)
{
	char text[64];

	sj_name_text(in, text, sizeof(text));
	return sj_name_eq(in, in);
}

static bool spki_seed(size_t i, struct sj_writer *w)
{
	uint8_t bytes[1024];
	struct sj_writer der = SJ_WRITER_OF(bytes);
	struct sj_cert cert;
	struct sj_ec_point point;
	enum sj_curve curve;

	if (i > 1 || !put_hex(&der, certificate_hex) || !sj_cert_read(sj_written(&der), &cert) ||
	    !sj_ec_spki_read(cert.spki, &curve, &point))
		return false;
	return sj_ec_spki_put(w, curve, &point, i == 1);
}

static bool spki_run(struct sj_span in)
{
	struct sj_ec_point point;
	enum sj_curve curve;

	return sj_ec_spki_read(in, &curve, &point);
}

static bool crl_seed(size_t i, struct sj_writer *w)
{
	return i == 0 && put_hex(w, crl_hex);
}

static bool crl_run(struct sj_span in)
{
	struct sj_crl crl;
	int64_t date;

	if (!sj_crl_read(in, &crl))
		return false;
	fuzz_touch(crl.tbs);
	(void)sj_crl_lists(&crl, SJ_SPAN_STR("\x55\xAA"), &date);
	return true;
}

/* RSA-PSS with SHA-256 and a salt of 32 bytes (RFC 4055). */
static const char rsa_pss_hex[] =
	"304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d"
	"010108300d06096086480165030402010500a203020120";

/* AlgorithmIdentifiers: the input is one, beside a signature that is none. */
static bool algorithm_seed(size_t i, struct sj_writer *w)
{
	static const char *const seeds[] = {
		"300a06082a8648ce3d040302",
		"300d06092a864886f70d01010b0500",
		rsa_pss_hex,
	};

	return i < sizeof(seeds) / sizeof(seeds[0]) && put_hex(w, seeds[i]);
}

static bool algorithm_run(struct sj_span in)
{
	uint8_t bytes[1024];
	struct sj_writer der = SJ_WRITER_OF(bytes);
	struct sj_cert cert;

	if (!put_hex(&der, certificate_hex) || !sj_cert_read(sj_written(&der), &cert))
		return false;
	return !sj_signature_verify(cert.spki, in, SJ_SHA256, cert.tbs, SJ_SPAN_STR("none"));
}

static bool signed_seed(size_t i, struct sj_writer *w)
{
	static const char *const seeds[] = { certificate_hex, rsa_certificate_hex,
					     pss_certificate_hex };

	return i < sizeof(seeds) / sizeof(seeds[0]) && put_hex(w, seeds[i]);
}

/* The key, the algorithm and the signature all come from the input. */
static bool signed_run(struct sj_span in)
{
	struct sj_cert cert;

	return sj_cert_read(in, &cert) && sj_cert_signed_by(&cert, cert.spki);
}

static bool rsa_seed(size_t i, struct sj_writer *w)
{
	return i == 0 && put_hex(w, openssl_rsa_spki);
}

static bool rsa_run(struct sj_span in)
{
	uint8_t out[SJ_RSA_MAX];

	return sj_rsa_modulus_size(in) > 0 && !sj_rsa_complement(in, in, out);
}

/* Keys of every kind, taken apart and put together again. */
static bool public_seed(size_t i, struct sj_writer *w)
{
	static const char *const seeds[] = {
		openssl_rsa_spki,
		openssl_ec_spki,
		"302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
	};

	return i < sizeof(seeds) / sizeof(seeds[0]) && put_hex(w, seeds[i]);
}

static bool public_run(struct sj_span in)
{
	uint8_t der[2048];
	struct sj_writer w = SJ_WRITER_OF(der);
	struct sj_public key;

	if (!sj_public_read(in, &key))
		return false;
	fuzz_touch(key.modulus);
	fuzz_touch(key.exponent);
	fuzz_touch(key.parameters);
	fuzz_touch(sj_ec_point_span(&key.point));
	if (key.kind == SJ_PUBLIC_RSA)
		sj_public_put_rsa(&w, key.modulus, key.exponent);
	return true;
}

/* Decrypted blocks: OAEP's label hash begins nowhere, so that most are refused; type 2 and 1 not. */
static bool block_seed(size_t i, struct sj_writer *w)
{
	static const uint8_t padding[] = { 0, 2, 1, 1, 1, 1, 1, 1, 1, 1, 0, 'm' };

	sj_put(w, SJ_SPAN_OF(padding));
	if (i == 1) {
		w->ptr[1] = 1;
		for (size_t at = 2; at < 10; at++)
			w->ptr[at] = 0xFF;
	}
	return i < 2;
}

static bool block_run(struct sj_span in)
{
	const struct sj_padding oaep = { SJ_SHA1, SJ_SHA1, 0, { NULL, 0 } };
	uint8_t out[SJ_RSA_MAX];
	struct sj_span data;
	size_t len = 0;

	if (sj_rsa_unpad_type1(in, &data)) {
		fuzz_touch(data);
		return true;
	}
	if (!sj_rsa_unpad_type2(in, out, &len) && !sj_rsa_unpad_oaep(&oaep, in, out, &len))
		return false;
	fuzz_touch(sj_span(out, len));
	return true;
}

/* A signature over a fixed text, under a fixed key. */
static bool signature_seed(size_t i, struct sj_writer *w)
{
	return i == 0 && put_hex(w, openssl_ecdsa);
}

static bool signature_run(struct sj_span in)
{
	uint8_t key[SJ_EC_SPKI_MAX], algorithm[32];
	struct sj_writer spki = SJ_WRITER_OF(key), alg = SJ_WRITER_OF(algorithm);

	return put_hex(&spki, openssl_ec_spki) && put_hex(&alg, "300a06082a8648ce3d040302") &&
	       sj_signature_verify(sj_written(&spki), sj_written(&alg), SJ_HASH_NONE,
				   SJ_SPAN_STR("Sojourn"), in);
}

/* --- secrets under a passphrase --------------------------------------------------------- */

static struct sj_pbes2 passphrase(void)
{
	return (struct sj_pbes2){ .passphrase = SJ_SPAN_STR("passphrase") };
}

static bool pbes2_seed(size_t i, struct sj_writer *w)
{
	const struct sj_random rnd = sj_random_system();
	struct sj_pbes2 pass = passphrase();

	return i == 0 && sj_pbes2_seal(&pass, &rnd, SJ_SPAN_STR("a secret"), w);
}

static bool pbes2_run(struct sj_span in)
{
	struct sj_pbes2 pass = passphrase();
	uint8_t bytes[1024];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	bool is = sj_pbes2_is(in);

	if (!sj_pbes2_open(&pass, in, &w))
		return false;
	fuzz_touch(sj_written(&w));
	return is;
}

struct fuzz_room fuzz_crypt(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "certificate", certificate_seed, certificate_run },
		{ "pbes2", pbes2_seed, pbes2_run },
		{ "name", name_seed, name_run },
		{ "spki", spki_seed, spki_run },
		{ "crl", crl_seed, crl_run },
		{ "signature-algorithm", algorithm_seed, algorithm_run },
		{ "rsa-key", rsa_seed, rsa_run },
		{ "public-key", public_seed, public_run },
		{ "rsa-block", block_seed, block_run },
		{ "signature", signature_seed, signature_run },
		{ "signed-certificate", signed_seed, signed_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
