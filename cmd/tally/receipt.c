/* SPDX-License-Identifier: Apache-2.0 */
/* `tally receipt verify`: a consent receipt, offline. */

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "crypto/hash.h"
#include "load.h"
#include "message/receipt.h"
#include "util/civil.h"

#define RECEIPT_ARENA ((size_t)8 << 20)

static void print_help(FILE *stream)
{
    fputs("Usage: tally receipt verify FILE [--programme-did DID]\n"
          "\n"
          "Check a consent receipt: its form, what it promises, and both signatures. No network\n"
          "and no folder is needed.\n"
          "\n"
          "  --programme-did DID   the key that must have signed for the programme\n"
          "\n"
          "Exit status: 0 both signed it, 1 something is wrong, 3 it cannot be read.\n",
          stream);
}

static void print_days(const tally_receipt *receipt)
{
    char given[TALLY_INSTANT_TEXT_BYTES], lapses[TALLY_INSTANT_TEXT_BYTES];

    printf("  given      %.*s\n  lapses     %.*s\n",
           TALLY_TEXT_ARGS(tally_instant_format(given, receipt->given_ms, 0)),
           TALLY_TEXT_ARGS(tally_instant_format(lapses, receipt->lapses_ms, 0)));
}

static void print_hash(const char *name, const uint8_t hash[static 32])
{
    char text[TALLY_HASH_HEX_BYTES];

    tally_hash_hex(text, hash);
    printf("  %s%s\n", name, text);
}

static void print_receipt(const tally_receipt *receipt)
{
    printf("  programme  %.*s\n             %.*s\n", TALLY_TEXT_ARGS(receipt->programme),
           TALLY_TEXT_ARGS(receipt->controller_did));
    printf("  member     %.*s%s\n", TALLY_TEXT_ARGS(receipt->member_did),
           receipt->is_generated ? " (generated: no person)" : "");
    printf("  purpose    %.*s: %.*s\n", TALLY_TEXT_ARGS(receipt->purpose),
           TALLY_TEXT_ARGS(receipt->purpose_text));
    print_days(receipt);
    printf("  keeps      events for %.*s\n", TALLY_TEXT_ARGS(receipt->keeps_events));
    for (uint32_t i = 0; i < receipt->data_count; i++) {
        const tally_receipt_data *data = &receipt->data[i];

        printf("  %s%.*s", i == 0 ? "records    " : "           ", TALLY_TEXT_ARGS(data->event));
        for (uint32_t k = 0; k < data->field_count; k++)
            printf("%s%.*s", k == 0 ? " with " : ", ", TALLY_TEXT_ARGS(data->fields[k]));
        for (uint32_t k = 0; k < data->source_count; k++)
            printf("%s%.*s", k == 0 ? ", from " : ", ", TALLY_TEXT_ARGS(data->sources[k]));
        puts("");
    }
    printf("  rules      version %u\n", (unsigned)receipt->policy_version);
    print_hash("policy     ", receipt->policy);
    print_hash("notice     ", receipt->notice);
    print_hash("charter    ", receipt->charter);
}

static int judge(const tally_signed_receipt *receipt, const char *programme_did)
{
    bool is_right = receipt->has_member && receipt->has_programme;

    if (programme_did != NULL && !tally_text_is(receipt->receipt.controller_did, programme_did)) {
        puts("  signed     by another programme than the one named");
        is_right = false;
    } else if (!is_right) {
        printf("  signed     by the %s only\n", receipt->has_member ? "member" : "programme");
    } else {
        puts("  signed     by both");
    }
    printf("receipt: result=%s\n", is_right ? "valid" : "invalid");
    return is_right ? TALLY_EXIT_OK : TALLY_EXIT_FAILED;
}

static int verify(const char *path, const char *programme_did)
{
    tally_arena *arena = tally_arena_new(RECEIPT_ARENA);
    tally_err err = TALLY_ERR_INIT;
    tally_signed_receipt receipt;
    int status = TALLY_EXIT_FILES;
    tally_buffer text;
    tally_rc rc;

    tally_buffer_init(&text, TALLY_RECEIPT_BYTES_MAX + 2);
    rc = arena != NULL ? tally_cmd_read_file(&text, path, &err)
                       : tally_err_set(&err, TALLY_E_NOMEM, 0, "memory is short");
    if (rc == TALLY_OK) {
        rc = tally_receipt_verify(&receipt, tally_text_trim(tally_buffer_text(&text)), arena, &err);
        if (rc == TALLY_OK) {
            print_receipt(&receipt.receipt);
            status = judge(&receipt, programme_did);
        } else {
            printf("receipt: result=invalid\n");
            status = rc == TALLY_E_NOMEM ? TALLY_EXIT_FILES : TALLY_EXIT_FAILED;
        }
    }
    if (rc != TALLY_OK)
        fprintf(stderr, "tally receipt verify: %s\n", err.message);
    tally_buffer_free(&text);
    tally_arena_free(arena);
    return status;
}

int tally_cmd_receipt(int argc, char **argv)
{
    const char *path = NULL, *programme_did = NULL;

    if (tally_cmd_wants_help(argc, argv)) {
        print_help(stdout);
        return TALLY_EXIT_OK;
    }
    if (argc < 2 || strcmp(argv[1], "verify") != 0) {
        print_help(stderr);
        return TALLY_EXIT_USAGE;
    }
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--programme-did") == 0 && i + 1 < argc) {
            programme_did = argv[++i];
        } else if (path == NULL && (argv[i][0] != '-' || argv[i][1] == '\0')) {
            path = argv[i];
        } else {
            fprintf(stderr, "tally receipt verify: one file, not also %s\n", argv[i]);
            return TALLY_EXIT_USAGE;
        }
    }
    if (path == NULL) {
        fputs("tally receipt verify: name the file of the receipt\n", stderr);
        return TALLY_EXIT_USAGE;
    }
    return verify(path, programme_did);
}
