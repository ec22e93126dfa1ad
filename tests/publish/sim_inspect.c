/* SPDX-License-Identifier: Apache-2.0 */
/* What tests ask of a disk in memory, and do to it. */

#include "sim_internal.h"

#include <stdio.h>
#include <sys/stat.h>

const char *sim_files_content(sim_files *sim, const char *path, size_t *out_count)
{
    char last[NAME_BYTES];
    uint32_t parent = 0, found = 0;

    if (walk(sim, 0, path, &parent, last, &found) != 0 || sim->nodes[found].is_folder)
        return NULL;
    *out_count = sim->nodes[found].now.count;
    return sim->nodes[found].now.bytes != NULL ? sim->nodes[found].now.bytes : "";
}

void sim_files_put(sim_files *sim, const char *path, const void *bytes, size_t count)
{
    char last[NAME_BYTES];
    uint32_t parent = 0, found = 0;
    int failure = walk(sim, 0, path, &parent, last, &found);

    must(failure >= 0);
    if (failure > 0) {
        found = add_node(sim, false);
        add_name(&sim->nodes[parent].names_now, last, found);
        add_name(&sim->nodes[parent].names_disk, last, found);
    }
    set_content(&sim->nodes[found].now, bytes, count);
    set_content(&sim->nodes[found].disk, bytes, count);
}

bool sim_files_delete(sim_files *sim, const char *path)
{
    char last[NAME_BYTES];
    uint32_t parent = 0, found = 0;

    if (walk(sim, 0, path, &parent, last, &found) != 0)
        return false;
    (void)drop_name(&sim->nodes[parent].names_disk, last);
    return drop_name(&sim->nodes[parent].names_now, last);
}

static void export_node(sim_files *sim, uint32_t at, const char *path)
{
    if (!sim->nodes[at].is_folder) {
        FILE *file = fopen(path, "wb");

        must(file != NULL);
        must(fwrite(sim->nodes[at].now.bytes != NULL ? sim->nodes[at].now.bytes : "", 1,
                    sim->nodes[at].now.count, file) == sim->nodes[at].now.count);
        must(fclose(file) == 0);
        return;
    }
    must(mkdir(path, 0755) == 0 || errno == EEXIST);
    for (const name *i = sim->nodes[at].names_now; i != NULL; i = i->next) {
        char inner[4096];

        must(snprintf(inner, sizeof(inner), "%s/%s", path, i->text) < (int)sizeof(inner));
        export_node(sim, i->node, inner);
    }
}

void sim_files_export(sim_files *sim, const char *path)
{
    export_node(sim, 0, path);
}
