/* SPDX-License-Identifier: Apache-2.0 */
/* A disk in memory. */

#include "sim_internal.h"

static uint64_t draw(sim_files *sim)
{
    uint64_t mixed = sim->random += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

static void free_names(name *first)
{
    while (first != NULL) {
        name *next = first->next;

        free(first);
        first = next;
    }
}

static name *copy_names(const name *from)
{
    name *first = NULL;
    name **end = &first;

    for (; from != NULL; from = from->next, end = &(*end)->next) {
        *end = malloc(sizeof(**end));
        must(*end != NULL);
        **end = *from;
        (*end)->next = NULL;
    }
    return first;
}

sim_files *sim_files_new(uint64_t seed)
{
    sim_files *sim = calloc(1, sizeof(*sim));

    must(sim != NULL);
    sim->random = seed;
    (void)add_node(sim, true);
    return sim;
}

void sim_files_free(sim_files *sim)
{
    for (uint32_t i = 0; i < sim->node_count; i++) {
        free(sim->nodes[i].now.bytes);
        free(sim->nodes[i].disk.bytes);
        free_names(sim->nodes[i].names_now);
        free_names(sim->nodes[i].names_disk);
    }
    free(sim->nodes);
    free(sim);
}

/* ---- faults ---- */

/* Count an operation; the negative errno it fails with, or 0. */
static int enter(sim_files *sim, bool needs_space)
{
    bool is_now = sim->fault != SIM_NOTHING && sim->count == sim->fault_at;

    sim->count++;
    if (sim->observer != NULL)
        sim->observer(sim->observer_context);
    if (is_now) {
        sim->is_faulted = true;
        sim->is_off = sim->fault == SIM_CRASH;
        sim->is_full = sim->fault == SIM_NO_SPACE;
        if (sim->fault == SIM_FAIL)
            return -EIO;
    }
    if (sim->is_off)
        return -EIO;
    return sim->is_full && needs_space ? -ENOSPC : 0;
}

void sim_files_fault(sim_files *sim, sim_fault fault, uint64_t nth)
{
    sim->fault = fault;
    sim->fault_at = nth;
    sim->count = 0;
    sim->is_faulted = sim->is_off = sim->is_full = false;
}

void sim_files_observe(sim_files *sim, void (*observer)(void *context), void *context)
{
    sim->observer = observer;
    sim->observer_context = context;
}

uint64_t sim_files_count(const sim_files *sim)
{
    return sim->count;
}

bool sim_files_is_faulted(const sim_files *sim)
{
    return sim->is_faulted;
}

void sim_files_end_process(sim_files *sim)
{
    memset(sim->handles, 0, sizeof(sim->handles));
    for (uint32_t i = 0; i < sim->node_count; i++)
        sim->nodes[i].is_locked = false;
    sim_files_fault(sim, SIM_NOTHING, 0);
}

/* Of unsynced content: the old, the new, or the new with a part missing. */
static void settle_content(sim_files *sim, node *at)
{
    uint64_t choice = draw(sim) % 4;

    if (choice == 0 || at->is_lost) {
        set_content(&at->now, at->disk.bytes, at->disk.count);
    } else if (choice == 1 && at->now.count > at->disk.count) {
        at->now.count = at->disk.count + draw(sim) % (at->now.count - at->disk.count);
    } else if (choice == 2 && at->now.count > at->disk.count) {
        size_t from = at->disk.count + draw(sim) % (at->now.count - at->disk.count);

        memset(at->now.bytes + from, 0, (at->now.count - from + 1) / 2);
    }
    set_content(&at->disk, at->now.bytes, at->now.count);
}

/* Each name is as it was, or as it became. */
static void settle_names(sim_files *sim, node *at)
{
    name *both = copy_names(at->names_disk);
    name *after = NULL;

    for (const name *i = at->names_now; i != NULL; i = i->next) {
        if (find_name(both, i->text) == NULL)
            add_name(&both, i->text, i->node);
    }
    for (const name *i = both; i != NULL; i = i->next) {
        const name *now = find_name(at->names_now, i->text);
        const name *disk = find_name(at->names_disk, i->text);
        const name *chosen = draw(sim) % 2 == 0 ? now : disk;

        if (chosen != NULL)
            add_name(&after, chosen->text, chosen->node);
    }
    free_names(both);
    free_names(at->names_now);
    free_names(at->names_disk);
    at->names_now = after;
    at->names_disk = copy_names(after);
}

void sim_files_reboot(sim_files *sim)
{
    for (uint32_t i = 0; i < sim->node_count; i++) {
        node *at = &sim->nodes[i];

        if (at->is_dirty && at->is_folder)
            settle_names(sim, at);
        else if (at->is_dirty)
            settle_content(sim, at);
        at->is_dirty = false;
        at->is_lost = false;
    }
    sim_files_end_process(sim);
}

/* ---- looking up ---- */

static node *node_of(sim_files *sim, int handle)
{
    if (handle == SIM_ROOT)
        return &sim->nodes[0];
    must(handle >= 0 && handle < HANDLES_MAX && sim->handles[handle] != 0);
    return &sim->nodes[sim->handles[handle] - 1];
}

static uint32_t index_of(sim_files *sim, int handle)
{
    return (uint32_t)(node_of(sim, handle) - sim->nodes);
}

static int open_handle(sim_files *sim, uint32_t at)
{
    for (int i = 0; i < HANDLES_MAX; i++) {
        if (sim->handles[i] == 0) {
            sim->handles[i] = at + 1;
            return i;
        }
    }
    abort();
}

/* ---- the calls ---- */

static int open_folder(void *context, int at, const char *path)
{
    sim_files *sim = context;
    char last[NAME_BYTES];
    uint32_t parent = 0, found = 0;
    int failure = enter(sim, false);

    if (failure == 0)
        failure = walk(sim, index_of(sim, at), path, &parent, last, &found);
    if (failure != 0)
        return failure > 0 ? -ENOENT : failure;
    return sim->nodes[found].is_folder ? open_handle(sim, found) : -ENOTDIR;
}

static int make_folder(void *context, int at, const char *path)
{
    sim_files *sim = context;
    char last[NAME_BYTES];
    uint32_t parent = 0, found = 0;
    int failure = enter(sim, true);

    if (failure == 0)
        failure = walk(sim, index_of(sim, at), path, &parent, last, &found);
    if (failure <= 0)
        return failure == 0 ? -EEXIST : failure;
    found = add_node(sim, true);
    add_name(&sim->nodes[parent].names_now, last, found);
    sim->nodes[parent].is_dirty = true;
    return 0;
}

static int open_file(void *context, int at, const char *path, tally_files_mode mode)
{
    sim_files *sim = context;
    char last[NAME_BYTES];
    uint32_t parent = 0, found = 0;
    int failure = enter(sim, mode == TALLY_FILES_NEW);

    if (failure == 0)
        failure = walk(sim, index_of(sim, at), path, &parent, last, &found);
    if (failure < 0)
        return failure;
    if (failure == 0 && sim->nodes[found].is_folder)
        return -EISDIR;
    if (failure == 0)
        return mode == TALLY_FILES_NEW ? -EEXIST : open_handle(sim, found);
    if (mode == TALLY_FILES_READ)
        return -ENOENT;
    found = add_node(sim, false);
    add_name(&sim->nodes[parent].names_now, last, found);
    sim->nodes[parent].is_dirty = true;
    return open_handle(sim, found);
}

static int64_t read_file(void *context, int file, void *out, size_t count, uint64_t offset)
{
    sim_files *sim = context;
    const node *at = node_of(sim, file);
    int failure = enter(sim, false);

    if (failure != 0)
        return failure;
    if (offset >= at->now.count)
        return 0;
    if (count > at->now.count - offset)
        count = at->now.count - (size_t)offset;
    memcpy(out, at->now.bytes + offset, count);
    return (int64_t)count;
}

static int write_file(void *context, int file, const void *bytes, size_t count)
{
    sim_files *sim = context;
    node *at = node_of(sim, file);
    bool was_off = sim->is_off;
    int failure = enter(sim, true);
    size_t written = count;

    /* What fails may have written a part. */
    if (failure != 0)
        written = was_off || count == 0 ? 0 : draw(sim) % count;
    at->now.bytes = realloc(at->now.bytes, at->now.count + written + 1);
    must(at->now.bytes != NULL);
    memcpy(at->now.bytes + at->now.count, bytes, written);
    at->now.count += written;
    at->is_dirty |= written > 0;
    return failure;
}

static int cut_file(void *context, int file, uint64_t size)
{
    sim_files *sim = context;
    node *at = node_of(sim, file);
    int failure = enter(sim, false);

    if (failure != 0)
        return failure;
    must(size <= at->now.count);
    at->now.count = (size_t)size;
    at->is_dirty = true;
    return 0;
}

static int sync_handle(void *context, int handle)
{
    sim_files *sim = context;
    node *at = node_of(sim, handle);
    bool was_faulted = sim->is_faulted;
    int failure = enter(sim, false);

    if (failure != 0) {
        at->is_lost |= sim->is_faulted && !was_faulted && !sim->is_off;
        return failure;
    }
    if (at->is_lost)
        return 0;
    if (at->is_folder) {
        free_names(at->names_disk);
        at->names_disk = copy_names(at->names_now);
    } else {
        set_content(&at->disk, at->now.bytes, at->now.count);
    }
    at->is_dirty = false;
    return 0;
}

static int64_t size_of(void *context, int file)
{
    sim_files *sim = context;
    int failure = enter(sim, false);

    return failure != 0 ? failure : (int64_t)node_of(sim, file)->now.count;
}

static int rename_file(void *context, int at, const char *from, const char *to)
{
    sim_files *sim = context;
    node *folder = node_of(sim, at);
    const name *found = find_name(folder->names_now, from);
    int failure = enter(sim, false);
    uint32_t moved;

    if (failure != 0)
        return failure;
    if (found == NULL)
        return -ENOENT;
    moved = found->node;
    (void)drop_name(&folder->names_now, from);
    add_name(&folder->names_now, to, moved);
    folder->is_dirty = true;
    return 0;
}

static int remove_file(void *context, int at, const char *path, bool is_folder)
{
    sim_files *sim = context;
    char last[NAME_BYTES];
    uint32_t parent = 0, found = 0;
    int failure = enter(sim, false);

    if (failure == 0)
        failure = walk(sim, index_of(sim, at), path, &parent, last, &found);
    if (failure != 0)
        return failure > 0 ? -ENOENT : failure;
    if (is_folder && sim->nodes[found].names_now != NULL)
        return -ENOTEMPTY;
    (void)drop_name(&sim->nodes[parent].names_now, last);
    sim->nodes[parent].is_dirty = true;
    return 0;
}

static int lock_file(void *context, int file)
{
    sim_files *sim = context;
    node *at = node_of(sim, file);
    int failure = enter(sim, false);

    if (failure != 0)
        return failure;
    if (at->is_locked)
        return -EWOULDBLOCK;
    at->is_locked = true;
    return 0;
}

static int list_folder(void *context, int folder, const tally_files_lister *lister)
{
    sim_files *sim = context;
    int failure = enter(sim, false);
    name *names;

    if (failure != 0)
        return failure;
    /* A copy: what is listed may be removed meanwhile. */
    names = copy_names(node_of(sim, folder)->names_now);
    for (const name *i = names; i != NULL && lister->take(lister->context, i->text); i = i->next)
        ;
    free_names(names);
    return 0;
}

static void close_handle(void *context, int handle)
{
    sim_files *sim = context;

    if (handle == SIM_ROOT)
        return;
    node_of(sim, handle)->is_locked = false;
    sim->handles[handle] = 0;
}

static const tally_files_calls calls = {
    .open_folder = open_folder,
    .make_folder = make_folder,
    .open = open_file,
    .read = read_file,
    .write = write_file,
    .cut = cut_file,
    .sync = sync_handle,
    .size = size_of,
    .rename = rename_file,
    .remove = remove_file,
    .lock = lock_file,
    .list = list_folder,
    .close = close_handle,
};

tally_files sim_files_calls(sim_files *sim)
{
    return (tally_files){ .context = sim, .calls = &calls };
}
