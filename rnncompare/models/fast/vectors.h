/* Vectors of REAL as wide as the processor's registers, and the activations on them. */
#pragma once
#include <stdint.h>

#if defined(__AVX512F__)
enum { BYTES = 64, SUMS = 24, WIDE = 4, NARROW = 3 }; /* accumulators of a product's tile, of 32 registers; its widths */
#elif defined(__AVX__)
enum { BYTES = 32, SUMS = 12, WIDE = 2, NARROW = 2 }; /* of 16 */
#elif defined(__x86_64__)
enum { BYTES = 16, SUMS = 12, WIDE = 2, NARROW = 2 };
#else
enum { BYTES = 16, SUMS = 24, WIDE = 4, NARROW = 3 }; /* of 32 */
#endif
enum { LANES = BYTES / sizeof(REAL) };

typedef REAL vec __attribute__((vector_size(BYTES)));
typedef REAL loose __attribute__((vector_size(BYTES), aligned(sizeof(REAL)), may_alias));

static inline vec load(const REAL *p) { return *(const loose *)p; }
static inline void store(REAL *p, vec v) { *(loose *)p = v; }

static inline vec load_some(const REAL *p, int64_t left) {
    if (left >= LANES) return load(p);
    vec v = {0};
    for (int i = 0; i < left; i++) v[i] = p[i];
    return v;
}

static inline void store_some(REAL *p, vec v, int64_t left) {
    if (left >= LANES) { store(p, v); return; }
    for (int i = 0; i < left; i++) p[i] = v[i];
}

#define IS_FLOAT (sizeof(REAL) == 4)
typedef __typeof__((vec){0} < (vec){0}) mask; /* signed integers of REAL's width */

static inline vec where(mask m, vec a, vec b) { return (vec)((m & (mask)a) | (~m & (mask)b)); }

/* exp(x) = s (1 + p) with s a power of two and p = exp(r) - 1, |r| <= ln(2)/2. NaN stays NaN. */
static inline void exponential(vec x, REAL limit, vec *s, vec *p) {
    const REAL magic = IS_FLOAT ? (REAL)12582912.0 : (REAL)6755399441055744.0; /* 1.5 2^mantissa bits: rounds */
    const REAL high = IS_FLOAT ? (REAL)0.693359375 : (REAL)6.93147180369123816490e-01;
    const REAL low = IS_FLOAT ? (REAL)-2.12194440e-4 : (REAL)1.90821492927058770002e-10;
    vec bound = (vec){0} + limit;
    x = where(x > bound, bound, where(x < -bound, -bound, x));
    vec shifted = x * (REAL)1.44269504088896340736 + magic, n = shifted - magic;
    vec r = (x - n * high) - n * low;
    static const REAL inverse_factorial[] = {1.0, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040,
        1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800.0};
    const int degree = IS_FLOAT ? 7 : 13;
    vec sum = (vec){0} + inverse_factorial[degree - 1];
#pragma GCC unroll 16
    for (int i = degree - 2; i >= 0; i--) sum = sum * r + inverse_factorial[i];
    *p = sum * r;
    *s = (vec)(((mask)shifted << (IS_FLOAT ? 23 : 52)) + (mask)((vec){0} + (REAL)1));
}

static inline vec sigmoid(vec x) {
    vec s, p;
    exponential(-x, IS_FLOAT ? 87 : 700, &s, &p);
    return (REAL)1 / ((REAL)1 + (s + s * p));
}

/* (exp(2x) - 1) / (exp(2x) + 1), exact near 0 too. */
static inline vec hyperbolic_tangent(vec x) {
    vec s, p;
    exponential(x + x, 40, &s, &p);
    vec t = s * p + (s - (REAL)1);
    return t / (t + (REAL)2);
}
