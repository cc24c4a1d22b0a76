#include "mechanisms.h"
#include "objects.h"

#include <string.h>

#define RSA_ALSO (CKF_ENCRYPT | CKF_DECRYPT | CKF_SIGN_RECOVER | CKF_VERIFY_RECOVER)
#define SIGNS (CKF_HW | CKF_SIGN | CKF_VERIFY | CKF_MESSAGE_SIGN | CKF_MESSAGE_VERIFY)
#define CURVES (CKF_EC_F_P | CKF_EC_OID | CKF_EC_UNCOMPRESS)
#define NAMED (CKF_EC_F_P | CKF_EC_OID | CKF_EC_CURVENAME)
#define PAIRS (CKF_HW | CKF_GENERATE_KEY_PAIR)

static const struct p11_mechanism mechanisms[] = {
	{ CKM_RSA_PKCS_KEY_PAIR_GEN, CKK_RSA, P11_PAIR, SJ_HASH_NONE, PAIRS },
	{ CKM_RSA_PKCS, CKK_RSA, P11_PKCS1, SJ_HASH_NONE,
	  SIGNS | RSA_ALSO | CKF_WRAP | CKF_UNWRAP },
	{ CKM_RSA_X_509, CKK_RSA, P11_X509, SJ_HASH_NONE, SIGNS | RSA_ALSO },
	{ CKM_RSA_PKCS_OAEP, CKK_RSA, P11_OAEP, SJ_HASH_NONE,
	  CKF_HW | CKF_ENCRYPT | CKF_DECRYPT | CKF_WRAP | CKF_UNWRAP },
	{ CKM_RSA_PKCS_PSS, CKK_RSA, P11_PSS, SJ_HASH_NONE, SIGNS },
	{ CKM_SHA1_RSA_PKCS, CKK_RSA, P11_PKCS1, SJ_SHA1, SIGNS },
	{ CKM_SHA224_RSA_PKCS, CKK_RSA, P11_PKCS1, SJ_SHA224, SIGNS },
	{ CKM_SHA256_RSA_PKCS, CKK_RSA, P11_PKCS1, SJ_SHA256, SIGNS },
	{ CKM_SHA384_RSA_PKCS, CKK_RSA, P11_PKCS1, SJ_SHA384, SIGNS },
	{ CKM_SHA512_RSA_PKCS, CKK_RSA, P11_PKCS1, SJ_SHA512, SIGNS },
	{ CKM_SHA1_RSA_PKCS_PSS, CKK_RSA, P11_PSS, SJ_SHA1, SIGNS },
	{ CKM_SHA224_RSA_PKCS_PSS, CKK_RSA, P11_PSS, SJ_SHA224, SIGNS },
	{ CKM_SHA256_RSA_PKCS_PSS, CKK_RSA, P11_PSS, SJ_SHA256, SIGNS },
	{ CKM_SHA384_RSA_PKCS_PSS, CKK_RSA, P11_PSS, SJ_SHA384, SIGNS },
	{ CKM_SHA512_RSA_PKCS_PSS, CKK_RSA, P11_PSS, SJ_SHA512, SIGNS },
	{ CKM_EC_KEY_PAIR_GEN, CKK_EC, P11_PAIR, SJ_HASH_NONE, PAIRS | CURVES },
	{ CKM_ECDSA, CKK_EC, P11_ECDSA, SJ_HASH_NONE, SIGNS | CURVES },
	{ CKM_ECDSA_SHA1, CKK_EC, P11_ECDSA, SJ_SHA1, SIGNS | CURVES },
	{ CKM_ECDSA_SHA224, CKK_EC, P11_ECDSA, SJ_SHA224, SIGNS | CURVES },
	{ CKM_ECDSA_SHA256, CKK_EC, P11_ECDSA, SJ_SHA256, SIGNS | CURVES },
	{ CKM_ECDSA_SHA384, CKK_EC, P11_ECDSA, SJ_SHA384, SIGNS | CURVES },
	{ CKM_ECDSA_SHA512, CKK_EC, P11_ECDSA, SJ_SHA512, SIGNS | CURVES },
	{ CKM_ECDH1_DERIVE, CKK_EC, P11_ECDH, SJ_HASH_NONE, CKF_HW | CKF_DERIVE | CURVES },
	{ CKM_ECDH1_COFACTOR_DERIVE, CKK_EC, P11_ECDH, SJ_HASH_NONE, CKF_HW | CKF_DERIVE | CURVES },
	{ CKM_EC_EDWARDS_KEY_PAIR_GEN, CKK_EC_EDWARDS, P11_PAIR, SJ_HASH_NONE, PAIRS | NAMED },
	{ CKM_EDDSA, CKK_EC_EDWARDS, P11_EDDSA, SJ_HASH_NONE, SIGNS | NAMED },
	{ CKM_EC_MONTGOMERY_KEY_PAIR_GEN, CKK_EC_MONTGOMERY, P11_PAIR, SJ_HASH_NONE,
	  PAIRS | NAMED },
	{ CKM_SHA_1, P11_NO_KEY, P11_DIGEST, SJ_SHA1, CKF_DIGEST },
	{ CKM_SHA224, P11_NO_KEY, P11_DIGEST, SJ_SHA224, CKF_DIGEST },
	{ CKM_SHA256, P11_NO_KEY, P11_DIGEST, SJ_SHA256, CKF_DIGEST },
	{ CKM_SHA384, P11_NO_KEY, P11_DIGEST, SJ_SHA384, CKF_DIGEST },
	{ CKM_SHA512, P11_NO_KEY, P11_DIGEST, SJ_SHA512, CKF_DIGEST },
};

const struct p11_mechanism *p11_mechanism_at(size_t i)
{
	return i < sizeof(mechanisms) / sizeof(mechanisms[0]) ? &mechanisms[i] : NULL;
}

/*
 * What the card can, asked once: SP 800-78-5 has RSA and the P curves; version 5.7 of the
 * extensions has more, older ones less.
 */
static CK_RV card_kind(struct p11_token *t, enum p11_card_kind *out)
{
	struct p11_objects *all = p11_objects(t);
	struct sj_piv_info info = { .size = sizeof(info) };
	CK_RV rv;

	if (all == NULL)
		return CKR_HOST_MEMORY;
	if (all->kind == P11_KIND_UNKNOWN) {
		rv = p11_card_info(t, &info);
		if (rv != CKR_OK)
			return rv;
		all->kind = P11_KIND_STANDARD;
		if (info.extensions)
			all->kind = info.version[0] > 5 ||
						    (info.version[0] == 5 && info.version[1] >= 7)
					    ? P11_KIND_NEWER
					    : P11_KIND_OLDER;
	}
	*out = all->kind;
	return CKR_OK;
}

CK_RV p11_mechanism_supported(struct p11_token *t, const struct p11_mechanism *m, bool *out)
{
	enum p11_card_kind kind = P11_KIND_NEWER;
	CK_RV rv = CKR_OK;

	if (m->key == CKK_EC_EDWARDS || m->key == CKK_EC_MONTGOMERY)
		rv = card_kind(t, &kind);
	*out = rv == CKR_OK && kind == P11_KIND_NEWER;
	return rv;
}

/* Smallest and largest key: bits of RSA moduli and of curves; digests have none. */
static CK_RV key_sizes(struct p11_token *t, const struct p11_mechanism *m, CK_MECHANISM_INFO *info)
{
	enum p11_card_kind kind;
	CK_RV rv;

	info->ulMinKeySize = info->ulMaxKeySize = 0;
	if (m->key == P11_NO_KEY)
		return CKR_OK;
	rv = card_kind(t, &kind);
	if (rv != CKR_OK)
		return rv;
	if (m->key == CKK_RSA) {
		info->ulMinKeySize = 2048;
		info->ulMaxKeySize = kind == P11_KIND_NEWER   ? 4096
				     : kind == P11_KIND_OLDER ? 2048
							      : 3072;
	} else if (m->key == CKK_EC) {
		info->ulMinKeySize = m->scheme == P11_ECDH && kind == P11_KIND_NEWER
					     ? 255 /* X25519 */
					     : 256;
		info->ulMaxKeySize = 384;
	} else {
		info->ulMinKeySize = info->ulMaxKeySize = 255;
	}
	return CKR_OK;
}

CK_RV C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE_PTR list, CK_ULONG_PTR count)
{
	CK_MECHANISM_TYPE found[P11_MECHANISMS_MAX];
	struct p11_token *t;
	CK_ULONG n = 0;
	bool ours;
	CK_RV rv;

	rv = p11_token_enter(slot, &t);
	if (rv != CKR_OK)
		return rv;
	if (count == NULL)
		return p11_token_leave(t, CKR_ARGUMENTS_BAD);
	for (size_t i = 0; rv == CKR_OK && i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
		rv = p11_mechanism_supported(t, &mechanisms[i], &ours);
		if (rv == CKR_OK && ours)
			found[n++] = mechanisms[i].type;
	}
	if (rv != CKR_OK)
		return p11_token_leave(t, rv);
	if (list != NULL && *count < n)
		rv = CKR_BUFFER_TOO_SMALL;
	else if (list != NULL)
		memcpy(list, found, n * sizeof(*list));
	*count = n;
	return p11_token_leave(t, rv);
}

static const struct p11_mechanism *find(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++)
		if (mechanisms[i].type == type)
			return &mechanisms[i];
	return NULL;
}

CK_RV C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info)
{
	const struct p11_mechanism *m = find(type);
	struct p11_token *t;
	bool ours = false;
	CK_RV rv;

	rv = p11_token_enter(slot, &t);
	if (rv != CKR_OK)
		return rv;
	if (info == NULL)
		return p11_token_leave(t, CKR_ARGUMENTS_BAD);
	if (m != NULL)
		rv = p11_mechanism_supported(t, m, &ours);
	if (rv == CKR_OK && !ours)
		rv = CKR_MECHANISM_INVALID;
	if (rv == CKR_OK) {
		info->flags = m->flags;
		rv = key_sizes(t, m, info);
	}
	return p11_token_leave(t, rv);
}

enum sj_hash p11_hash(CK_MECHANISM_TYPE type)
{
	const struct p11_mechanism *m = find(type);

	return m != NULL && m->scheme == P11_DIGEST ? m->hash : SJ_HASH_NONE;
}

/* RFC 8017 knows one mask generation function; the number names its hash (3.1, 6.1.7). */
static enum sj_hash mgf_hash(CK_RSA_PKCS_MGF_TYPE mgf)
{
	switch (mgf) {
	case CKG_MGF1_SHA1:
		return SJ_SHA1;
	case CKG_MGF1_SHA224:
		return SJ_SHA224;
	case CKG_MGF1_SHA256:
		return SJ_SHA256;
	case CKG_MGF1_SHA384:
		return SJ_SHA384;
	case CKG_MGF1_SHA512:
		return SJ_SHA512;
	default:
		return SJ_HASH_NONE;
	}
}

static bool read_pss(const CK_MECHANISM *m, enum sj_hash hash, struct sj_padding *out)
{
	CK_RSA_PKCS_PSS_PARAMS p;

	if (m->pParameter == NULL || m->ulParameterLen != sizeof(p))
		return false;
	memcpy(&p, m->pParameter, sizeof(p));
	out->hash = p11_hash(p.hashAlg);
	out->mgf_hash = mgf_hash(p.mgf);
	out->salt = p.sLen;
	return out->hash != SJ_HASH_NONE && out->mgf_hash != SJ_HASH_NONE && p.sLen <= SJ_RSA_MAX &&
	       (hash == SJ_HASH_NONE || hash == out->hash);
}

static bool read_oaep(const CK_MECHANISM *m, struct sj_padding *out)
{
	CK_RSA_PKCS_OAEP_PARAMS p;

	if (m->pParameter == NULL || m->ulParameterLen != sizeof(p))
		return false;
	memcpy(&p, m->pParameter, sizeof(p));
	out->hash = p11_hash(p.hashAlg);
	out->mgf_hash = mgf_hash(p.mgf);
	out->label = sj_span(p.pSourceData, p.ulSourceDataLen);
	if (p.ulSourceDataLen != 0 &&
	    (p.source != CKZ_DATA_SPECIFIED || p.pSourceData == NULL || p.ulSourceDataLen > 65536))
		return false;
	return out->hash != SJ_HASH_NONE && out->mgf_hash != SJ_HASH_NONE;
}

/* Pure Ed25519 alone: what the card does (3.1, 6.3.16). */
static bool read_eddsa(const CK_MECHANISM *m)
{
	CK_EDDSA_PARAMS p;

	if (m->ulParameterLen == 0)
		return true;
	if (m->pParameter == NULL || m->ulParameterLen != sizeof(p))
		return false;
	memcpy(&p, m->pParameter, sizeof(p));
	return p.phFlag == CK_FALSE && p.ulContextDataLen == 0;
}

static bool read_parameter(const CK_MECHANISM *m, struct p11_scheme_use *out)
{
	switch (out->mechanism->scheme) {
	case P11_PSS:
		return read_pss(m, out->mechanism->hash, &out->padding);
	case P11_OAEP:
		return read_oaep(m, &out->padding);
	case P11_EDDSA:
		return read_eddsa(m);
	case P11_ECDH: /* derive.c */
		return true;
	case P11_PAIR:
	case P11_DIGEST:
	case P11_PKCS1:
	case P11_X509:
	case P11_ECDSA:
		break;
	}
	return m->ulParameterLen == 0;
}

CK_RV p11_mechanism_read(struct p11_token *t, const CK_MECHANISM *m, CK_FLAGS flag,
			 struct p11_scheme_use *out)
{
	const struct p11_mechanism *found;
	bool ours = false;
	CK_RV rv;

	if (m == NULL)
		return CKR_ARGUMENTS_BAD;
	found = find(m->mechanism);
	if (found == NULL || (found->flags & flag) == 0)
		return CKR_MECHANISM_INVALID;
	rv = p11_mechanism_supported(t, found, &ours);
	if (rv != CKR_OK)
		return rv;
	if (!ours)
		return CKR_MECHANISM_INVALID;
	*out = (struct p11_scheme_use){ .mechanism = found };
	return read_parameter(m, out) ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}
