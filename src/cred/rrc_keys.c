/* SPDX-License-Identifier: Apache-2.0 */
/* Keys. X0 stands on H and the others on the generator on purpose: with x0 * G
 * published, (a * G, a * (x0 * G + Xr)) would be a MAC of the message of zeros. */

#include "cred/rrc_internal.h"

#include <string.h>

#include "crypto/ed25519.h"

_Static_assert(sizeof(tally_rrc_key) == TALLY_RRC_KEY_BYTES, "scalars lie packed");

tally_rc tally_rrc_key_new(tally_rrc_key *out, const tally_random *random, tally_err *err)
{
    tally_scalar *const scalars[] = { &out->x0, &out->xr, &out->xk, &out->xs, &out->xc };
    tally_rc rc = TALLY_OK;

    for (size_t i = 0; rc == TALLY_OK && i < sizeof(scalars) / sizeof(scalars[0]); i++)
        rc = tally_scalar_random(scalars[i], random, err);
    if (rc != TALLY_OK)
        tally_secret_wipe(out, sizeof(*out));
    return rc;
}

tally_rc tally_rrc_key_read(tally_rrc_key *out, const uint8_t bytes[static TALLY_RRC_KEY_BYTES],
                            tally_err *err)
{
    tally_scalar *const scalars[] = { &out->x0, &out->xr, &out->xk, &out->xs, &out->xc };

    for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++) {
        if (tally_scalar_decode(scalars[i], bytes + i * TALLY_SCALAR_BYTES) &&
            !tally_scalar_is_zero(scalars[i]))
            continue;
        tally_secret_wipe(out, sizeof(*out));
        return tally_err_set(err, TALLY_E_INVALID, 0, "scalar %zu of the key is none", i);
    }
    return TALLY_OK;
}

void tally_rrc_key_write(const tally_rrc_key *key, uint8_t out[static TALLY_RRC_KEY_BYTES])
{
    memcpy(out, key, TALLY_RRC_KEY_BYTES);
}

/* KEYSET = SHA-256(lp("RRC-V01-KEYSET") lp(issuer) H X0 Xr Xk Xs Xc) */
static tally_rc finish_keyset(tally_rrc_keyset *inout, tally_text issuer, tally_err *err)
{
    uint8_t
        bytes[4 + 14 + 4 + TALLY_RRC_TEXT_BYTES_MAX + TALLY_ELEMENT_BYTES + TALLY_RRC_KEY_BYTES];
    uint8_t elements[TALLY_RRC_KEY_BYTES];
    tally_rrc_writer writer = { bytes, sizeof(bytes), 0 };
    tally_rc rc = tally_rrc_check_text(issuer, "the issuer's name", err);

    if (rc == TALLY_OK) {
        memcpy(inout->issuer, issuer.bytes, issuer.count);
        inout->issuer_bytes = issuer.count;
        tally_rrc_keyset_write(inout, elements);
        tally_rrc_put_lp(&writer, TALLY_TEXT("RRC-V01-KEYSET"));
        tally_rrc_put_lp(&writer, issuer);
        tally_rrc_put(&writer, tally_rrc_generator_h.bytes, TALLY_ELEMENT_BYTES);
        tally_rrc_put(&writer, elements, sizeof(elements));
        rc = tally_rrc_hash(inout->id, bytes, writer.count, err);
    }
    if (rc != TALLY_OK)
        memset(inout, 0, sizeof(*inout));
    return rc;
}

tally_rc tally_rrc_keyset_make(tally_rrc_keyset *out, const tally_rrc_key *key, tally_text issuer,
                               tally_err *err)
{
    tally_rc rc;

    memset(out, 0, sizeof(*out));
    rc = tally_element_multiply(&out->x0, &key->x0, &tally_rrc_generator_h);
    TALLY_ASSERT(rc == TALLY_OK);
    tally_element_multiply_base(&out->xr, &key->xr);
    tally_element_multiply_base(&out->xk, &key->xk);
    tally_element_multiply_base(&out->xs, &key->xs);
    tally_element_multiply_base(&out->xc, &key->xc);
    return finish_keyset(out, issuer, err);
}

tally_rc tally_rrc_keyset_read(tally_rrc_keyset *out, tally_text issuer,
                               const uint8_t bytes[static TALLY_RRC_KEY_BYTES], tally_err *err)
{
    tally_element *const elements[] = { &out->x0, &out->xr, &out->xk, &out->xs, &out->xc };

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++)
        if (!tally_element_decode(elements[i], bytes + i * TALLY_ELEMENT_BYTES)) {
            memset(out, 0, sizeof(*out));
            return tally_err_set(err, TALLY_E_INVALID, 0, "element %zu of the keyset is none", i);
        }
    return finish_keyset(out, issuer, err);
}

void tally_rrc_keyset_write(const tally_rrc_keyset *keyset, uint8_t out[static TALLY_RRC_KEY_BYTES])
{
    const tally_element *const elements[] = { &keyset->x0, &keyset->xr, &keyset->xk, &keyset->xs,
                                              &keyset->xc };

    for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++)
        memcpy(out + i * TALLY_ELEMENT_BYTES, elements[i]->bytes, TALLY_ELEMENT_BYTES);
}
