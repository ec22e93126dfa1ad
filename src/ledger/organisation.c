/* SPDX-License-Identifier: Apache-2.0 */
/* Organisations: adding, finding, searching. */

#include "ledger/organisation.h"

#include <stdio.h>

#include "ledger/record.h"
#include "util/civil.h"

#define VALUE_BYTES_MAX  ((size_t)4096)
#define SCAN_ARENA_BYTES ((size_t)16 << 10)

/* ---- checking ---- */

static tally_rc refuse(tally_denial *denial, tally_err *err, tally_text id, const char *why)
{
    return tally_deny(denial, err, TALLY_E_DENIED, "E_NOT_AN_ORG", "R35",
                      "give the public record, the reference in it and its day",
                      "organisation `%.*s`: %s; nothing was added", TALLY_TEXT_ARGS(id), why);
}

static bool is_id(tally_text id)
{
    if (id.count == 0 || id.count > TALLY_ORGANISATION_ID_BYTES_MAX)
        return false;
    for (size_t i = 0; i < id.count; i++) {
        if (id.bytes[i] <= ' ' || id.bytes[i] > '~')
            return false;
    }
    return true;
}

static bool is_line(tally_text text)
{
    return text.count <= TALLY_ORGANISATION_TEXT_BYTES_MAX && tally_text_is_visible(text);
}

static tally_rc check(const tally_ledger *ledger, const tally_organisation *organisation,
                      tally_denial *denial, tally_err *err)
{
    tally_text id = organisation->id;

    if (!is_id(id))
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "an id is 1 to %u visible ASCII characters without spaces",
                             TALLY_ORGANISATION_ID_BYTES_MAX);
    if (organisation->name.count == 0 || !is_line(organisation->name) ||
        !is_line(organisation->in_register) || !is_line(organisation->reference))
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "organisation `%.*s`: name, register and reference are visible texts "
                             "of at most %u bytes",
                             TALLY_TEXT_ARGS(id), TALLY_ORGANISATION_TEXT_BYTES_MAX);
    if (organisation->in_register.count == 0)
        return refuse(denial, err, id, "no public record names it");
    if (organisation->reference.count == 0)
        return refuse(denial, err, id, "it has no reference in the public record");
    /* Wherever on earth that day began first. */
    if (organisation->day > tally_day_of_ms(tally_ledger_now_ms(ledger), 14 * 3600))
        return refuse(denial, err, id, "the day of its record has not come");
    return TALLY_OK;
}

static tally_rc check_programme(const tally_ledger *ledger, tally_denial *denial, tally_err *err)
{
    if (ledger->is_about_organisations)
        return TALLY_OK;
    return tally_deny(denial, err, TALLY_E_DENIED, "E_NOT_AN_ORG", "R35",
                      "make another programme whose policy says `subjects: organisations`",
                      "this programme is about members, and members are no organisations; nothing "
                      "was read or changed");
}

/* ---- values ---- */

static tally_rc write_value(tally_buffer *out, const tally_organisation *organisation,
                            tally_err *err)
{
    char day[TALLY_DATE_TEXT_BYTES];
    tally_jcs jcs;

    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    tally_jcs_member_text(&jcs, "day", tally_day_format(day, organisation->day));
    tally_jcs_member_text(&jcs, "id", organisation->id);
    tally_value_write_instant(&jcs, "joined", organisation->joined_ms);
    tally_jcs_member_text(&jcs, "name", organisation->name);
    tally_jcs_member_text(&jcs, "reference", organisation->reference);
    tally_jcs_member_text(&jcs, "register", organisation->in_register);
    tally_jcs_object_end(&jcs);
    return tally_jcs_finish(&jcs, err);
}

static tally_rc read_value(const tally_json_value *root, int64_t subject, tally_organisation *out,
                           tally_err *err)
{
    tally_json_reader reader;
    tally_moment moment = { 0 };
    tally_text day;

    tally_json_read_begin(&reader, root, "organisation", err);
    day = tally_json_read_text(&reader, "day", TALLY_DATE_TEXT_BYTES);
    if (day.count > 0 && tally_time_parse(&moment, day, TALLY_TIME_RFC3339, NULL) != TALLY_OK)
        tally_json_read_fail(&reader, "day", "is no day");
    *out = (tally_organisation){
        .subject = subject,
        .day = moment.day,
        .id = tally_json_read_text(&reader, "id", TALLY_ORGANISATION_ID_BYTES_MAX),
        .joined_ms = tally_value_read_instant(&reader, "joined"),
        .name = tally_json_read_text(&reader, "name", TALLY_ORGANISATION_TEXT_BYTES_MAX),
        .reference = tally_json_read_text(&reader, "reference", TALLY_ORGANISATION_TEXT_BYTES_MAX),
        .in_register = tally_json_read_text(&reader, "register", TALLY_ORGANISATION_TEXT_BYTES_MAX),
    };
    return tally_json_read_end(&reader);
}

/* What was written here and cannot be read is damaged. Texts live in the arena. */
static tally_rc parse_value(tally_text value, int64_t subject, tally_arena *arena,
                            tally_organisation *out, tally_err *err)
{
    tally_json_document *document = NULL;
    tally_rc rc = tally_json_parse(&document, value, NULL, err);

    if (rc == TALLY_OK)
        rc = read_value(tally_json_root(document), subject, out, err);
    if (rc == TALLY_OK && (!tally_arena_copy_text(arena, &out->id, out->id) ||
                           !tally_arena_copy_text(arena, &out->name, out->name) ||
                           !tally_arena_copy_text(arena, &out->in_register, out->in_register) ||
                           !tally_arena_copy_text(arena, &out->reference, out->reference)))
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    tally_json_document_free(document);
    return rc == TALLY_E_INVALID || rc == TALLY_E_LIMIT ? TALLY_E_CORRUPT : rc;
}

/* ---- finding ---- */

tally_rc tally_organisation_subject(tally_ledger *ledger, tally_store_transaction *transaction,
                                    tally_text id, int64_t *out_subject, tally_err *err)
{
    tally_text value;
    bool is_found;
    tally_rc rc;

    (void)ledger;
    *out_subject = 0;
    if (!is_id(id))
        return TALLY_OK;
    rc = tally_store_find(transaction, TALLY_STORE_ORGANISATION_BY_ID, id, &value, &is_found, err);
    if (rc != TALLY_OK || !is_found)
        return rc;
    if (tally_text_parse_i64(out_subject, value, 1, INT64_MAX) != TALLY_OK)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "an organisation's number is damaged");
    return TALLY_OK;
}

tally_rc tally_organisation_load(tally_ledger *ledger, tally_store_transaction *transaction,
                                 int64_t subject, tally_arena *arena, tally_organisation *out,
                                 bool *out_is_found, tally_err *err)
{
    tally_text value;
    tally_rc rc =
        tally_store_get(transaction, TALLY_STORE_ORGANISATIONS, subject, &value, out_is_found, err);

    (void)ledger;
    if (rc != TALLY_OK || !*out_is_found)
        return rc;
    return parse_value(value, subject, arena, out, err);
}

/* ---- adding ---- */

typedef struct adding {
    const tally_organisation *organisations;
    size_t count, added, at;
    tally_denial *denial;
} adding;

static bool is_same(const tally_organisation *a, const tally_organisation *b)
{
    return a->day == b->day && tally_text_is_equal(a->name, b->name) &&
           tally_text_is_equal(a->in_register, b->in_register) &&
           tally_text_is_equal(a->reference, b->reference);
}

static tally_rc compare(tally_ledger *ledger, tally_store_transaction *transaction,
                        const tally_organisation *wanted, int64_t subject, tally_denial *denial,
                        tally_err *err)
{
    tally_arena *arena = tally_arena_new(SCAN_ARENA_BYTES);
    tally_organisation there;
    bool is_found;
    tally_rc rc;

    if (arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    rc = tally_organisation_load(ledger, transaction, subject, arena, &there, &is_found, err);
    if (rc == TALLY_OK && !is_found)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "an organisation is missing");
    if (rc == TALLY_OK && !is_same(wanted, &there))
        rc = tally_deny(denial, err, TALLY_E_CONFLICT, "E_CONFLICT", "R35",
                        "look at it with `tally organisation find`",
                        "organisation `%.*s` is there with other facts; nothing was added",
                        TALLY_TEXT_ARGS(wanted->id));
    tally_arena_free(arena);
    return rc;
}

static tally_rc put(tally_ledger *ledger, tally_store_transaction *transaction,
                    const tally_organisation *wanted, tally_err *err)
{
    tally_organisation organisation = *wanted;
    tally_fact_record fact = { .type = "organisation", .at_ms = tally_ledger_stamp(ledger) };
    tally_buffer value;
    char number[24];
    tally_rc rc;

    organisation.subject = ++ledger->state.last_subject;
    organisation.joined_ms = fact.at_ms;
    ledger->state.is_changed = true;
    if (organisation.subject > TALLY_STORE_SUBJECT_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "the programme has no more numbers");
    (void)snprintf(number, sizeof(number), "%lld", (long long)organisation.subject);
    tally_buffer_init(&value, VALUE_BYTES_MAX);
    rc = write_value(&value, &organisation, err);
    fact.body = tally_buffer_text(&value);
    if (rc == TALLY_OK)
        rc = tally_store_put(transaction, TALLY_STORE_ORGANISATIONS, organisation.subject,
                             tally_buffer_text(&value), err);
    if (rc == TALLY_OK)
        rc = tally_store_name(transaction, TALLY_STORE_ORGANISATION_BY_ID, organisation.id,
                              tally_text_from(number), err);
    if (rc == TALLY_OK)
        rc = tally_record_append(ledger, transaction, &fact, NULL, NULL, err);
    tally_buffer_free(&value);
    return rc;
}

static tally_rc add_all(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                        tally_err *err)
{
    adding *work = context;
    tally_rc rc = TALLY_OK;

    work->added = 0;
    for (size_t i = 0; rc == TALLY_OK && i < work->count; i++) {
        const tally_organisation *wanted = &work->organisations[i];
        int64_t subject;

        work->at = i;
        rc = tally_organisation_subject(ledger, transaction, wanted->id, &subject, err);
        if (rc == TALLY_OK && subject > 0) {
            rc = compare(ledger, transaction, wanted, subject, work->denial, err);
        } else if (rc == TALLY_OK) {
            rc = put(ledger, transaction, wanted, err);
            work->added++;
        }
    }
    return rc;
}

tally_rc tally_organisations_add(tally_ledger *ledger, const tally_organisation *organisations,
                                 size_t count, size_t *out_added, size_t *out_at,
                                 tally_denial *denial, tally_err *err)
{
    adding work = { .organisations = organisations, .count = count, .denial = denial };
    tally_rc rc = check_programme(ledger, denial, err);

    if (rc == TALLY_OK && count > TALLY_ORGANISATIONS_AT_ONCE_MAX)
        rc = tally_err_set(err, TALLY_E_LIMIT, 0, "at most %u organisations are added at once",
                           TALLY_ORGANISATIONS_AT_ONCE_MAX);
    for (size_t i = 0; rc == TALLY_OK && i < count; i++) {
        work.at = i;
        rc = check(ledger, &organisations[i], denial, err);
    }
    if (rc == TALLY_OK)
        rc = tally_ledger_run(ledger, true, add_all, &work, err);
    if (rc != TALLY_OK)
        *out_at = work.at;
    else if (out_added != NULL)
        *out_added = work.added;
    return rc;
}

/* ---- searching ---- */

typedef struct search {
    tally_text text;
    tally_organisation_visit visit;
    void *context;
} search;

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static bool contains(tally_text text, tally_text part)
{
    for (size_t at = 0; at + part.count <= text.count; at++) {
        size_t i = 0;

        while (i < part.count && lower(text.bytes[at + i]) == lower(part.bytes[i]))
            i++;
        if (i == part.count)
            return true;
    }
    return false;
}

static tally_rc visit_one(void *context, int64_t key, tally_text value, bool *out_is_enough,
                          tally_err *err)
{
    const search *wanted = context;
    tally_arena *arena = tally_arena_new(SCAN_ARENA_BYTES);
    tally_organisation organisation;
    tally_rc rc;

    if (arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    rc = parse_value(value, key, arena, &organisation, err);
    if (rc == TALLY_OK &&
        (contains(organisation.id, wanted->text) || contains(organisation.name, wanted->text)))
        rc = wanted->visit(wanted->context, &organisation, out_is_enough, err);
    tally_arena_free(arena);
    return rc;
}

static tally_rc scan(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                     tally_err *err)
{
    (void)ledger;
    return tally_store_scan(transaction, TALLY_STORE_ORGANISATIONS, 1, visit_one, context, err);
}

tally_rc tally_organisations_search(tally_ledger *ledger, tally_text text,
                                    tally_organisation_visit visit, void *context,
                                    tally_denial *denial, tally_err *err)
{
    search wanted = { text, visit, context };
    tally_rc rc = check_programme(ledger, denial, err);

    return rc == TALLY_OK ? tally_ledger_run(ledger, false, scan, &wanted, err) : rc;
}
