/* SPDX-License-Identifier: Apache-2.0 */
/* Event types [2]. All versions share one list of types, whose fields are the
 * widest that any version declares: a later version may only add [11]. */

#include "policy/document.h"

/* What is being built, while it can still grow. */
typedef struct merger {
    tally_reader *reader;
    bool is_seen[TALLY_EVENT_TYPES_MAX];  /* in this document */
    bool is_older_type;                   /* the version before has the type being read */
    bool is_field_seen[TALLY_FIELDS_MAX]; /* of the type being read */
} merger;

static const char *const words_of_findings[] = { "stands", "dropped" };

static bool add_record_types(tally_reader *reader)
{
    static const char *const names[TALLY_RECORD_TYPES] = {
        [TALLY_RECORD_VOID] = "void",         [TALLY_RECORD_CORRECTION] = "correction",
        [TALLY_RECORD_REVERSAL] = "reversal", [TALLY_RECORD_DISPUTE] = "dispute",
        [TALLY_RECORD_DECISION] = "decision",
    };
    tally_words *findings = tally_document_alloc(reader, 1, sizeof(*findings));
    tally_text *texts = tally_document_alloc(reader, 2, sizeof(*texts));

    if (findings == NULL || texts == NULL)
        return false;
    for (uint32_t i = 0; i < 2; i++)
        texts[i] = tally_text_from(words_of_findings[i]);
    *findings = (tally_words){ .count = 2, .words = texts };
    for (uint32_t i = 0; i < TALLY_RECORD_TYPES; i++) {
        bool is_decision = i == TALLY_RECORD_DECISION;
        tally_field *fields = tally_document_alloc(reader, 2, sizeof(*fields));

        if (fields == NULL)
            return false;
        fields[0] = (tally_field){ .name = TALLY_TEXT("of"), .type = TALLY_TYPE_ID };
        fields[1] = (tally_field){ .name = TALLY_TEXT("finding"),
                                   .type = TALLY_TYPE_WORD,
                                   .domain = findings };
        reader->types[i] = (tally_event_type){
            .name = tally_text_from(names[i]),
            .fields = fields,
            .field_count = is_decision ? 2 : 1,
        };
    }
    return true;
}

/* ---- widening ---- */

static bool holds_word(const tally_words *words, tally_text word)
{
    for (uint32_t i = 0; i < words->count; i++) {
        if (tally_text_is_equal(words->words[i], word))
            return true;
    }
    return false;
}

/* Old words keep their index; new ones follow. */
static bool widen_words(tally_reader *reader, const tally_field *old, tally_field *field)
{
    tally_words *words = tally_document_alloc(reader, 1, sizeof(*words));
    tally_text *texts =
        tally_document_alloc(reader, old->domain->count + field->domain->count, sizeof(*texts));
    uint32_t count = 0;

    if (words == NULL || texts == NULL)
        return false;
    for (uint32_t i = 0; i < old->domain->count; i++) {
        texts[count++] = old->domain->words[i];
        if (!holds_word(field->domain, old->domain->words[i]))
            return false;
    }
    for (uint32_t i = 0; i < field->domain->count; i++) {
        if (!holds_word(old->domain, field->domain->words[i]))
            texts[count++] = field->domain->words[i];
    }
    *words = (tally_words){ .count = count, .words = texts };
    field->domain = words;
    return true;
}

static bool admits(const tally_field *field, int64_t value, uint8_t decimals)
{
    int64_t scaled;

    if (decimals > field->decimals ||
        tally_decimal_rescale(&scaled, value, decimals, field->decimals, TALLY_ROUND_DOWN) !=
            TALLY_OK)
        return false;
    if (field->has_bounds && (scaled < field->least || scaled > field->greatest))
        return false;
    if (field->step != 0 && scaled % field->step != 0)
        return false;
    for (uint32_t i = 0; i < field->choice_count; i++) {
        if (field->choices[i] == scaled)
            return true;
    }
    return field->choice_count == 0;
}

static bool widens_numbers(const tally_field *old, const tally_field *field)
{
    int64_t step;

    for (uint32_t i = 0; i < old->choice_count; i++) {
        if (!admits(field, old->choices[i], old->decimals))
            return false;
    }
    if (old->choice_count > 0)
        return true;
    if (field->choice_count > 0 || field->decimals < old->decimals)
        return false;
    if (field->step != 0) {
        if (old->step == 0 ||
            tally_decimal_rescale(&step, old->step, old->decimals, field->decimals,
                                  TALLY_ROUND_DOWN) != TALLY_OK ||
            step % field->step != 0)
            return false;
    }
    if (field->has_bounds && !old->has_bounds)
        return false;
    if (!field->has_bounds)
        return true;
    /* The bounds alone: a step was compared above. */
    return admits(&(tally_field){ .decimals = field->decimals,
                                  .has_bounds = true,
                                  .least = field->least,
                                  .greatest = field->greatest },
                  old->least, old->decimals) &&
           admits(&(tally_field){ .decimals = field->decimals,
                                  .has_bounds = true,
                                  .least = field->least,
                                  .greatest = field->greatest },
                  old->greatest, old->decimals);
}

/* Replace an older version's field by a wider one; reports if it is not wider. */
static void widen(merger *merge, const tally_yaml *node, tally_field *old, tally_field *field)
{
    tally_reader *reader = merge->reader;
    bool is_wider = old->type == field->type && old->is_member == field->is_member &&
                    (field->optional || !old->optional);

    if (is_wider && old->type == TALLY_TYPE_WORD)
        is_wider = widen_words(reader, old, field);
    if (is_wider && old->type == TALLY_TYPE_NUMBER)
        is_wider = widens_numbers(old, field);
    if (old->type == TALLY_TYPE_NOTHING || field->type == TALLY_TYPE_NOTHING)
        return; /* one of the two was reported */
    if (is_wider) {
        *old = *field;
        return;
    }
    if (!reader->compiler.out_of_memory)
        tally_document_error(
            reader, node, "incompatible-field",
            "a later version may only widen a field, so that older events stay valid",
            "this is narrower than, or different from, the field of the version before");
}

/* ---- one document's types ---- */

static void read_field(merger *merge, tally_event_type *type, tally_field *fields,
                       const tally_yaml *value)
{
    tally_reader *reader = merge->reader;
    tally_source_text source = tally_yaml_source(value);
    tally_field field = { 0 };
    uint32_t slot = 0;

    if (!tally_document_name(reader, value->key, "a field") ||
        !tally_document_shape(reader, value, TALLY_KEY_TEXT, "a field"))
        return;
    if (!tally_field_compile(&reader->compiler, &source, value->key->text, &field)) {
        reader->error_count++;
        /* Known by name, so that rules about it are not reported as well. */
        field = (tally_field){ .type = TALLY_TYPE_NOTHING, .optional = true };
    }
    field.name = value->key->text;
    field.span = tally_document_span(value->key);
    while (slot < type->field_count && !tally_text_is_equal(fields[slot].name, field.name))
        slot++;
    if (slot < type->field_count) {
        if (merge->is_field_seen[slot])
            return; /* a duplicate key, reported */
        widen(merge, value, &fields[slot], &field);
    } else if (slot == TALLY_FIELDS_MAX) {
        tally_document_over_limit(reader, value->key, "fields of one event type", TALLY_FIELDS_MAX);
        return;
    } else {
        if (merge->is_older_type && !field.optional)
            tally_document_error(reader, value, "incompatible-field", "write `... or nothing`",
                                 "a field that is new in an older event type must be optional");
        fields[slot] = field;
        type->field_count++;
    }
    merge->is_field_seen[slot] = true;
}

static bool is_same_deadline(const tally_deadline *a, const tally_deadline *b)
{
    return a->kind == b->kind && a->unit == b->unit && a->later_unit == b->later_unit &&
           a->month == b->month && a->months == b->months && a->later_count == b->later_count &&
           a->ms == b->ms;
}

/* `is` and `recorded-by`. */
static void read_particulars(merger *merge, tally_event_type *type, const tally_yaml *section)
{
    tally_reader *reader = merge->reader;
    const tally_yaml *is = tally_yaml_get(section, "is");
    const tally_yaml *recorded_by = tally_yaml_get(section, "recorded-by");
    tally_deadline deadline = { 0 };

    if (is != NULL && tally_document_shape(reader, is, TALLY_KEY_TEXT, "is"))
        type->kind = is->text;
    if (recorded_by != NULL &&
        tally_document_shape(reader, recorded_by, TALLY_KEY_TEXT, "recorded-by") &&
        tally_document_deadline(reader, recorded_by, &deadline)) {
        if (merge->is_older_type &&
            (!type->has_recorded_by || !is_same_deadline(&type->recorded_by, &deadline)))
            tally_document_error(reader, recorded_by, "incompatible-event",
                                 "keep what the version before says",
                                 "`recorded-by` cannot change between versions");
        type->has_recorded_by = deadline.kind != TALLY_DEADLINE_NEVER;
        type->recorded_by = deadline;
    } else if (recorded_by == NULL && type->has_recorded_by) {
        tally_document_error(reader, section->key, "incompatible-event",
                             "keep what the version before says",
                             "`recorded-by` cannot be dropped in a later version");
    }
}

static void refuse_missing_fields(merger *merge, const tally_event_type *type,
                                  const tally_yaml *section)
{
    for (uint32_t slot = 0; slot < type->field_count; slot++) {
        if (!merge->is_field_seen[slot])
            tally_document_error(merge->reader, section->key, "incompatible-event",
                                 "keep the field; older events have it",
                                 "field `%.*s` of the version before is missing",
                                 TALLY_TEXT_ARGS(type->fields[slot].name));
    }
}

static tally_event_type *find_or_add_type(merger *merge, const tally_yaml *section)
{
    tally_reader *reader = merge->reader;
    uint32_t index = tally_document_find_type(reader, section->key->text);
    tally_event_type *type;

    if (index < TALLY_RECORD_TYPES) {
        tally_document_error(reader, section->key, "reserved-name", "choose another name",
                             "`%.*s` is a type that every policy has",
                             TALLY_TEXT_ARGS(section->key->text));
        return NULL;
    }
    merge->is_older_type = index != TALLY_NO_INDEX;
    if (index == TALLY_NO_INDEX) {
        if (reader->compiler.type_count == TALLY_EVENT_TYPES_MAX) {
            tally_document_over_limit(reader, section->key, "event types", TALLY_EVENT_TYPES_MAX);
            return NULL;
        }
        index = reader->compiler.type_count;
        type = &reader->types[index];
        type->name = section->key->text;
        type->span = tally_document_span(section->key);
        type->fields = tally_document_alloc(reader, TALLY_FIELDS_MAX, sizeof(tally_field));
        if (type->fields == NULL)
            return NULL;
        reader->compiler.type_count++;
    }
    if (merge->is_seen[index])
        return NULL; /* a duplicate key, reported */
    merge->is_seen[index] = true;
    return &reader->types[index];
}

static void read_type(merger *merge, const tally_yaml *section)
{
    tally_reader *reader = merge->reader;
    tally_event_type *type;

    if (!tally_document_rule_name(reader, section->key, "an event type"))
        return;
    type = find_or_add_type(merge, section);
    if (type == NULL)
        return;
    memset(merge->is_field_seen, 0, sizeof(merge->is_field_seen));
    if (section->is_empty || (section->kind == TALLY_YAML_SCALAR && section->text.count == 0))
        section = NULL; /* an event without fields */
    if (section != NULL &&
        tally_document_shape(reader, section, TALLY_KEY_MAPPING, "an event type")) {
        read_particulars(merge, type, section);
        for (const tally_yaml *value = section->first; value != NULL; value = value->next) {
            if (!tally_text_is(value->key->text, "is") &&
                !tally_text_is(value->key->text, "recorded-by"))
                read_field(merge, type, (tally_field *)(uintptr_t)type->fields, value);
        }
        refuse_missing_fields(merge, type, section);
    }
}

static void read_document(merger *merge, const tally_yaml *events)
{
    tally_reader *reader = merge->reader;
    uint32_t older = reader->compiler.type_count;

    memset(merge->is_seen, 0, sizeof(merge->is_seen));
    for (const tally_yaml *section = events->first; section != NULL; section = section->next)
        read_type(merge, section);
    for (uint32_t i = TALLY_RECORD_TYPES; i < older; i++) {
        if (!merge->is_seen[i])
            tally_document_error(reader, events->key, "incompatible-event",
                                 "keep the type; older events have it",
                                 "event type `%.*s` of the version before is missing",
                                 TALLY_TEXT_ARGS(reader->types[i].name));
    }
}

bool tally_document_merge_events(tally_reader *reader, const tally_yaml_stream *stream)
{
    merger *merge = tally_document_alloc(reader, 1, sizeof(*merge));

    reader->types = tally_document_alloc(reader, TALLY_EVENT_TYPES_MAX, sizeof(*reader->types));
    if (merge == NULL || reader->types == NULL || !add_record_types(reader))
        return false;
    merge->reader = reader;
    reader->compiler.types = reader->types;
    reader->compiler.type_count = TALLY_RECORD_TYPES;
    for (uint32_t i = 0; i < stream->count; i++) {
        const tally_yaml *events = tally_yaml_get(stream->documents[i].root, "events");

        if (events != NULL && events->kind == TALLY_YAML_MAPPING)
            read_document(merge, events);
    }
    return !reader->compiler.out_of_memory;
}
