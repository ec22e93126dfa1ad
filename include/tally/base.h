/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_BASE_H
#define TALLY_BASE_H

/* What every part of libtally shares: result codes, the error a caller passes
 * in, and the macros of the API.
 *
 * Arguments come in one order everywhere: the object, outputs (out_...),
 * inputs with each length after its pointer, and tally_err last. An output is
 * written on success only. No function here keeps state between calls; all may
 * be called from many threads at once as long as each has its own tally_err. */

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define TALLY_API               __attribute__((visibility("default")))
#define TALLY_MUST_CHECK        __attribute__((warn_unused_result))
#define TALLY_PRINTF(at, first) __attribute__((format(printf, at, first)))
#define TALLY_NORETURN          __attribute__((noreturn))
#define TALLY_LIKELY(fact)      __builtin_expect(!!(fact), 1)
#define TALLY_UNLIKELY(fact)    __builtin_expect(!!(fact), 0)
#else
#error "libtally needs the builtins of gcc or clang"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A result. Zero is success; a failure says what the caller does next. */
typedef enum tally_rc {
    TALLY_OK = 0,
    TALLY_E_INVALID = -1,  /* the input is wrong: fix it */
    TALLY_E_DENIED = -2,   /* a rule says no */
    TALLY_E_CONFLICT = -3, /* same id, other content */
    TALLY_E_RETRY = -4,    /* roll back and run again */
    TALLY_E_LIMIT = -5,    /* larger than a stated bound */
    TALLY_E_NOMEM = -6,    /* allocation failed */
    TALLY_E_IO = -7,       /* the system refused to read or write */
    TALLY_E_CORRUPT = -8,  /* our own stored bytes fail verification: stop */
    TALLY_E_OVERFLOW = -9  /* an exact result does not fit its type */
} tally_rc;

#define TALLY_ERR_MESSAGE_BYTES 512

/* What went wrong, for a person. Start it with TALLY_ERR_INIT or
 * tally_err_clear(); the first message set after that stays. */
typedef struct tally_err {
    tally_rc rc;
    uint32_t line;                         /* from 1; 0 when the failure has no line */
    uint32_t column;                       /* from 1, counted in bytes; 0 when unknown */
    char message[TALLY_ERR_MESSAGE_BYTES]; /* NUL-terminated, no newline at its end */
} tally_err;

/* clang-format off */
#define TALLY_ERR_INIT { TALLY_OK, 0, 0, { 0 } }
/* clang-format on */

/* Record a failure and return rc, so that a caller can write
 * `return tally_err_set(err, TALLY_E_LIMIT, 0, "...")`.
 *
 * err   may be NULL. One that already holds a failure is left as it is: the
 *       function that found the fault knows most about it, and callers above
 *       may add a message without losing that one.
 * rc    any code but TALLY_OK.
 * line  the line of the input at fault, 0 for none.
 *
 * A message longer than the room for it is cut at a whole UTF-8 character. */
TALLY_API tally_rc tally_err_set(tally_err *err, tally_rc rc, uint32_t line, const char *format,
                                 ...) TALLY_PRINTF(4, 5);

/* The same with a column. */
TALLY_API tally_rc tally_err_set_at(tally_err *err, tally_rc rc, uint32_t line, uint32_t column,
                                    const char *format, ...) TALLY_PRINTF(5, 6);

/* Called by name, both show the compiler that what they return is rc itself, so
 * that it can follow which outputs a failing path has written. */
#define tally_err_set(err, rc, line, ...)                              \
    __extension__({                                                    \
        tally_rc tally_rc_given = (rc);                                \
        (void)(tally_err_set)(err, tally_rc_given, line, __VA_ARGS__); \
        tally_rc_given;                                                \
    })
#define tally_err_set_at(err, rc, line, column, ...)                              \
    __extension__({                                                               \
        tally_rc tally_rc_given = (rc);                                           \
        (void)(tally_err_set_at)(err, tally_rc_given, line, column, __VA_ARGS__); \
        tally_rc_given;                                                           \
    })

/* Make err hold no failure. NULL is allowed. */
TALLY_API void tally_err_clear(tally_err *err);

/* The stable name of a code, such as "E_LIMIT"; "OK" for TALLY_OK and
 * "E_UNKNOWN" for a number that is none. */
TALLY_API const char *tally_rc_name(tally_rc rc);

/* The version of the library as "major.minor.patch". */
TALLY_API const char *tally_version_string(void);

/* Print the broken fact on standard error and abort; see TALLY_ASSERT. */
TALLY_API TALLY_NORETURN void tally_assert_fail(const char *file, int line, const char *fact);

/* Stop the program when one of our own facts is false. Stays on in release.
 * Never used on what came from outside: that is an ordinary error. */
#define TALLY_ASSERT(fact) \
    (TALLY_LIKELY(fact) ? (void)0 : tally_assert_fail(__FILE__, __LINE__, #fact))

/* Stop the program at a place that our own facts say is never reached; why is a
 * string that says what would have to be. */
#define TALLY_NEVER(why) tally_assert_fail(__FILE__, __LINE__, why)

#ifdef __cplusplus
}
#endif

#endif
