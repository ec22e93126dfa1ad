/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions cut into tokens.
 *
 * A name may hold hyphens, so `a-b` is one name and a minus needs spaces. A
 * day is a day only where YYYY-MM-DD is well formed. Nothing is refused here:
 * a piece that is no token becomes a BAD one that knows what to say, and the
 * parser reports it when it gets there. */

#include "policy/syntax.h"
#include "util/checked.h"

typedef struct lexer {
    tally_text text;
    uint32_t at;
} lexer;

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static char byte_at(const lexer *lex, uint32_t at)
{
    return at < lex->text.count ? lex->text.bytes[at] : '\0';
}

static void set_bad(tally_token *token, const char *code, const char *problem, const char *hint)
{
    token->kind = TALLY_TOKEN_BAD;
    token->code = code;
    token->problem = problem;
    token->hint = hint;
}

/* Digits in the form YYYY-MM-DD. */
static bool has_day_form(const lexer *lex)
{
    static const char form[] = "dddd-dd-dd";

    for (uint32_t i = 0; form[i] != '\0'; i++) {
        char byte = byte_at(lex, lex->at + i);

        if (form[i] == 'd' ? !is_digit(byte) : byte != '-')
            return false;
    }
    return true;
}

static bool goes_on(const lexer *lex, uint32_t at)
{
    char byte = byte_at(lex, at);

    return is_digit(byte) || is_letter(byte) || byte == '_' ||
           (byte == '-' && is_digit(byte_at(lex, at + 1)));
}

static void lex_day(lexer *lex, tally_token *token)
{
    tally_moment moment;

    token->end = lex->at + 10;
    while (goes_on(lex, token->end) || byte_at(lex, token->end) == ':')
        token->end++;
    token->text = tally_text_slice(lex->text, token->at, token->end);
    if (token->end != lex->at + 10) {
        set_bad(token, "bad-day", "a day is written YYYY-MM-DD, without a time of day",
                "compare `at` with another event's `at`, or `day` with a day");
        return;
    }
    if (tally_time_parse(&moment, token->text, TALLY_TIME_RFC3339, NULL) != TALLY_OK) {
        set_bad(token, "bad-day", "there is no such day in the calendar", "");
        return;
    }
    token->kind = TALLY_TOKEN_DAY;
    token->value = moment.day;
}

static void lex_number(lexer *lex, tally_token *token)
{
    uint32_t end = lex->at;
    uint32_t decimals = 0;
    tally_rc rc;

    while (is_digit(byte_at(lex, end)))
        end++;
    if (byte_at(lex, end) == '.' && is_digit(byte_at(lex, end + 1))) {
        end++;
        while (is_digit(byte_at(lex, end)))
            end++;
    }
    token->end = end;
    token->text = tally_text_slice(lex->text, token->at, end);
    if (is_letter(byte_at(lex, end)) || byte_at(lex, end) == '_') {
        while (goes_on(lex, token->end))
            token->end++;
        set_bad(token, "bad-number", "a number is followed by letters without a space",
                "write a space between a number and a unit, as in `14 days`; quote a word that "
                "begins with a digit");
        return;
    }
    token->kind = TALLY_TOKEN_NUMBER;
    rc = tally_decimal_parse(&token->value, &decimals, token->text);
    token->decimals = (uint8_t)decimals;
    if (rc == TALLY_E_LIMIT)
        set_bad(token, "too-many-decimals", "a number has at most 6 decimals", "");
    else if (rc != TALLY_OK || token->value == TALLY_NOTHING)
        set_bad(token, "too-large", "this number is too large",
                "numbers go up to about 9,000,000,000,000,000,000, decimals included");
}

static void lex_name(lexer *lex, tally_token *token)
{
    uint32_t end = lex->at + 1;

    while (is_letter(byte_at(lex, end)) || is_digit(byte_at(lex, end)) ||
           (byte_at(lex, end) == '-' &&
            (is_letter(byte_at(lex, end + 1)) || is_digit(byte_at(lex, end + 1)) ||
             (byte_at(lex, end + 1) == '-' && is_letter(byte_at(lex, end + 2))))))
        end++;
    token->kind = TALLY_TOKEN_NAME;
    token->end = end;
    token->text = tally_text_slice(lex->text, token->at, end);
}

static void lex_string(lexer *lex, tally_token *token)
{
    char quote = byte_at(lex, lex->at);
    uint32_t end = lex->at + 1;

    while (end < lex->text.count && byte_at(lex, end) != quote && byte_at(lex, end) != '\n')
        end++;
    token->text = tally_text_slice(lex->text, token->at + 1, end);
    if (byte_at(lex, end) != quote || end >= lex->text.count) {
        token->end = end;
        set_bad(token, "unbalanced", "this quoted word does not end",
                "write the same quotation mark after it");
        return;
    }
    token->kind = TALLY_TOKEN_STRING;
    token->end = end + 1;
    if (token->text.count == 0)
        set_bad(token, "syntax", "this quoted word is empty",
                "to ask for an empty field, write `is nothing`");
}

/* Signs that people write and we do not, with what to write. */
static const struct {
    const char *sign;
    tally_token_kind kind; /* what it is taken for, BAD if nothing */
    const char *problem, *hint;
} signs[] = {
    { "==", TALLY_TOKEN_EQUALS, NULL, NULL },
    { "!=", TALLY_TOKEN_NOT_EQUALS, NULL, NULL },
    { "<>", TALLY_TOKEN_NOT_EQUALS, NULL, NULL },
    { "<=", TALLY_TOKEN_LESS_OR_EQUAL, NULL, NULL },
    { ">=", TALLY_TOKEN_GREATER_OR_EQUAL, NULL, NULL },
    { "=<", TALLY_TOKEN_BAD, "`=<` is not a comparison", "write `<=`" },
    { "=>", TALLY_TOKEN_BAD, "`=>` is not a comparison", "write `>=`" },
    { "&&", TALLY_TOKEN_BAD, "`&&` is not part of the language", "write `and`" },
    { "||", TALLY_TOKEN_BAD, "`||` is not part of the language", "write `or`" },
    { "**", TALLY_TOKEN_BAD, "there are no powers", "write the product out, as in `a * a`" },
    { "..", TALLY_TOKEN_BAD, "a range is only written for a field's type",
      "write `x >= 1 and x <= 5`" },
    { "\xe2\x89\xa5", TALLY_TOKEN_BAD, "this sign is not part of the language", "write `>=`" },
    { "\xe2\x89\xa4", TALLY_TOKEN_BAD, "this sign is not part of the language", "write `<=`" },
    { "\xe2\x89\xa0", TALLY_TOKEN_BAD, "this sign is not part of the language",
      "write `is not`" },
    { "\xc3\x97", TALLY_TOKEN_BAD, "this sign is not part of the language", "write `*`" },
    { "\xc3\xb7", TALLY_TOKEN_BAD, "this sign is not part of the language", "write `/`" },
    { "\xe2\x88\x92", TALLY_TOKEN_BAD, "this is not the minus of the keyboard", "write `-`" },
    { "\xe2\x80\x93", TALLY_TOKEN_BAD, "this dash is no minus", "write `-`" },
    { "\xe2\x80\x94", TALLY_TOKEN_BAD, "this dash is no minus", "write `-`" },
    { "\xe2\x80\x9c", TALLY_TOKEN_BAD, "these are printer's quotation marks",
      "write straight ones, \"" },
    { "\xe2\x80\x9d", TALLY_TOKEN_BAD, "these are printer's quotation marks",
      "write straight ones, \"" },
    { "\xe2\x80\x99", TALLY_TOKEN_BAD, "this is a printer's apostrophe", "write straight ones, '" },
    { "\xc2\xa0", TALLY_TOKEN_BAD, "this is a no-break space", "write an ordinary space" },
    { "(", TALLY_TOKEN_OPEN, NULL, NULL },
    { ")", TALLY_TOKEN_CLOSE, NULL, NULL },
    { ",", TALLY_TOKEN_COMMA, NULL, NULL },
    { ".", TALLY_TOKEN_DOT, NULL, NULL },
    { "+", TALLY_TOKEN_PLUS, NULL, NULL },
    { "-", TALLY_TOKEN_MINUS, NULL, NULL },
    { "*", TALLY_TOKEN_STAR, NULL, NULL },
    { "/", TALLY_TOKEN_SLASH, NULL, NULL },
    { "%", TALLY_TOKEN_PERCENT, NULL, NULL },
    { "<", TALLY_TOKEN_LESS, NULL, NULL },
    { ">", TALLY_TOKEN_GREATER, NULL, NULL },
    { "=", TALLY_TOKEN_EQUALS, NULL, NULL },
    { "!", TALLY_TOKEN_BAD, "`!` is not part of the language", "write `not`" },
    { "&", TALLY_TOKEN_BAD, "`&` is not part of the language", "write `and`" },
    { "|", TALLY_TOKEN_BAD, "`|` is not part of the language", "write `or`" },
    { "[", TALLY_TOKEN_BAD, "square brackets are not part of an expression", "write `(` and `)`" },
    { "]", TALLY_TOKEN_BAD, "square brackets are not part of an expression", "write `(` and `)`" },
    { "{", TALLY_TOKEN_BAD, "curly brackets are not part of an expression", "write `(` and `)`" },
    { "}", TALLY_TOKEN_BAD, "curly brackets are not part of an expression", "write `(` and `)`" },
    { "#", TALLY_TOKEN_BAD, "a note cannot stand inside an expression", "" },
    { ";", TALLY_TOKEN_BAD, "`;` is not part of the language", "" },
    { ":", TALLY_TOKEN_BAD, "`:` does not belong in an expression", "" },
    { "?", TALLY_TOKEN_BAD, "`?` is not part of the language", "write `if … then … else …`" },
    { "_", TALLY_TOKEN_BAD, "names have no underscores", "write a hyphen, or quote the word" },
};

static void lex_sign(lexer *lex, tally_token *token)
{
    tally_text rest = tally_text_slice(lex->text, lex->at, lex->text.count);
    uint32_t end = lex->at + 1;

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        tally_text sign = tally_text_from(signs[i].sign);

        if (!tally_text_has_prefix(rest, sign))
            continue;
        token->end = lex->at + (uint32_t)sign.count;
        token->text = sign;
        token->kind = signs[i].kind;
        if (token->kind == TALLY_TOKEN_BAD)
            set_bad(token, "bad-sign", signs[i].problem, signs[i].hint);
        return;
    }
    while ((byte_at(lex, end) & 0xc0) == 0x80)
        end++;
    token->end = end;
    token->text = tally_text_slice(lex->text, token->at, end);
    set_bad(token, "bad-sign", "this sign is not part of the language",
            "names are letters a to z, digits and hyphens; quote any other word");
}

static void lex_token(lexer *lex, tally_token *token)
{
    char byte = byte_at(lex, lex->at);

    token->at = lex->at;
    if (lex->at >= lex->text.count) {
        token->kind = TALLY_TOKEN_END;
        token->end = lex->at;
    } else if (has_day_form(lex)) {
        lex_day(lex, token);
    } else if (is_digit(byte)) {
        lex_number(lex, token);
    } else if (is_letter(byte)) {
        lex_name(lex, token);
    } else if (byte == '"' || byte == '\'') {
        lex_string(lex, token);
    } else {
        lex_sign(lex, token);
    }
    lex->at = token->end;
}

/* Cut all of the text; tokens may be NULL to count only. Returns the count, END included. */
static uint32_t lex_all(tally_text text, tally_token *tokens)
{
    lexer lex = { text, 0 };
    uint32_t count = 0;
    bool is_after_space = true;

    for (;;) {
        tally_token token = { 0 };

        while (is_space(byte_at(&lex, lex.at))) {
            is_after_space = true;
            lex.at++;
        }
        token.space_before = is_after_space;
        if (tokens != NULL && count > 0)
            tokens[count - 1].space_after = is_after_space;
        lex_token(&lex, &token);
        is_after_space = false;
        if (tokens != NULL)
            tokens[count] = token;
        count++;
        if (token.kind == TALLY_TOKEN_END)
            return count;
    }
}

tally_token *tally_lex(tally_compiler *compiler, const tally_source_text *source)
{
    tally_token *tokens;

    if (source->text.count > TALLY_EXPR_BYTES_MAX) {
        tally_report(compiler, TALLY_SEVERITY_ERROR, "too-long", source, 0, 1,
                     "give its parts names under `let`",
                     "this text is %zu bytes long; at most %u are allowed", source->text.count,
                     TALLY_EXPR_BYTES_MAX);
        return NULL;
    }
    tokens = tally_arena_zalloc_array(compiler->arena, lex_all(source->text, NULL),
                                      sizeof(*tokens));
    if (tokens == NULL) {
        compiler->out_of_memory = true;
        return NULL;
    }
    lex_all(source->text, tokens);
    return tokens;
}
