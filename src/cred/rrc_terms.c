/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts, benefits and the tags of proofs: the byte strings of RRC-V01, each of
 * which has one reading, because every text in it stands behind its length. */

#include "cred/rrc_internal.h"

#include <string.h>

#include "crypto/hash.h"
#include "crypto/hash_to_group.h"

#define GROUP_DST(info)  TALLY_TEXT("RRC-V01-" info "-with-ristretto255_XMD:SHA-512_R255MAP_RO_")
#define SCALAR_DST(info) TALLY_TEXT("RRC-V01-" info "-SCALAR-with-XMD:SHA-512")

/* A constant, so that nothing can fail to have it; a test derives it. */
const tally_element tally_rrc_generator_h = { { 0xa6, 0x54, 0xa5, 0xbf, 0x09, 0xa1, 0x76, 0xe4,
                                                0xe8, 0xef, 0xdb, 0x56, 0x2d, 0x74, 0xd1, 0x0a,
                                                0xb2, 0x60, 0x4e, 0xe5, 0x07, 0xda, 0xda, 0x99,
                                                0xe4, 0x8e, 0xdf, 0x99, 0x21, 0xf9, 0x7f, 0x32 } };

/* ---- composing ---- */

void tally_rrc_put(tally_rrc_writer *writer, const void *bytes, size_t count)
{
    TALLY_ASSERT(count <= writer->room - writer->count);
    if (count > 0)
        memcpy(writer->bytes + writer->count, bytes, count);
    writer->count += count;
}

void tally_rrc_put_integer(tally_rrc_writer *writer, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));

        tally_rrc_put(writer, &byte, 1);
    }
}

void tally_rrc_put_lp(tally_rrc_writer *writer, tally_text text)
{
    TALLY_ASSERT(text.count <= UINT32_MAX);
    tally_rrc_put_integer(writer, text.count, 4);
    tally_rrc_put(writer, text.bytes, text.count);
}

tally_rc tally_rrc_check_text(tally_text text, const char *what, tally_err *err)
{
    if (text.count == 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s is empty", what);
    if (text.count > TALLY_RRC_TEXT_BYTES_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s has %zu bytes, at most %d are allowed",
                             what, text.count, TALLY_RRC_TEXT_BYTES_MAX);
    if (!tally_text_is_visible(text))
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s is not all visible UTF-8", what);
    return TALLY_OK;
}

tally_rc tally_rrc_hash(uint8_t out[static TALLY_RRC_HASH_BYTES], const void *bytes, size_t count,
                        tally_err *err)
{
    tally_rc rc = tally_hash_sha256(out, bytes, count);

    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "OpenSSL could not hash");
}

/* ---- contexts ---- */

static tally_rc check_context(const tally_rrc_context_fields *fields, tally_err *err)
{
    tally_rc rc = tally_rrc_check_text(fields->issuer, "the issuer's name", err);

    if (rc == TALLY_OK)
        rc = tally_rrc_check_text(fields->programme, "the programme's name", err);
    if (rc != TALLY_OK)
        return rc;
    if (fields->width < 1 || fields->width > TALLY_RRC_WIDTH_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0, "a width of %u bits is not 1 to %d",
                             fields->width, TALLY_RRC_WIDTH_MAX);
    if (fields->not_before_s >= fields->not_after_s)
        return tally_err_set(err, TALLY_E_INVALID, 0, "the context ends before it begins");
    return TALLY_OK;
}

tally_rc tally_rrc_context_make(tally_rrc_context *out, const tally_rrc_context_fields *fields,
                                tally_err *err)
{
    tally_rrc_writer writer = { out->bytes, sizeof(out->bytes), 0 };
    tally_rc rc = check_context(fields, err);

    memset(out, 0, sizeof(*out));
    if (rc != TALLY_OK)
        return rc;
    tally_rrc_put_lp(&writer, TALLY_TEXT("RRC-V01-CTX"));
    tally_rrc_put_lp(&writer, fields->issuer);
    tally_rrc_put_lp(&writer, fields->programme);
    tally_rrc_put_integer(&writer, fields->epoch, 4);
    tally_rrc_put_integer(&writer, fields->not_before_s, 8);
    tally_rrc_put_integer(&writer, fields->not_after_s, 8);
    tally_rrc_put_integer(&writer, fields->width, 1);
    out->byte_count = writer.count;
    out->not_before_s = fields->not_before_s;
    out->not_after_s = fields->not_after_s;
    out->width = fields->width;
    rc = tally_hash_to_scalar(&out->attribute,
                              tally_text_of((const char *)out->bytes, out->byte_count),
                              SCALAR_DST("CTX"));
    if (rc != TALLY_OK) {
        memset(out, 0, sizeof(*out));
        return tally_err_set(err, rc, 0, "OpenSSL could not hash");
    }
    return TALLY_OK;
}

/* ---- benefits ---- */

static tally_rc check_benefit(const tally_rrc_benefit_fields *fields, tally_err *err)
{
    const struct {
        tally_text text;
        const char *what;
    } texts[] = {
        { fields->issuer, "the issuer's name" },     { fields->programme, "the programme's name" },
        { fields->provider, "the provider's name" }, { fields->benefit, "the benefit's name" },
        { fields->period, "the period's name" },
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        tally_rc rc = tally_rrc_check_text(texts[i].text, texts[i].what, err);

        if (rc != TALLY_OK)
            return rc;
    }
    if (fields->slot >= fields->quantity)
        return tally_err_set(err, TALLY_E_INVALID, 0, "there is no claim %u of %u", fields->slot,
                             fields->quantity);
    if (fields->threshold >> TALLY_RRC_WIDTH_MAX != 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "a threshold of %u does not fit %d bits",
                             fields->threshold, TALLY_RRC_WIDTH_MAX);
    return TALLY_OK;
}

static void write_scope(tally_rrc_benefit *out, const tally_rrc_benefit_fields *fields)
{
    tally_rrc_writer writer = { out->scope, sizeof(out->scope), 0 };

    tally_rrc_put_lp(&writer, TALLY_TEXT("RRC-V01-SCOPE"));
    tally_rrc_put_lp(&writer, fields->issuer);
    tally_rrc_put_lp(&writer, fields->programme);
    tally_rrc_put_lp(&writer, fields->provider);
    tally_rrc_put_lp(&writer, fields->benefit);
    tally_rrc_put_lp(&writer, fields->period);
    tally_rrc_put_integer(&writer, fields->slot, 4);
    out->scope_bytes = writer.count;
}

tally_rc tally_rrc_benefit_make(tally_rrc_benefit *out, const tally_rrc_benefit_fields *fields,
                                tally_err *err)
{
    tally_scalar less;
    tally_rc rc = check_benefit(fields, err);

    memset(out, 0, sizeof(*out));
    if (rc != TALLY_OK)
        return rc;
    write_scope(out, fields);
    out->threshold = fields->threshold;
    tally_scalar_from_u64(&less, fields->threshold);
    tally_scalar_negate(&less, &less);
    rc = tally_element_multiply(&out->less_threshold_h, &less, &tally_rrc_generator_h);
    TALLY_ASSERT(rc == TALLY_OK);
    rc = tally_hash_sha256(out->scope_hash, out->scope, out->scope_bytes);
    if (rc == TALLY_OK)
        rc = tally_hash_to_group(&out->base,
                                 tally_text_of((const char *)out->scope, out->scope_bytes),
                                 GROUP_DST("NULLIFIER"));
    if (rc != TALLY_OK) {
        memset(out, 0, sizeof(*out));
        return tally_err_set(err, rc, 0, "OpenSSL could not hash");
    }
    return TALLY_OK;
}

uint32_t tally_rrc_score(int64_t points, uint32_t width)
{
    int64_t max;

    TALLY_ASSERT(width >= 1 && width <= TALLY_RRC_WIDTH_MAX);
    max = ((int64_t)1 << width) - 1;
    return (uint32_t)(points < 0 ? 0 : points > max ? max : points);
}

/* ---- tags ---- */

void tally_rrc_proof_context_begin(tally_rrc_proof_context *out, const char *purpose)
{
    out->purpose = purpose;
    out->writer = (tally_rrc_writer){ out->bytes, sizeof(out->bytes), 0 };
    tally_rrc_put_lp(&out->writer, tally_text_from(purpose));
}

/* The issuer is the second text of a context. */
static bool is_of_issuer(const tally_rrc_context *context, const tally_rrc_keyset *keyset)
{
    size_t at = 4 + strlen("RRC-V01-CTX");
    uint8_t name[4 + TALLY_RRC_TEXT_BYTES_MAX];
    tally_rrc_writer writer = { name, sizeof(name), 0 };

    tally_rrc_put_lp(&writer, tally_text_of(keyset->issuer, keyset->issuer_bytes));
    return context->byte_count > at + writer.count &&
           memcmp(context->bytes + at, name, writer.count) == 0;
}

tally_rc tally_rrc_proof_context_begin_under(tally_rrc_proof_context *out, const char *purpose,
                                             const tally_rrc_keyset *keyset,
                                             const tally_rrc_context *context, tally_err *err)
{
    if (!is_of_issuer(context, keyset))
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "the context names another issuer than the keyset");
    tally_rrc_proof_context_begin(out, purpose);
    tally_rrc_put(&out->writer, keyset->id, sizeof(keyset->id));
    tally_rrc_put_lp(&out->writer,
                     tally_text_of((const char *)context->bytes, context->byte_count));
    return TALLY_OK;
}

tally_rc tally_rrc_tag_make(tally_rrc_tag *out, const tally_rrc_proof_context *context,
                            tally_err *err)
{
    tally_rrc_writer writer = { (uint8_t *)out->bytes, sizeof(out->bytes), 0 };
    tally_text suite = TALLY_TEXT("-CMPT-with-sigma-proofs_Shake128_Ristretto255-");
    uint8_t hash[TALLY_HASH_BYTES];
    char hex[TALLY_HASH_HEX_BYTES];
    tally_rc rc = tally_rrc_hash(hash, context->bytes, context->writer.count, err);

    tally_hash_hex(hex, hash);
    tally_rrc_put(&writer, "RRC-V01-", 8);
    tally_rrc_put(&writer, context->purpose, strlen(context->purpose));
    tally_rrc_put(&writer, suite.bytes, suite.count);
    tally_rrc_put(&writer, hex, sizeof(hex) - 1);
    out->count = writer.count;
    return rc;
}
