/* SPDX-License-Identifier: Apache-2.0 */
/* What stands at the top of a document [1]: who, what for, from when, in which
 * zone; settings, facts and sources. */

#include "policy/document.h"

enum {
    TOP_TALLYSTICK,
    TOP_PROGRAMME,
    TOP_TITLE,
    TOP_PURPOSE,
    TOP_CONTACT,
    TOP_OWNER,
    TOP_SPONSOR,
    TOP_SUBJECTS,
    TOP_MEMBERS,
    TOP_BASIS,
    TOP_FROM,
    TOP_PREVIOUS,
    TOP_ZONE,
    TOP_MONTH_END,
    TOP_SHOWN_ON,
    TOP_KEEPS_EVENTS,
    TOP_DUPLICATE_WINDOW,
    TOP_SETTINGS,
    TOP_FACTS,
    TOP_SOURCES,
    TOP_EVENTS,
    TOP_LET,
    TOP_LIMITS,
    TOP_AWARDS,
    TOP_DEDUCTIONS,
    TOP_SCORE,
    TOP_STREAKS,
    TOP_PAUSES,
    TOP_TIERS,
    TOP_MOVES,
    TOP_GRADE,
    TOP_REPORT,
    TOP_BENEFITS,
    TOP_NOTICES,
    TOP_MIGRATE,
    TOP_ADMISSION,
    TOP_READS,
    TOP_TESTS,
    TOP_KEYS
};

static const tally_key top_keys[TOP_KEYS] = {
    [TOP_TALLYSTICK] = { "tallystick", TALLY_KEY_TEXT | TALLY_KEY_NEEDED },
    [TOP_PROGRAMME] = { "programme", TALLY_KEY_TEXT | TALLY_KEY_NEEDED },
    [TOP_TITLE] = { "title", TALLY_KEY_TEXT | TALLY_KEY_NEEDED },
    [TOP_PURPOSE] = { "purpose", TALLY_KEY_TEXT },
    [TOP_CONTACT] = { "contact", TALLY_KEY_TEXT },
    [TOP_OWNER] = { "owner", TALLY_KEY_TEXT },
    [TOP_SPONSOR] = { "sponsor", TALLY_KEY_TEXT },
    [TOP_SUBJECTS] = { "subjects", TALLY_KEY_TEXT | TALLY_KEY_NEEDED },
    [TOP_MEMBERS] = { "members", TALLY_KEY_TEXT },
    [TOP_BASIS] = { "basis", TALLY_KEY_TEXT },
    [TOP_FROM] = { "from", TALLY_KEY_TEXT },
    [TOP_PREVIOUS] = { "previous", TALLY_KEY_TEXT },
    [TOP_ZONE] = { "zone", TALLY_KEY_TEXT },
    [TOP_MONTH_END] = { "month-end", TALLY_KEY_TEXT },
    [TOP_SHOWN_ON] = { "shown-on", TALLY_KEY_TEXT },
    [TOP_KEEPS_EVENTS] = { "keeps-events", TALLY_KEY_TEXT },
    [TOP_DUPLICATE_WINDOW] = { "duplicate-window", TALLY_KEY_TEXT },
    [TOP_SETTINGS] = { "settings", TALLY_KEY_MAPPING },
    [TOP_FACTS] = { "facts", TALLY_KEY_MAPPING },
    [TOP_SOURCES] = { "sources", TALLY_KEY_MAPPING },
    [TOP_EVENTS] = { "events", TALLY_KEY_MAPPING | TALLY_KEY_NEEDED },
    [TOP_LET] = { "let", TALLY_KEY_MAPPING },
    [TOP_LIMITS] = { "limits", TALLY_KEY_MAPPING },
    [TOP_AWARDS] = { "awards", TALLY_KEY_MAPPING },
    [TOP_DEDUCTIONS] = { "deductions", TALLY_KEY_MAPPING },
    [TOP_SCORE] = { "score", TALLY_KEY_MAPPING },
    [TOP_STREAKS] = { "streaks", TALLY_KEY_MAPPING },
    [TOP_PAUSES] = { "pauses", TALLY_KEY_MAPPING },
    [TOP_TIERS] = { "tiers", TALLY_KEY_MAPPING },
    [TOP_MOVES] = { "moves", TALLY_KEY_MAPPING },
    [TOP_GRADE] = { "grade", TALLY_KEY_MAPPING },
    [TOP_REPORT] = { "report", TALLY_KEY_LIST },
    [TOP_BENEFITS] = { "benefits", TALLY_KEY_MAPPING },
    [TOP_NOTICES] = { "notices", TALLY_KEY_MAPPING },
    [TOP_MIGRATE] = { "migrate", TALLY_KEY_MAPPING },
    [TOP_ADMISSION] = { "admission", TALLY_KEY_MAPPING },
    [TOP_READS] = { "reads", TALLY_KEY_MAPPING },
    [TOP_TESTS] = { "tests", TALLY_KEY_LIST },
};

static const char *const sponsors[] = {
    "association",
    "public body",
    "school",
    "employer",
    "company",
    "cooperative",
    "professional body",
    "police",
    "immigration authority",
    "lender",
    "insurer",
    "landlord",
    "data broker",
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the header ---- */

static void read_programme(tally_reader *reader, const tally_yaml *const *top)
{
    static const char *const about[] = { "members", "organisations" };
    tally_policy *policy = reader->policy;
    const tally_yaml *programme = top[TOP_PROGRAMME], *subjects = top[TOP_SUBJECTS];
    uint32_t who;

    if (top[TOP_TALLYSTICK] != NULL && !tally_text_is(top[TOP_TALLYSTICK]->text, "1"))
        tally_document_error(reader, top[TOP_TALLYSTICK], "language-version",
                             "write `tallystick: 1`",
                             "this compiler knows version 1 of the language");
    if (programme != NULL && tally_document_name(reader, programme, "a programme")) {
        if (reader->previous != NULL && policy->programme.count > 0 &&
            !tally_text_is_equal(policy->programme, programme->text))
            tally_document_error(reader, programme, "other-programme", "",
                                 "all versions belong to one programme, `%.*s`",
                                 TALLY_TEXT_ARGS(policy->programme));
        else if (!tally_arena_copy_text(reader->lasting, &policy->programme, programme->text))
            reader->compiler.out_of_memory = true; /* a copy has the NUL of the API */
    }
    if (subjects == NULL)
        return;
    who = tally_document_choice(reader, subjects, "kind of subject", about, COUNT_OF(about));
    if (reader->previous != NULL && who != TALLY_NO_INDEX &&
        policy->is_about_organisations != (who == 1))
        tally_document_error(reader, subjects, "other-subjects", "",
                             "all versions are about the same subjects");
    policy->is_about_organisations = who == 1;
}

static void read_texts(tally_reader *reader, const tally_yaml *const *top)
{
    static const char *const members[] = { "adults", "minor mode" };
    tally_version *version = reader->version;

    if (top[TOP_PROGRAMME] != NULL)
        tally_document_words(reader, top[TOP_PROGRAMME], "programme");
    version->title = tally_document_words(reader, top[TOP_TITLE], "title");
    version->purpose = tally_document_words(reader, top[TOP_PURPOSE], "purpose");
    version->contact = tally_document_words(reader, top[TOP_CONTACT], "contact");
    version->owner = tally_document_words(reader, top[TOP_OWNER], "owner");
    version->basis = tally_document_words(reader, top[TOP_BASIS], "basis");
    if (top[TOP_SPONSOR] != NULL &&
        tally_document_choice(reader, top[TOP_SPONSOR], "kind of sponsor", sponsors,
                              COUNT_OF(sponsors)) != TALLY_NO_INDEX)
        version->sponsor = top[TOP_SPONSOR]->text;
    version->members = TALLY_TEXT("adults");
    if (top[TOP_MEMBERS] != NULL &&
        tally_document_choice(reader, top[TOP_MEMBERS], "kind of membership", members,
                              COUNT_OF(members)) != TALLY_NO_INDEX)
        version->members = top[TOP_MEMBERS]->text;
}

static void read_durations(tally_reader *reader, const tally_yaml *const *top)
{
    static const char *const month_ends[] = { "last day", "first of next month" };
    tally_version *version = reader->version;
    tally_source_text source;
    int32_t months = 0;

    if (top[TOP_KEEPS_EVENTS] != NULL) {
        source = tally_yaml_source(top[TOP_KEEPS_EVENTS]);
        if (!tally_duration_compile(&reader->compiler, &source, &version->keeps_ms, &months))
            reader->error_count++;
        version->keeps_months = months;
    }
    version->duplicate_window_ms = 35 * TALLY_DAY_MS;
    if (top[TOP_DUPLICATE_WINDOW] != NULL)
        tally_document_duration_ms(reader, top[TOP_DUPLICATE_WINDOW],
                                   &version->duplicate_window_ms);
    version->month_end = TALLY_MONTH_END_LAST_DAY;
    if (top[TOP_MONTH_END] != NULL &&
        tally_document_choice(reader, top[TOP_MONTH_END], "month-end rule", month_ends,
                              COUNT_OF(month_ends)) == 1)
        version->month_end = TALLY_MONTH_END_NEXT_MONTH_FIRST;
}

static void read_from(tally_reader *reader, const tally_yaml *from)
{
    tally_version *version = reader->version;
    const tally_version *previous = reader->previous;
    const tally_zone *zone = &tally_zone_utc;
    int32_t day = 0;

    version->from_ms = INT64_MIN;
    version->from_day = INT64_MIN;
    if (from == NULL) {
        if (previous != NULL)
            tally_document_error(reader, reader->root, "missing-key", "write `from: 2026-01-01`",
                                 "a later version needs `from`, the day on which it begins");
        return;
    }
    if (!tally_document_day(reader, from, &day) || previous == NULL)
        return; /* the first version has no beginning */
    if (version->zone != TALLY_NO_INDEX)
        zone = reader->zones[version->zone];
    version->from_day = day;
    version->from_ms = tally_zone_day_start(zone, day);
    if (version->from_ms <= previous->from_ms)
        tally_document_error(reader, from, "version-order", "",
                             "a version begins after the one before it");
}

void tally_document_header(tally_reader *reader)
{
    const tally_yaml *top[TOP_KEYS];

    if (!tally_document_keys(reader, reader->root, "a policy", top_keys, TOP_KEYS, top))
        return;
    read_programme(reader, top);
    read_texts(reader, top);
    tally_document_zone(reader);
    read_durations(reader, top);
    read_from(reader, top[TOP_FROM]);
}

/* ---- names of values ---- */

tally_name *tally_document_declare(tally_reader *reader, const tally_yaml *key,
                                   tally_name_kind kind, uint32_t index)
{
    /* What tests and files ask of a policy besides its own names. */
    static const char *const results[] = { "shown",         "tier",        "grade",   "state",
                                           "refused",       "next-change", "missing", "valid-until",
                                           "sum-of-scores", "as-of" };
    static const char *const kinds[] = { "setting", "fact", "let", "streak" };
    tally_compiler *compiler = &reader->compiler;
    tally_name *names;

    if (!tally_document_name(reader, key, "a value"))
        return NULL;
    for (size_t i = 0; i < COUNT_OF(results); i++) {
        if (tally_text_is(key->text, results[i])) {
            tally_document_error(reader, key, "reserved-name", "choose another name",
                                 "`%s` is the name of a result", results[i]);
            return NULL;
        }
    }
    for (uint32_t i = 0; i < compiler->name_count; i++) {
        const tally_name *other = &compiler->names[i];

        if (!tally_text_is_equal(other->name, key->text))
            continue;
        if (other->kind != kind) /* equal keys of one section were reported */
            tally_document_error(reader, key, "duplicate-name", "choose another name",
                                 "`%.*s` is already the name of a %s, on line %u",
                                 TALLY_TEXT_ARGS(key->text), kinds[other->kind], other->span.line);
        return NULL;
    }
    names = tally_document_grow(reader, compiler->names, compiler->name_count,
                                &compiler->name_capacity, sizeof(*names));
    if (names == NULL)
        return NULL;
    compiler->names = names;
    names[compiler->name_count] = (tally_name){
        .name = key->text, .kind = kind, .index = index, .span = tally_document_span(key)
    };
    return &names[compiler->name_count++];
}

static bool has_field(const tally_event_type *type, tally_text name)
{
    for (uint32_t slot = 0; slot < type->field_count; slot++) {
        if (tally_text_is_equal(type->fields[slot].name, name))
            return true;
    }
    return false;
}

/* Bare names are fields first, so a field must not hide a value [1]; and a set
 * must not be taken for an event type. The first clash of a name is enough. */
void tally_document_check_names(tally_reader *reader)
{
    for (uint32_t n = 0; n < reader->compiler.name_count; n++) {
        const tally_name *name = &reader->compiler.names[n];

        for (uint32_t t = TALLY_RECORD_TYPES; t < reader->compiler.type_count; t++) {
            const tally_event_type *type = &reader->types[t];
            bool is_type = name->set != NULL && tally_text_is_equal(type->name, name->name);

            if (!is_type && !has_field(type, name->name))
                continue;
            tally_document_report_span(
                reader, TALLY_SEVERITY_ERROR, &name->span,
                is_type ? "duplicate-name" : "shadowed-name", "choose another name",
                "`%.*s` is also %s `%.*s`", TALLY_TEXT_ARGS(name->name),
                is_type ? "the event type" : "a field of", TALLY_TEXT_ARGS(type->name));
            break;
        }
    }
}

/* ---- settings ---- */

static const tally_setting *find_setting(const tally_version *version, tally_text name)
{
    for (uint32_t i = 0; version != NULL && i < version->setting_count; i++) {
        if (tally_text_is_equal(version->settings[i].name, name))
            return &version->settings[i];
    }
    return NULL;
}

/* {was: OLD, now: NEW}: NEW only where nobody changed OLD [11]. */
static bool read_was_now(tally_reader *reader, const tally_yaml *value, tally_setting *setting)
{
    static const tally_key keys[] = { { "was", TALLY_KEY_TEXT | TALLY_KEY_NEEDED },
                                      { "now", TALLY_KEY_TEXT | TALLY_KEY_NEEDED } };
    const tally_setting *before = find_setting(reader->previous, value->key->text);
    const tally_yaml *parts[2];
    tally_decimal was, now;

    if (!tally_document_keys(reader, value, "a setting", keys, 2, parts) || parts[0] == NULL ||
        parts[1] == NULL)
        return false;
    for (int i = 0; i < 2; i++) {
        tally_decimal *number = i == 0 ? &was : &now;

        if (tally_decimal_parse(&number->value, &number->decimals, parts[i]->text) != TALLY_OK) {
            tally_document_error(reader, parts[i], "bad-number", "", "a setting is a number");
            return false;
        }
    }
    if (before == NULL) {
        tally_document_error(reader, value->key, "no-previous", "write the number alone",
                             "the version before has no setting `%.*s`",
                             TALLY_TEXT_ARGS(value->key->text));
        return false;
    }
    if (tally_decimal_compare((tally_decimal){ before->value, before->decimals }, was) == 0) {
        setting->value = now.value;
        setting->decimals = (uint8_t)now.decimals;
    } else {
        setting->value = before->value;
        setting->decimals = before->decimals;
    }
    return true;
}

/* The number as written, or the one that a test gives instead. */
static tally_text setting_text(const tally_reader *reader, const tally_yaml *value)
{
    const tally_given_settings *given = reader->given_settings;

    for (uint32_t i = 0; given != NULL && i < given->count; i++) {
        if (tally_text_is_equal(given->values[i].name, value->key->text))
            return given->values[i].value;
    }
    return value->text;
}

static bool read_setting(tally_reader *reader, const tally_yaml *value, tally_setting *setting)
{
    uint32_t decimals;
    tally_text written = setting_text(reader, value), number = written;

    if (!tally_document_shape(reader, value, TALLY_KEY_TEXT | TALLY_KEY_MAPPING, "a setting"))
        return false;
    if (value->kind == TALLY_YAML_MAPPING)
        return read_was_now(reader, value, setting);
    if (tally_text_has_suffix(number, TALLY_TEXT("%")))
        number = tally_text_trim(tally_text_slice(number, 0, number.count - 1));
    if (tally_decimal_parse(&setting->value, &decimals, number) != TALLY_OK ||
        setting->value == TALLY_NOTHING) {
        tally_document_error(reader, value, "bad-number", "write a number such as 12, 0.5 or 30 %",
                             "a setting is a number");
        return false;
    }
    if (number.count < written.count)
        decimals += 2;
    if (decimals > TALLY_DECIMALS_MAX) {
        tally_document_error(reader, value, "bad-number", "", "a number has at most %d decimals",
                             TALLY_DECIMALS_MAX);
        return false;
    }
    setting->decimals = (uint8_t)decimals;
    return true;
}

void tally_document_settings(tally_reader *reader)
{
    const tally_yaml *section;
    tally_setting *settings;
    uint32_t count = 0;

    if (!tally_document_section(reader, "settings", TALLY_LETS_MAX, &section))
        return;
    settings = tally_document_alloc(reader, section->count, sizeof(*settings));
    if (settings == NULL)
        return;
    for (const tally_yaml *value = section->first; value != NULL; value = value->next) {
        tally_setting *setting = &settings[count];
        tally_name *name = tally_document_declare(reader, value->key, TALLY_NAME_SETTING, count);

        if (name == NULL || !read_setting(reader, value, setting))
            continue;
        setting->name = value->key->text;
        setting->span = tally_document_span(value->key);
        name->type = TALLY_TYPE_NUMBER;
        name->decimals = setting->decimals;
        name->value = setting->value;
        count++;
    }
    reader->version->settings = settings;
    reader->version->setting_count = count;
}

/* ---- facts ---- */

static bool read_fact_values(tally_reader *reader, const tally_yaml *value, tally_fact *fact)
{
    int64_t *days = tally_document_alloc(reader, value->count, sizeof(*days));
    int64_t *values = tally_document_alloc(reader, value->count, sizeof(*values));
    uint8_t *decimals = tally_document_alloc(reader, value->count, sizeof(*decimals));
    uint32_t count = 0;

    if (days == NULL || values == NULL || decimals == NULL)
        return false;
    for (const tally_yaml *row = value->first; row != NULL; row = row->next) {
        int32_t day;
        uint32_t shown;

        if (!tally_document_day(reader, row->key, &day))
            continue;
        if (!tally_document_shape(reader, row, TALLY_KEY_TEXT, "a fact"))
            continue;
        if (tally_decimal_parse(&values[count], &shown, row->text) != TALLY_OK) {
            tally_document_error(reader, row, "bad-number", "", "a fact's value is a number");
            continue;
        }
        if (count > 0 && day <= days[count - 1])
            tally_document_error(reader, row->key, "fact-order", "",
                                 "the days of a fact stand in order, earliest first");
        days[count] = day;
        decimals[count++] = (uint8_t)shown;
        if (shown > fact->decimals)
            fact->decimals = (uint8_t)shown;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (tally_decimal_rescale(&values[i], values[i], decimals[i], fact->decimals,
                                  TALLY_ROUND_DOWN) != TALLY_OK) {
            tally_document_error(reader, value->key, "bad-number", "",
                                 "a fact's value is too large");
            return false;
        }
    }
    fact->count = count;
    fact->from_day = days;
    fact->values = values;
    return count > 0;
}

void tally_document_facts(tally_reader *reader)
{
    static const tally_scope programme = { .is_admission = true };
    const tally_yaml *section;
    tally_fact *facts;
    uint32_t count = 0;

    if (!tally_document_section(reader, "facts", TALLY_LETS_MAX, &section))
        return;
    facts = tally_document_alloc(reader, section->count, sizeof(*facts));
    if (facts == NULL)
        return;
    for (const tally_yaml *value = section->first; value != NULL; value = value->next) {
        tally_fact *fact = &facts[count];
        tally_name *name;

        if (!tally_document_shape(reader, value, TALLY_KEY_TEXT | TALLY_KEY_MAPPING, "a fact"))
            continue;
        if (value->kind == TALLY_YAML_MAPPING) {
            if (!read_fact_values(reader, value, fact))
                continue;
        } else {
            fact->expr =
                tally_document_expr(reader, value, &programme, TALLY_TYPE_NUMBER, 255, NULL);
            if (fact->expr == NULL)
                continue;
            fact->decimals = fact->expr->decimals;
        }
        name = tally_document_declare(reader, value->key, TALLY_NAME_FACT, count);
        if (name == NULL)
            continue;
        fact->name = value->key->text;
        fact->span = tally_document_span(value->key);
        name->type = TALLY_TYPE_NUMBER;
        name->decimals = fact->decimals;
        count++;
    }
    reader->version->facts = facts;
    reader->version->fact_count = count;
}

/* ---- sources ---- */

static void read_source(tally_reader *reader, const tally_yaml *value, tally_source *source)
{
    static const tally_key keys[] = {
        { "events", TALLY_KEY_LIST | TALLY_KEY_TEXT | TALLY_KEY_NEEDED }, { "rate", TALLY_KEY_TEXT }
    };
    const tally_yaml *parts[2] = { value, NULL };
    const tally_yaml *cursor = NULL;
    uint32_t *types;
    tally_limit rate = { 0 };

    if (value->kind == TALLY_YAML_MAPPING &&
        (!tally_document_keys(reader, value, "a source", keys, 2, parts) || parts[0] == NULL))
        return;
    types = tally_document_alloc(reader, parts[0]->count + 1, sizeof(*types));
    if (types == NULL)
        return;
    while (tally_document_each(parts[0], &cursor) != NULL) {
        uint32_t type;

        if (!tally_document_shape(reader, cursor, TALLY_KEY_TEXT, "an event type"))
            continue;
        /* A source may attest records about its records too. */
        type = tally_document_find_type(reader, cursor->text);
        if (type == TALLY_NO_INDEX)
            type = tally_document_type(reader, cursor, cursor->text);
        if (type != TALLY_NO_INDEX)
            types[source->type_count++] = type;
    }
    source->types = types;
    if (parts[1] != NULL) {
        tally_source_text text = tally_yaml_source(parts[1]);

        source->rate = parts[1]->text;
        if (!tally_limit_compile(&reader->compiler, &text, true, &rate)) {
            reader->error_count++;
            return;
        }
        source->has_calendar_rate = rate.amount_is_constant && rate.key_count == 0 &&
                                    rate.window != NULL &&
                                    rate.window->kind == TALLY_WINDOW_CALENDAR &&
                                    rate.window->zone == TALLY_NO_INDEX;
        if (source->has_calendar_rate) {
            source->rate_unit = rate.window->unit;
            source->rate_count = rate.amount_value;
        }
    }
}

void tally_document_sources(tally_reader *reader)
{
    const tally_yaml *section;
    tally_source *sources;
    uint32_t count = 0;

    if (!tally_document_section(reader, "sources", TALLY_EVENT_TYPES_MAX, &section))
        return;
    sources = tally_document_alloc(reader, section->count, sizeof(*sources));
    if (sources == NULL)
        return;
    for (const tally_yaml *value = section->first; value != NULL; value = value->next) {
        if (!tally_document_name(reader, value->key, "a source") ||
            !tally_document_shape(reader, value, TALLY_KEY_ANY, "a source"))
            continue;
        sources[count].name = tally_document_words(reader, value->key, "source");
        sources[count].span = tally_document_span(value->key);
        read_source(reader, value, &sources[count++]);
    }
    reader->version->sources = sources;
    reader->version->source_count = count;
}
