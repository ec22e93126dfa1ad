/* SPDX-License-Identifier: Apache-2.0 */
/* The table of rights. */

#include "ledger/rights.h"

#include "tally/base.h"

/* clang-format off */
static const tally_right rights[TALLY_RIGHTS_COUNT] = {
    { "R1", "Consent", true, "" },
    { "R2", "Withdrawal", true, "" },
    { "R3", "Opt-out leaves no detriment", true, "" },
    { "R4", "Power classes", false,
      "nobody counts which share of a roll is enrolled, and benefit providers are not registered" },
    { "R5", "Minors", false, "there is no receipt that a guardian signs too, and no wiping at 18" },
    { "R6", "Purpose and pairwise pseudonyms", false,
      "enrolment tokens are not blind yet, and leaving returns none for coming back" },
    { "R7", "No life score", true, "" },
    { "R8", "Closed event schemas", true, "" },
    { "R9", "Forbidden subjects", true, "" },
    { "R10", "No monitoring", true, "" },
    { "R11", "No association scoring", true, "" },
    { "R12", "No mutual negatives", false,
      "thanks are not held back until both sides have sent theirs, or 14 days" },
    { "R13", "Positive first", false, "deductions need the human decision of R14" },
    { "R14", "Notice, stay, human decision", false, "there are no reviewers and no cases" },
    { "R15", "Explanation", true, "" },
    { "R16", "Reproducible, no prediction", true, "" },
    { "R17", "Benefit classes", false,
      "benefits are declared and checked, and cannot be claimed yet" },
    { "R18", "Member decides", false,
      "there are no proofs of a tier, so none that end on leaving, and no registered verifiers" },
    { "R19", "No person ranking, search, list, bulk export", true, "" },
    { "R20", "No shaming", false, "badges cannot be shown yet" },
    { "R21", "Staff accountability", false,
      "staff have no keys of their own: a reading names the programme; there is no break-glass" },
    { "R22", "Encryption", false,
      "there is no evidence yet that is sealed to the member and assigned reviewers" },
    { "R23", "Aggregates only", true, "" },
    { "R24", "Law enforcement apart", false, "there are no manual cases and no yearly count" },
    { "R25", "Publication and notice", true, "" },
    { "R26", "Impact assessment", false, "publishing a version does not ask for an impact file" },
    { "R27", "Cohort fairness", false, "there is no simulator of cohorts" },
    { "R28", "Public record", false,
      "the impact summary and the counts of disputes and overturned decisions are missing" },
    { "R29", "Charter floor", true, "" },
    { "R30", "Disputes", false, "there are no disputes" },
    { "R31", "Access and portability", true, "" },
    { "R32", "Erasure", true, "" },
    { "R33", "Retention", true, "" },
    { "R34", "Programme integrity", false, "there are no detectors and no holds" },
    { "R35", "Organisations", false,
      "there are no disputes about an organisation's facts and no right of reply" },
    { "R36", "Pressure reports", false, "there is no way to report pressure" },
};
/* clang-format on */

const tally_right *tally_right_of(size_t index)
{
    TALLY_ASSERT(index < TALLY_RIGHTS_COUNT);
    return &rights[index];
}

bool tally_rights_make_pilot(void)
{
    for (size_t i = 0; i < TALLY_RIGHTS_COUNT; i++) {
        if (!rights[i].is_enforced)
            return true;
    }
    return false;
}

void tally_rights_write(tally_jcs *jcs)
{
    tally_jcs_name(jcs, "not-enforced");
    tally_jcs_array(jcs);
    for (size_t i = 0; i < TALLY_RIGHTS_COUNT; i++) {
        if (rights[i].is_enforced)
            continue;
        tally_jcs_object(jcs);
        tally_jcs_member_string(jcs, "missing", rights[i].missing);
        tally_jcs_member_string(jcs, "right", rights[i].name);
        tally_jcs_member_string(jcs, "title", rights[i].title);
        tally_jcs_object_end(jcs);
    }
    tally_jcs_array_end(jcs);
}
