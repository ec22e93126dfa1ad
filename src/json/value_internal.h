/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_JSON_VALUE_INTERNAL_H
#define TALLY_JSON_VALUE_INTERNAL_H

#include "json/value.h"

struct tally_json_value {
    uint8_t kind;
    bool is_true; /* of a bool */
    bool is_read; /* a reader asked for this member */
    uint32_t line, column;
    uint32_t count;  /* members or items */
    tally_text name; /* of a member */
    union {
        tally_text text;         /* of a text or a number */
        tally_json_value **list; /* members in the order of names; items */
    } of;
    tally_json_value *next; /* after this one within the same array or object */
};

#endif
