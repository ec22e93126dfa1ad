/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_CHARTER_LIMITS_H
#define TALLY_POLICY_CHARTER_LIMITS_H

/* The charter's numbers (R29): compiled in, one list, no way to set them. A policy, an
 * option or a configuration may be stricter, never looser. Code that enforces a right takes
 * its number from here, so that the charter's hash covers what is enforced. */

#include <stdint.h>
#include "tally/base.h"
#include "util/buffer.h"

#define TALLY_CHARTER_HASH_BYTES 32

/* right, name, value, what it counts */
/* clang-format off */
#define TALLY_CHARTER_LIMITS(limit) \
    limit(1, RECEIPT_MONTHS_MAX, 24, "months until a receipt lapses, at most") \
    limit(2, CREDENTIAL_HOURS_AFTER_LEAVING_MAX, 24, "hours until credentials of who left run out") \
    limit(4, ENROLMENT_REVIEW_PERCENT, 95, "per cent of the roll that reopens review") \
    limit(5, ADULT_YEARS, 18, "years of age below which minor mode applies") \
    limit(10, DUPLICATE_DAYS_MIN, 1, "days of the window for repeated ids, at least") \
    limit(12, PAIR_DAYS_MIN, 90, "days for one counted thanks a pair, at least") \
    limit(12, BLIND_DAYS_MAX, 14, "days until a thanks shows, unless both are sent") \
    limit(13, DEDUCTION_PERCENT_MAX, 25, "per cent of active points that deductions may take") \
    limit(13, DEDUCTION_DAYS_MAX, 180, "days of life of a deduction, at most") \
    limit(14, ANSWER_DAYS_MIN, 14, "days to answer a proposed deduction, at least") \
    limit(14, UNDECIDED_DAYS_MAX, 30, "days after which what is undecided is dropped") \
    limit(14, REASONS_MIN, 1, "reasons of a decision, at least") \
    limit(14, REASONS_MAX, 4, "reasons of a decision, at most") \
    limit(18, PROOF_HOURS_MAX, 24, "hours that a proof is valid, at most") \
    limit(21, BREAK_GLASS_PEOPLE_MIN, 2, "people who break the glass together, at least") \
    limit(21, BREAK_GLASS_NOTICE_HOURS_MAX, 24, "hours until the member is told, at most") \
    limit(23, TABLES_MAX, 20, "tables declared, at most") \
    limit(23, DIMENSIONS_MAX, 2, "dimensions of a table, at most") \
    limit(23, CELL_MIN, 10, "members below which a cell says only that it is below") \
    limit(23, ROUNDING, 5, "multiple to which counts and totals are rounded") \
    limit(23, PERCENT_MIN, 5, "per cent shown, at least") \
    limit(23, PERCENT_MAX, 95, "per cent shown, at most") \
    limit(23, HOLD_CHANGE_MAX, 9, "members of change since the last release that hold the next") \
    limit(23, EPSILON_HALVES_PER_TABLE, 1, "halves of epsilon that a public table spends") \
    limit(23, EPSILON_HALVES_PER_YEAR, 8, "halves of epsilon for a programme-year") \
    limit(24, ORDER_APPROVERS_MIN, 2, "people who approve a lawful order, at least") \
    limit(25, NOTICE_DAYS_MIN, 30, "days of notice of a worse version, at least") \
    limit(26, CONSULTATION_DAYS_MIN, 14, "days of consultation, at least") \
    limit(27, BENEFIT_RATIO_PERCENT_MIN, 80, "per cent of the best-off group, for benefits") \
    limit(27, DEDUCTION_RATIO_PERCENT_MAX, 125, "per cent of the best-off group, for deductions") \
    limit(27, GROUP_MIN, 30, "members below which a group shows nothing") \
    limit(30, ISSUER_TOLD_HOURS_MAX, 24, "hours until an issuer hears of a dispute") \
    limit(30, ISSUER_ANSWER_DAYS_MAX, 10, "days for the issuer's answer") \
    limit(30, DECISION_DAYS_MAX, 30, "days until a dispute is decided") \
    limit(30, DECISION_EXTENSION_DAYS_MAX, 15, "more days, once, if the member adds facts") \
    limit(30, APPEAL_FILING_DAYS_MIN, 30, "days to file an appeal") \
    limit(30, APPEAL_DAYS_MAX, 30, "days until an appeal is decided") \
    limit(30, REINSERTION_NOTICE_DAYS_MAX, 5, "days until notice of a reinsertion") \
    limit(32, ERASURE_LIVE_HOURS_MAX, 72, "hours until erasure in the live store") \
    limit(32, ERASURE_BACKUP_DAYS_MAX, 30, "days until erasure in backups") \
    limit(33, POINTS_MONTHS_MAX, 24, "months of life of points and events, at most") \
    limit(33, POINTS_DAYS_MAX, 731, "the same as days, one leap day among them") \
    limit(33, DISPUTE_MONTHS_MAX, 12, "months that a closed dispute is kept") \
    limit(33, ACCESS_LOG_MONTHS_MAX, 24, "months that the access log is kept") \
    limit(33, RECEIPT_KEPT_MONTHS_MAX, 24, "months that an ended receipt is kept") \
    limit(34, HOLD_DAYS_MAX, 14, "days that a case may hold points back") \
    limit(34, CASE_DAYS_MAX, 90, "days until an unconfirmed case is deleted") \
    limit(35, SMALL_BODY_PEOPLE, 10, "people below which a body counts as persons") \
    limit(36, REPORT_ANSWER_HOURS_MAX, 24, "hours until a pressure report is answered") \
    limit(36, REPORT_DECISION_DAYS_MAX, 30, "days until a pressure report is decided")
/* clang-format on */

/* TALLY_CHARTER_NOTICE_DAYS_MIN and so on. */
#define TALLY_CHARTER_LIMIT_VALUE(right, name, value, what) TALLY_CHARTER_##name = (value),
enum { TALLY_CHARTER_LIMITS(TALLY_CHARTER_LIMIT_VALUE) };

/* Append the charter as this program enforces it: the hash of its prose, every number above, the
 * registered kinds of event, the classes of sponsors and benefits, and the word lists; one a line,
 * in a fixed order (docs/charter-checks.md, "The charter's hash"). The buffer keeps any failure. */
void tally_charter_text(tally_buffer *out);

/* SHA-256 of that text: what receipts and the genesis document name (R29). */
void tally_charter_hash(uint8_t out_hash[static TALLY_CHARTER_HASH_BYTES]);

#endif
