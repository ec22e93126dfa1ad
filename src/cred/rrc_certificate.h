/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRED_RRC_CERTIFICATE_H
#define TALLY_CRED_RRC_CERTIFICATE_H

/* Certificates: the operator's proof, after it has verified a presentation, that
 * its Z is the right one, with which the provider verifies the presentation itself
 * and need not trust a yes or no.
 *
 * EXPERIMENTAL and left out of a build without -Dexperimental_certificate=true:
 * whoever got Z for a presentation that does not hold could question the key with
 * it, and that this is all that can go wrong has not been reviewed. */

#include "cred/rrc_verify.h"

#define TALLY_RRC_CERTIFICATE_BYTES 224 /* Z and a proof about 5 scalars */

/* Certify a presentation, which is verified first. On failure out is all zero.
 * Codes of tally_rrc_presentation_verify(), and TALLY_E_IO when the source of
 * random bytes failed. */
TALLY_MUST_CHECK tally_rc tally_rrc_certify(uint8_t out[static TALLY_RRC_CERTIFICATE_BYTES],
                                            const tally_rrc_presentation *shown,
                                            const tally_rrc_showing *showing,
                                            const tally_rrc_key *key, const tally_random *random,
                                            tally_err *err);

/* The provider's check, without any secret: of the certificate, and with it of the
 * presentation.
 * TALLY_E_INVALID  one does not hold
 * TALLY_E_NOMEM    OpenSSL could not allocate */
TALLY_MUST_CHECK tally_rc tally_rrc_certificate_verify(const tally_rrc_presentation *shown,
                                                       const tally_rrc_showing *showing,
                                                       const uint8_t *bytes, size_t byte_count,
                                                       tally_err *err);

#endif
