/* SPDX-License-Identifier: Apache-2.0 */
/* Tables go to standard output with everything that explains them; CSV and JSON
 * stand there alone, and what a person should know goes to standard error. */

#include "eval_output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eval/dates.h"
#include "policy/charter.h"
#include "policy/diagnostics.h"
#include "util/alloc.h"

#define TEXT_BYTES_MAX    ((size_t)64 << 20)
#define HASH_DIGITS_SHOWN 12

static FILE *remarks(const tally_eval_output *output)
{
    return output->format == TALLY_RESULTS_TABLE ? stdout : stderr;
}

/* ---- the charter ------------------------------------------------------------------- */

bool tally_eval_may_evaluate(const tally_eval_output *output)
{
    tally_diagnostics *found = tally_diagnostics_new();
    tally_buffer text;
    bool may = found != NULL && tally_charter_check_evaluate(output->policy, found);

    if (!may && found != NULL) {
        tally_buffer_init(&text, TEXT_BYTES_MAX);
        tally_diagnostics_sort(found);
        tally_diagnostics_render_text(found, tally_text_from(output->policy_path),
                                      tally_buffer_text(&output->loaded->text),
                                      tally_cmd_has_colour(STDERR_FILENO), &text);
        fputs(tally_buffer_string(&text), stderr);
        fputs("tally eval: the charter does not let persons be scored on this (R9); nothing was "
              "evaluated\n",
              stderr);
        tally_buffer_free(&text);
    }
    tally_diagnostics_free(found);
    return may;
}

/* "R13 and R9": the rights of all refusals, each once, in order of place. */
static void append_rights(const tally_diagnostics *found, tally_buffer *out)
{
    const char *named[64];
    uint32_t count = 0;

    for (size_t i = 0; i < tally_diagnostics_count(found); i++) {
        const tally_diagnostic *one = tally_diagnostics_get(found, i);
        bool is_new = one->severity == TALLY_SEVERITY_REFUSAL && one->right[0] != '\0';

        for (uint32_t n = 0; n < count && is_new; n++)
            is_new = strcmp(named[n], one->right) != 0;
        if (is_new && count < sizeof(named) / sizeof(named[0]))
            named[count++] = one->right;
    }
    for (uint32_t n = 0; n < count; n++)
        (void)tally_buffer_printf(out, "%s%s",
                                  n == 0           ? ""
                                  : n + 1 == count ? " and "
                                                   : ", ",
                                  named[n]);
}

void tally_eval_print_verdict(const tally_eval_output *output)
{
    tally_diagnostics *found = tally_diagnostics_new();
    tally_buffer rights;
    bool may = found != NULL && tally_charter_check(output->policy, found);
    size_t count;

    if (found == NULL) {
        fputs("as a live programme: memory is too short to say\n", remarks(output));
        return;
    }
    tally_diagnostics_sort(found);
    count = tally_diagnostics_count_of(found, TALLY_SEVERITY_REFUSAL);
    tally_buffer_init(&rights, 4096);
    append_rights(found, &rights);
    if (may)
        fputs("as a live programme: admissible\n", remarks(output));
    else
        fprintf(remarks(output),
                "as a live programme: refused for %zu reason%s (%s); `tally policy check --live "
                "%s` lists them\n",
                count, count == 1 ? "" : "s", tally_buffer_string(&rights), output->policy_path);
    tally_buffer_free(&rights);
    tally_diagnostics_free(found);
}

/* ---- the heading --------------------------------------------------------------------- */

/* "policy 2 of 3 (9f2c61ab04de…)". */
static void append_version(const tally_eval_output *output, const tally_session *session,
                           tally_buffer *out)
{
    const tally_version *version = &output->policy->versions[tally_session_version(session)];

    (void)tally_buffer_append_string(out, "policy ");
    if (output->policy->version_count > 1)
        (void)tally_buffer_printf(out, "%" PRIu32 " of %" PRIu32 " ",
                                  tally_session_version(session) + 1,
                                  output->policy->version_count);
    for (size_t i = 0; i < HASH_DIGITS_SHOWN / 2; i++)
        (void)tally_buffer_printf(out, "%02x", version->hash[i]);
}

static void append_as_of(const tally_eval_output *output, const tally_session *session,
                         tally_buffer *out)
{
    int64_t as_of_ms = tally_session_as_of_ms(session);
    char text[TALLY_INSTANT_TEXT_BYTES];
    tally_dates dates;

    tally_dates_start(&dates, output->policy);
    if (tally_dates_end_of_day(&dates, as_of_ms) == as_of_ms)
        (void)tally_buffer_append_text(out,
                                       tally_day_format(text, tally_dates_day(&dates, as_of_ms)));
    else
        (void)tally_buffer_append_text(
            out,
            tally_instant_format(text, as_of_ms,
                                 tally_zone_offset(tally_dates_zone(&dates, as_of_ms), as_of_ms)));
}

static tally_text title_of(const tally_eval_output *output, const tally_session *session)
{
    tally_text title = output->policy->versions[tally_session_version(session)].title;

    return title.count != 0 ? title : output->policy->programme;
}

void tally_eval_begin(void *context, const tally_session *session)
{
    const tally_eval_output *output = context;
    tally_buffer text;

    if (output->format != TALLY_RESULTS_TABLE || output->is_statement || output->lists_misses)
        return;
    tally_buffer_init(&text, TEXT_BYTES_MAX);
    (void)tally_buffer_append_text(&text, title_of(output, session));
    (void)tally_buffer_append_string(&text, "\n");
    (void)tally_buffer_append_text(&text, output->policy->programme);
    (void)tally_buffer_append_string(&text, ", ");
    append_version(output, session, &text);
    (void)tally_buffer_append_string(&text, ", as of ");
    append_as_of(output, session, &text);
    (void)tally_buffer_append_string(&text, "\n\n");
    fputs(tally_buffer_string(&text), stdout);
    tally_buffer_free(&text);
}

static const char *counted(const tally_eval_output *output, const tally_session *session)
{
    return tally_session_subject_count(session) == 1 ? tally_results_counted_one(output->policy)
                                                     : tally_results_counted(output->policy);
}

/* ---- distribution, comparison ------------------------------------------------------------ */

tally_rc tally_eval_print_distribution(const tally_eval_output *output,
                                       const tally_session *session, tally_err *err)
{
    tally_chart charts[TALLY_RESULTS_CHARTS_MAX];
    char count_text[TALLY_COUNT_TEXT_BYTES];
    uint32_t count = 0;
    tally_buffer text;
    tally_rc rc = tally_results_charts(tally_session_results(session), charts, &count, err);

    if (rc != TALLY_OK)
        return rc;
    tally_buffer_init(&text, TEXT_BYTES_MAX);
    (void)tally_buffer_printf(&text, "\n%s %s\n",
                              tally_chart_count(count_text, tally_session_subject_count(session)),
                              counted(output, session));
    for (uint32_t i = 0; i < count; i++) {
        (void)tally_buffer_append_byte(&text, '\n');
        tally_chart_draw_text(&charts[i], &text);
        tally_chart_free(&charts[i]);
    }
    (void)tally_buffer_append_byte(&text, '\n');
    rc = tally_buffer_failure(&text);
    fputs(tally_buffer_string(&text), stdout);
    tally_buffer_free(&text);
    return rc == TALLY_OK ? TALLY_OK : tally_err_set(err, rc, 0, "printing the distribution");
}

tally_rc tally_eval_print_expectations(const tally_eval_output *output,
                                       const tally_session *session, tally_err *err)
{
    tally_buffer text;
    tally_rc rc;

    tally_buffer_init(&text, TEXT_BYTES_MAX);
    tally_session_print_expectations(session, &text);
    rc = tally_buffer_failure(&text);
    fputs(tally_buffer_string(&text), remarks(output));
    tally_buffer_free(&text);
    return rc == TALLY_OK ? TALLY_OK : tally_err_set(err, rc, 0, "printing the comparison");
}

/* ---- the picture --------------------------------------------------------------------------- */

static tally_rc draw_plot(const tally_eval_output *output, const tally_session *session,
                          tally_buffer *out, tally_err *err)
{
    tally_chart charts[TALLY_RESULTS_CHARTS_MAX];
    char count_text[TALLY_COUNT_TEXT_BYTES];
    uint32_t count = 0;
    tally_buffer subtitle, source;
    tally_rc rc = tally_results_charts(tally_session_results(session), charts, &count, err);

    if (rc != TALLY_OK)
        return rc;
    tally_buffer_init(&subtitle, 4096);
    tally_buffer_init(&source, TEXT_BYTES_MAX);
    (void)tally_buffer_printf(&subtitle, "Results of %s %s as of ",
                              tally_chart_count(count_text, tally_session_subject_count(session)),
                              counted(output, session));
    append_as_of(output, session, &subtitle);
    (void)tally_buffer_append_string(&source, "Source: programme ");
    (void)tally_buffer_append_text(&source, output->policy->programme);
    (void)tally_buffer_append_string(&source, ", ");
    append_version(output, session, &source);
    (void)tally_buffer_append_string(&source, ", as of ");
    append_as_of(output, session, &source);
    (void)tally_buffer_printf(&source, ", n = %s", count_text);
    tally_chart_draw_svg(charts, count,
                         &(tally_picture){ title_of(output, session), tally_buffer_text(&subtitle),
                                           tally_buffer_text(&source) },
                         out);
    for (uint32_t i = 0; i < count; i++)
        tally_chart_free(&charts[i]);
    tally_buffer_free(&subtitle);
    tally_buffer_free(&source);
    rc = tally_buffer_failure(out);
    return rc == TALLY_OK ? TALLY_OK : tally_err_set(err, rc, 0, "drawing the picture");
}

static bool write_all(int file, tally_text text)
{
    size_t done = 0;

    while (done < text.count) {
        ssize_t count = write(file, text.bytes + done, text.count - done);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        done += (size_t)count;
    }
    return true;
}

static tally_rc refuse_to_write(const char *path, tally_err *err)
{
    return tally_err_set(err, TALLY_E_IO, 0, "%s cannot be written: %s", path, strerror(errno));
}

/* A link, a pipe or a device: written through, for a rename would put a plain
 * file in its place. */
static tally_rc write_through(const char *path, tally_text text, tally_err *err)
{
    int file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    bool is_written;

    if (file < 0)
        return refuse_to_write(path, err);
    is_written = write_all(file, text);
    is_written = close(file) == 0 && is_written;
    return is_written ? TALLY_OK : refuse_to_write(path, err);
}

static tally_rc replace_file(const char *path, tally_text text, tally_err *err)
{
    tally_buffer beside;
    struct stat status;
    char *name;
    int file;
    tally_rc rc = TALLY_OK;

    if (lstat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return write_through(path, text, err);
    tally_buffer_init(&beside, 8192);
    if (tally_buffer_printf(&beside, "%s.XXXXXX", path) != TALLY_OK)
        return tally_err_set(err, TALLY_E_IO, 0, "--plot: the path is too long");
    name = beside.bytes;
    file = mkstemp(name);
    if (file < 0) {
        rc = refuse_to_write(path, err);
    } else {
        bool is_written = write_all(file, text) && fsync(file) == 0 && fchmod(file, 0644) == 0;

        is_written = close(file) == 0 && is_written;
        if (!is_written || rename(name, path) != 0) {
            rc = refuse_to_write(path, err);
            (void)unlink(name);
        }
    }
    tally_buffer_free(&beside);
    return rc;
}

tally_rc tally_eval_write_plot(const tally_eval_output *output, const tally_session *session,
                               const char *path, tally_err *err)
{
    tally_buffer text;
    tally_rc rc;

    tally_buffer_init(&text, TEXT_BYTES_MAX);
    rc = draw_plot(output, session, &text, err);
    if (rc == TALLY_OK)
        rc = replace_file(path, tally_buffer_text(&text), err);
    tally_buffer_free(&text);
    return rc;
}
