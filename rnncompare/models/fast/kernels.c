/* One layer in one direction, forward and backward through all steps, for the LSTM, the GRU and the plain RNN.

   Compiled once with REAL=float and once with REAL=double. A step is one product (W_ih x_t + W_hh h_{t-1} + b, weights
   packed once a call, tiles of accumulators in registers) and one pass of pointwise work. Small batches take W_ih x_t
   for many steps at once, since each product reads all weights. The backward pass keeps the gates' gradients of a few
   steps in cache and adds their weight gradients from there.

   Threads share out the rows of a large batch, which needs no waiting, or the units of a small one, which meet after
   each step. Each owns some rows of the weight gradients, so nothing is summed twice and results do not depend on
   the number of threads. Hidden sizes are padded to whole vectors: padded weights are 0, and so stay padded values. */
#include "memory.h"
#include "products.h"
#include "team.h"

enum { CHUNK = 128 };          /* rows whose gates' gradients are kept for one product */
enum { SMALL = 16, BULK = 64 }; /* batches up to SMALL take W_ih x for BULK rows at once */
enum { FEW = 16 };             /* rows of all steps up to which packing the weights would take longer than using them */
enum { ROWS_EACH = 8 };        /* of the batch, at least, where threads share it out */
enum { LSTM, GRU, RNN_TANH, RNN_RELU };

/* The fields of `_Layer` in compiled.py. N counts rows of all steps, G gates; null pointers mean "not there". */
typedef struct {
    int64_t cell, steps, batch, input, hidden, reverse, threads, team;
    const int64_t *sizes;                         /* rows of each step, never growing; null if all are `batch` */
    const REAL *x, *w_ih, *w_hh, *b_ih, *b_hh;    /* (N, I), (G H, I), (G H, H), (G H,), (G H,) */
    const REAL *h_0, *c_0;                        /* (B, H); null for zeros */
    REAL *y, *h_n, *c_n;                          /* (N, H), (B, H), (B, H) */
    REAL *gates, *cells;                          /* saved for backward: (N, blocks, padded H), (N, padded H) */
    const REAL *dy, *dh_n, *dc_n;
    REAL *dx, *dw_ih, *dw_hh, *db_ih, *db_hh, *dh_0, *dc_0;
} Layer;

/* Gates lie in blocks of one padded hidden size. The input feeds blocks [0, from_x), the state [from_h, blocks): the
   GRU's are (W_in x, r, z, W_hn h), for its candidate keeps the two products apart. */
typedef struct {
    int blocks, from_x, from_h, vectors, wide;
    int64_t padded, row;
} Plan;

static Plan plan_of(const Layer *l) {
    Plan p = {4, 4, 0, (int)((l->hidden + LANES - 1) / LANES), wide_for(l->batch), 0, 0};
    if (l->cell == GRU) p.from_x = 3, p.from_h = 1;
    if (l->cell >= RNN_TANH) p.blocks = p.from_x = 1;
    p.padded = (int64_t)p.vectors * LANES;
    p.row = p.padded * p.blocks;
    return p;
}

/* Where block b of W_ih stands in torch's order; blocks of W_hh are in order. */
static int x_block(const Layer *l, int b) { return l->cell == GRU ? (b + 2) % 3 : b; }

/* ---- what the threads of a call share, and the part of one ---- */

typedef struct {
    const Layer *l;
    Plan p;
    Block *block;                         /* where all the numbers below lie */
    int64_t *sizes, *offset;              /* rows of each step, and where they begin among the N rows */
    int64_t rows;                         /* N */
    int64_t most;                         /* rows of a chunk of the backward pass */
    REAL *x_packed, *h_packed, *bias;
    REAL *panels;                         /* of the weights that each thread packs as it uses them */
    REAL *gates;                          /* of some steps, unless they are saved */
    REAL *h, *c;                          /* (B, padded H): the state, or its gradient */
    REAL *dg, *h_panels, *x_panels;       /* a chunk's gradients of gates, states before, inputs */
    REAL *h_tails, *x_tails;              /* the last columns of the weights' gradients, (blocks, H, LANES) */
    REAL *db, *zeros, *columns, *dx;      /* the last two for each thread */
    REAL *initial;                        /* zeros, where no initial state is given */
    Barrier barrier;
} Work;

typedef struct {
    int64_t index, parties;  /* parties: threads at work */
    int apart;               /* whether it need not wait for others within a step */
    int64_t first, rows;     /* its rows of the batch */
    int64_t start, vectors;  /* its vectors of units */
    int64_t slices, slice;   /* parts of the units, and which is its own */
} Share;

/* The share of a thread; its `parties` are at most `index` if it has none. */
static Share share_of(const Work *k, int64_t index, int64_t count) {
    int64_t groups = count;
    if (k->l->steps == 1) groups = 1; /* so that each packs the weights that it uses */
    while (groups > 1 && (count % groups || k->l->batch / groups < ROWS_EACH)) groups--;
    const int64_t slices = count / groups < k->p.vectors ? count / groups : k->p.vectors;
    const int64_t group = index / slices;
    Share s = {.index = index, .parties = groups * slices, .apart = slices == 1, .slices = slices, .slice = index % slices};
    for (int64_t i = 0; i <= group && group < groups; i++) {
        s.first += s.rows;
        s.rows = piece(k->l->batch, groups, i);
    }
    for (int64_t i = 0; i <= s.slice; i++) {
        s.start += s.vectors;
        s.vectors = piece(k->p.vectors, slices, i);
    }
    return s;
}

/* The vectors of slice i begin at `*start`. */
static int64_t slice(const Work *k, const Share *s, int64_t i, int64_t *start) {
    *start = 0;
    for (int64_t j = 0; j < i; j++) *start += piece(k->p.vectors, s->slices, j);
    return piece(k->p.vectors, s->slices, i);
}

static int64_t between(int64_t low, int64_t n, int64_t high) { return n < low ? low : n > high ? high : n; }

static int64_t active(const Work *k, const Share *s, int64_t t) { return between(0, k->sizes[t] - s->first, s->rows); }

/* The step before t in time's direction, or -1. */
static int64_t earlier(const Layer *l, int64_t t) {
    const int64_t last = l->reverse ? t + 1 : t - 1;
    return last < l->steps ? last : -1;
}

/* Row b of the batch in the state before step t: the step before it, or the initial state. */
static const REAL *before(const Work *k, int64_t t, int64_t b, const REAL *all, int64_t ld, const REAL *initial) {
    const int64_t last = earlier(k->l, t);
    if (last < 0 || b >= k->sizes[last]) return initial + b * k->l->hidden;
    return all + (k->offset[last] + b) * ld;
}

/* Copies a share's units of rows between (B, H) and (B, padded H). */
static void copy_units(const Work *k, const Share *s, const REAL *from, int64_t ld_from, REAL *to, int64_t ld_to) {
    const int64_t u = s->start * LANES, width = between(0, k->l->hidden - u, s->vectors * LANES);
    for (int64_t b = s->first; b < s->first + s->rows; b++)
        memcpy(to + b * ld_to + u, from + b * ld_from + u, sizeof(REAL) * width);
}

static void lstm_forward(const Work *k, const Share *s, int64_t n, REAL *gates, REAL *h, REAL *c, REAL *y, REAL *cells) {
    const int64_t P = k->p.padded, H = k->l->hidden, from = s->start * LANES, to = from + s->vectors * LANES;
    for (int64_t r = 0; r < n; r++, gates += k->p.row, h += P, c += P, y += H)
        for (int64_t u = from; u < to; u += LANES) {
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

static void gru_forward(const Work *k, const Share *s, int64_t n, REAL *gates, REAL *h, REAL *y) {
    const int64_t P = k->p.padded, H = k->l->hidden, from = s->start * LANES, to = from + s->vectors * LANES;
    for (int64_t q = 0; q < n; q++, gates += k->p.row, h += P, y += H)
        for (int64_t u = from; u < to; u += LANES) {
            vec r = sigmoid(load(gates + P + u)), z = sigmoid(load(gates + 2 * P + u));
            vec new = hyperbolic_tangent(load(gates + u) + r * load(gates + 3 * P + u));
            vec out = new + z * (load(h + u) - new);
            store(gates + u, new), store(gates + P + u, r), store(gates + 2 * P + u, z);
            store(h + u, out);
            store_some(y + u, out, H - u);
        }
}

static void rnn_forward(const Work *k, const Share *s, int64_t n, const REAL *gates, REAL *h, REAL *y) {
    const int64_t P = k->p.padded, H = k->l->hidden, from = s->start * LANES, to = from + s->vectors * LANES;
    const vec zero = {0};
    for (int64_t r = 0; r < n; r++, gates += P, h += P, y += H)
        for (int64_t u = from; u < to; u += LANES) {
            vec v = load(gates + u);
            v = k->l->cell == RNN_TANH ? hyperbolic_tangent(v) : where(v < zero, zero, v);
            store(h + u, v);
            store_some(y + u, v, H - u);
        }
}

/* Where the weights of a block begin: packed, for the vectors from `start`, or as they are. */
static const REAL *x_weights(const Work *k, int b, int64_t start) {
    const int64_t I = k->l->input;
    if (!k->x_packed) return k->l->w_ih + (x_block(k->l, b) * k->l->hidden + start * LANES) * I;
    return k->x_packed + (b * k->p.padded + start * LANES) * I;
}

static const REAL *h_weights(const Work *k, int b, int64_t start) {
    const int64_t H = k->l->hidden, from = b - k->p.from_h;
    if (!k->h_packed) return k->l->w_hh + (from * H + start * LANES) * H;
    return k->h_packed + (from * k->p.padded + start * LANES) * H;
}

/* The size of a panel of W_ih and one of W_hh. */
static int64_t panel_of(const Layer *l) { return (l->input + l->hidden) * WIDE * LANES; }

/* Adds W_ih x for n rows, or W_hh h, or both, to `gates`, which begin with the bias, or with what they hold. */
static void add_products(const Work *k, const Share *s, int64_t n, const REAL *x, const REAL *h, REAL *gates) {
    const Plan *p = &k->p;
    const int64_t I = k->l->input, H = k->l->hidden, u = s->start * LANES;
    for (int b = x ? 0 : p->from_h; n > 0 && b < (h ? p->blocks : p->from_x); b++) {
        Term terms[2];
        int count = 0;
        if (x && b < p->from_x) terms[count++] = (Term){x, I, 1, I, x_weights(k, b, s->start)};
        if (h && b >= p->from_h) terms[count++] = (Term){h, H, 1, H, h_weights(k, b, s->start)};
        const int64_t at = b * p->padded + u;
        const int again = !x && b < p->from_x;
        const int64_t ld = again ? p->row : 0, columns = between(0, H - u, s->vectors * LANES);
        const REAL *init = again ? gates + at : k->bias + at;
        if (k->h_packed) product(terms, count, n, (int)s->vectors, p->wide, init, ld, gates + at, p->row);
        else if (!k->panels) dots(terms, count, n, columns, init, ld, gates + at, p->row);
        else dots_of_many(terms, count, n, columns, init, ld, gates + at, p->row, k->panels + s->index * panel_of(k->l));
    }
}

static void pack_forward(const Work *k, const Share *s) {
    const Plan *p = &k->p;
    const int64_t I = k->l->input, H = k->l->hidden;
    for (int64_t job = s->index; job < p->blocks * s->slices; job += s->parties) {
        const int b = (int)(job / s->slices);
        int64_t start;
        const int vectors = (int)slice(k, s, job % s->slices, &start);
        const int64_t left = between(0, H - start * LANES, H), at = b * p->padded + start * LANES;
        if (b < p->from_x)
            pack(k->l->w_ih + (x_block(k->l, b) * H + start * LANES) * I, left, I, vectors, p->wide,
                 k->x_packed + at * I);
        if (b >= p->from_h)
            pack(k->l->w_hh + ((b - p->from_h) * H + start * LANES) * H, left, H, vectors, p->wide,
                 k->h_packed + (at - p->from_h * p->padded) * H);
    }
}

static void forward_share(void *work, int64_t index, int64_t count) {
    Work *k = work;
    const Layer *l = k->l;
    const Plan *p = &k->p;
    const Share share = share_of(k, index, count), *s = &share;
    if (index >= s->parties) return;
    const int64_t I = l->input, H = l->hidden, P = p->padded;
    const int64_t bulk = s->rows == l->batch && l->batch <= SMALL && l->steps > 1 ? pieces(BULK, l->batch) : 1;
    if (k->h_packed) pack_forward(k, s);
    copy_units(k, s, l->h_0, H, k->h, P);
    if (l->c_0) copy_units(k, s, l->c_0, H, k->c, P);
    meet(&k->barrier, s->parties);
    int64_t low = 0; /* the first row in `gates` */
    for (int64_t i = 0; i < l->steps; i++) {
        const int64_t t = l->reverse ? l->steps - 1 - i : i, n = active(k, s, t), last = earlier(l, t);
        if (i % bulk == 0) {
            const int64_t end = i + bulk < l->steps ? i + bulk - 1 : l->steps - 1, other = l->reverse ? l->steps - 1 - end : end;
            const int64_t a = t < other ? t : other, z = t < other ? other : t;
            low = k->offset[a];
            if (bulk > 1)
                add_products(k, s, k->offset[z] + k->sizes[z] - low, l->x + low * I, NULL,
                             l->gates ? l->gates + low * p->row : k->gates);
        }
        const int64_t at = k->offset[t] + s->first;
        const int64_t going = last < 0 ? 0 : between(0, k->sizes[last] - s->first, n); /* the others begin here */
        REAL *gates = l->gates ? l->gates + at * p->row : k->gates + (at - low) * p->row;
        const REAL *x = bulk > 1 ? NULL : l->x + at * I;
        if (going) add_products(k, s, going, x, l->y + (k->offset[last] + s->first) * H, gates);
        add_products(k, s, n - going, x ? x + going * I : NULL, l->h_0 + (s->first + going) * H, gates + going * p->row);
        REAL *h = k->h + s->first * P, *c = k->c + s->first * P, *y = l->y + at * H;
        if (l->cell == LSTM) lstm_forward(k, s, n, gates, h, c, y, l->cells ? l->cells + at * P : NULL);
        else if (l->cell == GRU) gru_forward(k, s, n, gates, h, y);
        else rnn_forward(k, s, n, gates, h, y);
        if (!s->apart) meet(&k->barrier, s->parties);
    }
    copy_units(k, s, k->h, P, l->h_n, H);
    if (l->c_n) copy_units(k, s, k->c, P, l->c_n, H);
}

/* The pointwise backward of step t: dh comes in as the gradient through later steps and leaves without the part that
   goes through W_hh; dg gets the gradients of the sums that entered the gates; db gathers their sums over rows. */
static void lstm_backward(const Work *k, const Share *s, int64_t t, int64_t n, REAL *dh, REAL *dc, REAL *dg) {
    const Layer *l = k->l;
    const int64_t P = k->p.padded, H = l->hidden, at = k->offset[t] + s->first;
    const int64_t from = s->start * LANES, to = from + s->vectors * LANES;
    for (int64_t r = 0; r < n; r++, dh += P, dc += P, dg += k->p.row) {
        const REAL *gates = l->gates + (at + r) * k->p.row, *cells = l->cells + (at + r) * P;
        const REAL *dy = l->dy ? l->dy + (at + r) * H : NULL, *past = before(k, t, s->first + r, l->cells, P, l->c_0);
        const int padded_past = past != l->c_0 + (s->first + r) * H;
        for (int64_t u = from; u < to; u += LANES) {
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

static void gru_backward(const Work *k, const Share *s, int64_t t, int64_t n, REAL *dh, REAL *dg) {
    const Layer *l = k->l;
    const int64_t P = k->p.padded, H = l->hidden, at = k->offset[t] + s->first;
    const int64_t from = s->start * LANES, to = from + s->vectors * LANES;
    for (int64_t q = 0; q < n; q++, dh += P, dg += k->p.row) {
        const REAL *gates = l->gates + (at + q) * k->p.row;
        const REAL *dy = l->dy ? l->dy + (at + q) * H : NULL, *past = before(k, t, s->first + q, l->y, H, l->h_0);
        for (int64_t u = from; u < to; u += LANES) {
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

static void rnn_backward(const Work *k, const Share *s, int64_t t, int64_t n, REAL *dh, REAL *dg) {
    const Layer *l = k->l;
    const int64_t P = k->p.padded, H = l->hidden, at = k->offset[t] + s->first;
    const int64_t from = s->start * LANES, to = from + s->vectors * LANES;
    const vec zero = {0};
    for (int64_t r = 0; r < n; r++, dh += P, dg += P) {
        const REAL *dy = l->dy ? l->dy + (at + r) * H : NULL, *y = l->y + (at + r) * H;
        for (int64_t u = from; u < to; u += LANES) {
            vec d = load(dh + u), v = load_some(y + u, H - u);
            if (dy) d += load_some(dy + u, H - u);
            store(dg + u, l->cell == RNN_TANH ? d * ((REAL)1 - v * v) : where(v == zero, zero, d)); /* d at NaN */
            store(dh + u, zero);
        }
    }
}

/* Zeros where units are padded: 0 times an infinite input is NaN there, which the products over all units would spread. */
static void clear_padding(const Work *k, const Share *s, int64_t n, REAL *dg) {
    const int64_t P = k->p.padded, H = k->l->hidden;
    if (s->start + s->vectors < k->p.vectors) return;
    for (REAL *block = dg; P > H && block < dg + n * k->p.row; block += P) memset(block + H, 0, sizeof(REAL) * (P - H));
}

/* The rows of a chunk: steps [from, to) in the order in which the backward pass takes them. */
typedef struct {
    int64_t from, to, rows;
} Chunk;

static int64_t step_back(const Layer *l, int64_t i) { return l->reverse ? i : l->steps - 1 - i; }

static Chunk next_chunk(const Work *k, int64_t from) {
    Chunk c = {from, from, 0};
    while (c.to < k->l->steps && c.rows + k->sizes[step_back(k->l, c.to)] <= k->most)
        c.rows += k->sizes[step_back(k->l, c.to++)];
    return c;
}

/* Packs this thread's part of the states before, and the inputs of, a chunk's rows. */
static void pack_chunk(const Work *k, const Share *s, Chunk c) {
    const Layer *l = k->l;
    const int64_t H = l->hidden, I = l->input, h_full = H / LANES * LANES, x_full = I / LANES * LANES;
    for (int64_t i = c.from, at = 0; i < c.to; i++) {
        const int64_t t = step_back(l, i);
        for (int64_t b = 0; b < k->sizes[t]; b++, at++) {
            if (at % s->parties != s->index) continue;
            const REAL *h = before(k, t, b, l->y, H, l->h_0), *x = l->x + (k->offset[t] + b) * I;
            if (l->dw_hh) {
                pack_rows(h, H, 1, 1, H, at, c.rows, (int)(h_full / LANES), k->p.wide, k->h_panels);
                store(k->h_panels + h_full * c.rows + at * LANES, load_some(h + h_full, H - h_full));
            }
            if (l->dw_ih) {
                pack_rows(x, I, 1, 1, I, at, c.rows, (int)(x_full / LANES), k->p.wide, k->x_panels);
                store(k->x_panels + x_full * c.rows + at * LANES, load_some(x + x_full, I - x_full));
            }
        }
    }
}

/* Adds `columns`^T panels to rows of a weight's gradient: whole vectors where they belong, the rest to `tail`. */
static void add_gradient(const Work *k, const Term *term, int64_t rows, int64_t width, int first, REAL *out, REAL *tail) {
    const int64_t full = width / LANES * LANES;
    if (full) product(term, 1, rows, (int)(full / LANES), k->p.wide, first ? k->zeros : out, first ? 0 : width, out, width);
    if (full == width) return;
    const Term rest = {term->a, term->row, term->column, term->depth, term->b + full * term->depth};
    product(&rest, 1, rows, 1, k->p.wide, first ? k->zeros : tail, first ? 0 : LANES, tail, LANES);
}

/* This thread's rows of dW_hh += dg^T h_before, dW_ih += dg^T x, and its part of db. */
static void add_weight_gradients(const Work *k, const Share *s, int64_t depth, int first) {
    const Layer *l = k->l;
    const Plan *p = &k->p;
    const int64_t H = l->hidden, I = l->input, P = p->padded, mine = piece(H, s->parties, s->index);
    const int64_t tall = SUMS / p->wide, groups = pieces(mine, tall);
    REAL *columns = k->columns + s->index * k->most * TALL;
    const Term h_term = {columns, 1, tall, depth, k->h_panels}, x_term = {columns, 1, tall, depth, k->x_panels};
    int64_t begin = 0;
    for (int64_t i = 0; i < s->index; i++) begin += piece(H, s->parties, i);
    for (int b = 0; b < p->blocks; b++)
        for (int64_t g = 0, u = begin; g < groups; g++) {
            const int64_t r = piece(mine, groups, g), h_row = (b - p->from_h) * H + u, x_row = x_block(l, b) * H + u;
            for (int64_t i = 0; i < depth; i++)
                memcpy(columns + i * tall, k->dg + i * p->row + b * P + u, sizeof(REAL) * tall);
            if (l->dw_hh && b >= p->from_h)
                add_gradient(k, &h_term, r, H, first, l->dw_hh + h_row * H, k->h_tails + h_row * LANES);
            if (l->dw_ih && b < p->from_x)
                add_gradient(k, &x_term, r, I, first, l->dw_ih + x_row * I, k->x_tails + x_row * LANES);
            u += r;
        }
    for (int64_t j = s->index * LANES; j < p->row; j += s->parties * LANES) {
        vec sum = load(k->db + j);
        for (int64_t i = 0; i < depth; i++) sum += load(k->dg + i * p->row + j);
        store(k->db + j, sum);
    }
}

/* Packs W for dg W: blocks stand below each other, each padded to P rows. */
static void pack_backward(const Work *k, const Share *s) {
    const Layer *l = k->l;
    const Plan *p = &k->p;
    const int64_t H = l->hidden, I = l->input, P = p->padded, depth = (p->blocks - p->from_h) * P;
    for (int64_t job = s->index; k->h_packed && job < (p->blocks - p->from_h) * s->slices; job += s->parties) {
        const int64_t b = job / s->slices;
        int64_t start;
        const int vectors = (int)slice(k, s, job % s->slices, &start);
        const int64_t n = start * LANES;
        pack_rows(l->w_hh + b * H * H + n, H, H, P, H - n, b * P, depth, vectors, p->wide,
                  k->h_packed + n * depth);
    }
    for (int64_t b = s->index; k->x_packed && b < p->from_x; b += s->parties)
        pack_rows(l->w_ih + x_block(l, (int)b) * H * I, I, H, P, I, b * P, p->from_x * P, (int)pieces(I, LANES),
                  p->wide, k->x_packed);
}

/* This thread's rows of dx for a chunk. */
static void input_gradient(const Work *k, const Share *s, Chunk c) {
    const Layer *l = k->l;
    const Plan *p = &k->p;
    const int64_t I = l->input, width = pieces(I, LANES) * LANES;
    REAL *dx = k->dx + s->index * TALL * width;
    int64_t at = 0;
    for (int64_t i = c.from; i < c.to; at += k->sizes[step_back(l, i++)]) {
        const int64_t t = step_back(l, i), groups = pieces(k->sizes[t], SUMS / p->wide);
        for (int64_t g = 0, b = 0; g < groups; g++) {
            const int64_t n = piece(k->sizes[t], groups, g);
            if ((i + g) % s->parties == s->index) {
                const Term down = {k->dg + (at + b) * p->row, p->row, 1, p->from_x * p->padded, k->x_packed};
                product(&down, 1, n, (int)(width / LANES), p->wide, k->zeros, 0, dx, width);
                for (int64_t r = 0; r < n; r++)
                    memcpy(l->dx + (k->offset[t] + b + r) * I, dx + r * width, sizeof(REAL) * I);
            }
            b += n;
        }
    }
}

static void backward_share(void *work, int64_t index, int64_t count) {
    Work *k = work;
    const Layer *l = k->l;
    const Plan *p = &k->p;
    const Share share = share_of(k, index, count), *s = &share;
    if (index >= s->parties) return;
    const int64_t H = l->hidden, I = l->input, P = p->padded, depth = (p->blocks - p->from_h) * P, u = s->start * LANES;
    REAL *dh = k->h + s->first * P, *dc = k->c + s->first * P;
    pack_backward(k, s);
    if (l->dh_n) copy_units(k, s, l->dh_n, H, k->h, P);
    if (l->dc_n) copy_units(k, s, l->dc_n, H, k->c, P);
    meet(&k->barrier, s->parties);
    for (Chunk c = next_chunk(k, 0); c.from < l->steps; c = next_chunk(k, c.to)) {
        REAL *dg = k->dg + s->first * p->row;
        pack_chunk(k, s, c);
        for (int64_t i = c.from; i < c.to; i++) {
            const int64_t t = step_back(l, i), n = active(k, s, t);
            if (l->cell == LSTM) lstm_backward(k, s, t, n, dh, dc, dg);
            else if (l->cell == GRU) gru_backward(k, s, t, n, dh, dg);
            else rnn_backward(k, s, t, n, dh, dg);
            clear_padding(k, s, n, dg);
            if (!s->apart) meet(&k->barrier, s->parties);
            if (n > 0 && (l->dh_0 || i + 1 < l->steps)) {
                const Term back = {dg + p->from_h * P, p->row, 1, depth, k->h_packed + u * depth};
                product(&back, 1, n, (int)s->vectors, p->wide, dh + u, P, dh + u, P);
            }
            dg += k->sizes[t] * p->row;
        }
        meet(&k->barrier, s->parties);
        if (l->dx) input_gradient(k, s, c);
        add_weight_gradients(k, s, c.rows, c.from == 0);
        meet(&k->barrier, s->parties);
    }
    if (l->dh_0) copy_units(k, s, k->h, P, l->dh_0, H);
    if (l->dc_0) copy_units(k, s, k->c, P, l->dc_0, H);
    for (int64_t r = index; l->dw_hh && r < (p->blocks - p->from_h) * H; r += s->parties)
        memcpy(l->dw_hh + r * H + H / LANES * LANES, k->h_tails + r * LANES, sizeof(REAL) * (H % LANES));
    for (int64_t r = index; l->dw_ih && r < p->from_x * H; r += s->parties)
        memcpy(l->dw_ih + r * I + I / LANES * LANES, k->x_tails + r * LANES, sizeof(REAL) * (I % LANES));
}

/* ---- the whole layer ---- */

/* Fills in the rows of each step; 0 if memory ran out. */
static int lay_out(Work *k) {
    const Layer *l = k->l;
    k->sizes = malloc(sizeof(int64_t) * l->steps), k->offset = malloc(sizeof(int64_t) * l->steps);
    if (!k->sizes || !k->offset) return 0;
    for (int64_t t = 0; t < l->steps; k->rows += k->sizes[t++]) {
        k->sizes[t] = l->sizes ? l->sizes[t] : l->batch;
        k->offset[t] = k->rows;
    }
    return 1;
}

/* The numbers in a state of zeros, if one is missing. */
static int64_t missing(const Layer *l) { return l->h_0 && (l->cell != LSTM || l->c_0) ? 0 : l->batch * l->hidden; }

static void fill_in(const Work *k, Layer *l) {
    if (!l->h_0) l->h_0 = k->initial;
    if (!l->c_0 && l->cell == LSTM) l->c_0 = k->initial;
}

static void release(Work *k) {
    give_back(k->block);
    free(k->sizes), free(k->offset);
}

int64_t lanes(void) { return LANES; }

/* Returns 0, or 1 if memory ran out. */
int forward(const Layer *given) {
    Layer own = *given, *l = &own;
    Work k = {.l = l, .p = plan_of(l)};
    const Plan *p = &k.p;
    const int64_t H = l->hidden, I = l->input, P = p->padded, B = l->batch;
    int ready = lay_out(&k);
    if (ready) {
        const int64_t N = k.rows, scratch = B > BULK ? B : between(0, BULK + B, N);
        const int pack = l->steps > 1 && N > FEW, use_panels = l->steps == 1 && N > FEW;
        const Part parts[] = {
            {&k.bias, p->row, 1},
            {&k.h, B * P, 1},
            {&k.c, B * P, 1},
            {&k.initial, missing(l), 1},
            {&k.gates, l->gates ? 0 : scratch * p->row, 1},
            {&k.x_packed, pack ? p->from_x * I * P : 0, 0},
            {&k.h_packed, pack ? (p->blocks - p->from_h) * H * P : 0, 0},
            {&k.panels, use_panels ? l->threads * panel_of(l) : 0, 0},
        };
        ready = (k.block = take(parts, sizeof(parts) / sizeof(*parts))) != NULL;
    }
    if (ready) {
        fill_in(&k, l);
        /* the padding, which `dots` leaves */
        if (k.rows <= FEW && l->gates && P > H) memset(l->gates, 0, sizeof(REAL) * k.rows * p->row);
        advise(l->gates, sizeof(REAL) * k.rows * p->row), advise(l->cells, sizeof(REAL) * k.rows * P);
        advise(l->y, sizeof(REAL) * k.rows * H);
        for (int b = 0; l->b_ih && b < p->from_x; b++)
            for (int64_t u = 0; u < H; u++) k.bias[b * P + u] += l->b_ih[x_block(l, b) * H + u];
        for (int b = p->from_h; l->b_hh && b < p->blocks; b++)
            for (int64_t u = 0; u < H; u++) k.bias[b * P + u] += l->b_hh[(b - p->from_h) * H + u];
        run_team(forward_share, &k, l->threads, l->team);
    }
    release(&k);
    return !ready;
}

/* Returns 0, or 1 if memory ran out. */
int backward(const Layer *given) {
    Layer own = *given, *l = &own;
    Work k = {.l = l, .p = plan_of(l)};
    const Plan *p = &k.p;
    const int64_t H = l->hidden, I = l->input, P = p->padded, B = l->batch, h_blocks = p->blocks - p->from_h;
    const int64_t width = pieces(I, LANES) * LANES;
    int ready = lay_out(&k);
    if (ready) {
        k.most = between(0, k.rows, B > CHUNK ? B : CHUNK);
        const Part parts[] = {
            {&k.h, B * P, 1},
            {&k.c, B * P, 1},
            {&k.initial, missing(l), 1},
            {&k.db, p->row, 1},
            {&k.zeros, P + width, 1},
            {&k.dg, k.most * p->row + TALL, 0},
            {&k.h_panels, k.most * (P + LANES), 0},
            {&k.x_panels, k.most * (width + LANES), 0},
            {&k.h_tails, h_blocks * H * LANES, 0},
            {&k.x_tails, p->from_x * H * LANES, 0},
            {&k.columns, l->threads * k.most * TALL, 0},
            {&k.dx, l->threads * TALL * width, 0},
            {&k.x_packed, l->dx ? p->from_x * P * width : 0, 0},
            {&k.h_packed, l->steps > 1 || l->dh_0 ? h_blocks * P * P : 0, 0},
        };
        ready = (k.block = take(parts, sizeof(parts) / sizeof(*parts))) != NULL;
    }
    if (ready) {
        fill_in(&k, l);
        run_team(backward_share, &k, l->threads, l->team);
        for (int b = 0; l->db_ih && b < p->from_x; b++)
            memcpy(l->db_ih + x_block(l, b) * H, k.db + b * P, sizeof(REAL) * H);
        for (int b = p->from_h; l->db_hh && b < p->blocks; b++)
            memcpy(l->db_hh + (b - p->from_h) * H, k.db + b * P, sizeof(REAL) * H);
    }
    release(&k);
    return !ready;
}
