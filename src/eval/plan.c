/* SPDX-License-Identifier: Apache-2.0 */
/* The command line's words overlay the entry that would have been used. */

#include "eval/plan.h"

#include "eval/columns.h"
#include "eval/reader.h"

#define FILES_MAX           10000u
#define ENTRIES_OF_FILE_MAX 255u

static tally_rc no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "planning what to read");
}

/* ---- columns as texts ----------------------------------------------------- */

/* Cut at the first ` WORD `; false if it does not occur. */
static bool cut_at_word(tally_text text, tally_text word, tally_text *before, tally_text *after)
{
    for (size_t i = 0; i + word.count <= text.count; i++) {
        if (memcmp(text.bytes + i, word.bytes, word.count) == 0) {
            *before = tally_text_trim(tally_text_slice(text, 0, i));
            *after = tally_text_trim(tally_text_slice(text, i + word.count, text.count));
            return true;
        }
    }
    return false;
}

tally_rc tally_plan_read_column(tally_column *out_column, tally_text text, tally_arena *arena,
                                tally_err *err)
{
    tally_column column = { .part_count = 0 };
    tally_text whole = tally_text_trim(text);
    tally_text rest = whole, from = { NULL, 0 };
    tally_text *parts = tally_arena_zalloc_array(arena, TALLY_COLUMN_PARTS_MAX, sizeof(*parts));
    bool has_more = true;

    if (parts == NULL)
        return no_memory(err);
    if (cut_at_word(whole, TALLY_TEXT(" from "), &rest, &from) &&
        !cut_at_word(from, TALLY_TEXT(" by "), &column.look_up_file, &column.look_up_key))
        return tally_err_set(err, TALLY_E_INVALID, 0, "`%.*s`: write `COLUMN from FILE by COLUMN`",
                             TALLY_TEXT_ARGS(whole));
    while (has_more) {
        tally_text part;

        has_more = tally_text_split(rest, '+', &part, &rest);
        part = tally_text_trim(part);
        if (part.count == 0)
            return tally_err_set(err, TALLY_E_INVALID, 0, "`%.*s`: the name of a column is missing",
                                 TALLY_TEXT_ARGS(whole));
        if (column.part_count == TALLY_COLUMN_PARTS_MAX)
            return tally_err_set(err, TALLY_E_LIMIT, 0, "more than %u columns are joined",
                                 TALLY_COLUMN_PARTS_MAX);
        parts[column.part_count++] = part;
    }
    column.parts = parts;
    *out_column = column;
    return TALLY_OK;
}

/* ---- reading by the language's names ---------------------------------------- */

static tally_rc one_column(tally_column *out_column, tally_text name, tally_arena *arena,
                           tally_err *err)
{
    tally_text *part = tally_arena_copy(arena, &name, sizeof(name));

    if (part == NULL)
        return no_memory(err);
    *out_column = (tally_column){ .part_count = 1, .parts = part };
    return TALLY_OK;
}

static bool has_field(const tally_read_field *fields, uint32_t count, tally_text name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (tally_text_is_equal(fields[i].field, name))
            return true;
    }
    return false;
}

/* Every field of any event type, under its own name. */
static tally_rc fields_by_name(tally_read *read, const struct tally_policy *policy,
                               tally_arena *arena, tally_err *err)
{
    tally_read_field *fields;
    uint32_t room = 3; /* of records about records */

    for (uint32_t type = 0; type < policy->type_count; type++)
        room += policy->types[type].field_count;
    fields = tally_arena_zalloc_array(arena, room, sizeof(*fields));
    if (fields == NULL)
        return no_memory(err);
    read->fields = fields;
    fields[read->field_count++].field = TALLY_TEXT("of");
    fields[read->field_count++].field = TALLY_TEXT("finding");
    fields[read->field_count++].field = TALLY_TEXT("at"); /* a correction's new instant */
    for (uint32_t type = 0; type < policy->type_count; type++) {
        for (uint32_t i = 0; i < policy->types[type].field_count; i++) {
            tally_text name = policy->types[type].fields[i].name;

            if (!has_field(fields, read->field_count, name))
                fields[read->field_count++].field = name;
        }
    }
    for (uint32_t i = 0; i < read->field_count; i++) {
        bool is_at = tally_text_is(fields[i].field, "at");
        tally_rc rc = one_column(&fields[i].column,
                                 is_at ? TALLY_TEXT("corrected-at") : fields[i].field, arena, err);

        if (rc != TALLY_OK)
            return rc;
    }
    return TALLY_OK;
}

static tally_rc read_by_name(tally_read *out_read, const struct tally_policy *policy,
                             tally_arena *arena, tally_err *err)
{
    tally_read read = { .dates = TALLY_DATE_RFC3339 };
    tally_rc rc = one_column(&read.event_column, TALLY_TEXT("event"), arena, err);

    if (rc == TALLY_OK)
        rc = one_column(&read.subject, TALLY_TEXT("subject"), arena, err);
    if (rc == TALLY_OK)
        rc = one_column(&read.at, TALLY_TEXT("at"), arena, err);
    if (rc == TALLY_OK)
        rc = one_column(&read.recorded, TALLY_TEXT("recorded"), arena, err);
    if (rc == TALLY_OK)
        rc = one_column(&read.id, TALLY_TEXT("id"), arena, err);
    if (rc == TALLY_OK)
        rc = fields_by_name(&read, policy, arena, err);
    if (rc == TALLY_OK)
        *out_read = read;
    return rc;
}

/* ---- the command line's words -------------------------------------------------- */

static bool is_type(const struct tally_policy *policy, tally_text name)
{
    for (uint32_t i = 0; i < policy->type_count; i++) {
        if (tally_text_is_equal(policy->types[i].name, name))
            return true;
    }
    return false;
}

static tally_rc map_dates(tally_read *read, tally_text value, tally_err *err)
{
    static const struct {
        const char *name;
        tally_date_format format;
    } formats[] = {
        { "YYYY-MM-DD", TALLY_DATE_RFC3339 },
        { "RFC 3339", TALLY_DATE_RFC3339 },
        { "YYYYMMDD", TALLY_DATE_COMPACT },
        { "DD/MM/YYYY", TALLY_DATE_DAY_FIRST },
        { "unix seconds", TALLY_DATE_UNIX_SECONDS },
        { "unix milliseconds", TALLY_DATE_UNIX_MILLISECONDS },
    };

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (tally_text_is(value, formats[i].name)) {
            read->dates = formats[i].format;
            return TALLY_OK;
        }
    }
    return tally_err_set(err, TALLY_E_INVALID, 0,
                         "--map dates: write YYYY-MM-DD, YYYYMMDD, DD/MM/YYYY, unix seconds or "
                         "unix milliseconds");
}

/* `columns=a,b,c` for a file without a header. */
static tally_rc map_columns(tally_read *read, tally_text value, tally_arena *arena, tally_err *err)
{
    uint32_t count = 1;
    tally_text *names;

    for (size_t i = 0; i < value.count; i++)
        count += value.bytes[i] == ',';
    if (count > TALLY_ROW_FIELDS_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "--map columns: more than 1,024 names");
    names = tally_arena_zalloc_array(arena, count, sizeof(*names));
    if (names == NULL)
        return no_memory(err);
    for (uint32_t i = 0; i < count; i++) {
        (void)tally_text_split(value, ',', &names[i], &value);
        names[i] = tally_text_trim(names[i]);
    }
    read->columns = names;
    read->column_count = count;
    return TALLY_OK;
}

/* Any other key is a field. */
static tally_rc map_field(tally_read *read, const struct tally_policy *policy, tally_text key,
                          tally_text value, tally_arena *arena, tally_err *err)
{
    tally_read_field *fields;
    bool is_known = tally_text_is(key, "of") || tally_text_is(key, "finding");
    uint32_t i = 0;

    for (uint32_t type = 0; type < policy->type_count; type++) {
        for (uint32_t f = 0; f < policy->types[type].field_count; f++)
            is_known |= tally_text_is_equal(policy->types[type].fields[f].name, key);
    }
    if (!is_known)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "--map: `%.*s` is no field of any event type, nor event, subject, id, "
                             "at, recorded, as-of, dates or columns",
                             TALLY_TEXT_ARGS(key));
    fields = tally_arena_zalloc_array(arena, read->field_count + 1, sizeof(*fields));
    if (fields == NULL)
        return no_memory(err);
    memcpy(fields, read->fields, read->field_count * sizeof(*fields));
    while (i < read->field_count && !tally_text_is_equal(fields[i].field, key))
        i++;
    if (i == read->field_count)
        read->field_count++;
    fields[i] = (tally_read_field){ .field = key };
    read->fields = fields;
    return tally_plan_read_column(&fields[i].column, value, arena, err);
}

static tally_rc apply_map(tally_read *read, const struct tally_policy *policy, const char *map,
                          tally_arena *arena, tally_err *err)
{
    tally_text key, value;

    if (!tally_text_split(tally_text_from(map), '=', &key, &value))
        return tally_err_set(err, TALLY_E_INVALID, 0, "--map %s: write KEY=COLUMN", map);
    key = tally_text_trim(key);
    value = tally_text_trim(value);
    if (tally_text_is(key, "event") && is_type(policy, value)) {
        read->event = value;
        read->event_column.part_count = 0;
        return TALLY_OK;
    }
    if (tally_text_is(key, "event")) {
        read->event = (tally_text){ NULL, 0 };
        return tally_plan_read_column(&read->event_column, value, arena, err);
    }
    if (tally_text_is(key, "subject"))
        return tally_plan_read_column(&read->subject, value, arena, err);
    if (tally_text_is(key, "id"))
        return tally_plan_read_column(&read->id, value, arena, err);
    if (tally_text_is(key, "at"))
        return tally_plan_read_column(&read->at, value, arena, err);
    if (tally_text_is(key, "recorded"))
        return tally_plan_read_column(&read->recorded, value, arena, err);
    if (tally_text_is(key, "as-of"))
        return tally_plan_read_column(&read->as_of, value, arena, err);
    if (tally_text_is(key, "dates"))
        return map_dates(read, value, err);
    if (tally_text_is(key, "columns"))
        return map_columns(read, value, arena, err);
    return map_field(read, policy, key, value, arena, err);
}

/* ---- the plan ---------------------------------------------------------------------- */

static bool is_looked_up(const struct tally_policy *policy, tally_text name)
{
    for (uint32_t i = 0; policy->reads != NULL && i < policy->reads->count; i++) {
        const tally_read *read = &policy->reads->reads[i];
        const tally_column *columns[] = { &read->event_column, &read->subject,  &read->id,
                                          &read->at,           &read->recorded, &read->as_of };

        for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++) {
            if (tally_text_is_equal(columns[c]->look_up_file, name))
                return true;
        }
        for (uint32_t f = 0; f < read->field_count; f++) {
            if (tally_text_is_equal(read->fields[f].column.look_up_file, name))
                return true;
        }
    }
    return false;
}

static uint32_t count_reads(const struct tally_policy *policy, tally_text name)
{
    uint32_t count = 0;

    for (uint32_t i = 0; policy->reads != NULL && i < policy->reads->count; i++)
        count += tally_text_is_equal(policy->reads->reads[i].file, name);
    return count;
}

/* Standard input has no name: it is what the only file of `reads` would be. */
static tally_text name_in_reads(const struct tally_policy *policy, tally_text name)
{
    if (!tally_text_is(name, "standard input") || policy->reads == NULL ||
        policy->reads->count == 0)
        return name;
    for (uint32_t i = 1; i < policy->reads->count; i++) {
        if (!tally_text_is_equal(policy->reads->reads[i].file, policy->reads->reads[0].file))
            return name;
    }
    return policy->reads->reads[0].file;
}

static tally_rc plan_file(tally_plan *plan, uint32_t file, const struct tally_policy *policy,
                          const tally_plan_options *options, tally_arena *arena, tally_err *err)
{
    tally_plan_file *one = &plan->files[file];
    tally_text name = name_in_reads(policy, one->name);
    uint32_t count = count_reads(policy, name);
    tally_rc rc = TALLY_OK;

    one->entry_first = plan->entry_count;
    if (count > ENTRIES_OF_FILE_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "%s: more than 255 ways to read it", one->path);
    if (count == 0 && options->map_count == 0 && is_looked_up(policy, name))
        return TALLY_OK;
    for (uint32_t i = 0; policy->reads != NULL && i < policy->reads->count; i++) {
        if (tally_text_is_equal(policy->reads->reads[i].file, name))
            plan->entries[plan->entry_count++] =
                (tally_plan_entry){ .file = file, .read = policy->reads->reads[i] };
    }
    if (count == 0) {
        tally_plan_entry *entry = &plan->entries[plan->entry_count++];

        entry->file = file;
        entry->is_by_name = true;
        rc = read_by_name(&entry->read, policy, arena, err);
    }
    one->entry_count = plan->entry_count - one->entry_first;
    for (uint32_t i = one->entry_first; rc == TALLY_OK && i < plan->entry_count; i++) {
        for (uint32_t m = 0; rc == TALLY_OK && m < options->map_count; m++)
            rc = apply_map(&plan->entries[i].read, policy, options->maps[m], arena, err);
    }
    return rc;
}

/* What is compared when the command line does not say. */
static tally_text usual_result(const struct tally_policy *policy)
{
    const tally_version *newest = &policy->versions[policy->version_count - 1];

    if (newest->grade.is_present)
        return TALLY_TEXT("grade");
    return newest->score.is_present ? TALLY_TEXT("score") : TALLY_TEXT("tier");
}

/* --expect: the file's first entry asks, in addition to what it does. */
static tally_rc apply_expect(tally_plan *plan, const struct tally_policy *policy,
                             const char *expect, tally_err *err)
{
    tally_text column = tally_text_from(expect);
    tally_text result = usual_result(policy);
    tally_text head, tail;
    uint32_t file = TALLY_NO_INDEX;
    tally_read *read;

    if (tally_text_split(column, '=', &head, &tail)) {
        result = tally_text_trim(head);
        column = tally_text_trim(tail);
    }
    for (uint32_t i = 0; i < plan->file_count; i++) {
        tally_text name = plan->files[i].name;

        if (column.count > name.count && column.bytes[name.count] == ':' &&
            memcmp(column.bytes, name.bytes, name.count) == 0) {
            column = tally_text_slice(column, name.count + 1, column.count);
            file = i;
            break;
        }
        if (plan->files[i].entry_count != 0)
            file = file == TALLY_NO_INDEX ? i : TALLY_NO_INDEX - 1;
    }
    if (file >= plan->file_count || plan->files[file].entry_count == 0)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "--expect %s: say which file has the column, as in FILE:COLUMN",
                             expect);
    read = &plan->entries[plan->files[file].entry_first].read;
    read->expect_result = result;
    read->expect_column = column;
    read->expect_called = TALLY_TEXT("published results");
    return TALLY_OK;
}

/* Names in order, and each file's place in it; equal names keep the order given. */
static tally_rc rank_files(tally_plan *plan, tally_arena *arena, tally_err *err)
{
    tally_text *names = tally_arena_zalloc_array(arena, plan->file_count + 1u, sizeof(*names));

    if (names == NULL)
        return no_memory(err);
    for (uint32_t i = 0; i < plan->file_count; i++) {
        uint32_t rank = 0;

        for (uint32_t other = 0; other < plan->file_count; other++) {
            int order = tally_text_compare(plan->files[other].name, plan->files[i].name);

            rank += order < 0 || (order == 0 && other < i);
        }
        plan->files[i].rank = rank;
        names[rank] = plan->files[i].name;
    }
    plan->names_by_rank = names;
    return TALLY_OK;
}

tally_rc tally_plan_make(tally_plan *out_plan, const struct tally_policy *policy,
                         const tally_plan_options *options, tally_arena *arena, tally_err *err)
{
    tally_plan plan = { .file_count = options->path_count };
    uint32_t room = 0;
    tally_rc rc = TALLY_OK;

    if (options->path_count > FILES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "more than 10,000 files");
    plan.files = tally_arena_zalloc_array(arena, plan.file_count + 1u, sizeof(*plan.files));
    if (plan.files == NULL)
        return no_memory(err);
    for (uint32_t i = 0; i < plan.file_count; i++) {
        plan.files[i].path = options->paths[i];
        plan.files[i].name = tally_reader_name(options->paths[i]);
        room += count_reads(policy, name_in_reads(policy, plan.files[i].name)) + 1;
    }
    plan.entries = tally_arena_zalloc_array(arena, room + 1u, sizeof(*plan.entries));
    if (plan.entries == NULL)
        return no_memory(err);
    for (uint32_t i = 0; rc == TALLY_OK && i < plan.file_count; i++)
        rc = plan_file(&plan, i, policy, options, arena, err);
    if (rc == TALLY_OK && options->expect != NULL)
        rc = apply_expect(&plan, policy, options->expect, err);
    if (rc == TALLY_OK)
        rc = rank_files(&plan, arena, err);
    if (rc == TALLY_OK)
        *out_plan = plan;
    return rc;
}

const char *tally_plan_look_up_path(const tally_plan *plan, tally_text name,
                                    const char *asking_path, tally_arena *arena)
{
    size_t folder = 0;
    char *path;

    for (uint32_t i = 0; i < plan->file_count; i++) {
        if (tally_text_is_equal(plan->files[i].name, name))
            return plan->files[i].path;
    }
    for (size_t i = 0; asking_path[i] != '\0'; i++) {
        if (asking_path[i] == '/')
            folder = i + 1;
    }
    path = tally_arena_alloc(arena, folder + name.count + 1);
    if (path == NULL)
        return NULL;
    memcpy(path, asking_path, folder);
    memcpy(path + folder, name.bytes, name.count);
    path[folder + name.count] = '\0';
    return path;
}
