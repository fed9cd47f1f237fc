/* One layer in one direction, forward and backward through all steps, for the LSTM, the GRU and the plain RNN.

   Compiled once with REAL=float and once with REAL=double. A step is one product (W_ih x_t + W_hh h_{t-1} + b, weights
   packed once a call, tiles of accumulators in registers) and one pass of pointwise work. The backward pass keeps the
   gates' gradients of a few steps in cache and adds their weight gradients from there. Threads share out the rows of
   the batch, each with its own sums, so no step waits for another thread.

   Hidden sizes are padded to whole vectors in private buffers: padded weights are 0, and so stay padded values. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#if defined(__AVX512F__)
enum { BYTES = 64, WIDE = 4, TALL = 6 }; /* 24 accumulators of 32 registers */
#elif defined(__AVX__)
enum { BYTES = 32, WIDE = 2, TALL = 6 }; /* 12 of 16 */
#elif defined(__x86_64__)
enum { BYTES = 16, WIDE = 2, TALL = 6 };
#else
enum { BYTES = 16, WIDE = 4, TALL = 6 }; /* 24 of 32 */
#endif
enum { LANES = BYTES / sizeof(REAL), CHUNK = 128 };
enum { LSTM, GRU, RNN_TANH, RNN_RELU };

typedef REAL vec __attribute__((vector_size(BYTES)));
typedef REAL loose __attribute__((vector_size(BYTES), aligned(sizeof(REAL)), may_alias));

/* The fields of `_Layer` in compiled.py. N counts rows of all steps, G gates; null pointers mean "not there". */
typedef struct {
    int64_t cell, steps, batch, input, hidden, reverse, threads;
    const int64_t *sizes;                         /* rows of each step, never growing */
    const REAL *x, *w_ih, *w_hh, *b_ih, *b_hh;    /* (N, I), (G H, I), (G H, H), (G H,), (G H,) */
    const REAL *h_0, *c_0;                        /* (B, H) */
    REAL *y, *h_n, *c_n;                          /* (N, H), (B, H), (B, H) */
    REAL *gates, *cells;                          /* saved for backward: (N, blocks, padded H), (N, padded H) */
    const REAL *dy, *dh_n, *dc_n;
    REAL *dx, *dw_ih, *dw_hh, *db_ih, *db_hh, *dh_0, *dc_0;
} Layer;

/* Gates lie in blocks of one padded hidden size. The input feeds blocks [0, from_x), the state [from_h, blocks): the
   GRU's are (W_in x, r, z, W_hn h), for its candidate keeps the two products apart. */
typedef struct {
    int blocks, from_x, from_h, vectors;
    int64_t padded, row;
} Plan;

static Plan plan_of(const Layer *l) {
    Plan p = {4, 4, 0, (int)((l->hidden + LANES - 1) / LANES), 0, 0};
    if (l->cell == GRU) p.from_x = 3, p.from_h = 1;
    if (l->cell >= RNN_TANH) p.blocks = p.from_x = 1;
    p.padded = (int64_t)p.vectors * LANES;
    p.row = p.padded * p.blocks;
    return p;
}

/* Where block b of W_ih stands in torch's order; blocks of W_hh are in order. */
static int x_block(const Layer *l, int b) { return l->cell == GRU ? (b + 2) % 3 : b; }

/* ---- vectors ---- */

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

/* ---- products: out = init + sum over terms of a b, with b packed ---- */

typedef struct {
    const REAL *a;
    int64_t row, column, depth; /* strides of a; the dimension summed over */
    const REAL *b;              /* panels of at most WIDE vectors, each (depth, panel) */
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

/* Packs one block: b[k][n] = w[n * across + k * down], n < width, 0 beyond; `depth` is padded with 0 past `used`. */
static void pack(const REAL *w, int64_t across, int64_t down, int64_t width, int64_t used, int64_t depth, int vectors,
                 REAL *b) {
    const int64_t panels = pieces(vectors, WIDE);
    for (int64_t p = 0, n = 0; p < panels; p++) {
        const int64_t columns = piece(vectors, panels, p) * LANES;
        const int64_t real = width - n < columns ? width - n : columns;
        memset(b, 0, sizeof(REAL) * depth * columns);
        for (int64_t start = 0; start < used; start += LANES) {
            const int64_t end = start + LANES < used ? start + LANES : used;
            for (int64_t j = 0; j < real; j++)
                for (int64_t k = start; k < end; k++) b[k * columns + j] = w[(n + j) * across + k * down];
        }
        b += depth * columns;
        n += columns;
    }
}

/* The same for rows that lie apart, all `width` wide. */
static void pack_rows(const REAL *const *rows, int64_t depth, int64_t width, int vectors, REAL *b) {
    const int64_t panels = pieces(vectors, WIDE);
    for (int64_t p = 0, n = 0; p < panels; p++) {
        const int64_t v = piece(vectors, panels, p);
        for (int64_t k = 0; k < depth; k++)
            for (int64_t i = 0; i < v; i++, b += LANES)
                *(loose *)b = load_some(rows[k] + n + i * LANES, width - n - i * LANES);
        n += v * LANES;
    }
}

/* ---- one thread's share ---- */

typedef struct {
    const Layer *l;
    Plan p;
    int64_t first, rows;                  /* its rows of the batch */
    const REAL *x_packed, *h_packed, *bias;
    const int64_t *offset;                /* where each step begins among the N rows */
    REAL *dw_ih, *dw_hh, *db;             /* its sums, padded */
    int backward, failed;
} Share;

static REAL *space(int64_t count) { return aligned_alloc(64, (sizeof(REAL) * (count > 0 ? count : 1) + 127) / 64 * 64); }

static int64_t active(const Share *s, int64_t t) {
    const int64_t n = s->l->sizes[t] - s->first;
    return n < 0 ? 0 : n < s->rows ? n : s->rows;
}

/* Row r of the state before step t: the step before it in time's direction, or the initial state. */
static const REAL *before(const Share *s, int64_t t, int64_t r, const REAL *all, int64_t ld, const REAL *initial,
                          int64_t ld_initial) {
    const int64_t b = s->first + r, last = s->l->reverse ? t + 1 : t - 1;
    if (last < 0 || last >= s->l->steps || b >= s->l->sizes[last]) return initial + b * ld_initial;
    return all + (s->offset[last] + b) * ld;
}

static void copy_rows(const REAL *from, int64_t ld_from, REAL *to, int64_t ld_to, int64_t rows, int64_t width) {
    for (int64_t r = 0; r < rows; r++) memcpy(to + r * ld_to, from + r * ld_from, sizeof(REAL) * width);
}

static void lstm_forward(const Share *s, int64_t n, REAL *gates, REAL *h, REAL *c, REAL *y, REAL *cells) {
    const int64_t P = s->p.padded, H = s->l->hidden;
    for (int64_t r = 0; r < n; r++, gates += s->p.row, h += P, c += P, y += H)
        for (int64_t u = 0; u < P; u += LANES) {
            vec i = sigmoid(load(gates + u)), f = sigmoid(load(gates + P + u));
            vec g = hyperbolic_tangent(load(gates + 2 * P + u)), o = sigmoid(load(gates + 3 * P + u));
            vec cell = f * load(c + u) + i * g, out = o * hyperbolic_tangent(cell);
            store(c + u, cell);
            store(h + u, out);
            store_some(y + u, out, H - u);
            if (!cells) continue;
            store(gates + u, i), store(gates + P + u, f), store(gates + 2 * P + u, g), store(gates + 3 * P + u, o);
            store(cells + r * P + u, cell);
        }
}

static void gru_forward(const Share *s, int64_t n, REAL *gates, REAL *h, REAL *y) {
    const int64_t P = s->p.padded, H = s->l->hidden;
    for (int64_t q = 0; q < n; q++, gates += s->p.row, h += P, y += H)
        for (int64_t u = 0; u < P; u += LANES) {
            vec r = sigmoid(load(gates + P + u)), z = sigmoid(load(gates + 2 * P + u));
            vec new = hyperbolic_tangent(load(gates + u) + r * load(gates + 3 * P + u));
            vec out = new + z * (load(h + u) - new);
            store(gates + u, new), store(gates + P + u, r), store(gates + 2 * P + u, z);
            store(h + u, out);
            store_some(y + u, out, H - u);
        }
}

static void rnn_forward(const Share *s, int64_t n, const REAL *gates, REAL *h, REAL *y) {
    const int64_t P = s->p.padded, H = s->l->hidden;
    const vec zero = {0};
    for (int64_t r = 0; r < n; r++, gates += P, h += P, y += H)
        for (int64_t u = 0; u < P; u += LANES) {
            vec v = load(gates + u);
            v = s->l->cell == RNN_TANH ? hyperbolic_tangent(v) : where(v < zero, zero, v);
            store(h + u, v);
            store_some(y + u, v, H - u);
        }
}

static void step_products(const Share *s, int64_t n, const REAL *x, const REAL *h, REAL *gates) {
    const Plan *p = &s->p;
    const int64_t I = s->l->input, H = s->l->hidden, P = p->padded;
    for (int b = 0; b < p->blocks; b++) {
        Term terms[2];
        int count = 0;
        if (b < p->from_x) terms[count++] = (Term){x, I, 1, I, s->x_packed + b * I * P};
        if (b >= p->from_h) terms[count++] = (Term){h, P, 1, H, s->h_packed + (b - p->from_h) * H * P};
        product(terms, count, n, p->vectors, s->bias + b * P, 0, gates + b * P, p->row);
    }
}

static void forward_share(Share *s) {
    const Layer *l = s->l;
    const Plan *p = &s->p;
    const int64_t H = l->hidden, P = p->padded, kept = l->gates ? 0 : s->rows * p->row;
    REAL *h = space(s->rows * P), *c = space(s->rows * P), *scratch = space(kept);
    s->failed = !h || !c || !scratch;
    if (!s->failed) {
        memset(h, 0, sizeof(REAL) * s->rows * P);
        memset(c, 0, sizeof(REAL) * s->rows * P);
        copy_rows(l->h_0 + s->first * H, H, h, P, s->rows, H);
        if (l->c_0) copy_rows(l->c_0 + s->first * H, H, c, P, s->rows, H);
        for (int64_t i = 0; i < l->steps; i++) {
            const int64_t t = l->reverse ? l->steps - 1 - i : i, n = active(s, t), at = s->offset[t] + s->first;
            if (n == 0) continue;
            REAL *gates = l->gates ? l->gates + at * p->row : scratch, *y = l->y + at * H;
            step_products(s, n, l->x + at * l->input, h, gates);
            if (l->cell == LSTM) lstm_forward(s, n, gates, h, c, y, l->cells ? l->cells + at * P : NULL);
            else if (l->cell == GRU) gru_forward(s, n, gates, h, y);
            else rnn_forward(s, n, gates, h, y);
        }
        copy_rows(h, P, l->h_n + s->first * H, H, s->rows, H);
        if (l->c_n) copy_rows(c, P, l->c_n + s->first * H, H, s->rows, H);
    }
    free(h), free(c), free(scratch);
}

/* The pointwise backward of step t: dh comes in as the gradient through later steps and leaves without the part that
   goes through W_hh; dg gets the gradients of the sums that entered the gates; db gathers their sums over rows. */
static void lstm_backward(const Share *s, int64_t t, int64_t n, REAL *dh, REAL *dc, REAL *dg) {
    const Layer *l = s->l;
    const int64_t P = s->p.padded, H = l->hidden, at = s->offset[t] + s->first;
    for (int64_t r = 0; r < n; r++, dh += P, dc += P, dg += s->p.row) {
        const REAL *gates = l->gates + (at + r) * s->p.row, *cells = l->cells + (at + r) * P;
        const REAL *dy = l->dy ? l->dy + (at + r) * H : NULL, *past = before(s, t, r, l->cells, P, l->c_0, H);
        const int padded_past = past != l->c_0 + (s->first + r) * H;
        for (int64_t u = 0; u < P; u += LANES) {
            vec i = load(gates + u), f = load(gates + P + u), g = load(gates + 2 * P + u), o = load(gates + 3 * P + u);
            vec tc = hyperbolic_tangent(load(cells + u)), d = load(dh + u);
            vec c = padded_past ? load(past + u) : load_some(past + u, H - u);
            if (dy) d += load_some(dy + u, H - u);
            vec dcell = load(dc + u) + d * o * ((REAL)1 - tc * tc);
            vec di = dcell * g * i * ((REAL)1 - i), df = dcell * c * f * ((REAL)1 - f);
            vec dn = dcell * i * ((REAL)1 - g * g), dout = d * tc * o * ((REAL)1 - o);
            store(dg + u, di), store(dg + P + u, df), store(dg + 2 * P + u, dn), store(dg + 3 * P + u, dout);
            store(dc + u, dcell * f);
            store(dh + u, (vec){0});
        }
    }
}

static void gru_backward(const Share *s, int64_t t, int64_t n, REAL *dh, REAL *dg) {
    const Layer *l = s->l;
    const int64_t P = s->p.padded, H = l->hidden, at = s->offset[t] + s->first;
    for (int64_t q = 0; q < n; q++, dh += P, dg += s->p.row) {
        const REAL *gates = l->gates + (at + q) * s->p.row;
        const REAL *dy = l->dy ? l->dy + (at + q) * H : NULL, *past = before(s, t, q, l->y, H, l->h_0, H);
        for (int64_t u = 0; u < P; u += LANES) {
            vec new = load(gates + u), r = load(gates + P + u), z = load(gates + 2 * P + u), hn = load(gates + 3 * P + u);
            vec d = load(dh + u);
            if (dy) d += load_some(dy + u, H - u);
            vec dnew = d * ((REAL)1 - z) * ((REAL)1 - new * new);
            vec dz = d * (load_some(past + u, H - u) - new) * z * ((REAL)1 - z);
            vec dr = dnew * hn * r * ((REAL)1 - r);
            store(dg + u, dnew), store(dg + P + u, dr), store(dg + 2 * P + u, dz), store(dg + 3 * P + u, dnew * r);
            store(dh + u, d * z);
        }
    }
}

static void rnn_backward(const Share *s, int64_t t, int64_t n, REAL *dh, REAL *dg) {
    const Layer *l = s->l;
    const int64_t P = s->p.padded, H = l->hidden, at = s->offset[t] + s->first;
    const vec zero = {0};
    for (int64_t r = 0; r < n; r++, dh += P, dg += P) {
        const REAL *dy = l->dy ? l->dy + (at + r) * H : NULL, *y = l->y + (at + r) * H;
        for (int64_t u = 0; u < P; u += LANES) {
            vec d = load(dh + u), v = load_some(y + u, H - u);
            if (dy) d += load_some(dy + u, H - u);
            store(dg + u, l->cell == RNN_TANH ? d * ((REAL)1 - v * v) : where(v > zero, d, zero));
            store(dh + u, zero);
        }
    }
}

/* Adds the weight gradients of `depth` rows of gate gradients: dW_hh += dg^T h_before, dW_ih += dg^T x. */
static void add_weight_gradients(const Share *s, const REAL *dg, int64_t depth, const REAL *const *h_rows,
                                 const REAL *const *x_rows, REAL *h_panels, REAL *x_panels, REAL *columns) {
    const Plan *p = &s->p;
    const int64_t H = s->l->hidden, I = s->l->input, P = p->padded, groups = pieces(H, TALL);
    const int x_vectors = (int)pieces(I, LANES);
    const int64_t x_width = (int64_t)x_vectors * LANES;
    if (s->dw_hh) pack_rows(h_rows, depth, H, p->vectors, h_panels);
    if (s->dw_ih) pack_rows(x_rows, depth, I, x_vectors, x_panels);
    const Term h_term = {columns, 1, TALL, depth, h_panels}, x_term = {columns, 1, TALL, depth, x_panels};
    for (int b = 0; b < p->blocks; b++)
        for (int64_t g = 0, u = 0; g < groups; g++) {
            const int64_t r = piece(H, groups, g);
            for (int64_t k = 0; k < depth; k++)
                memcpy(columns + k * TALL, dg + k * p->row + b * P + u, sizeof(REAL) * TALL);
            if (s->dw_hh && b >= p->from_h) {
                REAL *sum = s->dw_hh + ((b - p->from_h) * H + u) * P;
                product(&h_term, 1, r, p->vectors, sum, P, sum, P);
            }
            if (s->dw_ih && b < p->from_x) {
                REAL *sum = s->dw_ih + (b * H + u) * x_width;
                product(&x_term, 1, r, x_vectors, sum, x_width, sum, x_width);
            }
            u += r;
        }
    for (int64_t k = 0; s->db && k < depth; k++)
        for (int64_t j = 0; j < p->row; j += LANES) store(s->db + j, load(s->db + j) + load(dg + k * p->row + j));
}

static void backward_share(Share *s) {
    const Layer *l = s->l;
    const Plan *p = &s->p;
    const int64_t H = l->hidden, I = l->input, P = p->padded, most = s->rows > CHUNK ? s->rows : CHUNK;
    const int x_vectors = (int)pieces(I, LANES);
    const int64_t x_width = (int64_t)x_vectors * LANES;
    REAL *dh = space(s->rows * P), *dc = space(s->rows * P), *dg = space(most * p->row + TALL);
    REAL *h_panels = space(most * P), *x_panels = space(most * x_width), *columns = space(most * TALL);
    REAL *zeros = space(P + x_width), *dx = space(s->rows * x_width);
    const REAL **h_rows = malloc(sizeof(REAL *) * most), **x_rows = malloc(sizeof(REAL *) * most);
    s->failed = !dh || !dc || !dg || !h_panels || !x_panels || !columns || !zeros || !dx || !h_rows || !x_rows;
    if (!s->failed) {
        memset(dh, 0, sizeof(REAL) * s->rows * P);
        memset(dc, 0, sizeof(REAL) * s->rows * P);
        memset(zeros, 0, sizeof(REAL) * (P + x_width));
        if (l->dh_n) copy_rows(l->dh_n + s->first * H, H, dh, P, s->rows, H);
        if (l->dc_n) copy_rows(l->dc_n + s->first * H, H, dc, P, s->rows, H);
        int64_t depth = 0;
        for (int64_t i = l->steps - 1; i >= 0; i--) {
            const int64_t t = l->reverse ? l->steps - 1 - i : i, n = active(s, t), at = s->offset[t] + s->first;
            if (n == 0) continue;
            if (depth + n > most) {
                add_weight_gradients(s, dg, depth, h_rows, x_rows, h_panels, x_panels, columns);
                depth = 0;
            }
            REAL *d = dg + depth * p->row;
            if (l->cell == LSTM) lstm_backward(s, t, n, dh, dc, d);
            else if (l->cell == GRU) gru_backward(s, t, n, dh, d);
            else rnn_backward(s, t, n, dh, d);
            const Term back = {d + p->from_h * P, p->row, 1, (p->blocks - p->from_h) * P, s->h_packed};
            product(&back, 1, n, p->vectors, dh, P, dh, P);
            if (l->dx) {
                const Term down = {d, p->row, 1, p->from_x * P, s->x_packed};
                product(&down, 1, n, x_vectors, zeros, 0, dx, x_width);
                copy_rows(dx, x_width, l->dx + at * I, I, n, I);
            }
            for (int64_t r = 0; r < n; r++) {
                h_rows[depth + r] = before(s, t, r, l->y, H, l->h_0, H);
                x_rows[depth + r] = l->x + (at + r) * I;
            }
            depth += n;
        }
        add_weight_gradients(s, dg, depth, h_rows, x_rows, h_panels, x_panels, columns);
        if (l->dh_0) copy_rows(dh, P, l->dh_0 + s->first * H, H, s->rows, H);
        if (l->dc_0) copy_rows(dc, P, l->dc_0 + s->first * H, H, s->rows, H);
    }
    free(dh), free(dc), free(dg), free(h_panels), free(x_panels), free(columns), free(zeros), free(dx);
    free(h_rows), free(x_rows);
}

/* ---- the whole layer ---- */

static void *run(void *share) {
    Share *s = share;
    if (s->backward) backward_share(s);
    else forward_share(s);
    return NULL;
}

/* Runs all shares, the first in the caller; a thread that cannot be started is run there as well. */
static int run_all(Share *shares, int64_t count) {
    pthread_t threads[count];
    int started[count], failed = 0;
    for (int64_t i = 1; i < count; i++) started[i] = pthread_create(&threads[i], NULL, run, &shares[i]) == 0;
    run(&shares[0]);
    for (int64_t i = 1; i < count; i++) {
        if (started[i]) pthread_join(threads[i], NULL);
        else run(&shares[i]);
    }
    for (int64_t i = 0; i < count; i++) failed |= shares[i].failed;
    return failed;
}

static void share_out(const Layer *l, Share common, Share *shares, int64_t count) {
    for (int64_t i = 0, first = 0; i < count; i++) {
        shares[i] = common;
        shares[i].first = first;
        shares[i].rows = piece(l->batch, count, i);
        first += shares[i].rows;
    }
}

static int64_t *offsets_of(const Layer *l) {
    int64_t *offset = malloc(sizeof(int64_t) * (l->steps + 1));
    for (int64_t t = 0, at = 0; offset && t < l->steps; at += l->sizes[t++]) offset[t] = at;
    return offset;
}

/* Asks for large pages: a fresh buffer of tens of megabytes otherwise costs as much to fault in as to compute. */
static void advise(void *start, size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    const uintptr_t page = 1 << 21, from = ((uintptr_t)start + page - 1) & -page, to = ((uintptr_t)start + bytes) & -page;
    if (start && from < to) madvise((void *)from, to - from, MADV_HUGEPAGE);
#else
    (void)start, (void)bytes;
#endif
}

int64_t lanes(void) { return LANES; }

/* Returns 0, or 1 if memory ran out. */
int forward(const Layer *l) {
    const Plan p = plan_of(l);
    const int64_t H = l->hidden, I = l->input, P = p.padded, count = l->threads;
    REAL *x_packed = space(p.from_x * I * P), *h_packed = space((p.blocks - p.from_h) * H * P), *bias = space(p.row);
    int64_t *offset = offsets_of(l);
    int failed = !x_packed || !h_packed || !bias || !offset;
    if (!failed) {
        const size_t all = sizeof(REAL) * (offset[l->steps - 1] + l->sizes[l->steps - 1]);
        advise(l->gates, all * p.row), advise(l->cells, all * P), advise(l->y, all * H);
        memset(bias, 0, sizeof(REAL) * p.row);
        for (int b = 0; b < p.from_x; b++) {
            const int from = x_block(l, b);
            pack(l->w_ih + from * H * I, I, 1, H, I, I, p.vectors, x_packed + b * I * P);
            for (int64_t u = 0; l->b_ih && u < H; u++) bias[b * P + u] += l->b_ih[from * H + u];
        }
        for (int b = p.from_h; b < p.blocks; b++) {
            const int from = b - p.from_h;
            pack(l->w_hh + from * H * H, H, 1, H, H, H, p.vectors, h_packed + from * H * P);
            for (int64_t u = 0; l->b_hh && u < H; u++) bias[b * P + u] += l->b_hh[from * H + u];
        }
        Share shares[count];
        share_out(l, (Share){.l = l, .p = p, .x_packed = x_packed, .h_packed = h_packed, .bias = bias, .offset = offset},
                  shares, count);
        failed = run_all(shares, count);
    }
    free(x_packed), free(h_packed), free(bias), free(offset);
    return failed;
}

/* Packs W for dg W: blocks stand below each other, each padded to P rows. */
static void pack_transposed(const Layer *l, const Plan *p, const REAL *w, int for_x, int64_t width, int vectors, REAL *b) {
    const int blocks = for_x ? p->from_x : p->blocks - p->from_h;
    const int64_t H = l->hidden, P = p->padded, depth = blocks * P, panels = pieces(vectors, WIDE);
    memset(b, 0, sizeof(REAL) * depth * vectors * LANES);
    for (int64_t q = 0, n = 0; q < panels; q++) {
        const int64_t columns = piece(vectors, panels, q) * LANES, real = width - n < columns ? width - n : columns;
        for (int j = 0; j < blocks; j++) {
            const REAL *from = w + (for_x ? x_block(l, j) : j) * H * width + n;
            copy_rows(from, width, b + n * depth + j * P * columns, columns, H, real);
        }
        n += columns;
    }
}

/* Sums the shares' weight gradients (blocks of H rows, ld wide) into torch's order and width. */
static void gather(const Layer *l, const REAL *sums, int64_t count, int64_t blocks, int for_x, int64_t ld, int64_t width,
                   REAL *out) {
    const int64_t H = l->hidden;
    for (int64_t b = 0; b < blocks; b++)
        for (int64_t u = 0; u < H; u++) {
            REAL *to = out + ((for_x ? x_block(l, (int)b) : b) * H + u) * width;
            memcpy(to, sums + (b * H + u) * ld, sizeof(REAL) * width);
            for (int64_t i = 1; i < count; i++)
                for (int64_t j = 0; j < width; j++) to[j] += sums[((i * blocks + b) * H + u) * ld + j];
        }
}

/* Returns 0, or 1 if memory ran out. */
int backward(const Layer *l) {
    const Plan p = plan_of(l);
    const int64_t H = l->hidden, I = l->input, P = p.padded, count = l->threads, h_blocks = p.blocks - p.from_h;
    const int x_vectors = (int)pieces(I, LANES);
    const int64_t x_width = (int64_t)x_vectors * LANES, ih = p.from_x * H * x_width, hh = h_blocks * H * P;
    REAL *x_packed = space(l->dx ? p.from_x * P * x_width : 0), *h_packed = space(h_blocks * P * P);
    REAL *sums = space(count * (ih + hh + p.row));
    int64_t *offset = offsets_of(l);
    int failed = !x_packed || !h_packed || !sums || !offset;
    if (!failed) {
        memset(sums, 0, sizeof(REAL) * count * (ih + hh + p.row));
        REAL *dw_hh = sums, *dw_ih = sums + count * hh, *db = dw_ih + count * ih;
        if (l->dx) pack_transposed(l, &p, l->w_ih, 1, I, x_vectors, x_packed);
        pack_transposed(l, &p, l->w_hh, 0, H, p.vectors, h_packed);
        Share shares[count];
        share_out(l, (Share){.l = l, .p = p, .x_packed = x_packed, .h_packed = h_packed, .offset = offset, .backward = 1},
                  shares, count);
        for (int64_t i = 0; i < count; i++) {
            shares[i].dw_hh = l->dw_hh ? dw_hh + i * hh : NULL;
            shares[i].dw_ih = l->dw_ih ? dw_ih + i * ih : NULL;
            shares[i].db = l->db_ih || l->db_hh ? db + i * p.row : NULL;
        }
        failed = run_all(shares, count);
        if (l->dw_hh) gather(l, dw_hh, count, h_blocks, 0, P, H, l->dw_hh);
        if (l->dw_ih) gather(l, dw_ih, count, p.from_x, 1, x_width, I, l->dw_ih);
        for (int64_t i = 1; i < count; i++)
            for (int64_t j = 0; j < p.row; j++) db[j] += db[i * p.row + j];
        for (int b = 0; l->db_ih && b < p.from_x; b++) memcpy(l->db_ih + x_block(l, b) * H, db + b * P, sizeof(REAL) * H);
        for (int b = p.from_h; l->db_hh && b < p.blocks; b++)
            memcpy(l->db_hh + (b - p.from_h) * H, db + b * P, sizeof(REAL) * H);
    }
    free(x_packed), free(h_packed), free(sums), free(offset);
    return failed;
}
