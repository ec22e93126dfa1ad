/* SPDX-License-Identifier: Apache-2.0 */
/* Random presentations, and for each one that was altered, as JSON lines with the
 * verdict of the C verifier; verify.mjs says whether it agrees.
 *
 * usage: rrc_cases COUNT [SEED] */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../unit/random.h"
#include "cred/rrc_verify.h"

static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                   0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };

static tally_rc fill(void *context, void *out, size_t bytes, tally_err *err)
{
    (void)context;
    (void)err;
    for (size_t i = 0; i < bytes; i++)
        ((uint8_t *)out)[i] = (uint8_t)random_u64();
    return TALLY_OK;
}

static const tally_random source = { NULL, fill };

#define MUST(call) TALLY_ASSERT((call) == TALLY_OK)

/* All that both verifiers are told. */
typedef struct example {
    char names[5][40]; /* issuer, programme, provider, benefit, period */
    char audience[40];
    uint8_t claim[64];
    size_t claim_bytes;
    uint8_t nonce[32];
    tally_rrc_key key;
    tally_rrc_context_fields context;
    tally_rrc_benefit_fields benefit;
    uint8_t bytes[TALLY_RRC_PRESENTATION_BYTES_MAX + 1];
    size_t byte_count;
} example;

static void name(char out[static 40])
{
    size_t count = 1 + random_below(39);

    for (size_t i = 0; i < count; i++)
        out[i] = "abcdefghijklmnopqrstuvwxyz:.-/0123456789"[random_below(40)];
    out[count] = '\0';
}

/* Texts are pointed to where the example lies now. */
static void point_to_names(example *inout)
{
    inout->context.issuer = tally_text_from(inout->names[0]);
    inout->context.programme = tally_text_from(inout->names[1]);
    inout->benefit.issuer = inout->context.issuer;
    inout->benefit.programme = inout->context.programme;
    inout->benefit.provider = tally_text_from(inout->names[2]);
    inout->benefit.benefit = tally_text_from(inout->names[3]);
    inout->benefit.period = tally_text_from(inout->names[4]);
}

typedef struct terms {
    tally_rrc_keyset keyset;
    tally_rrc_context context;
    tally_rrc_benefit benefit;
    tally_rrc_showing showing;
} terms;

/* False where the terms themselves are refused. */
static bool make_terms(terms *out, const example *given)
{
    MUST(tally_rrc_keyset_make(&out->keyset, &given->key, given->context.issuer, NULL));
    if (tally_rrc_context_make(&out->context, &given->context, NULL) != TALLY_OK ||
        tally_rrc_benefit_make(&out->benefit, &given->benefit, NULL) != TALLY_OK)
        return false;
    out->showing = (tally_rrc_showing){
        .keyset = &out->keyset,
        .context = &out->context,
        .benefit = &out->benefit,
        .audience = tally_text_from(given->audience),
        .nonce = given->nonce,
        .claim = tally_text_of((const char *)given->claim, given->claim_bytes),
    };
    return true;
}

static void make_example(example *out)
{
    uint32_t width = 1 + (uint32_t)random_below(TALLY_RRC_WIDTH_MAX);
    uint32_t score = (uint32_t)random_below((uint64_t)1 << width);
    uint8_t answer[TALLY_RRC_ISSUANCE_BYTES];
    static tally_rrc_presentation shown;
    tally_rrc_credential credential;
    tally_rrc_request request;
    tally_rrc_member member;
    static terms made;
    tally_rrc_issuing issuing = { &made.keyset, &made.context, out->nonce };

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < 5; i++)
        name(out->names[i]);
    name(out->audience);
    out->claim_bytes = random_below(sizeof(out->claim) + 1);
    (void)fill(NULL, out->claim, out->claim_bytes, NULL);
    (void)fill(NULL, out->nonce, sizeof(out->nonce), NULL);
    MUST(tally_rrc_key_new(&out->key, &source, NULL));
    out->context.width = width;
    out->context.epoch = (uint32_t)random_u64();
    out->context.not_before_s = random_below(UINT64_C(1) << 40);
    out->context.not_after_s = out->context.not_before_s + 1 + random_below(1000000);
    out->benefit.quantity = 1 + (uint32_t)random_below(5);
    out->benefit.slot = (uint32_t)random_below(out->benefit.quantity);
    out->benefit.threshold = (uint32_t)random_below(score + 1);
    point_to_names(out);
    TALLY_ASSERT(make_terms(&made, out));
    MUST(tally_rrc_member_new(&member, &source, NULL));
    MUST(tally_rrc_request_make(&request, &member, &issuing, &source, NULL));
    MUST(tally_rrc_issue(answer, &out->key, &issuing, &member.y, score, request.bytes,
                         sizeof(request.bytes), &source, NULL));
    MUST(tally_rrc_issuance_take(&credential, &request, &issuing, score, answer, sizeof(answer),
                                 NULL));
    MUST(tally_rrc_present(&shown, &credential, &member, &made.showing, &source, NULL));
    memcpy(out->bytes, shown.bytes, shown.byte_count);
    out->byte_count = shown.byte_count;
}

static bool holds(const example *given)
{
    static tally_rrc_presentation read;
    static terms made;

    return make_terms(&made, given) &&
           tally_rrc_presentation_read(&read, given->bytes, given->byte_count, NULL) == TALLY_OK &&
           tally_rrc_presentation_verify(&read, &made.showing, &given->key, NULL) == TALLY_OK;
}

/* ---- alterations ---- */

static uint8_t *any_element(example *inout)
{
    return inout->bytes + 2 + 32 * random_below(5 + (uint64_t)inout->context.width);
}

static uint8_t *any_scalar(example *inout)
{
    return inout->bytes + 2 +
           32 * (5 + inout->context.width + random_below(7 + 3 * (uint64_t)inout->context.width));
}

static const char *alter_bytes(example *inout, uint64_t how)
{
    uint32_t carry = 0;
    uint8_t *at;

    switch (how) {
    case 0:
        memset(any_element(inout), 0, 32);
        return "a neutral element";
    case 1:
        memcpy(any_element(inout), tally_element_base.bytes, 32);
        return "another element";
    case 2:
        any_element(inout)[random_below(32)] ^= (uint8_t)(1 + random_below(255));
        return "an element changed";
    case 3:
        at = any_scalar(inout);
        for (size_t i = 0; i < 32; i++) {
            carry += (uint32_t)at[i] + order[i];
            at[i] = (uint8_t)carry;
            carry >>= 8;
        }
        return "a scalar plus the order";
    case 4:
        any_scalar(inout)[random_below(32)] ^= (uint8_t)(1 + random_below(255));
        return "a scalar changed";
    case 5:
        inout->byte_count -= 1 + random_below(64);
        return "truncated";
    case 6:
        inout->bytes[inout->byte_count++] = 0;
        return "extended";
    default:
        inout->bytes[random_below(2)] ^= (uint8_t)(1 + random_below(255));
        return "another version or width";
    }
}

static const char *alter_terms(example *inout, uint64_t how)
{
    switch (how) {
    case 0:
        inout->benefit.threshold ^= 1u << random_below(TALLY_RRC_WIDTH_MAX);
        return "another threshold";
    case 1:
        inout->nonce[random_below(32)] ^= 1;
        return "another nonce";
    case 2:
        inout->audience[0] = inout->audience[0] == 'x' ? 'y' : 'x';
        return "another audience";
    case 3:
        inout->claim_bytes = inout->claim_bytes > 0 ? inout->claim_bytes - 1 : 1;
        return "another claim";
    case 4:
        inout->context.epoch ^= 1;
        return "another epoch";
    case 5:
        inout->context.width = inout->context.width % TALLY_RRC_WIDTH_MAX + 1;
        return "another width of the context";
    case 6:
        inout->benefit.quantity++;
        inout->benefit.slot++;
        return "another slot";
    case 7:
        inout->key.xc.bytes[0] ^= 1;
        return "another key";
    default:
        how = random_below(5);
        inout->names[how][0] = inout->names[how][0] == 'x' ? 'y' : 'x';
        return "another name";
    }
}

/* ---- output ---- */

static void put_hex(const char *member, const uint8_t *bytes, size_t count)
{
    printf(",\"%s\":\"", member);
    for (size_t i = 0; i < count; i++)
        printf("%02x", bytes[i]);
    putchar('"');
}

static bool put_case(const char *what, const example *given)
{
    static const char *const members[] = { "issuer", "programme", "provider", "benefit", "period" };
    bool does_hold = holds(given);
    uint8_t key[TALLY_RRC_KEY_BYTES];

    printf("{\"what\":\"%s\",\"holds\":%s", what, does_hold ? "true" : "false");
    for (size_t i = 0; i < 5; i++)
        printf(",\"%s\":\"%s\"", members[i], given->names[i]);
    printf(",\"audience\":\"%s\",\"epoch\":%" PRIu32 ",\"not_before\":%" PRIu64, given->audience,
           given->context.epoch, given->context.not_before_s);
    printf(",\"not_after\":%" PRIu64 ",\"width\":%" PRIu32 ",\"slot\":%" PRIu32
           ",\"threshold\":%" PRIu32,
           given->context.not_after_s, given->context.width, given->benefit.slot,
           given->benefit.threshold);
    put_hex("nonce", given->nonce, sizeof(given->nonce));
    put_hex("claim", given->claim, given->claim_bytes);
    tally_rrc_key_write(&given->key, key);
    put_hex("key", key, sizeof(key));
    put_hex("presentation", given->bytes, given->byte_count);
    puts("}");
    return does_hold;
}

int main(int argc, char **argv)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;

    if (count == 0) {
        fputs("usage: rrc_cases COUNT [SEED]\n", stderr);
        return 2;
    }
    random_state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    for (uint64_t i = 0; i < count; i++) {
        static example given;
        const char *what;

        make_example(&given);
        TALLY_ASSERT(put_case("as made", &given));
        what = i % 2 == 0 ? alter_bytes(&given, i / 2 % 8) : alter_terms(&given, i / 2 % 9);
        point_to_names(&given);
        TALLY_ASSERT(!put_case(what, &given));
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
