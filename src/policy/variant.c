/* SPDX-License-Identifier: Apache-2.0 */
/* A policy compiled again from its own documents and zones, with other settings. */

#include "policy/document.h"

#define TEXT_BYTES_MAX (TALLY_POLICY_BYTES_MAX + 5 * (size_t)TALLY_VERSIONS_MAX)

static tally_rc compile(tally_policy **out_policy, const tally_policy *base,
                        const tally_given_settings *settings, tally_text text, tally_arena *arena,
                        tally_err *err)
{
    tally_given_zones zones = { .count = base->zone_count };
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_rc rc = TALLY_E_NOMEM;

    zones.names = tally_arena_zalloc_array(arena, base->zone_count + 1u, sizeof(*zones.names));
    zones.zones = tally_arena_zalloc_array(arena, base->zone_count + 1u, sizeof(*zones.zones));
    if (diagnostics == NULL || zones.names == NULL || zones.zones == NULL) {
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "compiling with other settings");
        goto out;
    }
    for (uint32_t i = 0; i < base->zone_count; i++) {
        zones.names[i] = base->zone_names[i];
        zones.zones[i] = base->zones[i];
    }
    rc = tally_document_compile(out_policy, base->file_name.bytes, text, NULL, &zones, settings,
                                diagnostics, err);
out:
    tally_diagnostics_free(diagnostics);
    return rc;
}

tally_rc tally_policy_compile_with_settings(tally_policy **out_policy, const tally_policy *base,
                                            const tally_test_value *settings,
                                            uint32_t setting_count, tally_err *err)
{
    tally_given_settings given = { setting_count, settings };
    tally_arena *arena = tally_arena_new((size_t)1 << 20);
    tally_buffer text;
    tally_rc rc;

    tally_buffer_init(&text, TEXT_BYTES_MAX);
    for (uint32_t i = 0; i < base->version_count; i++) {
        if (i > 0)
            tally_buffer_append_string(&text, "\n---\n");
        tally_buffer_append_text(&text, base->versions[i].document);
    }
    rc = tally_buffer_failure(&text);
    if (arena == NULL)
        rc = TALLY_E_NOMEM;
    if (rc != TALLY_OK)
        rc = tally_err_set(err, rc, 0, "compiling with other settings");
    else
        rc = compile(out_policy, base, &given, tally_buffer_text(&text), arena, err);
    tally_buffer_free(&text);
    tally_arena_free(arena);
    return rc;
}
