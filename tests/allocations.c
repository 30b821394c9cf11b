/* Memory that runs out on demand, and memory between pages that nobody may touch.

   Loaded before the C library of a process (LD_PRELOAD), it stands before malloc for the modules
   that are watched: it makes an allocation of theirs fail, counts blocks that they do not give
   back, and places their blocks at the edge of a page. A module is known by the address to which
   malloc returns. So the modules are those of a release, not of a special build.

       watch(part)          watch the modules whose path contains `part`; return how many there are
       watch_at(address)    watch one call, which returns to this address
       unwatch()            watch no module any more
       fail(first, last)    count from 1: allocations first to last of watched modules fail
       seen()               allocations of watched modules since fail()
       failed()             how many of them failed
       live()               blocks that watched modules allocated and nobody has freed; of single
                            calls those above 1024 bytes, because NumPy keeps smaller ones
       sites()              places in the code of watched modules that have allocated
       site(index)          one of them: the address behind the call
       guard(side)          from now on a new block ends (1) or begins (2) at a page that ends the
                            process when it is touched; 0: no longer. Its bytes are 0xFF, NaN in
                            floats, and the whole block must not be touched after it is freed */
#define _GNU_SOURCE
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

enum { MODULES = 64, BLOCKS = 1 << 16, SITES = 4096, KEPT_BY_NUMPY = 1024 };

static struct { uintptr_t start, end; } modules[MODULES];
static int module_count;
/* A hash table of blocks; 1 stands where a block was. */
static struct block { uintptr_t start; char *map; size_t mapped, size; int counted; } blocks[BLOCKS];
static uintptr_t places[SITES];
static long place_count, block_count, live_count, first_failing, last_failing, seen_count, failed_count;
static int guarded_side;
static atomic_flag locked = ATOMIC_FLAG_INIT;

static void lock(void) { while (atomic_flag_test_and_set_explicit(&locked, memory_order_acquire)); }
static void unlock(void) { atomic_flag_clear_explicit(&locked, memory_order_release); }

/* Return 0, or how many bytes there are of code that is watched. */
static size_t is_watched(uintptr_t address)
{
    for (int i = 0; i < module_count; i++)
        if (modules[i].start <= address && address < modules[i].end)
            return modules[i].end - modules[i].start;
    return 0;
}

/* Count an allocation; return whether it must fail. */
static int must_fail(uintptr_t place)
{
    long i;
    for (i = 0; i < place_count && places[i] != place; i++);
    if (i == place_count && i < SITES)
        places[place_count++] = place;
    seen_count++;
    if (seen_count < first_failing || seen_count > last_failing)
        return 0;
    failed_count++;
    return 1;
}

static size_t slot_of(uintptr_t start) { return (start >> 4) * 0x9E3779B97F4A7C15u >> 48; }

static struct block *remember(void *start, size_t size, int counted)
{
    size_t slot = slot_of((uintptr_t)start);
    while (blocks[slot].start > 1)
        slot = (slot + 1) % BLOCKS;
    blocks[slot] = (struct block){(uintptr_t)start, NULL, 0, size, counted};
    live_count += counted;
    if (++block_count > BLOCKS / 2)
        abort();
    return &blocks[slot];
}

static void forget(struct block *block)
{
    live_count -= block->counted;
    block_count--;
    block->start = 1;
}

static struct block *find(void *start)
{
    size_t slot = slot_of((uintptr_t)start);
    for (size_t steps = 0; steps < BLOCKS && blocks[slot].start; steps++, slot = (slot + 1) % BLOCKS)
        if (blocks[slot].start == (uintptr_t)start)
            return &blocks[slot];
    return NULL;
}

static void release(struct block *block)
{
    if (block->map)
        munmap(block->map, block->mapped);
    else
        __libc_free((void *)block->start);
    forget(block);
}

static void *guarded(size_t size, int counted)
{
    size_t page = sysconf(_SC_PAGESIZE), pages = (size + page - 1) / page;
    struct block *block;
    char *map, *start;
    if (size > (size_t)1 << 46)
        return NULL;
    map = mmap(NULL, (pages + 2) * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return NULL;
    if (pages && mprotect(map + page, pages * page, PROT_READ | PROT_WRITE))
        abort();
    start = guarded_side == 1 ? map + (pages + 1) * page - size : map + page;
    memset(start, 0xFF, size);
    block = remember(start, size, counted);
    block->map = map;
    block->mapped = (pages + 2) * page;
    return start;
}

/* Return a new block of a watched module. */
static void *new_block(uintptr_t place, size_t size)
{
    int counted = is_watched(place) > 1 || size > KEPT_BY_NUMPY;
    void *block = NULL;
    lock();
    if (!must_fail(place)) {
        block = guarded_side ? guarded(size, counted) : __libc_malloc(size);
        if (block && !guarded_side)
            remember(block, size, counted);
    }
    unlock();
    return block;
}

#define PLACE ((uintptr_t)__builtin_return_address(0))

void *malloc(size_t size)
{
    return is_watched(PLACE) ? new_block(PLACE, size) : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    void *block;
    if (!is_watched(PLACE) || count > SIZE_MAX / (size ? size : 1))
        return __libc_calloc(count, size);
    block = new_block(PLACE, count * size);
    return block ? memset(block, 0, count * size) : NULL;
}

void *realloc(void *old, size_t size)
{
    struct block *known;
    void *made = NULL;
    int counted;
    if (!is_watched(PLACE) && !block_count)
        return __libc_realloc(old, size);
    if (is_watched(PLACE) && !old)
        return new_block(PLACE, size);
    lock();
    known = find(old);
    counted = known ? known->counted : is_watched(PLACE) > 1 || size > KEPT_BY_NUMPY;
    if (is_watched(PLACE) && must_fail(PLACE))
        made = NULL;
    else if (known && known->map) {
        made = guarded(size, counted);
        if (made) {
            memcpy(made, old, size < known->size ? size : known->size);
            release(known);
        }
    } else {
        made = __libc_realloc(old, size);
        if (made && known)
            forget(known);
        if (made && (known || is_watched(PLACE)))
            remember(made, size, counted);
    }
    unlock();
    return made;
}

void free(void *start)
{
    struct block *block;
    if (block_count && start) {
        lock();
        block = find(start);
        if (block)
            release(block);
        unlock();
        if (block)
            return;
    }
    __libc_free(start);
}

/* ---- for the tests ---- */

static int matches(struct dl_phdr_info *info, size_t size, void *wanted)
{
    (void)size;
    if (!info->dlpi_name || !strstr(info->dlpi_name, wanted))
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = info->dlpi_phdr + i;
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) && module_count < MODULES) {
            modules[module_count].start = info->dlpi_addr + part->p_vaddr;
            modules[module_count].end = modules[module_count].start + part->p_memsz;
            module_count++;
        }
    }
    return 0;
}

void watch_at(unsigned long address)
{
    modules[module_count].start = address;
    modules[module_count++].end = address + 1;
}

void unwatch(void) { module_count = place_count = 0; }

int watch(const char *part)
{
    int before = module_count;
    dl_iterate_phdr(matches, (void *)part);
    return module_count - before;
}

void fail(long first, long last)
{
    lock();
    first_failing = first;
    last_failing = last;
    seen_count = failed_count = 0;
    unlock();
}

void guard(int side) { guarded_side = side; }
long seen(void) { return seen_count; }
long failed(void) { return failed_count; }
long live(void) { return live_count; }
long sites(void) { return place_count; }
unsigned long site(long index) { return places[index]; }
