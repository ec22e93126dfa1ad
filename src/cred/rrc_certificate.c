/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: elements [G, H, X0, Xr, Xk, Xs, Xc, U1, Ck, Cs, Z], scalars
 * (x0, xr, xk, xs, xc), each key's equation and
 *     Z = x0 * U1 + xr * U1 + m_c * xc * U1 + xk * Ck + xs * Cs
 * under pctx = lp("CERT") KEYSET lp(CTX) SHA-256(presentation) lp(nonce). */

#include "cred/rrc_certificate.h"

#include <string.h>

#include "cred/rrc_internal.h"
#include "crypto/ed25519.h"

_Static_assert(TALLY_RRC_CERTIFICATE_BYTES == TALLY_ELEMENT_BYTES + TALLY_SIGMA_PROOF_BYTES(5),
               "Z and the proof");

/* The place of a scalar, and of an element. */
enum { SX0, SXR, SXK, SXS, SXC, SCALARS };
enum { G, H, X0, XR, XK, XS, XC, U1, CK, CS, Z };

static void state_key(tally_sigma_relation *out, uint32_t image, uint32_t scalar, uint32_t element)
{
    tally_sigma_add_equation(out);
    tally_sigma_add_image(out, image, NULL);
    tally_sigma_add_term(out, scalar, element, NULL);
}

static void state_certificate(tally_sigma_relation *out, const tally_rrc_presentation *shown,
                              const tally_rrc_showing *showing, const tally_element *z)
{
    const tally_rrc_keyset *keyset = showing->keyset;
    const tally_element *const elements[] = {
        &tally_rrc_generator_h,
        &keyset->x0,
        &keyset->xr,
        &keyset->xk,
        &keyset->xs,
        &keyset->xc,
        &shown->u1,
        &shown->ck,
        &shown->cs,
        z,
    };

    tally_sigma_begin(out, &tally_group_ristretto255, SCALARS);
    for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++)
        (void)tally_sigma_add_element(out, elements[i]->bytes);
    state_key(out, X0, SX0, H);
    state_key(out, XR, SXR, G);
    state_key(out, XK, SXK, G);
    state_key(out, XS, SXS, G);
    state_key(out, XC, SXC, G);
    tally_sigma_add_equation(out);
    tally_sigma_add_image(out, Z, NULL);
    tally_sigma_add_term(out, SX0, U1, NULL);
    tally_sigma_add_term(out, SXR, U1, NULL);
    tally_sigma_add_term(out, SXC, U1, showing->context->attribute.bytes);
    tally_sigma_add_term(out, SXK, CK, NULL);
    tally_sigma_add_term(out, SXS, CS, NULL);
}

static tally_rc make_tag(tally_rrc_tag *out, const tally_rrc_presentation *shown,
                         const tally_rrc_showing *showing, tally_err *err)
{
    tally_rrc_proof_context context;
    tally_rc rc = tally_rrc_proof_context_begin_under(&context, "CERT", showing->keyset,
                                                      showing->context, err);

    if (rc != TALLY_OK)
        return rc;
    tally_rrc_put(&context.writer, shown->hash, sizeof(shown->hash));
    tally_rrc_put_lp(&context.writer,
                     tally_text_of((const char *)showing->nonce, TALLY_RRC_NONCE_BYTES));
    return tally_rrc_tag_make(out, &context, err);
}

tally_rc tally_rrc_certify(uint8_t out[static TALLY_RRC_CERTIFICATE_BYTES],
                           const tally_rrc_presentation *shown, const tally_rrc_showing *showing,
                           const tally_rrc_key *key, const tally_random *random, tally_err *err)
{
    uint8_t witness[TALLY_RRC_KEY_BYTES];
    tally_sigma_relation relation;
    tally_element z;
    tally_rrc_tag tag;
    tally_rc rc = tally_rrc_presentation_verify(shown, showing, key, err);

    memset(out, 0, TALLY_RRC_CERTIFICATE_BYTES);
    if (rc == TALLY_OK)
        rc = make_tag(&tag, shown, showing, err);
    if (rc == TALLY_OK)
        rc = tally_rrc_compute_z(&z, key, showing->context, shown);
    if (rc != TALLY_OK)
        return rc;
    tally_rrc_key_write(key, witness); /* in the order of the scalars */
    state_certificate(&relation, shown, showing, &z);
    rc = tally_sigma_prove(&relation, out + TALLY_ELEMENT_BYTES, tally_rrc_tag_text(&tag), witness,
                           NULL, random, err);
    if (rc == TALLY_OK)
        memcpy(out, z.bytes, TALLY_ELEMENT_BYTES);
    tally_secret_wipe(witness, sizeof(witness));
    return rc;
}

tally_rc tally_rrc_certificate_verify(const tally_rrc_presentation *shown,
                                      const tally_rrc_showing *showing, const uint8_t *bytes,
                                      size_t byte_count, tally_err *err)
{
    tally_sigma_relation relation;
    tally_element z;
    tally_rrc_tag tag;
    tally_rc rc;

    if (byte_count != TALLY_RRC_CERTIFICATE_BYTES)
        return tally_err_set(err, TALLY_E_INVALID, 0, "a certificate has %d bytes, not %zu",
                             TALLY_RRC_CERTIFICATE_BYTES, byte_count);
    if (!tally_element_decode(&z, bytes))
        return tally_err_set(err, TALLY_E_INVALID, 0, "the certificate holds no element");
    rc = make_tag(&tag, shown, showing, err);
    if (rc != TALLY_OK)
        return rc;
    state_certificate(&relation, shown, showing, &z);
    rc =
        tally_sigma_verify_vartime(&relation, tally_rrc_tag_text(&tag), bytes + TALLY_ELEMENT_BYTES,
                                   byte_count - TALLY_ELEMENT_BYTES, NULL, err);
    return rc == TALLY_OK ? tally_rrc_verify_with(shown, showing, &z, NULL, err) : rc;
}
