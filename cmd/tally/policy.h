/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CMD_POLICY_H
#define TALLY_CMD_POLICY_H

/* The subcommands of `tally policy`: one file each, one row each in policy.c's
 * table. They are called as those of `tally` are (command.h). */

int tally_cmd_policy_check(int argc, char **argv);
int tally_cmd_policy_diff(int argc, char **argv);
int tally_cmd_policy_explain(int argc, char **argv);
int tally_cmd_policy_freeze(int argc, char **argv);
int tally_cmd_policy_hash(int argc, char **argv);
int tally_cmd_policy_publish(int argc, char **argv);
int tally_cmd_policy_schema(int argc, char **argv);
int tally_cmd_policy_test(int argc, char **argv);
int tally_cmd_policy_words(int argc, char **argv);

#endif
