/* SPDX-License-Identifier: Apache-2.0 */
/* The document compiler: a file of YAML to a tally_policy.
 *
 * 1. The text is checked and read into trees (yaml.c).
 * 2. Event types of all versions are merged (document_events.c).
 * 3. A silent pass measures how many decimals points have; where an expression's
 *    decimals depend on that number (`score`, `earned`), again until it is stable.
 * 4. The final pass compiles each version at that many decimals and reports. */

#include "policy/document.h"
#include "policy/frozen.h"

#include "tally/policy.h"

#define LASTING_BYTES_MAX ((size_t)192 << 20)
#define SCRATCH_BYTES_MAX ((size_t)192 << 20)

/* ---- one version ---- */

static void forget_names(tally_reader *reader)
{
    tally_compiler *compiler = &reader->compiler;

    compiler->name_count = compiler->name_capacity = 0;
    compiler->names = NULL;
    compiler->award_count = compiler->tier_count = 0;
    compiler->award_names = compiler->tier_names = NULL;
    compiler->window_count = compiler->window_capacity = 0;
    compiler->windows = NULL;
    compiler->uses_now = compiler->uses_throughout = compiler->uses_streak = false;
    reader->word_count = reader->word_capacity = 0;
    reader->words = NULL;
    for (uint32_t i = 0; i < reader->zone_count; i++)
        reader->zone_is_used[i] = false;
}

/* Names stand before what uses them. */
static void read_what_earns(tally_reader *reader)
{
    tally_document_header(reader);
    tally_document_settings(reader);
    tally_document_facts(reader);
    tally_document_streak_names(reader);
    tally_document_award_names(reader);
    tally_document_tier_names(reader);
    tally_document_lets(reader);
    tally_document_limits(reader);
    tally_document_awards(reader);
    tally_document_score(reader);
    tally_document_tiers(reader);
}

static void read_the_rest(tally_reader *reader)
{
    tally_document_sources(reader);
    tally_document_streaks(reader);
    tally_document_pauses(reader);
    tally_document_moves(reader);
    tally_document_grade(reader);
    tally_document_report_names(reader);
    tally_document_migrate(reader);
    tally_document_benefits(reader);
    tally_document_notices(reader);
    tally_document_check_names(reader);
    tally_document_check_circles(reader);
    tally_document_admission(reader);
    tally_document_reads(reader);
    tally_document_tests(reader);
}

static void read_version(tally_reader *reader, const tally_yaml_document *document,
                         tally_version *version)
{
    reader->version = version;
    reader->root = document->root;
    reader->compiler.document = document->text;
    forget_names(reader);
    version->document = document->text;
    version->zone = TALLY_NO_INDEX;
    read_what_earns(reader);
    if (reader->is_measuring)
        return;
    read_the_rest(reader);
    version->window_count = reader->compiler.window_count;
    version->windows = reader->compiler.windows;
    version->uses_now = reader->compiler.uses_now || version->streak_count > 0;
    reader->uses_throughout = reader->uses_throughout || reader->compiler.uses_throughout;
    version->words = reader->words;
    version->word_count = reader->word_count;
    tally_document_identity(reader);
}

/* ---- passes ---- */

static bool run_pass(tally_reader *reader, const tally_yaml_stream *stream)
{
    tally_version *versions = tally_document_alloc(reader, stream->count, sizeof(*versions));

    if (versions == NULL)
        return false;
    reader->award_ids = reader->limit_ids = reader->tier_ids = (tally_ids){ 0 };
    reader->previous = NULL;
    for (uint32_t i = 0; i < stream->count; i++) {
        read_version(reader, &stream->documents[i], &versions[i]);
        if (reader->compiler.out_of_memory)
            return false;
        reader->previous = &versions[i];
    }
    reader->policy->versions = versions;
    reader->policy->version_count = stream->count;
    /* Doubts about a text that is no policy would only hide its errors; and older
     * versions cannot be changed any more. */
    if (!reader->is_measuring && reader->error_count == 0)
        tally_document_warnings(reader);
    return !reader->compiler.out_of_memory;
}

/* Find the decimals of points: each round may only find more. */
static bool measure(tally_reader *reader, const tally_yaml_stream *stream)
{
    tally_diagnostics *unheard = tally_diagnostics_new();
    uint8_t decimals = 0;
    bool is_stable = false, is_over_limit = reader->is_over_limit;
    uint32_t errors = reader->error_count;

    if (unheard == NULL)
        return false;
    reader->compiler.diagnostics = unheard;
    reader->compiler.arena = reader->scratch;
    reader->is_measuring = true;
    while (!is_stable && !reader->compiler.out_of_memory) {
        reader->compiler.points_decimals = decimals;
        reader->widest_decimals = 0;
        if (!run_pass(reader, stream))
            break;
        is_stable = reader->widest_decimals <= decimals || decimals == TALLY_DECIMALS_MAX;
        if (reader->widest_decimals > decimals)
            decimals = reader->widest_decimals;
    }
    reader->compiler.points_decimals = decimals;
    reader->compiler.diagnostics = reader->diagnostics;
    reader->compiler.arena = reader->lasting;
    reader->is_measuring = false;
    reader->error_count = errors;
    reader->is_over_limit = is_over_limit;
    tally_diagnostics_free(unheard);
    return is_stable;
}

/* ---- the whole ---- */

static bool is_memoryless(const tally_policy *policy)
{
    for (uint32_t v = 0; v < policy->version_count; v++) {
        const tally_version *version = &policy->versions[v];
        const tally_moves *moves = &version->moves;

        if (version->streak_count > 0 || moves->reviewed.kind != TALLY_REVIEW_ALWAYS ||
            moves->drop_one || moves->climb_one || moves->locked_while != NULL ||
            version->has_keep_until)
            return false;
        for (uint32_t i = 0; i < version->tier_count; i++) {
            const tally_tier *tier = &version->tiers[i];

            if (!tier->keep_is_gain || tier->has_valid || tier->hold_ms > 0 || tier->has_price ||
                tier->reviewed.kind != TALLY_REVIEW_ALWAYS)
                return false;
        }
    }
    return true;
}

static void finish(tally_reader *reader)
{
    tally_policy *policy = reader->policy;

    policy->arena = reader->lasting;
    policy->points_decimals = reader->compiler.points_decimals;
    policy->type_count = reader->compiler.type_count;
    policy->types = reader->types;
    policy->zone_count = reader->zone_count;
    policy->zone_names = reader->zone_names;
    policy->zones = reader->zones;
    policy->award_id_count = reader->award_ids.count;
    policy->award_names = reader->award_ids.names;
    policy->limit_id_count = reader->limit_ids.count;
    policy->tier_id_count = reader->tier_ids.count;
    policy->tier_names = reader->tier_ids.names;
    policy->is_memoryless = is_memoryless(policy) && !reader->uses_throughout;
    policy->never = (tally_deadline_table){ 0 };
}

static bool has_documents(tally_reader *reader, const tally_yaml_stream *stream)
{
    if (stream->count == 0) {
        tally_document_error(reader, NULL, "empty", "begin with `tallystick: 1`",
                             "there is no policy in this text");
        return false;
    }
    for (uint32_t i = 0; i < stream->count; i++) {
        const tally_yaml *root = stream->documents[i].root;

        if (root == NULL || root->kind != TALLY_YAML_MAPPING) {
            const tally_yaml at = { .line = stream->documents[i].line, .column = 1 };

            tally_document_error(reader, root != NULL ? root : &at, "empty",
                                 "begin with `tallystick: 1`",
                                 "each document of a policy is a mapping of keys to values");
            return false;
        }
    }
    return true;
}

static tally_rc compile_text(tally_reader *reader, tally_text text)
{
    tally_yaml_stream stream;
    tally_rc rc = tally_yaml_read(&stream, text, TALLY_VERSIONS_MAX, reader->scratch,
                                  reader->lasting, reader->diagnostics);

    /* A tree with holes in it would only lead to more reports. */
    if (rc != TALLY_OK)
        return rc;
    reader->error_count = stream.refusal_count;
    if (!has_documents(reader, &stream))
        return TALLY_E_INVALID;
    if (!tally_document_merge_events(reader, &stream) || !measure(reader, &stream))
        return TALLY_E_NOMEM;
    reader->policy->reads = NULL;
    reader->policy->tests = NULL;
    reader->policy->programme = (tally_text){ 0 };
    if (!run_pass(reader, &stream))
        return TALLY_E_NOMEM;
    if (reader->is_over_limit)
        return TALLY_E_LIMIT;
    if (reader->error_count > 0)
        return TALLY_E_INVALID;
    finish(reader);
    return TALLY_OK;
}

/* The first fault, for callers that show only one. */
static tally_rc fail(tally_err *err, tally_rc rc, const tally_diagnostics *diagnostics)
{
    for (size_t i = 0; i < tally_diagnostics_count(diagnostics); i++) {
        const tally_diagnostic *diagnostic = tally_diagnostics_get(diagnostics, i);

        if (diagnostic->severity == TALLY_SEVERITY_ERROR)
            return tally_err_set_at(err, rc, diagnostic->line, diagnostic->column, "%s",
                                    diagnostic->message);
    }
    return tally_err_set(err, rc, 0, "%s",
                         rc == TALLY_E_NOMEM ? "memory is short" : "this is not a policy");
}

static tally_rc refuse_text(tally_diagnostics *diagnostics, tally_rc rc, const char *code,
                            uint32_t line, const char *message)
{
    if (!tally_diagnostics_add(diagnostics, TALLY_SEVERITY_ERROR, code, "", line, line > 0 ? 1 : 0,
                               1, tally_text_from(message), (tally_text){ 0 }))
        return TALLY_E_NOMEM;
    return rc;
}

static uint32_t line_of(tally_text text, size_t at)
{
    uint32_t line = 1;

    for (size_t i = 0; i < at && i < text.count; i++)
        line += text.bytes[i] == '\n';
    return line;
}

/* The lead byte of a character that is whole. */
static bool is_utf8_at(tally_text text, size_t at)
{
    unsigned char lead = (unsigned char)text.bytes[at];
    size_t bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : 3; /* none of four is obeyed */

    return bytes <= text.count - at && tally_text_is_utf8(tally_text_slice(text, at, at + bytes));
}

/* Control characters other than tabs and ends of lines, and what turns the
 * direction of writing: YAML or an editor would read another text than the one
 * shown. What is not UTF-8 at all is told apart later. */
static size_t find_control(tally_text text)
{
    size_t at = 0;

    while (at < text.count) {
        unsigned char byte = (unsigned char)text.bytes[at];
        size_t count = tally_text_visible_bytes(text, at);

        if (byte == '\t' || byte == '\n' ||
            (byte == '\r' && at + 1 < text.count && text.bytes[at + 1] == '\n'))
            count = 1;
        if (count == 0 && is_utf8_at(text, at))
            break;
        at += count > 0 ? count : 1;
    }
    return at;
}

/* What no YAML reader should see. */
static tally_rc check_bytes(tally_text text, tally_diagnostics *diagnostics)
{
    size_t control = find_control(text), at = 0;

    if (tally_text_has_prefix(text, TALLY_TEXT("\xff\xfe")) ||
        tally_text_has_prefix(text, TALLY_TEXT("\xfe\xff")))
        return refuse_text(diagnostics, TALLY_E_INVALID, "not-utf8", 1,
                           "the text is UTF-16; save it as UTF-8");
    if (control < text.count && text.bytes[control] == '\0')
        return refuse_text(diagnostics, TALLY_E_INVALID, "nul", line_of(text, control),
                           "this line holds a NUL byte");
    if (control < text.count)
        return refuse_text(
            diagnostics, TALLY_E_INVALID, "control-character", line_of(text, control),
            "this line holds a control character, or one that turns the direction of "
            "writing");
    if (tally_text_has_prefix(text, TALLY_TEXT("\xef\xbb\xbf")))
        return refuse_text(diagnostics, TALLY_E_INVALID, "byte-order-mark", 1,
                           "the text begins with a byte order mark; save it as UTF-8 without one");
    if (tally_text_is_utf8(text))
        return TALLY_OK;
    while (at < text.count) {
        tally_text head, tail;

        tally_text_split(tally_text_slice(text, at, text.count), '\n', &head, &tail);
        if (!tally_text_is_utf8(head))
            break;
        at += head.count + 1;
    }
    return refuse_text(diagnostics, TALLY_E_INVALID, "not-utf8", line_of(text, at),
                       "this line is not UTF-8");
}

tally_rc tally_document_compile(tally_policy **out_policy, const char *file_name, tally_text text,
                                const tally_zone_source *zones,
                                const tally_given_zones *given_zones,
                                const tally_given_settings *given_settings,
                                tally_diagnostics *diagnostics, tally_err *err)
{
    tally_arena *lasting = tally_arena_new(LASTING_BYTES_MAX);
    tally_arena *scratch = tally_arena_new(SCRATCH_BYTES_MAX);
    tally_reader *reader = NULL;
    size_t errors_before = tally_diagnostics_count_of(diagnostics, TALLY_SEVERITY_ERROR);
    tally_text copy;
    tally_rc rc = TALLY_E_NOMEM;

    if (lasting != NULL && scratch != NULL)
        reader = tally_arena_zalloc(scratch, sizeof(*reader));
    if (reader == NULL)
        goto out;
    reader->compiler.arena = reader->lasting = lasting;
    reader->scratch = scratch;
    reader->compiler.diagnostics = reader->diagnostics = diagnostics;
    reader->compiler.zone_index = tally_document_zone_index;
    reader->compiler.document_reader = reader;
    reader->zone_source = zones;
    reader->given_zones = given_zones;
    reader->given_settings = given_settings;
    reader->policy = tally_document_alloc(reader, 1, sizeof(*reader->policy));
    if (reader->policy == NULL || !tally_arena_copy_text(lasting, &copy, text) ||
        !tally_arena_copy_text(lasting, &reader->policy->file_name, tally_text_from(file_name)))
        goto out;
    rc = check_bytes(copy, diagnostics);
    if (rc == TALLY_OK)
        rc = compile_text(reader, copy);
    /* Whatever part reported an error: a policy with errors is none. */
    if (rc == TALLY_OK &&
        tally_diagnostics_count_of(diagnostics, TALLY_SEVERITY_ERROR) > errors_before)
        rc = TALLY_E_INVALID;
    if (reader->compiler.out_of_memory)
        rc = tally_arena_failure(lasting) == TALLY_E_LIMIT ||
                     tally_arena_failure(scratch) == TALLY_E_LIMIT
                 ? TALLY_E_LIMIT
                 : TALLY_E_NOMEM;
    tally_diagnostics_sort(diagnostics);
    if (rc == TALLY_OK) {
        *out_policy = reader->policy;
        lasting = NULL; /* the policy owns it from here */
    }
out:
    tally_arena_free(scratch);
    tally_arena_free(lasting);
    return rc == TALLY_OK ? TALLY_OK : fail(err, rc, diagnostics);
}

tally_rc tally_policy_compile(tally_policy **out_policy, const char *file_name, const char *text,
                              size_t text_bytes, const tally_zone_source *zones,
                              tally_diagnostics *diagnostics, tally_err *err)
{
    tally_text whole = tally_text_of(text, text_bytes);

    TALLY_ASSERT(out_policy != NULL && diagnostics != NULL);
    TALLY_ASSERT(text != NULL || text_bytes == 0);
    if (tally_frozen_is(whole))
        return tally_frozen_compile(out_policy, file_name, whole, diagnostics, err);
    if (text_bytes > TALLY_POLICY_BYTES_MAX)
        return fail(err,
                    refuse_text(diagnostics, TALLY_E_LIMIT, "limit", 0,
                                "a policy file holds at most 1 MiB"),
                    diagnostics);
    return tally_document_compile(out_policy, file_name, whole, zones, NULL, NULL, diagnostics,
                                  err);
}

void tally_policy_free(tally_policy *policy)
{
    if (policy != NULL)
        tally_arena_free(policy->arena);
}

void tally_policy_hash(const tally_policy *policy, uint8_t out_hash[TALLY_POLICY_HASH_BYTES])
{
    TALLY_ASSERT(policy != NULL && policy->version_count > 0);
    memcpy(out_hash, policy->versions[policy->version_count - 1].hash, TALLY_POLICY_HASH_BYTES);
}

const char *tally_policy_programme(const tally_policy *policy)
{
    return policy->programme.bytes;
}
