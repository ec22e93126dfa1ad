/* SPDX-License-Identifier: Apache-2.0 */
/* QR codes. The quiet zone around one is four modules wide, as the standard asks. */

#include "qr.h"

#include <errno.h>
#include <qrencode.h>

#define QUIET          4
#define TEXT_BYTES_MAX 1024

static QRcode *encode(tally_text text)
{
    if (text.count > TEXT_BYTES_MAX) {
        errno = ERANGE;
        return NULL;
    }
    return QRcode_encodeData((int)text.count, (const unsigned char *)text.bytes, 0, QR_ECLEVEL_M);
}

/* Also beyond the edge, where all is light. */
static bool is_dark(const QRcode *code, int row, int column)
{
    return row >= 0 && row < code->width && column >= 0 && column < code->width &&
           (code->data[row * code->width + column] & 1) != 0;
}

bool tally_qr_print(FILE *stream, tally_text text, bool has_colour)
{
    /* Of the upper and the lower module: what is light is drawn. */
    static const char *const halves[2][2] = { { "\xe2\x96\x88", "\xe2\x96\x80" },
                                              { "\xe2\x96\x84", " " } };
    QRcode *code = encode(text);

    if (code == NULL)
        return false;
    for (int row = -QUIET; row < code->width + QUIET; row += 2) {
        fputs(has_colour ? "\033[97;40m" : "", stream);
        for (int column = -QUIET; column < code->width + QUIET; column++)
            fputs(halves[is_dark(code, row, column)][is_dark(code, row + 1, column)], stream);
        fputs(has_colour ? "\033[0m\n" : "\n", stream);
    }
    QRcode_free(code);
    return true;
}

bool tally_qr_write_svg(const char *path, tally_text text)
{
    QRcode *code = encode(text);
    FILE *file;
    bool is_written;

    if (code == NULL)
        return false;
    file = fopen(path, "wx");
    if (file == NULL) {
        QRcode_free(code);
        return false;
    }
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%dmm\" "
            "height=\"%dmm\" shape-rendering=\"crispEdges\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n<path d=\"",
            code->width + 2 * QUIET, code->width + 2 * QUIET, code->width + 2 * QUIET,
            code->width + 2 * QUIET);
    for (int row = 0; row < code->width; row++) {
        for (int column = 0, end; column < code->width; column = end) {
            end = column + 1;
            if (!is_dark(code, row, column))
                continue;
            while (is_dark(code, row, end))
                end++;
            fprintf(file, "M%d %dh%dv1h-%dz", column + QUIET, row + QUIET, end - column,
                    end - column);
        }
    }
    fputs("\"/>\n</svg>\n", file);
    is_written = ferror(file) == 0;
    is_written = fclose(file) == 0 && is_written;
    QRcode_free(code);
    return is_written;
}
