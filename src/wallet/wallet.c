/* SPDX-License-Identifier: Apache-2.0 */
/* Wallets in memory. Each text is an allocation of its own, wiped when it goes. */

#include <string.h>

#include "crypto/ed25519.h"
#include "util/alloc.h"
#include "wallet/wallet_internal.h"

tally_rc tally_wallet_new(tally_wallet **out_wallet,
                          const uint8_t seed[static TALLY_WALLET_SEED_BYTES], tally_err *err)
{
    tally_wallet *wallet = tally_alloc_zeroed(sizeof(*wallet));

    if (wallet == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "making a wallet");
    memcpy(wallet->seed, seed, sizeof(wallet->seed));
    *out_wallet = wallet;
    return TALLY_OK;
}

static void free_text(tally_text *text)
{
    if (text->bytes != NULL) {
        tally_secret_wipe((char *)text->bytes, text->count);
        tally_release((char *)text->bytes);
    }
    *text = (tally_text){ NULL, 0 };
}

static void free_item(tally_wallet_item *item)
{
    free_text(&item->type);
    free_text(&item->name);
    free_text(&item->content);
}

static void free_items(tally_wallet_programme *programme)
{
    for (uint32_t i = 0; i < programme->item_count; i++)
        free_item(&programme->items[i]);
    tally_release(programme->items);
    programme->items = NULL;
    programme->item_count = 0;
    programme->item_room = 0;
}

static void free_programme(tally_wallet_programme *programme)
{
    free_items(programme);
    free_text(&programme->origin);
    free_text(&programme->programme_did);
    free_text(&programme->checkpoint);
    tally_secret_wipe(programme, sizeof(*programme));
    tally_release(programme);
}

void tally_wallet_free(tally_wallet *wallet)
{
    if (wallet == NULL)
        return;
    for (uint32_t i = 0; i < wallet->programme_count; i++)
        free_programme(wallet->programmes[i]);
    tally_release(wallet->programmes);
    tally_secret_wipe(wallet, sizeof(*wallet));
    tally_release(wallet);
}

const uint8_t *tally_wallet_seed(const tally_wallet *wallet)
{
    return wallet->seed;
}

bool tally_wallet_is_generated(const tally_wallet *wallet)
{
    return wallet->is_generated;
}

uint32_t tally_wallet_programme_count(const tally_wallet *wallet)
{
    return wallet->programme_count;
}

tally_wallet_programme *tally_wallet_programme_at(const tally_wallet *wallet, uint32_t index)
{
    TALLY_ASSERT(index < wallet->programme_count);
    return wallet->programmes[index];
}

/* Where a programme of that origin stands, or would. */
static uint32_t place_of(const tally_wallet *wallet, tally_text origin, bool *out_is_there)
{
    uint32_t at = 0;
    int order = 1;

    while (at < wallet->programme_count) {
        order = tally_text_compare(wallet->programmes[at]->origin, origin);
        if (order >= 0)
            break;
        at++;
    }
    *out_is_there = at < wallet->programme_count && order == 0;
    return at;
}

tally_wallet_programme *tally_wallet_find(const tally_wallet *wallet, tally_text origin)
{
    bool is_there;
    uint32_t at = place_of(wallet, origin, &is_there);

    return is_there ? wallet->programmes[at] : NULL;
}

/* Room for one item more in an array of pointers or structs. */
static bool grow(void **items, uint32_t count, uint32_t *room, size_t item_bytes)
{
    uint32_t wanted = *room > 0 ? *room * 2 : 4;
    void *grown;

    if (count < *room)
        return true;
    grown = tally_realloc_array(*items, wanted, item_bytes);
    if (grown == NULL)
        return false;
    *items = grown;
    *room = wanted;
    return true;
}

tally_rc tally_wallet_add(tally_wallet *wallet, tally_wallet_programme **out, tally_text origin,
                          tally_err *err)
{
    tally_wallet_programme *programme;
    bool is_there;
    uint32_t at = place_of(wallet, origin, &is_there);
    tally_rc rc;

    if (is_there) {
        *out = wallet->programmes[at];
        return TALLY_OK;
    }
    if (origin.count == 0 || origin.count > TALLY_DERIVE_ORIGIN_BYTES_MAX ||
        !tally_text_is_visible(origin))
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "the origin of a programme is 1 to %d bytes of visible text",
                             TALLY_DERIVE_ORIGIN_BYTES_MAX);
    if (wallet->programme_count == TALLY_WALLET_PROGRAMMES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a wallet holds %d programmes at most",
                             TALLY_WALLET_PROGRAMMES_MAX);
    if (!grow((void **)&wallet->programmes, wallet->programme_count, &wallet->programme_room,
              sizeof(wallet->programmes[0])))
        return tally_err_set(err, TALLY_E_NOMEM, 0, "adding a programme to a wallet");
    programme = tally_alloc_zeroed(sizeof(*programme));
    if (programme == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "adding a programme to a wallet");
    rc = tally_wallet_set_text(&programme->origin, origin, err);
    if (rc != TALLY_OK) {
        tally_release(programme);
        return rc;
    }
    memmove(&wallet->programmes[at + 1], &wallet->programmes[at],
            (wallet->programme_count - at) * sizeof(wallet->programmes[0]));
    wallet->programmes[at] = programme;
    wallet->programme_count++;
    *out = programme;
    return TALLY_OK;
}

void tally_wallet_forget(tally_wallet_programme *programme)
{
    tally_text origin = programme->origin;
    uint32_t key_index = programme->key_index;

    free_items(programme);
    free_text(&programme->programme_did);
    free_text(&programme->checkpoint);
    tally_secret_wipe(programme, sizeof(*programme));
    /* 2^32 - 1 keys of one programme are beyond anybody's life. */
    *programme = (tally_wallet_programme){ .origin = origin,
                                           .key_index = key_index + (key_index < UINT32_MAX) };
    programme->recovery_index = programme->key_index;
}

static tally_rc make_key(const tally_wallet *wallet, const char *purpose, tally_text origin,
                         uint32_t index, uint8_t *out_seed, uint8_t *out_public32, tally_err *err)
{
    uint8_t seed[TALLY_ED25519_SEED_BYTES];
    tally_rc rc;

    tally_derive(seed, sizeof(seed), wallet->seed, purpose, origin, index);
    rc = tally_ed25519_public(out_public32, seed);
    if (out_seed != NULL) {
        memset(out_seed, 0, sizeof(seed));
        if (rc == TALLY_OK)
            memcpy(out_seed, seed, sizeof(seed));
    }
    tally_secret_wipe(seed, sizeof(seed));
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "making a key: the system gives no random bytes");
    return TALLY_OK;
}

tally_rc tally_wallet_member_key(const tally_wallet *wallet,
                                 const tally_wallet_programme *programme, uint8_t *out_seed,
                                 uint8_t out_public32[static 32], tally_err *err)
{
    return make_key(wallet, TALLY_DERIVE_MEMBER, programme->origin, programme->key_index, out_seed,
                    out_public32, err);
}

tally_rc tally_wallet_recovery_key(const tally_wallet *wallet,
                                   const tally_wallet_programme *programme, uint8_t *out_seed,
                                   uint8_t out_public32[static 32], tally_err *err)
{
    return make_key(wallet, TALLY_DERIVE_RECOVERY, programme->origin, programme->recovery_index,
                    out_seed, out_public32, err);
}

tally_rc tally_wallet_set_text(tally_text *out, tally_text text, tally_err *err)
{
    char *copy;

    if (text.count > TALLY_WALLET_CONTENT_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a text of a wallet has %zu bytes at most",
                             TALLY_WALLET_CONTENT_MAX);
    if (!tally_text_is_utf8(text) ||
        (text.count > 0 && memchr(text.bytes, '\0', text.count) != NULL))
        return tally_err_set(err, TALLY_E_INVALID, 0, "what is kept in a wallet is UTF-8");
    copy = tally_alloc(text.count);
    if (copy == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "keeping a text in a wallet");
    if (text.count > 0)
        memcpy(copy, text.bytes, text.count);
    free_text(out);
    *out = tally_text_of(copy, text.count);
    return TALLY_OK;
}

static bool is_type(tally_text type)
{
    for (size_t i = 0; i < type.count; i++) {
        char byte = type.bytes[i];

        if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') && byte != '-')
            return false;
    }
    return type.count > 0 && type.count <= 32;
}

static uint32_t item_place(const tally_wallet_programme *programme, tally_text type,
                           tally_text name, bool *out_is_there)
{
    uint32_t low = 0, high = programme->item_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = tally_text_compare(programme->items[middle].type, type);

        if (order == 0)
            order = tally_text_compare(programme->items[middle].name, name);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *out_is_there = low < programme->item_count &&
                    tally_text_is_equal(programme->items[low].type, type) &&
                    tally_text_is_equal(programme->items[low].name, name);
    return low;
}

tally_rc tally_wallet_put(tally_wallet_programme *programme, const char *type, tally_text name,
                          tally_text content, tally_err *err)
{
    tally_text type_text = tally_text_from(type);
    tally_wallet_item item = { .content = { NULL, 0 } };
    bool is_there;
    uint32_t at = item_place(programme, type_text, name, &is_there);
    tally_rc rc;

    if (!is_type(type_text) || content.count == 0 || name.count == 0 ||
        name.count > TALLY_WALLET_NAME_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "an item of a wallet needs a type, a name and content");
    if (is_there)
        return tally_wallet_set_text(&programme->items[at].content, content, err);
    if (programme->item_count == TALLY_WALLET_ITEMS_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0,
                             "a wallet keeps %d items of a programme at most",
                             TALLY_WALLET_ITEMS_MAX);
    if (!grow((void **)&programme->items, programme->item_count, &programme->item_room,
              sizeof(programme->items[0])))
        return tally_err_set(err, TALLY_E_NOMEM, 0, "keeping an item in a wallet");
    rc = tally_wallet_set_text(&item.type, type_text, err);
    if (rc == TALLY_OK)
        rc = tally_wallet_set_text(&item.name, name, err);
    if (rc == TALLY_OK)
        rc = tally_wallet_set_text(&item.content, content, err);
    if (rc != TALLY_OK) {
        free_item(&item);
        return rc;
    }
    memmove(&programme->items[at + 1], &programme->items[at],
            (programme->item_count - at) * sizeof(programme->items[0]));
    programme->items[at] = item;
    programme->item_count++;
    return TALLY_OK;
}

const tally_wallet_item *tally_wallet_get(const tally_wallet_programme *programme, const char *type,
                                          tally_text name)
{
    bool is_there;
    uint32_t at = item_place(programme, tally_text_from(type), name, &is_there);

    return is_there ? &programme->items[at] : NULL;
}

bool tally_wallet_remove(tally_wallet_programme *programme, const char *type, tally_text name)
{
    bool is_there;
    uint32_t at = item_place(programme, tally_text_from(type), name, &is_there);

    if (!is_there)
        return false;
    free_item(&programme->items[at]);
    programme->item_count--;
    memmove(&programme->items[at], &programme->items[at + 1],
            (programme->item_count - at) * sizeof(programme->items[0]));
    return true;
}
