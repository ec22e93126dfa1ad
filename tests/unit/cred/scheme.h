/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_UNIT_CRED_SCHEME_H
#define TALLY_TESTS_UNIT_CRED_SCHEME_H

/* One operator, one member with a credential, one benefit: what every test of the
 * scheme starts from. */

#include "unit.h"

#include "cred/rrc_internal.h"
#include "cred/rrc_verify.h"
#include "random_source.h"

/* l, lowest byte first. */
static const uint8_t group_order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                         0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };

typedef struct scheme {
    tally_rrc_key key;
    tally_rrc_keyset keyset;
    tally_rrc_context_fields context_fields;
    tally_rrc_context context;
    tally_rrc_benefit_fields benefit_fields;
    tally_rrc_benefit benefit;
    tally_rrc_member member;
    tally_rrc_credential credential;
    uint8_t issue_nonce[32], nonce[32];
    tally_rrc_issuing issuing;
    tally_rrc_showing showing;
} scheme;

static const tally_rrc_context_fields scheme_context = {
    .issuer = { "did:web:operator.example", 24 },
    .programme = { "urn:example:green-points", 24 },
    .epoch = 7,
    .not_before_s = 1000,
    .not_after_s = 2000,
    .width = 16,
};

static const tally_rrc_benefit_fields scheme_benefit = {
    .issuer = { "did:web:operator.example", 24 },
    .programme = { "urn:example:green-points", 24 },
    .provider = { "did:web:library.example", 23 },
    .benefit = { "urn:example:late-loan", 21 },
    .period = { "2026-Q4", 7 },
    .quantity = 2,
    .slot = 0,
    .threshold = 500,
};

/* A credential for this score in the scheme's context. */
static inline void scheme_issue(scheme *inout, uint32_t score)
{
    uint8_t answer[TALLY_RRC_ISSUANCE_BYTES];
    tally_rrc_request request;

    assert_int_equal(
        tally_rrc_request_make(&request, &inout->member, &inout->issuing, &random_source, NULL),
        TALLY_OK);
    assert_int_equal(tally_rrc_issue(answer, &inout->key, &inout->issuing, &inout->member.y, score,
                                     request.bytes, sizeof(request.bytes), &random_source, NULL),
                     TALLY_OK);
    assert_int_equal(tally_rrc_issuance_take(&inout->credential, &request, &inout->issuing, score,
                                             answer, sizeof(answer), NULL),
                     TALLY_OK);
}

static inline void scheme_make(scheme *out, uint32_t width, uint32_t score, uint32_t threshold)
{
    memset(out, 0, sizeof(*out));
    out->context_fields = scheme_context;
    out->context_fields.width = width;
    out->benefit_fields = scheme_benefit;
    out->benefit_fields.threshold = threshold;
    assert_int_equal(tally_rrc_key_new(&out->key, &random_source, NULL), TALLY_OK);
    assert_int_equal(
        tally_rrc_keyset_make(&out->keyset, &out->key, out->context_fields.issuer, NULL), TALLY_OK);
    assert_int_equal(tally_rrc_context_make(&out->context, &out->context_fields, NULL), TALLY_OK);
    assert_int_equal(tally_rrc_benefit_make(&out->benefit, &out->benefit_fields, NULL), TALLY_OK);
    assert_int_equal(tally_rrc_member_new(&out->member, &random_source, NULL), TALLY_OK);
    memset(out->issue_nonce, 3, sizeof(out->issue_nonce));
    memset(out->nonce, 4, sizeof(out->nonce));
    out->issuing = (tally_rrc_issuing){ &out->keyset, &out->context, out->issue_nonce };
    out->showing = (tally_rrc_showing){ &out->keyset,  &out->context,
                                        &out->benefit, out->benefit_fields.provider,
                                        out->nonce,    TALLY_TEXT("claim-1") };
    scheme_issue(out, score);
}

static inline void scheme_present(const scheme *given, tally_rrc_presentation *out)
{
    assert_int_equal(tally_rrc_present(out, &given->credential, &given->member, &given->showing,
                                       &random_source, NULL),
                     TALLY_OK);
}

/* Read the bytes and verify them, as the operator does. */
static inline tally_rc scheme_judge(const scheme *given, const uint8_t *bytes, size_t count)
{
    tally_rrc_presentation read;
    tally_rc rc = tally_rrc_presentation_read(&read, bytes, count, NULL);

    return rc == TALLY_OK ? tally_rrc_presentation_verify(&read, &given->showing, &given->key, NULL)
                          : rc;
}

/* What a prover who lies sends: a proof over an opening that it changed, made
 * without the short way, which trusts the opening. */
static inline tally_rc scheme_judge_lie(const scheme *given, tally_rrc_opening *opening)
{
    tally_rrc_tag tag;

    assert_int_equal(tally_rrc_showing_tag(&tag, &given->showing, NULL), TALLY_OK);
    tally_rrc_state_presentation(&opening->relation, &opening->shown, &opening->z, &given->showing);
    assert_int_equal(tally_sigma_prove(&opening->relation, opening->shown.proof,
                                       tally_rrc_tag_text(&tag), opening->witness[0].bytes, NULL,
                                       &random_source, NULL),
                     TALLY_OK);
    tally_rrc_presentation_compose(&opening->shown);
    return scheme_judge(given, opening->shown.bytes, opening->shown.byte_count);
}

/* number += l, as bytes; false when that does not fit. */
static inline bool add_order(uint8_t number[static 32])
{
    uint32_t carry = 0;

    for (size_t i = 0; i < 32; i++) {
        carry += (uint32_t)number[i] + group_order[i];
        number[i] = (uint8_t)carry;
        carry >>= 8;
    }
    return carry == 0;
}

static inline bool is_all_zero(const void *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (((const uint8_t *)bytes)[i] != 0)
            return false;
    return true;
}

#endif
