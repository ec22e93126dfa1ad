/* SPDX-License-Identifier: Apache-2.0 */
/* P-256 through OpenSSL: keys from raw bytes, signatures between r || s and DER. */

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "crypto/p256.h"

#define POINT_BYTES 65 /* 04 || x || y */
#define DER_MAX     72 /* of a signature */

tally_rc tally_p256_public(uint8_t out_x[static 32], uint8_t out_y[static 32],
                           const uint8_t secret[static 32])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
    BIGNUM *scalar = BN_secure_new();
    uint8_t bytes[POINT_BYTES] = { 0 };
    tally_rc rc = TALLY_E_NOMEM;

    memset(out_x, 0, 32);
    memset(out_y, 0, 32);
    if (point == NULL || scalar == NULL || BN_bin2bn(secret, 32, scalar) == NULL)
        goto out;
    if (BN_is_zero(scalar) || BN_cmp(scalar, EC_GROUP_get0_order(group)) >= 0) {
        rc = TALLY_E_INVALID;
        goto out;
    }
    BN_set_flags(scalar, BN_FLG_CONSTTIME);
    if (EC_POINT_mul(group, point, scalar, NULL, NULL, NULL) != 1 ||
        EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof(bytes),
                           NULL) != sizeof(bytes))
        goto out;
    memcpy(out_x, bytes + 1, 32);
    memcpy(out_y, bytes + 33, 32);
    rc = TALLY_OK;
out:
    BN_clear_free(scalar);
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return rc;
}

/* A key of OpenSSL's; NULL when the point is none, or memory is short. */
static EVP_PKEY *make_key(const uint8_t *secret, const uint8_t *x, const uint8_t *y)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *scalar = secret != NULL ? BN_secure_new() : NULL;
    uint8_t point[POINT_BYTES] = { 4 };
    OSSL_PARAM *parameters = NULL;
    EVP_PKEY *key = NULL;

    memcpy(point + 1, x, 32);
    memcpy(point + 33, y, 32);
    if (context == NULL || build == NULL ||
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) != 1)
        goto out;
    if (secret != NULL && (scalar == NULL || BN_bin2bn(secret, 32, scalar) == NULL ||
                           OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, scalar) != 1))
        goto out;
    parameters = OSSL_PARAM_BLD_to_param(build);
    if (parameters != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
        EVP_PKEY_fromdata(context, &key, secret != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                          parameters) != 1)
        key = NULL;
out:
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(build);
    BN_clear_free(scalar);
    EVP_PKEY_CTX_free(context);
    return key;
}

bool tally_p256_is_on_curve(const uint8_t x[static 32], const uint8_t y[static 32])
{
    EVP_PKEY *key = make_key(NULL, x, y);
    EVP_PKEY_CTX *context = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    bool is_on_curve = context != NULL && EVP_PKEY_public_check(context) == 1;

    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return is_on_curve;
}

bool tally_p256_decompress(uint8_t out_x[static 32], uint8_t out_y[static 32],
                           const uint8_t compressed[static 33])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
    uint8_t bytes[POINT_BYTES];
    bool is_point = point != NULL && EC_POINT_oct2point(group, point, compressed, 33, NULL) == 1 &&
                    EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, bytes,
                                       sizeof(bytes), NULL) == sizeof(bytes);

    if (is_point) {
        memcpy(out_x, bytes + 1, 32);
        memcpy(out_y, bytes + 33, 32);
    }
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return is_point;
}

static bool write_raw(uint8_t out[static 64], const uint8_t *der, size_t der_count)
{
    const unsigned char *at = der;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)der_count);
    bool is_written = signature != NULL &&
                      BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, 32) == 32 &&
                      BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + 32, 32) == 32;

    ECDSA_SIG_free(signature);
    return is_written;
}

tally_rc tally_p256_sign(uint8_t out[static 64], const void *message, size_t count,
                         const uint8_t secret[static 32], const uint8_t x[static 32],
                         const uint8_t y[static 32])
{
    EVP_PKEY *key = make_key(secret, x, y);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t der[DER_MAX];
    size_t der_count = sizeof(der);
    bool is_signed = key != NULL && context != NULL &&
                     EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                     EVP_DigestSign(context, der, &der_count,
                                    count > 0 ? message : (const void *)"", count) == 1 &&
                     write_raw(out, der, der_count);

    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    if (!is_signed)
        memset(out, 0, 64);
    return is_signed ? TALLY_OK : TALLY_E_NOMEM;
}

/* The DER form of r || s, or 0. */
static size_t write_der(uint8_t out[static DER_MAX], const uint8_t signature[static 64])
{
    ECDSA_SIG *read = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, 32, NULL), *s = BN_bin2bn(signature + 32, 32, NULL);
    unsigned char *at = out;
    int count = 0;

    if (read == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(read, r, s) != 1) {
        BN_free(r);
        BN_free(s);
    } else if (i2d_ECDSA_SIG(read, NULL) <= DER_MAX) {
        count = i2d_ECDSA_SIG(read, &at);
    }
    ECDSA_SIG_free(read);
    return count > 0 ? (size_t)count : 0;
}

bool tally_p256_is_valid_vartime(const uint8_t signature[static 64], const void *message,
                                 size_t count, const uint8_t x[static 32],
                                 const uint8_t y[static 32])
{
    EVP_PKEY *key = make_key(NULL, x, y);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t der[DER_MAX];
    size_t der_count = write_der(der, signature);
    bool is_valid = key != NULL && context != NULL && der_count > 0 &&
                    EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                    EVP_DigestVerify(context, der, der_count,
                                     count > 0 ? message : (const void *)"", count) == 1;

    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return is_valid;
}
