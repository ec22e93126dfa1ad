/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_FUZZ_RRC_H
#define TALLY_TESTS_FUZZ_RRC_H

/* One operator and one member of RRC-V01, always the same, and one valid message
 * of each kind between them. The seeds are made from these, and any other message
 * that is accepted would be a forgery. */

#include "../unit/random.h"
#include "cred/rrc_verify.h"

typedef struct rrc_fixture {
    tally_rrc_key key;
    tally_rrc_keyset keyset;
    tally_rrc_context context;
    tally_rrc_benefit benefit;
    tally_rrc_member member;
    uint8_t nonce[32];
    tally_rrc_issuing issuing;
    tally_rrc_showing showing;
    uint8_t enrolment[TALLY_RRC_ENROLMENT_BYTES];
    tally_rrc_request request;
    uint8_t issuance[TALLY_RRC_ISSUANCE_BYTES];
    tally_rrc_presentation shown;
} rrc_fixture;

#define RRC_SCORE 731

static tally_rc rrc_fill(void *context, void *out, size_t bytes, tally_err *err)
{
    (void)context;
    (void)err;
    for (size_t i = 0; i < bytes; i++)
        ((uint8_t *)out)[i] = (uint8_t)random_u64();
    return TALLY_OK;
}

static inline void rrc_make(rrc_fixture *out)
{
    const tally_random source = { NULL, rrc_fill };
    const tally_text issuer = TALLY_TEXT("did:web:operator.example");
    const tally_rrc_context_fields context = { issuer, TALLY_TEXT("points"), 1, 0, 1, 16 };
    const tally_rrc_benefit_fields benefit = { issuer,
                                               TALLY_TEXT("points"),
                                               TALLY_TEXT("did:web:library.example"),
                                               TALLY_TEXT("loan"),
                                               TALLY_TEXT("2026"),
                                               1,
                                               0,
                                               500 };
    tally_rrc_credential credential;

    random_state = 1;
    TALLY_ASSERT(tally_rrc_key_new(&out->key, &source, NULL) == TALLY_OK);
    TALLY_ASSERT(tally_rrc_keyset_make(&out->keyset, &out->key, issuer, NULL) == TALLY_OK);
    TALLY_ASSERT(tally_rrc_context_make(&out->context, &context, NULL) == TALLY_OK);
    TALLY_ASSERT(tally_rrc_benefit_make(&out->benefit, &benefit, NULL) == TALLY_OK);
    TALLY_ASSERT(tally_rrc_member_new(&out->member, &source, NULL) == TALLY_OK);
    TALLY_ASSERT(tally_rrc_enrol(out->enrolment, &out->member, issuer, out->nonce, &source, NULL) ==
                 TALLY_OK);
    out->issuing = (tally_rrc_issuing){ &out->keyset, &out->context, out->nonce };
    TALLY_ASSERT(tally_rrc_request_make(&out->request, &out->member, &out->issuing, &source,
                                        NULL) == TALLY_OK);
    TALLY_ASSERT(tally_rrc_issue(out->issuance, &out->key, &out->issuing, &out->member.y, RRC_SCORE,
                                 out->request.bytes, sizeof(out->request.bytes), &source,
                                 NULL) == TALLY_OK);
    TALLY_ASSERT(tally_rrc_issuance_take(&credential, &out->request, &out->issuing, RRC_SCORE,
                                         out->issuance, sizeof(out->issuance), NULL) == TALLY_OK);
    out->showing = (tally_rrc_showing){ &out->keyset,     &out->context, &out->benefit,
                                        benefit.provider, out->nonce,    TALLY_TEXT("claim") };
    TALLY_ASSERT(tally_rrc_present(&out->shown, &credential, &out->member, &out->showing, &source,
                                   NULL) == TALLY_OK);
    TALLY_ASSERT(tally_rrc_presentation_verify(&out->shown, &out->showing, &out->key, NULL) ==
                 TALLY_OK);
}

static inline const rrc_fixture *rrc_get(void)
{
    static rrc_fixture fixture;
    static bool is_made;

    if (!is_made)
        rrc_make(&fixture);
    is_made = true;
    return &fixture;
}

/* Of these bytes, is the message the one that was made honestly? */
static inline bool rrc_is_honest(const uint8_t *bytes, size_t count, const uint8_t *honest,
                                 size_t honest_count)
{
    return count == honest_count && memcmp(bytes, honest, count) == 0;
}

#endif
