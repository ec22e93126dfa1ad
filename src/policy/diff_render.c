/* SPDX-License-Identifier: Apache-2.0 */
/* A list of changes for people and for programs. */

#include "policy/diff.h"
#include "util/json.h"

const char *tally_change_label_name(tally_change_label label)
{
    static const char *const names[] = { "better", "neutral", "worse" };

    return names[label];
}

const char *tally_change_reach_name(tally_change_reach reach)
{
    static const char *const names[] = { "text", "later events", "later claims", "record" };

    return names[reach];
}

/* ---- text -------------------------------------------------------------------------------- */

static void render_change(const tally_policy_change *change, tally_text file_name,
                          tally_buffer *out)
{
    tally_buffer_printf(out, "%-7s  %s\n         ", tally_change_label_name(change->label),
                        change->path);
    tally_buffer_append_visible(out, tally_text_from(change->sentence));
    tally_buffer_append_byte(out, '\n');
    if (change->label == TALLY_CHANGE_WORSE)
        tally_buffer_printf(out, "         Worse: %s%s%s.\n", change->why,
                            change->reach == TALLY_REACH_RECORD ? "; it reaches older events" : "",
                            change->is_stop ? "; it only stops a rule" : "");
    if (change->line > 0)
        tally_buffer_printf(out, "         %.*s:%u:%u\n", TALLY_TEXT_ARGS(file_name), change->line,
                            change->column);
}

void tally_policy_changes_render_text(const tally_policy_changes *changes, tally_text file_name,
                                      tally_buffer *out)
{
    for (uint32_t i = 0; i < changes->count; i++)
        render_change(&changes->items[i], file_name, out);
    if (changes->count == 0)
        tally_buffer_append_string(out, "Nothing that the policy does was changed.\n");
    else
        tally_buffer_printf(
            out, "%u better, %u neutral, %u worse: as a whole %s%s.\n", changes->better_count,
            changes->neutral_count, changes->worse_count, tally_change_label_name(changes->label),
            changes->worse_count > 0 && changes->is_stop ? ", but it only stops rules" : "");
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void write_string(tally_json *json, const char *key, const char *value)
{
    tally_json_key(json, key);
    tally_json_string(json, value);
}

static void write_change(tally_json *json, const tally_policy_change *change)
{
    tally_json_object(json);
    write_string(json, "path", change->path);
    write_string(json, "label", tally_change_label_name(change->label));
    write_string(json, "reach", tally_change_reach_name(change->reach));
    write_string(json, "sentence", change->sentence);
    write_string(json, "before", change->before);
    write_string(json, "after", change->after);
    if (change->label == TALLY_CHANGE_WORSE) {
        write_string(json, "why", change->why);
        tally_json_key(json, "stops");
        tally_json_bool(json, change->is_stop);
        tally_json_key(json, "keepable");
        tally_json_bool(json, change->is_keepable);
    }
    if (change->line > 0) {
        tally_json_key(json, "line");
        tally_json_integer(json, change->line);
        tally_json_key(json, "column");
        tally_json_integer(json, change->column);
        tally_json_key(json, "length");
        tally_json_integer(json, change->length);
    }
    tally_json_object_end(json);
}

void tally_policy_changes_render_json(const tally_policy_changes *changes, tally_buffer *out)
{
    tally_json json;

    tally_json_init(&json, out);
    tally_json_object(&json);
    write_string(&json, "label", tally_change_label_name(changes->label));
    tally_json_key(&json, "stops");
    tally_json_bool(&json, changes->worse_count > 0 && changes->is_stop);
    tally_json_key(&json, "changes");
    tally_json_array(&json);
    for (uint32_t i = 0; i < changes->count; i++)
        write_change(&json, &changes->items[i]);
    tally_json_array_end(&json);
    tally_json_object_end(&json);
    tally_buffer_append_byte(out, '\n');
}
