"""The level that this processor can run, with registers that the operating system saves."""

cdef extern from *:
    """
    #if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    #include <cpuid.h>

    /* Register state that the operating system saves and restores (XCR0); 0 without XSAVE. */
    static unsigned long long saved_state(void)
    {
        unsigned a, b, c, d, low, high;
        if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) return 0;
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        return (unsigned long long)high << 32 | low;
    }

    #define ALL(word, bits) (((word) & (bits)) == (bits))

    /* 4, 3, 2 or 1: the highest x86-64 psABI microarchitecture level (table 3.1 of the psABI;
       the bits from the CPUID tables of the Intel and AMD manuals). */
    static int x86_64_level(void)
    {
        unsigned a, b = 0, d = 0, b7 = 0, c7, d7, c81 = 0, basic = 0;
        const unsigned long long avx_state = 0x6, avx512_state = 0xe6;
        unsigned long long state = saved_state();
        if (!__get_cpuid(1, &a, &b, &basic, &d)) return 1;
        if (!__get_cpuid_count(7, 0, &a, &b7, &c7, &d7)) b7 = 0;
        if (!__get_cpuid(0x80000001u, &a, &b, &c81, &d)) c81 = 0;
        /* SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT; LAHF */
        if (!ALL(basic, 1u << 0 | 1u << 9 | 1u << 13 | 1u << 19 | 1u << 20 | 1u << 23)
            || !ALL(c81, 1u << 0)) return 1;
        /* FMA, MOVBE, OSXSAVE, AVX, F16C; LZCNT; BMI1, AVX2, BMI2 */
        if (!ALL(basic, 1u << 12 | 1u << 22 | 1u << 27 | 1u << 28 | 1u << 29)
            || !ALL(c81, 1u << 5) || !ALL(b7, 1u << 3 | 1u << 5 | 1u << 8)
            || !ALL(state, avx_state)) return 2;
        /* AVX512F, DQ, CD, BW, VL */
        if (!ALL(b7, 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31)
            || !ALL(state, avx512_state)) return 3;
        return 4;
    }
    #else
    static int x86_64_level(void) { return 0; }
    #endif
    """
    int c_level "x86_64_level"()


def x86_64_level():
    """Return the highest x86-64 microarchitecture level (1 to 4) of this machine; 0 elsewhere."""
    return c_level()
