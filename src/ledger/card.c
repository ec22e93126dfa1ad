/* SPDX-License-Identifier: Apache-2.0 */
/* The handles of all members, by source. Open addressing; handles are outputs of HMAC, so
 * their first bytes spread as well as any hash of them. */

#include "ledger/card.h"

#include "crypto/ed25519.h"
#include "util/alloc.h"
#include "util/bytes.h"

#define FIRST_ROOM 64u

typedef struct slot {
    uint8_t handle[TALLY_HANDLE_BYTES];
    int64_t subject; /* 0: free */
} slot;

typedef struct table {
    char *did;
    int64_t last_subject; /* members up to here are in it */
    size_t count, room;   /* room is a power of two, at least twice count */
    slot *slots;
} table;

struct tally_card_index {
    size_t count;
    table tables[TALLY_CARD_SOURCES_MAX];
};

tally_card_index *tally_card_index_new(void)
{
    return tally_alloc_zeroed(sizeof(tally_card_index));
}

void tally_card_index_free(tally_card_index *index)
{
    if (index == NULL)
        return;
    for (size_t i = 0; i < index->count; i++) {
        tally_release(index->tables[i].did);
        if (index->tables[i].slots != NULL)
            tally_secret_wipe(index->tables[i].slots, index->tables[i].room * sizeof(slot));
        tally_release(index->tables[i].slots);
    }
    tally_release(index);
}

/* The slot of a handle, or the free one where it would stand. */
static slot *find_slot(slot *slots, size_t room, const uint8_t handle[static TALLY_HANDLE_BYTES])
{
    size_t at = (size_t)tally_read_u64(handle) & (room - 1);

    while (slots[at].subject != 0 && memcmp(slots[at].handle, handle, TALLY_HANDLE_BYTES) != 0)
        at = (at + 1) & (room - 1);
    return &slots[at];
}

static bool grow(table *self)
{
    size_t room = self->room == 0 ? FIRST_ROOM : 2 * self->room;
    slot *slots = tally_alloc_array(room, sizeof(*slots));

    if (slots == NULL)
        return false;
    memset(slots, 0, room * sizeof(*slots));
    for (size_t i = 0; i < self->room; i++) {
        if (self->slots[i].subject != 0)
            *find_slot(slots, room, self->slots[i].handle) = self->slots[i];
    }
    if (self->slots != NULL)
        tally_secret_wipe(self->slots, self->room * sizeof(*slots));
    tally_release(self->slots);
    self->slots = slots;
    self->room = room;
    return true;
}

static tally_rc add_member(void *context, const tally_member *member, tally_err *err)
{
    table *self = context;
    uint8_t bytes[TALLY_HANDLE_BYTES];
    tally_handle handle;
    slot *place;

    if (2 * (self->count + 1) > self->room && !grow(self))
        return tally_err_set(err, TALLY_E_NOMEM, 0, "indexing membership cards");
    tally_handle_make(&handle, member->handle_secret, tally_text_from(self->did));
    TALLY_ASSERT(tally_handle_read(bytes, tally_text_of(handle.text, TALLY_HANDLE_CHARACTERS)));
    place = find_slot(self->slots, self->room, bytes);
    self->count += place->subject == 0;
    memcpy(place->handle, bytes, sizeof(bytes));
    place->subject = member->subject;
    self->last_subject = member->subject;
    return TALLY_OK;
}

static table *table_of(tally_card_index *index, tally_text source_did, tally_rc *rc)
{
    table *self;

    for (size_t i = 0; i < index->count; i++) {
        if (tally_text_is(source_did, index->tables[i].did))
            return &index->tables[i];
    }
    if (index->count == TALLY_CARD_SOURCES_MAX) {
        *rc = TALLY_E_LIMIT;
        return NULL;
    }
    self = &index->tables[index->count];
    self->did = tally_alloc(source_did.count + 1);
    if (self->did == NULL) {
        *rc = TALLY_E_NOMEM;
        return NULL;
    }
    memcpy(self->did, source_did.bytes, source_did.count);
    self->did[source_did.count] = '\0';
    index->count++;
    return self;
}

tally_rc tally_card_index_find(tally_card_index *index, tally_ledger *ledger,
                               tally_store_transaction *transaction, tally_text source_did,
                               tally_text handle, int64_t *out_subject, tally_err *err)
{
    uint8_t bytes[TALLY_HANDLE_BYTES];
    tally_rc rc = TALLY_OK;
    table *self;

    *out_subject = 0;
    if (!tally_handle_read(bytes, handle))
        return TALLY_OK;
    self = table_of(index, source_did, &rc);
    if (self == NULL)
        return tally_err_set(err, rc, 0, "indexing membership cards");
    if (self->last_subject < ledger->state.last_subject)
        rc = tally_member_each_from(ledger, transaction, self->last_subject + 1, add_member, self,
                                    err);
    if (rc == TALLY_OK) {
        /* Also when the last of them have left: nobody is looked for again. */
        self->last_subject = ledger->state.last_subject;
        if (self->room > 0)
            *out_subject = find_slot(self->slots, self->room, bytes)->subject;
    }
    return rc;
}
