/* SPDX-License-Identifier: Apache-2.0 */
/* A chain of published versions: what may join it, and what of it binds one member. */

#include "policy/publish.h"

#include <stdarg.h>
#include <stdio.h>

#include "crypto/hash.h"
#include "policy/charter.h"
#include "policy/charter_limits.h"
#include "policy/diagnostics.h"
#include "policy/document.h"
#include "policy/frozen.h"

#define TEXT_BYTES_MAX (TALLY_POLICY_BYTES_MAX + 5 * (size_t)TALLY_VERSIONS_MAX)
#define MESSAGE_BYTES  512
#define NOTICE_MS      (TALLY_CHARTER_NOTICE_DAYS_MIN * TALLY_DAY_MS)

/* ---- joining the chain ------------------------------------------------------------------ */

/* The zones of the chain come first, so that its older versions stay what they were; then those
 * that the new document was frozen with. alone: NULL, or the new document. */
static tally_rc take_zones(tally_given_zones *out, const tally_policy *chain,
                           const tally_policy *alone, tally_arena *arena)
{
    const tally_policy *const policies[] = { chain, alone };
    size_t room = chain->zone_count + (alone != NULL ? alone->zone_count : 0) + (size_t)1;

    out->names = tally_arena_zalloc_array(arena, room, sizeof(*out->names));
    out->zones = tally_arena_zalloc_array(arena, room, sizeof(*out->zones));
    if (out->names == NULL || out->zones == NULL)
        return TALLY_E_NOMEM;
    for (size_t p = 0; p < 2 && policies[p] != NULL; p++) {
        for (uint32_t i = 0; i < policies[p]->zone_count; i++) {
            out->names[out->count] = policies[p]->zone_names[i];
            out->zones[out->count++] = policies[p]->zones[i];
        }
    }
    return TALLY_OK;
}

static void append_documents(tally_buffer *text, const tally_policy *policy)
{
    for (uint32_t i = 0; i < policy->version_count; i++) {
        tally_buffer_append_text(text, policy->versions[i].document);
        tally_buffer_append_string(text, "\n---\n");
    }
}

static uint32_t count_lines(tally_text text)
{
    uint32_t lines = 0;

    for (size_t i = 0; i < text.count; i++)
        lines += text.bytes[i] == '\n';
    return lines;
}

static bool is_document_start(tally_text line)
{
    return tally_text_has_prefix(line, TALLY_TEXT("---")) &&
           (line.count == 3 || line.bytes[3] == ' ' || line.bytes[3] == '\t' ||
            line.bytes[3] == '\r');
}

/* How many documents the text has that hold anything; and where the first of them begins. */
static uint32_t count_documents(tally_text text, size_t *out_first)
{
    uint32_t count = 0;
    bool holds_any = false;
    size_t begin = 0, at = 0;

    *out_first = 0;
    while (at < text.count) {
        tally_text line, rest;

        tally_text_split(tally_text_slice(text, at, text.count), '\n', &line, &rest);
        at += line.count + 1;
        if (is_document_start(line)) {
            holds_any = false;
            begin = at;
            continue;
        }
        line = tally_text_trim(line);
        if (line.count > 0 && line.bytes[0] != '#' && line.bytes[0] != '%' && !holds_any) {
            holds_any = true;
            if (count++ == 0)
                *out_first = begin;
        }
    }
    return count;
}

static bool is_prefix(const tally_policy *chain, const tally_policy *program)
{
    if (program->version_count < chain->version_count)
        return false;
    for (uint32_t i = 0; i < chain->version_count; i++) {
        if (memcmp(chain->versions[i].hash, program->versions[i].hash,
                   sizeof(chain->versions[i].hash)) != 0)
            return false;
    }
    return true;
}

/* The chain's documents and then this one, before which skipped_lines of its file stood. */
static tally_rc compile_together(tally_policy **out_program, uint32_t *out_lines,
                                 const tally_policy *chain, const tally_policy *alone,
                                 const char *file_name, tally_text document, uint32_t skipped_lines,
                                 const tally_zone_source *zones, tally_diagnostics *diagnostics,
                                 tally_err *err)
{
    tally_arena *arena = tally_arena_new((size_t)1 << 20);
    tally_given_zones given = { 0 };
    tally_buffer text;
    uint32_t lines;
    tally_rc rc;

    tally_buffer_init(&text, TEXT_BYTES_MAX);
    append_documents(&text, chain);
    lines = count_lines(tally_buffer_text(&text));
    *out_lines = lines > skipped_lines ? lines - skipped_lines : 0;
    tally_buffer_append_text(&text, document);
    rc = arena == NULL ? TALLY_E_NOMEM : tally_buffer_failure(&text);
    if (rc == TALLY_OK)
        rc = take_zones(&given, chain, alone, arena);
    if (rc != TALLY_OK) {
        rc = tally_err_set(err, rc, 0, "joining a version to the published ones");
    } else {
        rc = tally_document_compile(out_program, file_name, tally_buffer_text(&text), zones, &given,
                                    NULL, diagnostics, err);
        tally_diagnostics_move_up(diagnostics, *out_lines);
    }
    tally_buffer_free(&text);
    tally_arena_free(arena);
    return rc;
}

/* A file of several documents: the zones of the chain keep the hashes of its versions. */
static tally_rc compile_file(tally_policy **out_program, const tally_policy *chain,
                             const char *file_name, tally_text text, const tally_zone_source *zones,
                             tally_diagnostics *diagnostics, tally_err *err)
{
    tally_arena *arena = tally_arena_new((size_t)1 << 20);
    tally_given_zones given = { 0 };
    tally_rc rc = arena == NULL ? TALLY_E_NOMEM : take_zones(&given, chain, NULL, arena);

    if (rc != TALLY_OK)
        rc = tally_err_set(err, rc, 0, "joining a version to the published ones");
    else
        rc = tally_document_compile(out_program, file_name, text, zones, &given, NULL, diagnostics,
                                    err);
    tally_arena_free(arena);
    return rc;
}

/* Takes over program. */
static tally_rc accept_whole(tally_policy **out_program, const tally_policy *chain,
                             tally_policy *program, tally_err *err)
{
    uint32_t published = chain != NULL ? chain->version_count : 0, count = program->version_count;

    if (count == published + 1 && (chain == NULL || is_prefix(chain, program))) {
        *out_program = program;
        return TALLY_OK;
    }
    tally_policy_free(program);
    if (chain == NULL)
        return tally_err_set(err, TALLY_E_CONFLICT, 0,
                             "the first version is one document, and this file holds %u", count);
    return tally_err_set(err, TALLY_E_CONFLICT, 0,
                         "the file holds %u versions, which are not the %u published ones and one "
                         "more",
                         count, published);
}

static tally_rc append_frozen(tally_policy **out_program, uint32_t *out_lines,
                              const tally_policy *chain, const char *file_name, tally_text text,
                              tally_diagnostics *diagnostics, tally_err *err)
{
    tally_policy *alone = NULL;
    tally_rc rc =
        tally_policy_compile(&alone, file_name, text.bytes, text.count, NULL, diagnostics, err);

    if (rc != TALLY_OK)
        return rc;
    if (chain == NULL || alone->version_count != 1)
        return accept_whole(out_program, chain, alone, err);
    rc = compile_together(out_program, out_lines, chain, alone, file_name,
                          alone->versions[0].document, 0, NULL, diagnostics, err);
    tally_policy_free(alone);
    return rc;
}

tally_rc tally_policy_append(tally_policy **out_program, uint32_t *out_line_offset,
                             const tally_policy *chain, const char *file_name, const char *text,
                             size_t text_bytes, const tally_zone_source *zones,
                             tally_diagnostics *diagnostics, tally_err *err)
{
    tally_text whole = tally_text_of(text, text_bytes);
    tally_policy *program = NULL;
    uint32_t lines = 0;
    size_t first;
    tally_rc rc;

    if (tally_frozen_is(whole)) {
        rc = append_frozen(&program, &lines, chain, file_name, whole, diagnostics, err);
    } else if (text_bytes > TALLY_POLICY_BYTES_MAX) {
        rc = tally_err_set(err, TALLY_E_LIMIT, 0, "a policy file holds at most 1 MiB");
    } else if (chain != NULL && count_documents(whole, &first) == 1) {
        rc = compile_together(
            &program, &lines, chain, NULL, file_name, tally_text_slice(whole, first, whole.count),
            count_lines(tally_text_slice(whole, 0, first)), zones, diagnostics, err);
    } else {
        rc = chain != NULL
                 ? compile_file(&program, chain, file_name, whole, zones, diagnostics, err)
                 : tally_policy_compile(&program, file_name, text, text_bytes, zones, diagnostics,
                                        err);
        if (rc == TALLY_OK)
            rc = accept_whole(&program, chain, program, err);
    }
    if (rc != TALLY_OK)
        return rc;
    *out_program = program;
    if (out_line_offset != NULL)
        *out_line_offset = lines;
    return TALLY_OK;
}

/* ---- may it be published? ------------------------------------------------------------------ */

typedef struct judge {
    const tally_publish_request *request;
    tally_publish_verdict *verdict;
    const tally_version *candidate;
    uint32_t published; /* how many versions are */
    bool out_of_memory;
} judge;

static void refuse(judge *judging, const char *code, const char *right, uint32_t line,
                   uint32_t column, uint32_t length, const char *hint, const char *format, ...)
    TALLY_PRINTF(8, 9);

static void refuse(judge *judging, const char *code, const char *right, uint32_t line,
                   uint32_t column, uint32_t length, const char *hint, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    if (!tally_diagnostics_add(judging->verdict->refusals, TALLY_SEVERITY_REFUSAL, code, right,
                               line, column, length, tally_text_from(message),
                               tally_text_from(hint)))
        judging->out_of_memory = true;
}

static void check_chain(judge *judging)
{
    const tally_publish_request *request = judging->request;
    char hint[TALLY_HASH_HEX_BYTES + 32], hex[TALLY_HASH_HEX_BYTES];

    if (request->program->version_count != judging->published + 1 ||
        (request->chain != NULL && !is_prefix(request->chain, request->program)))
        refuse(judging, "E_RETROACTIVE", "R25", 0, 0, 1,
               "published versions never change: write the next one",
               "this is not the published chain and one version more");
    if (request->chain == NULL)
        return;
    tally_hash_hex(hex, request->chain->versions[judging->published - 1].hash);
    snprintf(hint, sizeof(hint), "write `previous: %s`", hex);
    if (!judging->candidate->has_previous ||
        memcmp(judging->candidate->previous, request->chain->versions[judging->published - 1].hash,
               TALLY_POLICY_HASH_BYTES) != 0)
        refuse(judging, "E_RETROACTIVE", "R25", 0, 0, 1, hint,
               "the version does not name the hash of the one before it");
}

static int64_t began(const tally_publish_request *request, uint32_t version)
{
    return request->chain_effective_ms != NULL ? request->chain_effective_ms[version]
                                               : request->chain->versions[version].from_ms;
}

/* The first instant after the candidate's `from` day. */
static int64_t day_ends(const judge *judging)
{
    const tally_policy *program = judging->request->program;
    uint32_t zone = judging->candidate->zone;
    int64_t ends = judging->candidate->from_ms + TALLY_DAY_MS;

    if (zone == TALLY_NO_INDEX)
        return ends;
    /* Days are longer or shorter where clocks are moved: by less than a day. */
    return tally_zone_day_start(program->zones[zone], (int32_t)judging->candidate->from_day + 1);
}

static const char *format_instant(char out[static TALLY_INSTANT_TEXT_BYTES], int64_t ms)
{
    return tally_instant_format(out, ms, 0).bytes;
}

static void check_instants(judge *judging)
{
    const tally_publish_request *request = judging->request;
    char now[TALLY_INSTANT_TEXT_BYTES], then[TALLY_INSTANT_TEXT_BYTES];

    if (request->effective_ms < request->now_ms)
        refuse(judging, "E_RETROACTIVE", "R25", 0, 0, 1,
               "let it begin today at the earliest, and from now on",
               "it would begin at %s, before it is published (%s)",
               format_instant(then, request->effective_ms), format_instant(now, request->now_ms));
    if (request->effective_ms < judging->candidate->from_ms ||
        request->effective_ms >= day_ends(judging))
        refuse(judging, "E_RETROACTIVE", "R25", 0, 0, 1, "change `from`",
               "it would begin at %s, which is not on its `from` day",
               format_instant(then, request->effective_ms));
    if (judging->published > 1 && request->effective_ms < began(request, judging->published - 1))
        refuse(judging, "E_RETROACTIVE", "R25", 0, 0, 1, "let it begin after that version",
               "it would begin before the version before it, which begins at %s",
               format_instant(then, began(request, judging->published - 1)));
}

/* Are held tiers kept until the last of the older points has ended? */
static bool keeps_tiers(const judge *judging)
{
    const tally_version *candidate = judging->candidate;
    int64_t needed = judging->request->effective_ms;

    /* Points live at most so many days (R33); a day more for where they end at a period's end. */
    needed += (TALLY_CHARTER_POINTS_DAYS_MAX + 1) * TALLY_DAY_MS;
    return candidate->has_keep_until && candidate->keep_tiers_until_ms >= needed;
}

static void check_reach(judge *judging)
{
    const tally_policy_changes *changes = judging->verdict->changes;

    for (uint32_t i = 0; i < changes->count; i++) {
        const tally_policy_change *change = &changes->items[i];

        if (change->label != TALLY_CHANGE_WORSE || change->reach != TALLY_REACH_RECORD ||
            (change->is_keepable && keeps_tiers(judging)))
            continue;
        refuse(judging, "E_RETROACTIVE", "R25", change->line, change->column, change->length,
               change->is_keepable
                   ? "add `migrate:` with a `keep-tiers-until` 732 days after `from`"
                   : "leave this rule as it is and write a new one beside it",
               "%s: older events would be worth less: %s", change->path, change->why);
    }
}

static void check_notice(judge *judging)
{
    const tally_publish_request *request = judging->request;
    const tally_policy_changes *changes = judging->verdict->changes;
    char earliest[TALLY_INSTANT_TEXT_BYTES];
    bool needs_notice = changes->label == TALLY_CHANGE_WORSE && !changes->is_stop;

    judging->verdict->earliest_ms = request->now_ms + (needs_notice ? NOTICE_MS : 0);
    if (request->effective_ms >= judging->verdict->earliest_ms || !needs_notice)
        return;
    for (uint32_t i = 0; i < changes->count; i++) {
        const tally_policy_change *change = &changes->items[i];

        if (change->label == TALLY_CHANGE_WORSE && !change->is_stop)
            refuse(judging, "E_NOTICE_PERIOD", "R25", change->line, change->column, change->length,
                   "publish the better changes and the stops by themselves; these can follow",
                   "%s is worse for members, so it may begin at %s at the earliest: %u days after "
                   "it is published",
                   change->path, format_instant(earliest, judging->verdict->earliest_ms),
                   (unsigned)TALLY_CHARTER_NOTICE_DAYS_MIN);
    }
}

static tally_rc judge_all(judge *judging, tally_err *err)
{
    const tally_publish_request *request = judging->request;
    tally_publish_verdict *verdict = judging->verdict;
    tally_rc rc;

    if (!tally_charter_check(request->program, verdict->refusals) &&
        tally_diagnostics_count(verdict->refusals) == 0)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "judging a version");
    tally_diagnostics_move_up(verdict->refusals, request->line_offset);
    check_chain(judging);
    verdict->earliest_ms = request->now_ms;
    if (request->chain != NULL) {
        rc = tally_policy_diff(&verdict->changes, request->chain, judging->published - 1,
                               request->program, request->program->version_count - 1, err);
        if (rc != TALLY_OK)
            return rc;
        tally_policy_changes_move_up(verdict->changes, request->line_offset);
        verdict->label = verdict->changes->label;
        verdict->needs_receipt = verdict->label == TALLY_CHANGE_WORSE;
        check_instants(judging);
        check_reach(judging);
        check_notice(judging);
    }
    tally_diagnostics_sort(verdict->refusals);
    return judging->out_of_memory ? tally_err_set(err, TALLY_E_NOMEM, 0, "judging a version")
                                  : TALLY_OK;
}

tally_rc tally_policy_publish_check(tally_publish_verdict *out_verdict,
                                    const tally_publish_request *request, tally_err *err)
{
    tally_publish_verdict verdict = { .label = TALLY_CHANGE_NEUTRAL };
    judge judging = { .request = request,
                      .verdict = &verdict,
                      .published = request->chain != NULL ? request->chain->version_count : 0 };
    tally_rc rc;

    TALLY_ASSERT(request->program != NULL && request->program->version_count > 0);
    judging.candidate = &request->program->versions[request->program->version_count - 1];
    verdict.refusals = tally_diagnostics_new();
    if (verdict.refusals == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "judging a version");
    rc = judge_all(&judging, err);
    if (rc != TALLY_OK) {
        tally_publish_verdict_free(&verdict);
        return rc;
    }
    verdict.is_allowed = tally_diagnostics_count(verdict.refusals) == 0;
    *out_verdict = verdict;
    return TALLY_OK;
}

void tally_publish_verdict_free(tally_publish_verdict *verdict)
{
    tally_policy_changes_free(verdict->changes);
    tally_diagnostics_free(verdict->refusals);
    *verdict = (tally_publish_verdict){ 0 };
}

/* ---- what binds one member --------------------------------------------------------------------- */

tally_rc tally_policy_bind(tally_policy **out_program, const tally_policy *chain,
                           const int64_t *from_ms, tally_err *err)
{
    tally_arena *arena = tally_arena_new(((size_t)chain->version_count + 4) *
                                         (sizeof(tally_version) + sizeof(tally_policy)));
    tally_policy *program = NULL;
    tally_version *versions = NULL;
    uint32_t count = 1;

    if (arena != NULL) {
        program = tally_arena_copy(arena, chain, sizeof(*chain));
        versions =
            tally_arena_copy(arena, chain->versions, chain->version_count * sizeof(*versions));
    }
    if (program == NULL || versions == NULL) {
        tally_arena_free(arena);
        return tally_err_set(err, TALLY_E_NOMEM, 0, "binding a member's versions");
    }
    for (; count < chain->version_count && from_ms[count] != INT64_MAX; count++) {
        versions[count].from_ms = from_ms[count];
        if (versions[count].from_ms < versions[count - 1].from_ms)
            versions[count].from_ms = versions[count - 1].from_ms;
    }
    program->arena = arena;
    program->versions = versions;
    program->version_count = count;
    *out_program = program;
    return TALLY_OK;
}
