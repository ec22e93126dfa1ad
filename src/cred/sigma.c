/* SPDX-License-Identifier: Apache-2.0 */
/* Relations: stating them, writing them down, and whether one can be proved.
 *
 * Written (draft-irtf-cfrg-sigma-protocols), LE4 being four bytes, lowest first:
 *     LE4(equations), then for each equation
 *         LE4(images), { LE4(element) coefficient }*
 *         LE4(terms), { LE4(scalar) LE4(element) coefficient }*
 *     then all elements but the generator. */

#include "cred/sigma.h"

#include <string.h>

void tally_sigma_begin(tally_sigma_relation *relation, const tally_group *group,
                       uint32_t scalar_count)
{
    TALLY_ASSERT(scalar_count > 0 && scalar_count <= TALLY_SIGMA_SCALARS_MAX);
    relation->group = group;
    relation->scalar_count = scalar_count;
    relation->element_count = 0;
    relation->equation_count = 0;
    relation->image_count = 0;
    relation->term_count = 0;
    (void)tally_sigma_add_element(relation, group->generator);
}

uint32_t tally_sigma_add_element(tally_sigma_relation *relation, const uint8_t *element)
{
    size_t bytes = relation->group->element_bytes;

    TALLY_ASSERT(relation->element_count < TALLY_SIGMA_ELEMENTS_MAX);
    memcpy(relation->elements + relation->element_count * bytes, element, bytes);
    return relation->element_count++;
}

void tally_sigma_add_equation(tally_sigma_relation *relation)
{
    TALLY_ASSERT(relation->equation_count < TALLY_SIGMA_EQUATIONS_MAX);
    relation->equations[relation->equation_count++] = (tally_sigma_equation){
        .image_first = relation->image_count,
        .term_first = relation->term_count,
    };
}

static void set_coefficient(const tally_sigma_relation *relation, uint8_t *out,
                            const uint8_t *coefficient)
{
    if (coefficient == NULL)
        relation->group->scalar_from_u64(out, 1);
    else
        memcpy(out, coefficient, TALLY_GROUP_SCALAR_BYTES);
}

void tally_sigma_add_image(tally_sigma_relation *relation, uint32_t element,
                           const uint8_t *coefficient)
{
    tally_sigma_image *image = &relation->images[relation->image_count];

    TALLY_ASSERT(relation->equation_count > 0 && element < relation->element_count);
    TALLY_ASSERT(relation->image_count < TALLY_SIGMA_IMAGES_MAX);
    image->element = element;
    set_coefficient(relation, image->coefficient, coefficient);
    relation->image_count++;
    relation->equations[relation->equation_count - 1].image_count++;
}

void tally_sigma_add_term(tally_sigma_relation *relation, uint32_t scalar, uint32_t element,
                          const uint8_t *coefficient)
{
    tally_sigma_term *term = &relation->terms[relation->term_count];

    TALLY_ASSERT(relation->equation_count > 0 && element < relation->element_count);
    TALLY_ASSERT(scalar < relation->scalar_count);
    TALLY_ASSERT(relation->term_count < TALLY_SIGMA_TERMS_MAX);
    term->scalar = scalar;
    term->element = element;
    set_coefficient(relation, term->coefficient, coefficient);
    relation->term_count++;
    relation->equations[relation->equation_count - 1].term_count++;
}

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++)
        *at++ = (uint8_t)(value >> (8 * i));
    return at;
}

static uint8_t *put(uint8_t *at, const uint8_t *bytes, size_t count)
{
    memcpy(at, bytes, count);
    return at + count;
}

size_t tally_sigma_write(const tally_sigma_relation *relation,
                         uint8_t out[static TALLY_SIGMA_RELATION_BYTES_MAX])
{
    size_t element_bytes = relation->group->element_bytes;
    uint8_t *at = put_u32(out, relation->equation_count);

    for (uint32_t i = 0; i < relation->equation_count; i++) {
        const tally_sigma_equation *equation = &relation->equations[i];

        at = put_u32(at, equation->image_count);
        for (uint32_t j = 0; j < equation->image_count; j++) {
            const tally_sigma_image *image = &relation->images[equation->image_first + j];

            at = put_u32(at, image->element);
            at = put(at, image->coefficient, sizeof(image->coefficient));
        }
        at = put_u32(at, equation->term_count);
        for (uint32_t j = 0; j < equation->term_count; j++) {
            const tally_sigma_term *term = &relation->terms[equation->term_first + j];

            at = put_u32(at, term->scalar);
            at = put_u32(at, term->element);
            at = put(at, term->coefficient, sizeof(term->coefficient));
        }
    }
    at = put(at, relation->elements + element_bytes, (relation->element_count - 1) * element_bytes);
    return (size_t)(at - out);
}

/* ---- can it be proved? ---- */

static bool is_zero(const uint8_t *bytes, size_t count)
{
    uint8_t all = 0;

    for (size_t i = 0; i < count; i++)
        all |= bytes[i];
    return all == 0;
}

static tally_rc check_image(const tally_sigma_relation *relation,
                            const tally_sigma_equation *equation, tally_err *err)
{
    const tally_group *group = relation->group;
    uint8_t sum[TALLY_GROUP_ELEMENT_BYTES_MAX] = { 0 };
    uint8_t one[TALLY_GROUP_SCALAR_BYTES];

    group->scalar_from_u64(one, 1);
    for (uint32_t i = 0; i < equation->image_count; i++) {
        const tally_sigma_image *image = &relation->images[equation->image_first + i];
        uint8_t multiple[TALLY_GROUP_ELEMENT_BYTES_MAX] = { 0 };
        tally_rc rc = TALLY_OK;

        if (memcmp(image->coefficient, one, sizeof(one)) == 0)
            memcpy(multiple, relation->elements + image->element * group->element_bytes,
                   group->element_bytes);
        else
            rc = group->multiply(multiple, image->coefficient,
                                 relation->elements + image->element * group->element_bytes);
        if (rc == TALLY_OK && i == 0)
            memcpy(sum, multiple, sizeof(sum));
        else if (rc == TALLY_OK)
            rc = group->add(sum, sum, multiple);
        if (rc != TALLY_OK)
            return tally_err_set(err, rc, 0, "the image of an equation cannot be computed");
    }
    if (is_zero(sum, group->element_bytes))
        return tally_err_set(err, TALLY_E_INVALID, 0, "the image of an equation is neutral");
    return TALLY_OK;
}

tally_rc tally_sigma_check_vartime(const tally_sigma_relation *relation, tally_err *err)
{
    bool has_term[TALLY_SIGMA_SCALARS_MAX] = { false };

    for (uint32_t i = 1; i < relation->element_count; i++)
        if (!relation->group->is_element(relation->elements + i * relation->group->element_bytes))
            return tally_err_set(err, TALLY_E_INVALID, 0, "element %u of the statement is none", i);
    for (uint32_t i = 0; i < relation->term_count; i++)
        has_term[relation->terms[i].scalar] = true;
    for (uint32_t i = 0; i < relation->scalar_count; i++)
        if (!has_term[i])
            return tally_err_set(err, TALLY_E_INVALID, 0, "no equation binds scalar %u", i);
    if (relation->equation_count == 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "the statement has no equation");
    for (uint32_t i = 0; i < relation->equation_count; i++) {
        tally_rc rc;

        if (relation->equations[i].term_count == 0)
            return tally_err_set(err, TALLY_E_INVALID, 0, "equation %u has no term", i);
        rc = check_image(relation, &relation->equations[i], err);
        if (rc != TALLY_OK)
            return rc;
    }
    return TALLY_OK;
}
