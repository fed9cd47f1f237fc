/* Products of matrices: out = init + the sum of a b over terms, with b packed or, for a few rows, where it lies. */
#pragma once
#include <string.h>

#include "vectors.h"

typedef struct {
    const REAL *a;
    int64_t row, column, depth; /* strides of a; the dimension summed over */
    const REAL *b;              /* panels of at most `wide` vectors, each (depth, panel); for `dots` (columns, depth) */
} Term;

enum { TALL = SUMS / NARROW }; /* rows of the tallest tile */

/* The width of panels for a batch: a batch that is too tall for a tile of WIDE would read each panel twice or more. */
static int wide_for(int64_t batch) { return batch > SUMS / WIDE ? NARROW : WIDE; }

typedef void Tile(const Term *, int, int64_t, int64_t, const REAL *, int64_t, REAL *, int64_t);

static inline __attribute__((always_inline)) void tile(const int R, const int V, const Term *terms, int count, int64_t m,
                                                       int64_t n, const REAL *init, int64_t ldi, REAL *out, int64_t ldo) {
    vec sum[8][4]; /* R and V of these, in registers */
#pragma GCC unroll 8
    for (int r = 0; r < R; r++)
#pragma GCC unroll 8
        for (int v = 0; v < V; v++) sum[r][v] = load(init + r * ldi + v * LANES);
    for (int t = 0; t < count; t++) {
        const int64_t row = terms[t].row, column = terms[t].column, depth = terms[t].depth;
        const REAL *a = terms[t].a + m * row, *b = terms[t].b + n * depth;
        for (int64_t k = 0; k < depth; k++, a += column, b += V * LANES) {
            vec panel[4];
#pragma GCC unroll 8
            for (int v = 0; v < V; v++) panel[v] = load(b + v * LANES);
#pragma GCC unroll 8
            for (int r = 0; r < R; r++) {
                const REAL scale = a[r * row];
#pragma GCC unroll 8
                for (int v = 0; v < V; v++) sum[r][v] += scale * panel[v];
            }
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; r++)
#pragma GCC unroll 8
        for (int v = 0; v < V; v++) store(out + r * ldo + v * LANES, sum[r][v]);
}

#define TILE(R, V)                                                                                             \
    static void tile_##R##_##V(const Term *t, int c, int64_t m, int64_t n, const REAL *i, int64_t li, REAL *o, \
                               int64_t lo) {                                                                   \
        tile(R, V, t, c, m, n, i, li, o, lo);                                                                  \
    }
#define TILES_OF(V) TILE(1, V) TILE(2, V) TILE(3, V) TILE(4, V) TILE(5, V) TILE(6, V) TILE(7, V) TILE(8, V)
#define ROW_OF(V) {tile_1_##V, tile_2_##V, tile_3_##V, tile_4_##V, tile_5_##V, tile_6_##V, tile_7_##V, tile_8_##V}
TILES_OF(1) TILES_OF(2) TILES_OF(3) TILES_OF(4)
static Tile *const tiles[4][8] = {ROW_OF(1), ROW_OF(2), ROW_OF(3), ROW_OF(4)};

static inline int64_t pieces(int64_t n, int64_t most) { return (n + most - 1) / most; }
static inline int64_t piece(int64_t n, int64_t parts, int64_t i) { return n / parts + (i < n % parts); }

static void product(const Term *terms, int count, int64_t rows, int vectors, int wide, const REAL *init, int64_t ldi,
                    REAL *out, int64_t ldo) {
    const int64_t panels = pieces(vectors, wide), groups = pieces(rows, SUMS / wide);
    for (int64_t p = 0, n = 0; p < panels; p++) {
        const int64_t v = piece(vectors, panels, p);
        for (int64_t g = 0, m = 0; g < groups; g++) {
            const int64_t r = piece(rows, groups, g);
            tiles[v - 1][r - 1](terms, count, m, n, init + m * ldi + n, ldi, out + m * ldo + n, ldo);
            m += r;
        }
        n += v * LANES;
    }
}

/* The orders in which a shuffle of two vectors interleaves their first halves, and their second ones. */
static inline void interleaving(mask *low, mask *high) {
    for (int i = 0; i < LANES; i++) {
        (*low)[i] = i / 2 + i % 2 * LANES;
        (*high)[i] = (*low)[i] + LANES / 2;
    }
}

/* v[i] = w[i][0...] becomes its transpose: each round interleaves the first half of the rows with the second. */
static inline void transpose(vec *v) {
#ifdef __clang__
    REAL square[LANES][LANES];
    for (int i = 0; i < LANES; i++) store(square[i], v[i]);
    for (int i = 0; i < LANES; i++)
        for (int j = 0; j < LANES; j++) v[i][j] = square[j][i];
#else
    mask low, high;
    interleaving(&low, &high);
#pragma GCC unroll 4
    for (int round = 1; round < LANES; round *= 2) {
        vec next[LANES];
#pragma GCC unroll 16
        for (int i = 0; i < LANES / 2; i++) {
            next[2 * i] = __builtin_shuffle(v[i], v[i + LANES / 2], low);
            next[2 * i + 1] = __builtin_shuffle(v[i], v[i + LANES / 2], high);
        }
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) v[i] = next[i];
    }
#endif
}

/* Packs w (width, depth), transposed: b[k][n] = w[n][k] for n < width, 0 beyond. */
static void pack(const REAL *w, int64_t width, int64_t depth, int vectors, int wide, REAL *b) {
    const int64_t panels = pieces(vectors, wide);
    for (int64_t p = 0, n = 0; p < panels; p++) {
        const int64_t columns = piece(vectors, panels, p) * LANES;
        for (int64_t j = 0; j < columns; j += LANES)
            for (int64_t k = 0; k < depth; k += LANES) {
                const int64_t left = depth - k < LANES ? depth - k : LANES;
                vec square[LANES];
                for (int i = 0; i < LANES; i++)
                    square[i] = n + j + i < width ? load_some(w + (n + j + i) * depth + k, left) : (vec){0};
                transpose(square);
                for (int i = 0; i < left; i++) store(b + (k + i) * columns + j, square[i]);
            }
        b += depth * columns;
        n += columns;
    }
}

/* Packs w (used, width), its rows `ld` apart, as rows [at, at + rows) of (depth, vectors), 0 beyond w. */
static void pack_rows(const REAL *w, int64_t ld, int64_t used, int64_t rows, int64_t width, int64_t at, int64_t depth,
                      int vectors, int wide, REAL *b) {
    const int64_t panels = pieces(vectors, wide);
    for (int64_t p = 0, n = 0; p < panels; p++) {
        const int64_t columns = piece(vectors, panels, p) * LANES;
        for (int64_t k = 0; k < rows; k++)
            for (int64_t j = 0; j < columns; j += LANES)
                store(b + n * depth + (at + k) * columns + j,
                      k < used ? load_some(w + k * ld + n + j, width - n - j) : (vec){0});
        n += columns;
    }
}

/* Sums up groups of LANES vectors, each into one element of a vector, in order. */
static inline vec totals(const vec *v) {
#ifdef __clang__
    vec sums;
    for (int i = 0; i < LANES; i++) {
        sums[i] = 0;
        for (int j = 0; j < LANES; j++) sums[i] += v[i][j];
    }
    return sums;
#else
    mask low, high;
    interleaving(&low, &high);
    vec half[LANES];
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) half[i] = v[i];
#pragma GCC unroll 4
    for (int count = LANES / 2; count > 0; count /= 2)
#pragma GCC unroll 8
        for (int i = 0; i < count; i++)
            half[i] = __builtin_shuffle(half[i], half[i + count], low) + __builtin_shuffle(half[i], half[i + count], high);
    return half[0];
#endif
}

/* The last elements of a row that ends at `end`, from the first whole vector on that `rest` is the mask of; 0 before. */
static inline vec load_rest(const REAL *end, int64_t depth, mask rest) {
    if (depth >= LANES) return where(rest, load(end - LANES), (vec){0});
    return load_some(end - depth, depth);
}

enum { DOTS = 16 }; /* sums at a time: a multiple of LANES, as many as leave registers for what is multiplied */

/* out[m + r][n + u] for r < R and u < U with R U = DOTS; rows and columns beyond the last repeat it. */
static inline __attribute__((always_inline)) void dot(const int R, const int U, const Term *terms, int count, int64_t m,
                                                      int64_t rows, int64_t n, int64_t columns, const REAL *init,
                                                      int64_t ldi, REAL *out, int64_t ldo) {
    vec sum[DOTS] = {0};
    for (int t = 0; t < count; t++) {
        const int64_t depth = terms[t].depth, full = depth / LANES * LANES;
        const REAL *a[R], *b[U];
        for (int r = 0; r < R; r++) a[r] = terms[t].a + (m + r < rows ? m + r : rows - 1) * terms[t].row;
        for (int u = 0; u < U; u++) b[u] = terms[t].b + (n + u < columns ? n + u : columns - 1) * depth;
        for (int64_t k = 0; k < full; k += LANES) {
            vec row[R];
#pragma GCC unroll 4
            for (int r = 0; r < R; r++) row[r] = load(a[r] + k);
#pragma GCC unroll 16
            for (int u = 0; u < U; u++) {
                const vec column = load(b[u] + k);
#pragma GCC unroll 4
                for (int r = 0; r < R; r++) sum[r * U + u] += row[r] * column;
            }
        }
        if (full == depth) continue;
        mask rest;
        for (int i = 0; i < LANES; i++) rest[i] = -(i >= LANES - (depth - full));
        vec row[R];
#pragma GCC unroll 4
        for (int r = 0; r < R; r++) row[r] = load_rest(a[r] + depth, depth, rest);
#pragma GCC unroll 16
        for (int u = 0; u < U; u++) {
            const vec column = load_rest(b[u] + depth, depth, rest);
#pragma GCC unroll 4
            for (int r = 0; r < R; r++) sum[r * U + u] += row[r] * column;
        }
    }
    REAL found[DOTS];
#pragma GCC unroll 8
    for (int i = 0; i < DOTS; i += LANES) store(found + i, totals(sum + i));
    for (int r = 0; r < R && m + r < rows; r++)
        for (int u = 0; u < U && n + u < columns; u++)
            out[(m + r) * ldo + n + u] = init[(m + r) * ldi + n + u] + found[r * U + u];
}

/* `product` for few rows, with b unpacked, (columns, depth). */
static void dots(const Term *terms, int count, int64_t rows, int64_t columns, const REAL *init, int64_t ldi, REAL *out,
                 int64_t ldo) {
    const int64_t left = rows % 4, fours = left == 3 ? rows : rows - left;
    for (int64_t n = 0; fours && n < columns; n += DOTS / 4)
        for (int64_t m = 0; m < fours; m += 4) dot(4, DOTS / 4, terms, count, m, rows, n, columns, init, ldi, out, ldo);
    for (int64_t n = 0; left == 2 && n < columns; n += DOTS / 2)
        dot(2, DOTS / 2, terms, count, fours, rows, n, columns, init, ldi, out, ldo);
    for (int64_t n = 0; left == 1 && n < columns; n += DOTS)
        dot(1, DOTS, terms, count, fours, rows, n, columns, init, ldi, out, ldo);
}

/* `dots` for many rows: packs a panel of each b at a time into `space`, which holds panels of all terms. */
static void dots_of_many(const Term *terms, int count, int64_t rows, int64_t columns, const REAL *init, int64_t ldi,
                         REAL *out, int64_t ldo, REAL *space) {
    const int wide = wide_for(rows);
    const int64_t vectors = pieces(columns, LANES), panels = pieces(vectors, wide);
    for (int64_t p = 0, n = 0; p < panels; p++) {
        const int v = (int)piece(vectors, panels, p);
        Term packed[2];
        REAL *next = space;
        for (int t = 0; t < count; next += terms[t++].depth * v * LANES) {
            pack(terms[t].b + n * terms[t].depth, columns - n, terms[t].depth, v, wide, next);
            packed[t] = terms[t];
            packed[t].b = next;
        }
        product(packed, count, rows, v, wide, init + n, ldi, out + n, ldo);
        n += v * LANES;
    }
}
