/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and applying a policy of cosignatures. */

#include "tlog/quorum.h"

#define GROUP_SHIFT 32u
#define NAME_NONE   "none"

_Static_assert(TALLY_QUORUM_WITNESSES_MAX <= GROUP_SHIFT, "witnesses have the lower bits");
_Static_assert(TALLY_QUORUM_GROUPS_MAX <= 64 - GROUP_SHIFT, "groups have the upper bits");

typedef struct reader {
    tally_quorum *out;
    tally_text rest; /* of the line */
    uint32_t line;
    uint64_t taken; /* members of some group */
    bool has_quorum;
    tally_err *err;
} reader;

static tally_rc refuse(const reader *in, const char *what)
{
    return tally_err_set(in->err, TALLY_E_INVALID, in->line, "%s", what);
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* The next word of the line, empty at its end. */
static tally_text take_word(reader *in)
{
    size_t start = 0, end;

    while (start < in->rest.count && is_space(in->rest.bytes[start]))
        start++;
    for (end = start; end < in->rest.count && !is_space(in->rest.bytes[end]);)
        end++;
    {
        tally_text word = tally_text_slice(in->rest, start, end);

        in->rest = tally_text_slice(in->rest, end, in->rest.count);
        return word;
    }
}

/* The bit of a name, 0 when it stands for nothing yet. */
static uint64_t find(const tally_quorum *quorum, tally_text name)
{
    for (uint32_t i = 0; i < quorum->witness_count; i++) {
        if (tally_text_is_equal(quorum->names[i], name))
            return UINT64_C(1) << i;
    }
    for (uint32_t i = 0; i < quorum->group_count; i++) {
        if (tally_text_is_equal(quorum->groups[i].name, name))
            return UINT64_C(1) << (GROUP_SHIFT + i);
    }
    return 0;
}

static tally_rc take_name(reader *in, tally_text *out)
{
    *out = take_word(in);
    if (out->count == 0)
        return refuse(in, "the name is missing");
    if (tally_text_is(*out, NAME_NONE) || find(in->out, *out) != 0)
        return refuse(in, "the name stands for something already");
    return TALLY_OK;
}

static bool has_key(const tally_vkey *keys, uint32_t count, const tally_vkey *key)
{
    for (uint32_t i = 0; i < count; i++) {
        if (memcmp(keys[i].public32, key->public32, sizeof(key->public32)) == 0)
            return true;
    }
    return false;
}

/* A key, which none of the others may be, and an URL. */
static tally_rc take_key(reader *in, tally_vkey *keys, uint32_t count, tally_key_kind kind,
                         tally_text *out_url)
{
    tally_err inner = TALLY_ERR_INIT;
    tally_rc rc = tally_vkey_parse(&keys[count], take_word(in), &inner);

    if (rc != TALLY_OK)
        return tally_err_set(in->err, rc, in->line, "%s", inner.message);
    if (keys[count].kind != kind)
        return refuse(in, kind == TALLY_KEY_LOG ? "the key is not that of a log"
                                                : "the key is not that of a witness");
    if (has_key(keys, count, &keys[count]))
        return refuse(in, "the key stands in a line above");
    *out_url = take_word(in);
    return TALLY_OK;
}

static tally_rc take_log(reader *in)
{
    tally_text url;
    tally_rc rc;

    if (in->out->log_count == TALLY_QUORUM_LOGS_MAX)
        return tally_err_set(in->err, TALLY_E_LIMIT, in->line, "too many logs");
    rc = take_key(in, in->out->logs, in->out->log_count, TALLY_KEY_LOG, &url);
    if (rc == TALLY_OK)
        in->out->log_count++;
    return rc;
}

static tally_rc take_witness(reader *in)
{
    tally_quorum *out = in->out;
    uint32_t i = out->witness_count;
    tally_rc rc;

    if (i == TALLY_QUORUM_WITNESSES_MAX)
        return tally_err_set(in->err, TALLY_E_LIMIT, in->line, "too many witnesses");
    rc = take_name(in, &out->names[i]);
    if (rc == TALLY_OK)
        rc = take_key(in, out->witnesses, i, TALLY_KEY_WITNESS, &out->urls[i]);
    if (rc == TALLY_OK)
        out->witness_count++;
    return rc;
}

static tally_rc take_group(reader *in)
{
    tally_quorum *out = in->out;
    tally_quorum_group group = { .members = 0 };
    uint32_t count = 0;
    int64_t threshold = 0;
    tally_text word;
    tally_rc rc;

    if (out->group_count == TALLY_QUORUM_GROUPS_MAX)
        return tally_err_set(in->err, TALLY_E_LIMIT, in->line, "too many groups");
    rc = take_name(in, &group.name);
    if (rc != TALLY_OK)
        return rc;
    word = take_word(in);
    if (!tally_text_is(word, "all") && !tally_text_is(word, "any") &&
        (tally_text_parse_i64(&threshold, word, 1, 64) != TALLY_OK || word.bytes[0] == '0'))
        return refuse(in, "not `all`, `any` or a number from 1");
    if (tally_text_is(word, "any"))
        threshold = 1;
    for (tally_text member = take_word(in); member.count > 0; member = take_word(in), count++) {
        uint64_t bit = find(out, member);

        if (bit == 0)
            return refuse(in, "a member is no witness or group of a line above");
        if ((in->taken & bit) != 0)
            return refuse(in, "a member is in a group already");
        in->taken |= bit;
        group.members |= bit;
    }
    if (tally_text_is(word, "all"))
        threshold = count;
    if (count == 0 || threshold > count)
        return refuse(in, "the group has fewer members than it needs");
    group.threshold = (uint32_t)threshold;
    out->groups[out->group_count++] = group;
    return TALLY_OK;
}

static tally_rc take_quorum(reader *in)
{
    tally_text name = take_word(in);

    if (in->has_quorum)
        return refuse(in, "a second quorum");
    in->has_quorum = true;
    in->out->is_none = tally_text_is(name, NAME_NONE);
    in->out->wanted = find(in->out, name);
    if (!in->out->is_none && in->out->wanted == 0)
        return refuse(in, "the quorum is no witness or group of a line above");
    return TALLY_OK;
}

static tally_rc take_line(reader *in)
{
    static const struct {
        const char *word;
        tally_rc (*take)(reader *in);
    } kinds[] = {
        { "log", take_log },
        { "witness", take_witness },
        { "group", take_group },
        { "quorum", take_quorum },
    };
    tally_text word = take_word(in);

    if (word.count == 0 || word.bytes[0] == '#')
        return TALLY_OK;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (tally_text_is(word, kinds[i].word)) {
            tally_rc rc = kinds[i].take(in);

            if (rc == TALLY_OK && take_word(in).count > 0)
                rc = refuse(in, "more stands in the line than belongs there");
            return rc;
        }
    }
    return refuse(in, "a line begins with `log`, `witness`, `group` or `quorum`");
}

tally_rc tally_quorum_parse(tally_quorum *out, tally_text text, tally_err *err)
{
    reader in = { .out = out, .err = err };
    tally_text rest = text;

    *out = (tally_quorum){ .is_none = false };
    if (text.count > TALLY_QUORUM_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "it is too long");
    while (rest.count > 0) {
        tally_rc rc;

        in.line++;
        if (!tally_text_split(rest, '\n', &in.rest, &rest))
            return refuse(&in, "the last line does not end");
        for (size_t i = 0; i < in.rest.count; i++) {
            uint8_t byte = (uint8_t)in.rest.bytes[i];

            if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
                return refuse(&in, "a control character");
        }
        rc = take_line(&in);
        if (rc != TALLY_OK)
            return rc;
    }
    in.line = 0;
    return in.has_quorum ? TALLY_OK : refuse(&in, "no line says what the quorum is");
}

static uint32_t count_bits(uint64_t bits)
{
    return (uint32_t)__builtin_popcountll(bits);
}

static bool is_met(const tally_quorum *quorum, uint64_t met)
{
    /* Groups only have members of lines above, so one pass settles them. */
    for (uint32_t i = 0; i < quorum->group_count; i++) {
        if (count_bits(quorum->groups[i].members & met) >= quorum->groups[i].threshold)
            met |= UINT64_C(1) << (GROUP_SHIFT + i);
    }
    return quorum->is_none || (met & quorum->wanted) != 0;
}

bool tally_quorum_is_met(const tally_quorum *quorum, const bool *has_signed)
{
    uint64_t met = 0;

    for (uint32_t i = 0; i < quorum->witness_count; i++)
        met |= has_signed[i] ? UINT64_C(1) << i : 0;
    return is_met(quorum, met);
}

int64_t tally_quorum_time(const tally_quorum *quorum, const tally_note_verdict *verdicts)
{
    int64_t best = 0;

    if (quorum->is_none)
        return 0;
    for (uint32_t i = 0; i < quorum->witness_count; i++) {
        uint64_t met = 0;

        for (uint32_t j = 0; j < quorum->witness_count; j++)
            met |= verdicts[j].is_signed && verdicts[j].time_s >= verdicts[i].time_s
                       ? UINT64_C(1) << j
                       : 0;
        if (verdicts[i].is_signed && verdicts[i].time_s > best && is_met(quorum, met))
            best = verdicts[i].time_s;
    }
    return best;
}
