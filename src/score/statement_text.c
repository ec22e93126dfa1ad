/* SPDX-License-Identifier: Apache-2.0 */
/* A statement as plain text: what the score is, each line in columns, then in
 * whole sentences what is missing, what time will do and whom to ask. */

#include "score/statement.h"

#include <inttypes.h>
#include "util/alloc.h"

#define RENDERED_BYTES_MAX ((size_t)64 << 20)
#define WIDTH_MIN          80u
#define WIDTH_MAX          100u
#define WIDTH_DEFAULT      96u
#define NAME_WIDTH_MAX     24u
#define RIGHT_WIDTH        16u
#define QUIET_LINES_SHOWN  10u
#define QUIET_TYPES_MAX    256u

typedef struct text_page {
    const tally_statement *statement;
    tally_buffer *out;
    size_t width;
    bool with_colour, is_whole, names_events;
    size_t amount_width, day_width, name_width;
} text_page;

/* Events of one type that earned nothing. */
typedef struct quiet_type {
    const char *name;
    size_t count;
} quiet_type;

/* Characters, taking every code point as one column. */
static size_t width_of(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void put(text_page *page, const char *text)
{
    tally_buffer_append_string(page->out, text);
}

static void pad(text_page *page, size_t count)
{
    tally_buffer_append_repeated(page->out, ' ', count);
}

static void put_padded(text_page *page, const char *text, size_t width)
{
    size_t used = width_of(text);

    put(page, text);
    pad(page, used < width ? width - used : 0);
}

static void colour(text_page *page, const char *code)
{
    if (page->with_colour)
        tally_buffer_printf(page->out, "\x1b[%sm", code);
}

/* The next word's bytes: a number keeps its groups of digits together. */
static size_t word_bytes(const char *text)
{
    size_t bytes = strcspn(text, " ");

    while (bytes > 0 && text[bytes] == ' ' && text[bytes - 1] >= '0' && text[bytes - 1] <= '9' &&
           text[bytes + 1] >= '0' && text[bytes + 1] <= '9')
        bytes += 1 + strcspn(text + bytes + 1, " ");
    return bytes;
}

/* Words from column `at` on, later lines at `indent`; ends the line. */
static void put_wrapped(text_page *page, size_t at, size_t indent, const char *text)
{
    size_t column = at;
    bool is_first = true;

    while (*text != '\0') {
        size_t bytes = word_bytes(text);
        size_t width = 0;

        for (size_t i = 0; i < bytes; i++)
            width += ((unsigned char)text[i] & 0xc0) != 0x80;
        if (!is_first && column + 1 + width > page->width) {
            put(page, "\n");
            pad(page, indent);
            column = indent;
            is_first = true;
        }
        if (!is_first) {
            put(page, " ");
            column++;
        }
        tally_buffer_append(page->out, text, bytes);
        column += width;
        is_first = false;
        text += bytes;
        while (*text == ' ')
            text++;
    }
    put(page, "\n");
}

static const char *format_points(const text_page *page, char text[static TALLY_DECIMAL_TEXT_BYTES],
                                 int64_t points)
{
    return tally_decimal_format_short(text, points, page->statement->points_decimals, " ").bytes;
}

static void format_amount(const text_page *page, const tally_statement_line *line,
                          char out[static TALLY_DECIMAL_TEXT_BYTES + 1])
{
    char text[TALLY_DECIMAL_TEXT_BYTES];
    size_t at = 0;

    if (line->state == TALLY_LINE_NO_AWARD && !page->statement->has_score) {
        out[0] = '\0';
        return;
    }
    if (line->amount >= 0 && line->state != TALLY_LINE_BASE)
        out[at++] = '+';
    if (line->amount == 0)
        at = 0;
    memcpy(out + at, format_points(page, text, line->amount), TALLY_DECIMAL_TEXT_BYTES);
    out[TALLY_DECIMAL_TEXT_BYTES] = '\0';
}

/* ---- the head -------------------------------------------------------------------------- */

static void put_title(text_page *page)
{
    const tally_statement *statement = page->statement;
    tally_buffer left, right;
    size_t used;

    tally_buffer_init(&left, (size_t)1 << 20);
    tally_buffer_init(&right, (size_t)1 << 20);
    if (statement->subject[0] == '\0')
        tally_buffer_printf(&left, "Your statement on %s", statement->as_of);
    else
        tally_buffer_printf(&left, "Statement of %s on %s", statement->subject, statement->as_of);
    tally_buffer_printf(&right, "%s, policy %" PRIu32 " (%02x%02x%02x%02x)", statement->title,
                        statement->version, statement->policy_hash[0], statement->policy_hash[1],
                        statement->policy_hash[2], statement->policy_hash[3]);
    used = width_of(tally_buffer_string(&left)) + width_of(tally_buffer_string(&right));
    colour(page, "1");
    put(page, tally_buffer_string(&left));
    colour(page, "0");
    if (used + 2 <= page->width) {
        pad(page, page->width - used);
    } else {
        put(page, "\n");
    }
    put(page, tally_buffer_string(&right));
    put(page, "\n");
    tally_buffer_free(&left);
    tally_buffer_free(&right);
}

static void put_headline(text_page *page)
{
    const tally_statement *statement = page->statement;
    char text[TALLY_DECIMAL_TEXT_BYTES];
    tally_buffer sentence;
    size_t column = 2;

    tally_buffer_init(&sentence, (size_t)1 << 20);
    pad(page, 2);
    colour(page, "1");
    if (statement->has_score) {
        const char *shown = format_points(page, text, statement->shown);

        put(page, shown);
        column += width_of(shown);
    } else if (strcmp(statement->state, "no rating") == 0) {
        put(page, statement->state);
        column += width_of(statement->state);
    }
    if (statement->has_tiers) {
        pad(page, column > 2 ? 3 : 0);
        put(page, statement->tier);
        column += width_of(statement->tier) + (column > 2 ? 3 : 0);
    }
    if (statement->has_grade) {
        pad(page, column > 2 ? 3 : 0);
        put(page, statement->grade);
        column += width_of(statement->grade) + (column > 2 ? 3 : 0);
    }
    colour(page, "0");
    if (statement->tier_until[0] != '\0')
        tally_buffer_printf(&sentence, "valid to %s; ", statement->tier_until);
    if (statement->has_grade && statement->grade_day[0] != '\0')
        tally_buffer_printf(&sentence, "assessed on %s; ", statement->grade_day);
    if (statement->has_next_tier)
        tally_buffer_printf(&sentence, "%s; ", statement->next_tier_sentence);
    if (statement->has_score && statement->next_lapse_day[0] != '\0')
        tally_buffer_printf(&sentence, "nothing lapses before %s; ", statement->next_lapse_day);
    if (sentence.count >= 2) {
        tally_buffer_truncate(&sentence, sentence.count - 2);
        pad(page, 5);
        put_wrapped(page, column + 5, column + 5, tally_buffer_string(&sentence));
    } else {
        put(page, "\n");
    }
    tally_buffer_free(&sentence);
}

/* ---- the lines -------------------------------------------------------------------------- */

static const char *state_words(const tally_statement_line *line)
{
    switch (line->state) {
    case TALLY_LINE_NOT_YET:
        return "not yet";
    case TALLY_LINE_HELD_OUT:
        return "disputed";
    case TALLY_LINE_PAUSED:
        return "paused";
    case TALLY_LINE_EXPIRED:
        return "expired";
    case TALLY_LINE_TAKEN_BACK:
        return "taken back";
    case TALLY_LINE_NOT_AMONG_BEST:
        return "not among best";
    case TALLY_LINE_CUT:
        return "cut";
    case TALLY_LINE_SPENDING:
        return "spending";
    case TALLY_LINE_VOID:
        return "void";
    default:
        return line->is_disputed ? "disputed" : "";
    }
}

/* The right-hand column: what has become of the line, or how long it lasts. */
static void put_right(text_page *page, const tally_statement_line *line, size_t at)
{
    const char *words = state_words(line);

    if (words[0] == '\0' && line->until[0] == '\0')
        return;
    pad(page, page->width - RIGHT_WIDTH > at ? page->width - RIGHT_WIDTH - at : 2);
    if (words[0] != '\0')
        put(page, words);
    else
        tally_buffer_printf(page->out, "until %s", line->until);
}

static void put_line(text_page *page, const tally_statement_line *line)
{
    char amount[TALLY_DECIMAL_TEXT_BYTES + 1];
    size_t name_at = 2 + page->amount_width + 2 + page->day_width + 2;
    size_t details_at = name_at + page->name_width + 2;
    bool counts = line->state == TALLY_LINE_COUNTS || line->state == TALLY_LINE_BASE ||
                  line->state == TALLY_LINE_START || line->state == TALLY_LINE_BOUND;
    bool has_event = line->day[0] != '\0';
    const char *details = has_event ? line->details : line->note;
    size_t room = page->width - details_at - (has_event ? RIGHT_WIDTH + 2 : 0);
    bool has_room = width_of(details) <= room && width_of(line->name) <= page->name_width;

    format_amount(page, line, amount);
    pad(page, 2 + page->amount_width - width_of(amount));
    colour(page, !counts ? "2" : line->amount < 0 ? "31" : "32");
    put(page, amount);
    colour(page, "0");
    pad(page, 2);
    put_padded(page, line->day, page->day_width);
    pad(page, 2);
    put(page, line->name);
    if (details[0] != '\0' && has_room) {
        pad(page, 2 + page->name_width - width_of(line->name));
        put(page, details);
        put_right(page, line, details_at + width_of(details));
    } else {
        put_right(page, line, name_at + width_of(line->name));
    }
    put(page, "\n");
    if (!has_room) {
        pad(page, name_at);
        put_wrapped(page, name_at, name_at, details);
    }
    if (has_event && line->note[0] != '\0') {
        pad(page, name_at);
        colour(page, "2");
        put_wrapped(page, name_at, name_at, line->note);
        colour(page, "0");
    }
    if (page->names_events && has_event && line->event_id[0] != '\0') {
        pad(page, name_at);
        colour(page, "2");
        tally_buffer_printf(page->out, "Attested as %s.\n", line->event_id);
        colour(page, "0");
    }
}

static void measure(text_page *page)
{
    const tally_statement *statement = page->statement;

    for (size_t i = 0; i < statement->line_count; i++) {
        const tally_statement_line *line = &statement->lines[i];
        char amount[TALLY_DECIMAL_TEXT_BYTES + 1];
        size_t name = width_of(line->name), day = width_of(line->day);

        format_amount(page, line, amount);
        if (width_of(amount) > page->amount_width)
            page->amount_width = width_of(amount);
        if (name > page->name_width)
            page->name_width = name < NAME_WIDTH_MAX ? name : NAME_WIDTH_MAX;
        if (day > page->day_width)
            page->day_width = day;
    }
}

static bool is_quiet(const tally_statement_line *line)
{
    return line->state == TALLY_LINE_NO_AWARD && line->note[0] == '\0';
}

static quiet_type *find_quiet(quiet_type *types, size_t *count, const char *name)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    }
    if (*count == QUIET_TYPES_MAX)
        return NULL;
    types[*count] = (quiet_type){ .name = name };
    return &types[(*count)++];
}

static void put_lines(text_page *page)
{
    const tally_statement *statement = page->statement;
    quiet_type types[QUIET_TYPES_MAX];
    size_t type_count = 0;

    if (statement->line_count == 0)
        return;
    put(page, "\n");
    for (size_t i = 0; i < statement->line_count && !page->is_whole; i++) {
        if (is_quiet(&statement->lines[i])) {
            quiet_type *type = find_quiet(types, &type_count, statement->lines[i].name);

            if (type != NULL)
                type->count++;
        }
    }
    for (size_t i = 0; i < type_count; i++) {
        if (types[i].count > QUIET_LINES_SHOWN + 1)
            tally_buffer_printf(page->out, "  %zu earlier events of type %s are not listed here.\n",
                                types[i].count - QUIET_LINES_SHOWN, types[i].name);
    }
    for (size_t i = 0; i < statement->line_count; i++) {
        const tally_statement_line *line = &statement->lines[i];

        if (is_quiet(line) && !page->is_whole) {
            quiet_type *type = find_quiet(types, &type_count, line->name);

            if (type != NULL && type->count > QUIET_LINES_SHOWN + 1) {
                type->count--;
                if (type->count >= QUIET_LINES_SHOWN + 1)
                    continue;
                type->count = QUIET_LINES_SHOWN; /* the rest is shown */
            }
        }
        put_line(page, line);
    }
}

/* ---- why ------------------------------------------------------------------------------------ */

static void put_heading(text_page *page, const char *before, const char *name)
{
    put(page, "\n");
    colour(page, "1");
    put(page, before);
    put(page, name);
    colour(page, "0");
    put(page, "\n");
}

/* Each award's reason once. */
static void put_reasons(text_page *page)
{
    const tally_statement *statement = page->statement;
    bool has_heading = false;

    for (size_t i = 0; i < statement->line_count; i++) {
        const tally_statement_line *line = &statement->lines[i];
        bool is_new = line->because[0] != '\0';

        /* Few distinct reasons, most lines repeat one: look back a little way. */
        for (size_t k = i; is_new && k-- > 0;)
            is_new = strcmp(statement->lines[k].because, line->because) != 0 ||
                     strcmp(statement->lines[k].name, line->name) != 0;
        if (!is_new)
            continue;
        if (!has_heading)
            put_heading(page, "What it was for", "");
        has_heading = true;
        pad(page, 2);
        put_padded(page, line->name, page->name_width);
        pad(page, 2);
        put_wrapped(page, page->name_width + 4, page->name_width + 4, line->because);
    }
}

static void put_legs(text_page *page, const tally_statement_step *step, size_t at, size_t indent)
{
    size_t column = at;

    if (step->leg_count == 0)
        put(page, "\n");
    for (size_t i = 0; i < step->leg_count; i++) {
        const tally_statement_leg *leg = &step->legs[i];
        size_t deeper = indent + 2 * (size_t)leg->depth;

        if (i > 0 || column < deeper)
            pad(page, i > 0 ? deeper : deeper - column);
        put_wrapped(page, deeper, deeper + 2, leg->sentence);
        column = 0;
    }
}

static void put_grade_rows(text_page *page)
{
    const tally_statement *statement = page->statement;
    size_t name_width = 0;

    if (!statement->has_grade || statement->grade_row_count == 0)
        return;
    put_heading(page, "Why ", statement->grade);
    for (size_t i = 0; i < statement->grade_row_count; i++) {
        size_t width = width_of(statement->grade_rows[i].name);

        name_width = width > name_width ? width : name_width;
    }
    for (size_t i = 0; i < statement->grade_row_count; i++) {
        const tally_statement_step *row = &statement->grade_rows[i];

        pad(page, 2);
        put_padded(page, row->name, name_width);
        pad(page, 2);
        if (row->is_result && strcmp(row->rule, "otherwise") == 0) {
            put(page, "otherwise\n");
        } else if (row->is_result) {
            put(page, "met: ");
            put_wrapped(page, name_width + 9, name_width + 9, row->rule);
        } else {
            put_legs(page, row, name_width + 4, name_width + 4);
        }
    }
}

static void put_next_tier(text_page *page)
{
    const tally_statement *statement = page->statement;

    if (!statement->has_next_tier || statement->next_tier.leg_count == 0)
        return;
    put_heading(page, "Missing for ", statement->next_tier.name);
    for (size_t i = 0; i < statement->next_tier.leg_count; i++) {
        const tally_statement_leg *leg = &statement->next_tier.legs[i];
        size_t indent = 2 + 2 * (size_t)leg->depth;

        pad(page, indent);
        put_wrapped(page, indent, indent + 2, leg->sentence);
    }
}

static void put_reports(text_page *page)
{
    const tally_statement *statement = page->statement;
    size_t width = 0;

    if (statement->report_count == 0)
        return;
    put_heading(page, "Figures", "");
    for (size_t i = 0; i < statement->report_count; i++) {
        size_t name = width_of(statement->reports[i].name);

        width = name > width ? name : width;
    }
    for (size_t i = 0; i < statement->report_count; i++) {
        pad(page, 2);
        put_padded(page, statement->reports[i].name, width + 2);
        put(page, statement->reports[i].value);
        put(page, "\n");
    }
}

static void put_future(text_page *page)
{
    const tally_statement *statement = page->statement;
    tally_buffer sentence;

    tally_buffer_init(&sentence, (size_t)1 << 20);
    if (statement->has_next_change)
        tally_buffer_printf(&sentence, "With nothing new, on %s %s.", statement->next_change_day,
                            statement->next_change);
    else
        tally_buffer_printf(&sentence, "With nothing new, this stays so until %s at least.",
                            statement->searched_until);
    put(page, "\n");
    put_wrapped(page, 0, 2, tally_buffer_string(&sentence));
    tally_buffer_reset(&sentence);
    if (statement->contact[0] != '\0') {
        tally_buffer_printf(&sentence, "Something wrong or missing? Contest any line: write to %s.",
                            statement->contact);
        put_wrapped(page, 0, 2, tally_buffer_string(&sentence));
    }
    tally_buffer_free(&sentence);
}

static void put_refusals(text_page *page)
{
    const tally_statement *statement = page->statement;

    if (statement->refused_count == 0)
        return;
    put_heading(page, "Refused, and without effect", "");
    for (size_t i = 0; i < statement->refused_count; i++) {
        pad(page, 2);
        put_wrapped(page, 2, 4, statement->refused[i]);
    }
}

tally_rc tally_statement_hand_over(tally_buffer *buffer, char **out_text, size_t *out_bytes,
                                   tally_err *err)
{
    tally_rc failure = tally_buffer_failure(buffer);

    if (failure != TALLY_OK) {
        tally_buffer_free(buffer);
        return tally_err_set(err, failure, 0, "rendering a statement");
    }
    *out_text = buffer->bytes;
    if (out_bytes != NULL)
        *out_bytes = buffer->count;
    return TALLY_OK;
}

tally_rc tally_statement_render_text(const tally_statement *statement, char **out_text,
                                     size_t *out_bytes, const tally_text_options *options,
                                     tally_err *err)
{
    tally_buffer buffer;
    text_page page = { .statement = statement, .out = &buffer, .width = WIDTH_DEFAULT };

    TALLY_ASSERT(statement != NULL && out_text != NULL);
    if (options != NULL) {
        page.width = options->width < WIDTH_MIN   ? WIDTH_MIN
                     : options->width > WIDTH_MAX ? WIDTH_MAX
                                                  : options->width;
        page.with_colour = options->with_colour;
        page.is_whole = options->is_whole;
        page.names_events = options->names_events;
    }
    tally_buffer_init(&buffer, RENDERED_BYTES_MAX);
    put_title(&page);
    put_headline(&page);
    measure(&page);
    put_lines(&page);
    put_reasons(&page);
    put_grade_rows(&page);
    put_next_tier(&page);
    put_reports(&page);
    put_refusals(&page);
    put_future(&page);
    return tally_statement_hand_over(&buffer, out_text, out_bytes, err);
}

void tally_statement_free_text(char *text)
{
    tally_release(text);
}
