/* A team of threads for one call, and the barrier at which they meet. */
#pragma once
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

enum { SPINS = 2000 }; /* some ten microseconds; then others get the processor */

typedef struct {
    _Alignas(64) atomic_int arrived;
    _Alignas(64) atomic_int phase;
} Barrier;

/* Returns once `parties` threads are here; what they wrote before is seen by all. */
static void meet(Barrier *b, int64_t parties) {
    if (parties == 1) return;
    const int phase = atomic_load_explicit(&b->phase, memory_order_acquire);
    if (atomic_fetch_add_explicit(&b->arrived, 1, memory_order_acq_rel) + 1 == parties) {
        atomic_store_explicit(&b->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&b->phase, phase + 1, memory_order_release);
        return;
    }
    for (int spins = 0; atomic_load_explicit(&b->phase, memory_order_acquire) == phase; spins++) {
        if (spins > SPINS) sched_yield();
#if defined(__x86_64__)
        else __builtin_ia32_pause();
#endif
    }
}

/* What a thread of a team runs: its index, and how many there are. */
typedef void Body(void *data, int64_t index, int64_t count);

typedef struct {
    Body *body;
    void *data;
    int64_t most;
    int (*thread)(void), (*threads)(void);
    atomic_int taken;
    _Atomic int64_t count; /* 0 until it is known */
} Team;

static void in_openmp(void *argument) {
    Team *t = argument;
    const int64_t index = t->thread(), count = t->threads();
    t->body(t->data, index, count < t->most ? count : t->most);
}

static void *in_pthread(void *argument) {
    Team *t = argument;
    const int64_t index = 1 + atomic_fetch_add(&t->taken, 1);
    int64_t count;
    while ((count = atomic_load(&t->count)) == 0) sched_yield();
    t->body(t->data, index, count);
    return NULL;
}

/* Runs `body` in at most `most` threads, the caller's among them; an index from `count` on has nothing to do.

   They are those of the OpenMP runtime that torch has loaded, if it has: its threads wait for work by spinning, and
   others would have to share the processors with them. Asked for as many as torch itself uses, `all`, it keeps them. */
static void run_team(Body *body, void *data, int64_t most, int64_t all) {
    Team t = {.body = body, .data = data, .most = most};
    if (most <= 1) {
        body(data, 0, 1);
        return;
    }
    void (*parallel)(void (*)(void *), void *, unsigned, unsigned) = dlsym(RTLD_DEFAULT, "GOMP_parallel");
    t.thread = dlsym(RTLD_DEFAULT, "omp_get_thread_num");
    t.threads = dlsym(RTLD_DEFAULT, "omp_get_num_threads");
    if (parallel && t.thread && t.threads) {
        parallel(in_openmp, &t, (unsigned)all, 0);
        return;
    }
    pthread_t threads[most];
    int64_t started = 0;
    while (started < most - 1 && pthread_create(&threads[started], NULL, in_pthread, &t) == 0) started++;
    atomic_store(&t.count, started + 1);
    body(data, 0, started + 1);
    for (int64_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
}
