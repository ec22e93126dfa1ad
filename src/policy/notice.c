/* SPDX-License-Identifier: Apache-2.0 */
/* The notice: a front page in plain words, then the rules as explain says them. Each sentence
 * is one that the ledger keeps (docs/ledger.md); where it changes, this text changes. */

#include "policy/notice.h"

#include "policy/explain_internal.h"
#include "policy/yaml.h"

#define NOTICE_ARENA_BYTES_MAX ((size_t)64 << 20)

static void say_who(tally_explainer *e, const tally_notice_programme *programme)
{
    const tally_version *version = e->version;
    tally_text title = version->title.count > 0 ? version->title : e->policy->programme;

    tally_explain_text(e, title);
    tally_explain_say(e, "\n");
    tally_explain_text(e, version->purpose);
    tally_explain_say(e, "\n\nWhat you are asked\n"
                         "- Whether you join this programme. You choose; nothing is ticked for "
                         "you, and you give no reason either way.\n"
                         "- Who says no, or leaves later, loses nothing that people outside the "
                         "programme have.\n"
                         "\nWho asks\n- ");
    tally_explain_text(e, version->owner.count > 0 ? version->owner : version->sponsor);
    if (version->owner.count > 0 && version->sponsor.count > 0)
        tally_explain_say(e, " (%.*s)", TALLY_TEXT_ARGS(version->sponsor));
    tally_explain_say(e, ". Questions: %.*s.\n- The programme is %.*s and signs with %.*s.\n",
                      TALLY_TEXT_ARGS(version->contact), TALLY_TEXT_ARGS(programme->origin),
                      TALLY_TEXT_ARGS(programme->did));
    if (programme->is_pilot)
        tally_explain_say(e, "- It is a pilot: its members are generated, and not people.\n");
}

static void say_what(tally_explainer *e)
{
    tally_explain_say(e, "\nWhat for\n"
                         "- One purpose: the one above. Your record is used for nothing else, is "
                         "joined with no other record, and predicts nothing about you.\n"
                         "\nWhat is recorded about you (anything else is refused)\n");
    tally_explain_events(e);
    tally_explain_say(e, "- A key that your wallet makes for this programme only. No name, no "
                         "address, no contact.\n"
                         "\nWho sees it\n"
                         "- You, all of it, whenever you ask.\n"
                         "- The programme's staff: only for a case with a stated purpose, and "
                         "every such reading is shown to you.\n"
                         "- The programme counts points from it without anybody looking.\n"
                         "- Outside: nobody. Figures are published for ten people or more, "
                         "rounded and blurred. The public log holds sealed fingerprints that say "
                         "nothing once their key is destroyed.\n"
                         "- Nothing is shared unless you agree to that separately.\n");
}

static void say_how_long(tally_explainer *e)
{
    tally_explain_say(e, "\nHow long\n- Each event for ");
    if (e->version->keeps_months > 0)
        tally_explain_say(e, "%lld month%s", (long long)e->version->keeps_months,
                          e->version->keeps_months == 1 ? "" : "s");
    else
        tally_explain_duration(e, e->version->keeps_ms);
    tally_explain_say(e, " after it was recorded.\n"
                         "- Your agreement lapses after 24 months, unless you renew it.\n"
                         "- When you leave: your key here and your record are destroyed at once, "
                         "what is left of it on disks within 72 hours, in backups within 30 "
                         "days.\n"
                         "\nWhat you may do, at any time and without giving a reason\n"
                         "- Leave, with one signed message. It works at once.\n"
                         "- Read your statement: every point, where it came from, and why.\n"
                         "- Take everything with you, and check our arithmetic with it.\n"
                         "- See who read your record.\n"
                         "- Change your key, and get back in with your words when it is lost.\n");
}

static void say_texts(tally_explainer *e, const tally_yaml *notice)
{
    const tally_yaml *title = tally_yaml_get(notice, "title");
    const tally_yaml *purpose = tally_yaml_get(notice, "purpose");
    const tally_yaml *because = tally_yaml_get(notice, "because");

    tally_explain_say(e, "\n[%.*s]", TALLY_TEXT_ARGS(notice->key->text));
    if (title != NULL)
        tally_explain_say(e, " %.*s", TALLY_TEXT_ARGS(title->text));
    tally_explain_say(e, "\n");
    if (purpose != NULL)
        tally_explain_say(e, "%.*s\n", TALLY_TEXT_ARGS(purpose->text));
    if (because == NULL)
        return;
    for (const tally_yaml *row = because->first; row != NULL; row = row->next)
        tally_explain_say(e, "- %.*s: %.*s\n", TALLY_TEXT_ARGS(row->key->text),
                          TALLY_TEXT_ARGS(row->text));
}

/* The compiled policy does not keep the other languages; its document does. It was compiled once,
 * so what is read here has the shape that document_live.c saw to. */
static tally_rc say_other_languages(tally_explainer *e, tally_err *err)
{
    tally_arena *arena = tally_arena_new(NOTICE_ARENA_BYTES_MAX);
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    const tally_yaml *notices = NULL;
    tally_yaml_stream stream;
    tally_rc rc = TALLY_E_NOMEM;

    if (arena != NULL && diagnostics != NULL)
        rc = tally_yaml_read(&stream, e->version->document, 1, arena, arena, diagnostics);
    if (rc == TALLY_OK && stream.count == 1 && stream.documents[0].root != NULL)
        notices = tally_yaml_get(stream.documents[0].root, "notices");
    else if (rc != TALLY_E_NOMEM)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "a published version of the policy is no YAML");
    else
        (void)tally_err_set(err, rc, 0, "writing a notice");
    if (notices != NULL) {
        for (const tally_yaml *notice = notices->first; notice != NULL; notice = notice->next)
            say_texts(e, notice);
    }
    tally_diagnostics_free(diagnostics);
    tally_arena_free(arena);
    return rc;
}

tally_rc tally_policy_notice(const struct tally_policy *policy, uint32_t version,
                             const tally_notice_programme *programme, tally_buffer *out,
                             tally_err *err)
{
    tally_explainer e = { policy, NULL, out };
    tally_rc rc;

    TALLY_ASSERT(version >= 1 && version <= policy->version_count);
    e.version = &policy->versions[version - 1];
    say_who(&e, programme);
    say_what(&e);
    say_how_long(&e);
    tally_explain_say(&e, "\nHow points are counted (version %u of the rules)\n", version);
    tally_explain_rules(&e);
    rc = say_other_languages(&e, err);
    if (rc == TALLY_OK && tally_buffer_failure(out) != TALLY_OK)
        rc = tally_err_set(err, tally_buffer_failure(out), 0, "the notice is too long");
    return rc;
}
