/* SPDX-License-Identifier: Apache-2.0 */
/* The charter as one text, and its hash (R29). The text is made from the tables that the checks
 * themselves read, so that no limit can change without it. */

#include "policy/charter_limits.h"

#include "policy/charter_internal.h"
#include "policy/charter_words.h"

/* SHA-256 of docs/charter/charter.md; a test holds it to the file. */
#define PROSE_HASH "d24aa5d55d31c98d90d07b54a80c109454f398bd9654c055ee1f3f124e36f056"

static const char *const member_kinds[] = {
    "task volunteered",     "skill learned",   "shift kept",        "loan returned",
    "obligation accepted",  "obligation kept", "obligation broken", "obligation repaired",
    "project contribution", "mentoring",       "shared-place care", "greener travel",
    "event helped",         "peer thanks",
};
static const char *const organisation_kinds[] = { "public inspection", "public certificate",
                                                  "published figure" };
static const char *const forbidden_sponsors[] = { "police",   "immigration authority",
                                                  "lender",   "insurer",
                                                  "landlord", "data broker" };
static const char *const sponsors_with_power[] = { "employer", "school" };
static const char *const benefit_classes[] = { "recognition", "community perk", "programme role",
                                               "programme operation", "own course" };

#define NAMES(role, list)                              \
    {                                                  \
        role, sizeof(list) / sizeof((list)[0]), (list) \
    }

const tally_charter_names tally_charter_member_kinds =
    NAMES("kind of members' events", member_kinds);
const tally_charter_names tally_charter_organisation_kinds =
    NAMES("kind of organisations' events", organisation_kinds);
const tally_charter_names tally_charter_forbidden_sponsors =
    NAMES("never a sponsor", forbidden_sponsors);
const tally_charter_names tally_charter_sponsors_with_power =
    NAMES("sponsor of recognition only", sponsors_with_power);
const tally_charter_names tally_charter_benefit_classes =
    NAMES("class of benefits", benefit_classes);

bool tally_charter_has_name(const tally_charter_names *list, tally_text name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (tally_text_is(name, list->names[i]))
            return true;
    }
    return false;
}

/* ---- the text ------------------------------------------------------------------ */

static void write_names(tally_buffer *out, const tally_charter_names *list)
{
    for (size_t i = 0; i < list->count; i++)
        tally_buffer_printf(out, "%s: %s\n", list->role, list->names[i]);
}

void tally_charter_text(tally_buffer *out)
{
    static const struct {
        int right;
        const char *name;
        int64_t value;
        const char *what;
    } limits[] = {
#define ROW(right, name, value, what) { right, #name, value, what },
        TALLY_CHARTER_LIMITS(ROW)
#undef ROW
    };

    tally_buffer_append_string(out, "tallystick charter 1\nprose: " PROSE_HASH "\n");
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        tally_buffer_printf(out, "R%d %s: %lld %s\n", limits[i].right, limits[i].name,
                            (long long)limits[i].value, limits[i].what);
    write_names(out, &tally_charter_member_kinds);
    write_names(out, &tally_charter_organisation_kinds);
    write_names(out, &tally_charter_forbidden_sponsors);
    write_names(out, &tally_charter_sponsors_with_power);
    write_names(out, &tally_charter_benefit_classes);
    for (int list = TALLY_WORDS_POLITICS; list < TALLY_WORDS_LISTS; list++) {
        const tally_charter_words *words = tally_charter_words_of((tally_charter_list)list);

        for (size_t i = 0; i < words->pattern_count; i++)
            tally_buffer_printf(out, "%s %s, %s: %s\n", words->right, words->code, words->about,
                                words->patterns[i]);
    }
}

void tally_charter_hash(uint8_t out_hash[static TALLY_CHARTER_HASH_BYTES])
{
    /* A test holds it to the text. Whoever changes a limit changes the charter, and sees it here. */
    static const uint8_t hash[TALLY_CHARTER_HASH_BYTES] = {
        0x9f, 0x1f, 0x12, 0x68, 0x34, 0xa4, 0x72, 0xcb, 0x7f, 0x82, 0x19,
        0xa8, 0xf9, 0xc9, 0x34, 0x55, 0x53, 0x11, 0xde, 0x0b, 0x5b, 0x8b,
        0xde, 0x0e, 0x11, 0xc7, 0xb6, 0xf4, 0xac, 0x9e, 0x09, 0xd9
    };

    memcpy(out_hash, hash, sizeof(hash));
}
