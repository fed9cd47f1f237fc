/* Products of matrices: out = init + the sum of a b over terms, with b packed or, for a few rows, where it lies. */
#pragma once
#include <string.h>

#include "vectors.h"

typedef struct {
    const REAL *a;
    int64_t row, column, depth; /* strides of a; the dimension summed over */
    const REAL *b;              /* panels of at most WIDE vectors, each (depth, panel); for `dots` (columns, depth) */
} Term;

typedef void Tile(const Term *, int, int64_t, int64_t, const REAL *, int64_t, REAL *, int64_t);

static inline __attribute__((always_inline)) void tile(const int R, const int V, const Term *terms, int count, int64_t m,
                                                       int64_t n, const REAL *init, int64_t ldi, REAL *out, int64_t ldo) {
    vec sum[TALL][WIDE];
#pragma GCC unroll 8
    for (int r = 0; r < R; r++)
#pragma GCC unroll 8
        for (int v = 0; v < V; v++) sum[r][v] = load(init + r * ldi + v * LANES);
    for (int t = 0; t < count; t++) {
        const int64_t row = terms[t].row, column = terms[t].column, depth = terms[t].depth;
        const REAL *a = terms[t].a + m * row, *b = terms[t].b + n * depth;
        for (int64_t k = 0; k < depth; k++, a += column, b += V * LANES) {
            vec panel[WIDE];
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
#define TILES_OF(V) TILE(1, V) TILE(2, V) TILE(3, V) TILE(4, V) TILE(5, V) TILE(6, V)
#define ROW_OF(V) {tile_1_##V, tile_2_##V, tile_3_##V, tile_4_##V, tile_5_##V, tile_6_##V}
TILES_OF(1) TILES_OF(2) TILES_OF(3) TILES_OF(4)
static Tile *const tiles[4][TALL] = {ROW_OF(1), ROW_OF(2), ROW_OF(3), ROW_OF(4)};

static inline int64_t pieces(int64_t n, int64_t most) { return (n + most - 1) / most; }
static inline int64_t piece(int64_t n, int64_t parts, int64_t i) { return n / parts + (i < n % parts); }

static void product(const Term *terms, int count, int64_t rows, int vectors, const REAL *init, int64_t ldi, REAL *out,
                    int64_t ldo) {
    const int64_t panels = pieces(vectors, WIDE), groups = pieces(rows, TALL);
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

/* v[i] = w[i][0...] becomes its transpose: each round interleaves the first half of the rows with the second. */
static inline void transpose(vec *v) {
#ifdef __clang__
    REAL square[LANES][LANES];
    for (int i = 0; i < LANES; i++) store(square[i], v[i]);
    for (int i = 0; i < LANES; i++)
        for (int j = 0; j < LANES; j++) v[i][j] = square[j][i];
#else
    mask low, high;
    for (int i = 0; i < LANES; i++) {
        low[i] = i / 2 + i % 2 * LANES;
        high[i] = low[i] + LANES / 2;
    }
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
static void pack(const REAL *w, int64_t width, int64_t depth, int vectors, REAL *b) {
    const int64_t panels = pieces(vectors, WIDE);
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
                      int vectors, REAL *b) {
    const int64_t panels = pieces(vectors, WIDE);
    for (int64_t p = 0, n = 0; p < panels; p++) {
        const int64_t columns = piece(vectors, panels, p) * LANES;
        for (int64_t k = 0; k < rows; k++)
            for (int64_t j = 0; j < columns; j += LANES)
                store(b + n * depth + (at + k) * columns + j,
                      k < used ? load_some(w + k * ld + n + j, width - n - j) : (vec){0});
        n += columns;
    }
}

static inline REAL total(vec v) {
    REAL part[LANES];
    store(part, v);
#pragma GCC unroll 4
    for (int half = LANES / 2; half > 0; half /= 2)
#pragma GCC unroll 8
        for (int i = 0; i < half; i++) part[i] += part[i + half];
    return part[0];
}

static inline __attribute__((always_inline)) void dot(const int R, const int U, const Term *terms, int count, int64_t m,
                                                      int64_t n, const REAL *init, int64_t ldi, REAL *out, int64_t ldo) {
    vec sum[4][4] = {0};
    for (int t = 0; t < count; t++) {
        const int64_t depth = terms[t].depth;
        const REAL *a = terms[t].a + m * terms[t].row, *b = terms[t].b + n * depth;
        for (int64_t k = 0; k < depth; k += LANES) {
            vec column[4];
#pragma GCC unroll 4
            for (int u = 0; u < U; u++) column[u] = load_some(b + u * depth + k, depth - k);
#pragma GCC unroll 4
            for (int r = 0; r < R; r++) {
                const vec row = load_some(a + r * terms[t].row + k, depth - k);
#pragma GCC unroll 4
                for (int u = 0; u < U; u++) sum[r][u] += row * column[u];
            }
        }
    }
#pragma GCC unroll 4
    for (int r = 0; r < R; r++)
#pragma GCC unroll 4
        for (int u = 0; u < U; u++) out[r * ldo + u] = init[r * ldi + u] + total(sum[r][u]);
}

/* `product` for few rows and b unpacked, (columns, depth). */
static void dots(const Term *terms, int count, int64_t rows, int64_t columns, const REAL *init, int64_t ldi, REAL *out,
                 int64_t ldo) {
    for (int64_t m = 0; m < rows; m += 1 + (rows - m > 1))
        for (int64_t n = 0; n < columns; n += columns - n < 4 ? 1 : 4) {
            const REAL *i = init + m * ldi + n;
            REAL *o = out + m * ldo + n;
            if (rows - m > 1 && columns - n >= 4) dot(2, 4, terms, count, m, n, i, ldi, o, ldo);
            else if (rows - m > 1) dot(2, 1, terms, count, m, n, i, ldi, o, ldo);
            else if (columns - n >= 4) dot(1, 4, terms, count, m, n, i, ldi, o, ldo);
            else dot(1, 1, terms, count, m, n, i, ldi, o, ldo);
        }
}
