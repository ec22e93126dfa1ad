/* SPDX-License-Identifier: Apache-2.0 */
/* Folding and matching for the word lint (R9 "Lint reads all text in all
 * offered languages after look-alike folding").
 *
 * A text is folded in four ways (`1` as l or i; a capital inside a word as the
 * start of a new word or not), since each reading may be the one a reader sees. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "policy/charter_words.h"

#define CHUNK_BYTES      2000u
#define OVERLAP_BYTES    200u
#define FOLDED_BYTES_MAX (3u * CHUNK_BYTES + 8u)

enum { ONE_IS_I = 1, SPLIT_CAPITALS = 2, VARIANTS = 4 };

/* Characters that read as one or two plain letters. Ascending. */
static const struct {
    uint32_t code;
    char letters[3];
} look_alikes[] = {
    { 0xAA, "a" },    { 0xBA, "o" },    { 0xC0, "a" },   { 0xC1, "a" },   { 0xC2, "a" },
    { 0xC3, "a" },    { 0xC4, "a" },    { 0xC5, "a" },   { 0xC6, "ae" },  { 0xC7, "c" },
    { 0xC8, "e" },    { 0xC9, "e" },    { 0xCA, "e" },   { 0xCB, "e" },   { 0xCC, "i" },
    { 0xCD, "i" },    { 0xCE, "i" },    { 0xCF, "i" },   { 0xD0, "d" },   { 0xD1, "n" },
    { 0xD2, "o" },    { 0xD3, "o" },    { 0xD4, "o" },   { 0xD5, "o" },   { 0xD6, "o" },
    { 0xD8, "o" },    { 0xD9, "u" },    { 0xDA, "u" },   { 0xDB, "u" },   { 0xDC, "u" },
    { 0xDD, "y" },    { 0xDE, "th" },   { 0xDF, "ss" },  { 0xE0, "a" },   { 0xE1, "a" },
    { 0xE2, "a" },    { 0xE3, "a" },    { 0xE4, "a" },   { 0xE5, "a" },   { 0xE6, "ae" },
    { 0xE7, "c" },    { 0xE8, "e" },    { 0xE9, "e" },   { 0xEA, "e" },   { 0xEB, "e" },
    { 0xEC, "i" },    { 0xED, "i" },    { 0xEE, "i" },   { 0xEF, "i" },   { 0xF0, "d" },
    { 0xF1, "n" },    { 0xF2, "o" },    { 0xF3, "o" },   { 0xF4, "o" },   { 0xF5, "o" },
    { 0xF6, "o" },    { 0xF8, "o" },    { 0xF9, "u" },   { 0xFA, "u" },   { 0xFB, "u" },
    { 0xFC, "u" },    { 0xFD, "y" },    { 0xFE, "th" },  { 0xFF, "y" },   { 0x101, "a" },
    { 0x103, "a" },   { 0x105, "a" },   { 0x107, "c" },  { 0x10D, "c" },  { 0x10F, "d" },
    { 0x111, "d" },   { 0x113, "e" },   { 0x117, "e" },  { 0x119, "e" },  { 0x11B, "e" },
    { 0x11F, "g" },   { 0x127, "h" },   { 0x12B, "i" },  { 0x12F, "i" },  { 0x131, "i" },
    { 0x142, "l" },   { 0x144, "n" },   { 0x148, "n" },  { 0x14D, "o" },  { 0x151, "o" },
    { 0x153, "oe" },  { 0x155, "r" },   { 0x159, "r" },  { 0x15B, "s" },  { 0x15F, "s" },
    { 0x160, "s" },   { 0x161, "s" },   { 0x163, "t" },  { 0x165, "t" },  { 0x16B, "u" },
    { 0x16F, "u" },   { 0x171, "u" },   { 0x173, "u" },  { 0x17A, "z" },  { 0x17C, "z" },
    { 0x17D, "z" },   { 0x17E, "z" },   { 0x17F, "s" },  { 0x192, "f" },  { 0x1D0, "i" },
    { 0x219, "s" },   { 0x21B, "t" },   { 0x251, "a" },  { 0x254, "o" },  { 0x261, "g" },
    { 0x26A, "i" },   { 0x274, "n" },   { 0x280, "r" },  { 0x28F, "y" },  { 0x391, "a" },
    { 0x392, "b" },   { 0x395, "e" },   { 0x396, "z" },  { 0x397, "h" },  { 0x399, "i" },
    { 0x39A, "k" },   { 0x39C, "m" },   { 0x39D, "n" },  { 0x39F, "o" },  { 0x3A1, "p" },
    { 0x3A4, "t" },   { 0x3A5, "y" },   { 0x3A7, "x" },  { 0x3B1, "a" },  { 0x3B2, "b" },
    { 0x3B3, "y" },   { 0x3B5, "e" },   { 0x3B9, "i" },  { 0x3BA, "k" },  { 0x3BD, "v" },
    { 0x3BF, "o" },   { 0x3C1, "p" },   { 0x3C3, "o" },  { 0x3C4, "t" },  { 0x3C5, "u" },
    { 0x3C7, "x" },   { 0x3C9, "w" },   { 0x3F2, "c" },  { 0x405, "s" },  { 0x406, "i" },
    { 0x408, "j" },   { 0x410, "a" },   { 0x412, "b" },  { 0x415, "e" },  { 0x41A, "k" },
    { 0x41C, "m" },   { 0x41D, "h" },   { 0x41E, "o" },  { 0x420, "p" },  { 0x421, "c" },
    { 0x422, "t" },   { 0x423, "y" },   { 0x425, "x" },  { 0x430, "a" },  { 0x432, "b" },
    { 0x433, "r" },   { 0x435, "e" },   { 0x43A, "k" },  { 0x43C, "m" },  { 0x43D, "h" },
    { 0x43E, "o" },   { 0x440, "p" },   { 0x441, "c" },  { 0x442, "t" },  { 0x443, "y" },
    { 0x445, "x" },   { 0x44C, "b" },   { 0x455, "s" },  { 0x456, "i" },  { 0x457, "i" },
    { 0x458, "j" },   { 0x4AF, "y" },   { 0x4BB, "h" },  { 0x4CF, "l" },  { 0x501, "d" },
    { 0x51B, "q" },   { 0x51D, "w" },   { 0x561, "w" },  { 0x570, "h" },  { 0x578, "n" },
    { 0x57D, "u" },   { 0x585, "o" },   { 0x13A0, "d" }, { 0x13A2, "t" }, { 0x13AA, "a" },
    { 0x13E2, "p" },  { 0x1E9E, "ss" }, { 0x212A, "k" }, { 0x2170, "i" }, { 0xFB00, "ff" },
    { 0xFB01, "fi" }, { 0xFB02, "fl" },
};

/* One character of UTF-8; a broken byte reads as U+FFFD. */
static uint32_t next_character(const char *bytes, size_t count, size_t *at)
{
    uint8_t first = (uint8_t)bytes[*at];
    uint32_t code = first;
    size_t more = first < 0x80   ? 0
                  : first < 0xC0 ? 9
                  : first < 0xE0 ? 1
                  : first < 0xF0 ? 2
                  : first < 0xF8 ? 3
                                 : 9;

    *at += 1;
    if (more == 0)
        return code;
    if (more == 9 || *at + more > count)
        return 0xFFFD;
    code = first & (0x3Fu >> more);
    for (size_t i = 0; i < more; i++) {
        uint8_t next = (uint8_t)bytes[*at + i];

        if ((next & 0xC0) != 0x80)
            return 0xFFFD;
        code = code << 6 | (next & 0x3Fu);
    }
    *at += more;
    return code;
}

static bool is_invisible(uint32_t code)
{
    return code == 0xAD || code == 0x34F || (code >= 0x300 && code <= 0x36F) ||
           (code >= 0x200B && code <= 0x200F) || (code >= 0x202A && code <= 0x202E) ||
           (code >= 0x2060 && code <= 0x2064) || (code >= 0xFE00 && code <= 0xFE0F) ||
           code == 0xFEFF || (code >= 0xE0100 && code <= 0xE01EF);
}

/* The plain letters a character reads as; NULL: it is none. */
static const char *letters_of(uint32_t code, char one[static 2])
{
    size_t low = 0;
    size_t high = sizeof(look_alikes) / sizeof(look_alikes[0]);

    one[1] = '\0';
    if ((code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z'))
        one[0] = (char)(code | 0x20);
    else if (code >= 0xFF21 && code <= 0xFF3A)
        one[0] = (char)('a' + (code - 0xFF21));
    else if (code >= 0xFF41 && code <= 0xFF5A)
        one[0] = (char)('a' + (code - 0xFF41));
    else if (code >= 0x1D400 && code <= 0x1D6A3)
        one[0] = (char)('a' + (code - 0x1D400) % 26); /* mathematical alphabets */
    else if (code >= 0x24B6 && code <= 0x24E9)
        one[0] = (char)('a' + (code - 0x24B6) % 26); /* circled letters */
    else
        one[0] = '\0';
    if (one[0] != '\0')
        return one;
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (look_alikes[middle].code == code)
            return look_alikes[middle].letters;
        if (look_alikes[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* A digit or sign that stands for a letter inside a word, or 0. */
static char letter_for_sign(uint32_t code, unsigned variant)
{
    switch (code) {
    case '0':
        return 'o';
    case '1':
        return (variant & ONE_IS_I) != 0 ? 'i' : 'l';
    case '!':
        return 'i';
    case '|':
        return 'l';
    case '3':
        return 'e';
    case '4':
        return 'a';
    case '@':
        return 'a';
    case '5':
        return 's';
    case '$':
        return 's';
    case '7':
        return 't';
    default:
        return '\0';
    }
}

static bool is_letter_next(const char *bytes, size_t count, size_t at)
{
    char one[2];

    return at < count && letters_of(next_character(bytes, count, &at), one) != NULL;
}

static size_t fold_letters(tally_text text, unsigned variant, char *out, size_t out_bytes_max)
{
    size_t used = 0;
    size_t at = 0;
    bool was_lower = false;

    while (at < text.count && used + 3 < out_bytes_max) {
        uint32_t code = next_character(text.bytes, text.count, &at);
        bool in_word = used > 0 && out[used - 1] != ' ';
        bool is_capital = code >= 'A' && code <= 'Z';
        char one[2];
        const char *letters;
        char sign;

        if (is_invisible(code))
            continue;
        letters = letters_of(code, one);
        sign = letter_for_sign(code, variant);
        if (letters != NULL) {
            if ((variant & SPLIT_CAPITALS) != 0 && is_capital && was_lower)
                out[used++] = ' ';
            for (; *letters != '\0'; letters++)
                out[used++] = *letters;
        } else if (sign != '\0' && is_letter_next(text.bytes, text.count, at)) {
            out[used++] = sign;
        } else if (in_word) {
            out[used++] = ' ';
        }
        was_lower = letters != NULL && !is_capital;
    }
    while (used > 0 && out[used - 1] == ' ')
        used--;
    return used;
}

/* "p o l i t i c s" -> "politics": three or more single letters in a row. */
static size_t join_spelled_out(char *text, size_t count)
{
    size_t out = 0;
    size_t at = 0;

    while (at < count) {
        size_t run = 0;

        while (at + 2 * run < count && text[at + 2 * run] != ' ' &&
               (at + 2 * run + 1 == count || text[at + 2 * run + 1] == ' '))
            run++;
        if (run >= 3 && (at == 0 || text[at - 1] == ' ')) {
            for (size_t i = 0; i < run; i++)
                text[out++] = text[at + 2 * i];
            at += 2 * run - 1;
        } else {
            do {
                text[out++] = text[at++];
            } while (at < count && text[at - 1] != ' ');
        }
    }
    return out;
}

static size_t fold(tally_text text, unsigned variant, char *out, size_t out_bytes_max)
{
    return join_spelled_out(out, fold_letters(text, variant, out, out_bytes_max));
}

size_t tally_charter_fold(tally_text text, char *out, size_t out_bytes_max)
{
    return fold(text, 0, out, out_bytes_max);
}

/* pattern at a word boundary of folded; a last `*` matches any ending. */
static bool has_pattern(const char *folded, size_t count, const char *pattern)
{
    size_t length = strlen(pattern);
    bool any_ending = pattern[length - 1] == '*';

    if (any_ending)
        length--;
    for (size_t at = 0; at + length <= count; at++) {
        if (at > 0 && folded[at - 1] != ' ')
            continue;
        if (memcmp(folded + at, pattern, length) != 0)
            continue;
        if (any_ending || at + length == count || folded[at + length] == ' ')
            return true;
    }
    return false;
}

static const char *find_in_chunk(const tally_charter_words *words, tally_text chunk)
{
    char folded[FOLDED_BYTES_MAX];

    for (unsigned variant = 0; variant < VARIANTS; variant++) {
        size_t count = fold(chunk, variant, folded, sizeof(folded));

        for (size_t i = 0; i < words->pattern_count; i++) {
            if (has_pattern(folded, count, words->patterns[i]))
                return words->patterns[i];
        }
    }
    return NULL;
}

const char *tally_charter_find(tally_charter_list list, tally_text text)
{
    const tally_charter_words *words = tally_charter_words_of(list);
    size_t start = 0;

    while (start < text.count) {
        size_t bytes = text.count - start < CHUNK_BYTES ? text.count - start : CHUNK_BYTES;
        const char *found = find_in_chunk(words, (tally_text){ text.bytes + start, bytes });

        if (found != NULL)
            return found;
        if (start + bytes == text.count)
            break;
        start += bytes - OVERLAP_BYTES;
    }
    return NULL;
}
