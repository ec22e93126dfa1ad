/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_SIM_INTERNAL_H
#define TALLY_TESTS_SIM_INTERNAL_H

/* The nodes of a disk in memory, shared by the calls and by what tests ask. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim_files.h"

#define HANDLES_MAX 64
#define NAME_BYTES  96

typedef struct content {
    char *bytes;
    size_t count;
} content;

typedef struct name {
    char text[NAME_BYTES];
    uint32_t node;
    struct name *next;
} name;

typedef struct node {
    bool is_folder;
    bool is_lost; /* a sync failed: the kernel takes it for written */
    bool is_locked;
    bool is_dirty; /* names or content differ from the disk */
    content now, disk;
    name *names_now, *names_disk;
} node;

struct sim_files {
    uint64_t random;
    node *nodes;
    uint32_t node_count, node_room;
    uint32_t handles[HANDLES_MAX]; /* node + 1; 0: free */
    sim_fault fault;
    uint64_t fault_at, count;
    bool is_faulted, is_off, is_full;
    void (*observer)(void *context);
    void *observer_context;
};

static inline void must(bool is_done)
{
    if (!is_done)
        abort();
}

static inline void set_content(content *out, const char *bytes, size_t count)
{
    char *copy = malloc(count > 0 ? count : 1);

    must(copy != NULL);
    if (count > 0)
        memcpy(copy, bytes, count);
    free(out->bytes);
    *out = (content){ copy, count };
}

static inline name *find_name(name *first, const char *text)
{
    while (first != NULL && strcmp(first->text, text) != 0)
        first = first->next;
    return first;
}

static inline void add_name(name **first, const char *text, uint32_t to)
{
    name *added = find_name(*first, text);

    if (added == NULL) {
        added = calloc(1, sizeof(*added));
        must(added != NULL && strlen(text) < NAME_BYTES);
        memcpy(added->text, text, strlen(text) + 1);
        added->next = *first;
        *first = added;
    }
    added->node = to;
}

static inline bool drop_name(name **first, const char *text)
{
    for (; *first != NULL; first = &(*first)->next) {
        if (strcmp((*first)->text, text) == 0) {
            name *dropped = *first;

            *first = dropped->next;
            free(dropped);
            return true;
        }
    }
    return false;
}

static inline uint32_t add_node(sim_files *sim, bool is_folder)
{
    if (sim->node_count == sim->node_room) {
        sim->node_room = sim->node_room == 0 ? 64 : sim->node_room * 2;
        sim->nodes = realloc(sim->nodes, sim->node_room * sizeof(node));
        must(sim->nodes != NULL);
    }
    sim->nodes[sim->node_count] = (node){ .is_folder = is_folder };
    return sim->node_count++;
}

/* Walk a path; out_parent and out_last are those of its last part. */
static inline int walk(sim_files *sim, uint32_t from, const char *path, uint32_t *out_parent,
                       char out_last[static NAME_BYTES], uint32_t *out_node)
{
    uint32_t at = from;

    for (;;) {
        const char *slash = strchr(path, '/');
        size_t count = slash != NULL ? (size_t)(slash - path) : strlen(path);
        const name *found;

        must(count < NAME_BYTES);
        memcpy(out_last, path, count);
        out_last[count] = '\0';
        *out_parent = at;
        if (!sim->nodes[at].is_folder)
            return -ENOTDIR;
        found = find_name(sim->nodes[at].names_now, out_last);
        if (strcmp(out_last, ".") == 0) {
            *out_node = at;
        } else {
            if (found == NULL)
                return slash != NULL ? -ENOENT : 1;
            *out_node = found->node;
        }
        if (slash == NULL)
            return 0;
        at = *out_node;
        path = slash + 1;
    }
}

#endif
