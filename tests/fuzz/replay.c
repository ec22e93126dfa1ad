/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target without a fuzzing engine: over each file of the folders
 * named, and over each of their prefixes that halving gives. */

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define SEED_BYTES_MAX ((size_t)1 << 20)

/* Give the target a copy of exactly `count` bytes, so that a sanitizer sees it
 * read past them. */
static int run_once(const uint8_t *bytes, size_t count)
{
    uint8_t *copy = malloc(count > 0 ? count : 1);
    int result;

    if (copy == NULL)
        return 1;
    memcpy(copy, bytes, count);
    result = LLVMFuzzerTestOneInput(copy, count);
    free(copy);
    return result;
}

static int run_file(const char *path)
{
    static uint8_t bytes[SEED_BYTES_MAX];
    FILE *file = fopen(path, "rb");
    size_t count;

    if (file == NULL) {
        perror(path);
        return 1;
    }
    count = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    for (;; count /= 2) {
        if (run_once(bytes, count) != 0)
            return 1;
        if (count == 0)
            return 0;
    }
}

static int run_folder(const char *folder, unsigned *inout_count)
{
    DIR *listing = opendir(folder);
    int result = 0;

    if (listing == NULL) {
        perror(folder);
        return 1;
    }
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        char path[4096];

        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= (int)sizeof(path)) {
            result = 1;
            continue;
        }
        result |= run_file(path);
        ++*inout_count;
    }
    (void)closedir(listing);
    return result;
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    int result = 0;

    for (int i = 1; i < argc; i++)
        result |= run_folder(argv[i], &count);
    printf("%u seeds\n", count);
    /* A target without seeds would pass by doing nothing. */
    return result != 0 || count == 0 ? 1 : 0;
}
