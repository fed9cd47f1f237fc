/* The memory that a call works in: one block, which the next call finds again. */
#pragma once
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

enum { MOST_KEPT = 1 << 26 }; /* bytes, while no call runs */

typedef struct {
    _Alignas(64) size_t bytes; /* that follow */
} Block;

/* Where memory is fresh, the system first clears each page. For the packed weights that takes longer than twenty steps of
   one row, and malloc may return pages to the system after every call, if they happen to end its heap. */
static _Atomic(Block *) kept;

/* Asks for large pages: a fresh buffer of tens of megabytes otherwise costs as much to fault in as to compute. */
static void advise(void *start, size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    const uintptr_t page = 1 << 21, from = ((uintptr_t)start + page - 1) & -page, to = ((uintptr_t)start + bytes) & -page;
    if (start && from < to) madvise((void *)from, to - from, MADV_HUGEPAGE);
#else
    (void)start, (void)bytes;
#endif
}

/* A part of a block: where its address goes, how many numbers it holds (0: no address either), whether they are zeros. */
typedef struct {
    REAL **to;
    int64_t count;
    int zeros;
} Part;

static size_t bytes_of(Part p) { return p.count ? (sizeof(REAL) * p.count + 127) / 64 * 64 : 0; }

/* A block of these parts, the kept one if it is large enough and in no other thread's hands; null if memory ran out. */
static Block *take(const Part *parts, int count) {
    size_t bytes = 0;
    for (int i = 0; i < count; i++) bytes += bytes_of(parts[i]);
    Block *block = atomic_exchange(&kept, NULL);
    if (!block || block->bytes < bytes) {
        free(block);
        if (!(block = aligned_alloc(64, sizeof(Block) + bytes))) return NULL;
        block->bytes = bytes;
        advise(block, bytes);
    }
    char *next = (char *)(block + 1);
    for (int i = 0; i < count; next += bytes_of(parts[i++])) {
        *parts[i].to = parts[i].count ? (REAL *)next : NULL;
        if (parts[i].zeros) memset(next, 0, sizeof(REAL) * parts[i].count);
    }
    return block;
}

static void give_back(Block *block) {
    if (block && block->bytes <= MOST_KEPT) block = atomic_exchange(&kept, block);
    free(block);
}
