/* SPDX-License-Identifier: Apache-2.0 */
/* Benefits and notices [15]. */

#include "policy/document.h"

enum {
    BENEFIT_CLASS,
    BENEFIT_NEEDS,
    BENEFIT_AT,
    BENEFIT_EACH,
    BENEFIT_QUANTITY,
    BENEFIT_STOCK,
    BENEFIT_WITHOUT,
    BENEFIT_NON_MEMBERS,
    BENEFIT_KEYS
};

static const tally_key benefit_keys[BENEFIT_KEYS] = {
    [BENEFIT_CLASS] = { "class", TALLY_KEY_TEXT | TALLY_KEY_NEEDED },
    [BENEFIT_NEEDS] = { "needs", TALLY_KEY_TEXT },
    [BENEFIT_AT] = { "at", TALLY_KEY_TEXT },
    [BENEFIT_EACH] = { "each", TALLY_KEY_TEXT },
    [BENEFIT_QUANTITY] = { "quantity", TALLY_KEY_TEXT },
    [BENEFIT_STOCK] = { "stock", TALLY_KEY_TEXT },
    [BENEFIT_WITHOUT] = { "without-points", TALLY_KEY_TEXT },
    [BENEFIT_NON_MEMBERS] = { "non-members", TALLY_KEY_TEXT },
};

static uint32_t needed_tier(tally_reader *reader, const tally_yaml *node)
{
    const tally_version *version = reader->version;

    for (uint32_t i = 0; i < version->tier_count; i++) {
        if (tally_text_is_equal(version->tiers[i].name, node->text))
            return i;
    }
    tally_document_unknown(reader, node, "unknown-tier", node->text, "tier",
                           reader->compiler.tier_names, reader->compiler.tier_count);
    return TALLY_NO_INDEX;
}

/* `each: calendar month` is a window of one piece. */
static void check_each(tally_reader *reader, const tally_yaml *node)
{
    static const char *const windows[] = { "calendar day",     "calendar week", "calendar month",
                                           "calendar quarter", "calendar year", "lifetime" };

    tally_document_choice(reader, node, "window of a benefit", windows,
                          sizeof(windows) / sizeof(windows[0]));
}

static void read_benefit(tally_reader *reader, const tally_yaml *node, tally_benefit *benefit)
{
    static const char *const classes[] = { "recognition", "community perk", "programme role",
                                           "programme operation", "own course" };
    const tally_yaml *parts[BENEFIT_KEYS] = { NULL };

    benefit->name = tally_document_words(reader, node->key, "benefit");
    benefit->span = tally_document_span(node->key);
    benefit->needs_tier = TALLY_NO_INDEX;
    if (!tally_document_keys(reader, node, "a benefit", benefit_keys, BENEFIT_KEYS, parts))
        return;
    if (parts[BENEFIT_CLASS] != NULL) {
        tally_document_choice(reader, parts[BENEFIT_CLASS], "class of benefit", classes,
                              sizeof(classes) / sizeof(classes[0]));
        benefit->class_name = parts[BENEFIT_CLASS]->text;
    }
    if (parts[BENEFIT_NEEDS] != NULL) {
        benefit->needs = parts[BENEFIT_NEEDS]->text;
        benefit->needs_tier = needed_tier(reader, parts[BENEFIT_NEEDS]);
    }
    benefit->at = tally_document_words(reader, parts[BENEFIT_AT], "provider");
    if (parts[BENEFIT_EACH] != NULL) {
        benefit->each = parts[BENEFIT_EACH]->text;
        check_each(reader, parts[BENEFIT_EACH]);
    }
    if (parts[BENEFIT_QUANTITY] != NULL)
        benefit->has_quantity = tally_document_integer(reader, parts[BENEFIT_QUANTITY], "quantity",
                                                       1, INT32_MAX, &benefit->quantity);
    if (parts[BENEFIT_STOCK] != NULL)
        benefit->has_stock = tally_document_integer(reader, parts[BENEFIT_STOCK], "stock", 0,
                                                    INT32_MAX, &benefit->stock);
    benefit->without_points = tally_document_words(reader, parts[BENEFIT_WITHOUT], "benefit text");
    benefit->non_members = tally_document_words(reader, parts[BENEFIT_NON_MEMBERS], "benefit text");
}

void tally_document_benefits(tally_reader *reader)
{
    const tally_yaml *section;
    tally_benefit *benefits;
    uint32_t count = 0;

    if (!tally_document_section(reader, "benefits", TALLY_LETS_MAX, &section))
        return;
    benefits = tally_document_alloc(reader, section->count, sizeof(*benefits));
    if (benefits == NULL)
        return;
    for (const tally_yaml *node = section->first; node != NULL; node = node->next) {
        if (tally_document_name(reader, node->key, "a benefit"))
            read_benefit(reader, node, &benefits[count++]);
    }
    reader->version->benefits = benefits;
    reader->version->benefit_count = count;
}

/* The same texts in another language; all of them meet the word lint. */
static void read_notice(tally_reader *reader, const tally_yaml *node)
{
    static const tally_key keys[] = { { "title", TALLY_KEY_TEXT },
                                      { "purpose", TALLY_KEY_TEXT },
                                      { "because", TALLY_KEY_MAPPING } };
    const tally_yaml *parts[3];

    if (!tally_document_keys(reader, node, "a notice", keys, 3, parts))
        return;
    tally_document_words(reader, parts[0], "title");
    tally_document_words(reader, parts[1], "purpose");
    if (parts[2] == NULL)
        return;
    for (const tally_yaml *row = parts[2]->first; row != NULL; row = row->next) {
        bool is_known = false;

        for (uint32_t i = 0; i < reader->compiler.award_count; i++)
            is_known =
                is_known || tally_text_is_equal(reader->compiler.award_names[i], row->key->text);
        if (!is_known)
            tally_document_unknown(reader, row->key, "unknown-award", row->key->text, "award",
                                   reader->compiler.award_names, reader->compiler.award_count);
        if (tally_document_shape(reader, row, TALLY_KEY_TEXT, "because"))
            tally_document_words(reader, row, "because");
    }
}

void tally_document_notices(tally_reader *reader)
{
    const tally_yaml *section;

    if (!tally_document_section(reader, "notices", TALLY_LETS_MAX, &section))
        return;
    for (const tally_yaml *node = section->first; node != NULL; node = node->next)
        read_notice(reader, node);
}
