/* SPDX-License-Identifier: Apache-2.0 */
/* What libfyaml says about a text that is no YAML, in words that help. */

#include <stdio.h>

#include "policy/yaml.h"

#define MESSAGE_BYTES 400

static size_t place_of(tally_text text, int line, int column)
{
    size_t at = 0;

    for (int row = 1; row < line && at < text.count; at++)
        row += text.bytes[at] == '\n';
    for (int i = 1; i < column && at < text.count && text.bytes[at] != '\n'; i++) {
        at++;
        while (at < text.count && ((unsigned char)text.bytes[at] & 0xc0) == 0x80)
            at++;
    }
    return at;
}

static const struct {
    const char *said, *message, *hint;
} explanations[] = {
    { "nested block mapping", "a colon and a space inside a text begin a new key",
      "put the text in quotes, or leave the colon out" },
    { "mapping value", "a colon and a space inside a text begin a new key",
      "put the text in quotes, or leave the colon out" },
    { "block sequence on the same line", "a list begins on its own line",
      "put `- ` on the next line, further in than its key" },
    { "tab", "a tab stands where only spaces may", "indent with spaces" },
    { "closing quote", "this quote is never closed", "close it, or quote the whole text" },
    { "closing bracket", "`[` is never closed", "write `]` where the list ends" },
    { "closing brace", "`{` is never closed", "write `}` where the mapping ends" },
    { "quoted scalar", "this quote is never closed", "close it, or quote the whole text" },
    { "block scalar", "a text that begins with `>` or `|` is a block in YAML",
      "begin with a name, as in `hours >= 3`, or put the text in quotes" },
};

bool tally_yaml_explain(tally_diagnostics *diagnostics, tally_text text, int line, int column,
                        const char *said)
{
    size_t at = place_of(text, line, column);
    const char *code = "yaml", *hint = "";
    char message[MESSAGE_BYTES];

    snprintf(message, sizeof(message), "this is not YAML: %s", said);
    if (at < text.count && memchr("@`%", text.bytes[at], 3) != NULL) {
        code = "yaml-indicator";
        hint = "put the text in quotes";
        snprintf(message, sizeof(message), "a text may not begin with `%c`", text.bytes[at]);
    } else {
        if (at > 0 && strstr(said, "block scalar") != NULL && column > 1)
            column -= memchr(">|", text.bytes[at - 1], 2) != NULL; /* it points behind */
        for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++) {
            if (strstr(said, explanations[i].said) != NULL) {
                snprintf(message, sizeof(message), "%s", explanations[i].message);
                hint = explanations[i].hint;
                break;
            }
        }
    }
    return tally_diagnostics_add(diagnostics, TALLY_SEVERITY_ERROR, code, "",
                                 line > 0 ? (uint32_t)line : 1, column > 0 ? (uint32_t)column : 1,
                                 1, tally_text_from(message), tally_text_from(hint));
}
