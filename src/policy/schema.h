/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_SCHEMA_H
#define TALLY_POLICY_SCHEMA_H

/* schema/policy.schema.json (JSON Schema draft 7), built into the library so
 * that `tally policy schema` prints the one of this version. */

#include <stddef.h>

extern const unsigned char tally_policy_schema[];
extern const size_t tally_policy_schema_bytes;

#endif
