"""The words of docs/benchmarks.md and docs/levels.md: why rows fall short, and what was tried.

`page.py` puts the rows that a reason is about beside it, with their figures. So no reason repeats
a figure of the tables; it names only what was counted, or measured while something was tried.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Why some rows fall short: `rows` is a regular expression for the beginning of their work."""

    title: str
    rows: str
    text: str


@dataclass(frozen=True)
class Page:
    """The words around the tables: `intro` comes before the reasons, `notes` after them."""

    title: str
    intro: str
    reasons: tuple[Reason, ...]
    notes: str


UNEXPLAINED = Reason(
    "Not looked into",
    "",
    "Nobody has looked for a reason yet. A row that misses by less than its A/A may be noise.",
)

PEERS = Page(
    "Speed beside other libraries",
    """\
Both sides of a row run in one process, on one thread, in alternating order. Their results are
compared before they are timed. A ratio is the peer's time over mathwork's, the median over paired
samples, and 95 % is its bootstrap interval. A/A is how far mathwork deviates from itself, measured
in the same way. A target is the ratio that is wanted.

`python -m bench --json FILE` measures this anew, and keeps the results and the machine; it names
and skips a peer that is not installed. The figures in this repository are of the installed wheel,
on a Zen 5 processor, in a virtual machine that others share: single rows move by a few percent from
run to run. A row that names a processor was measured on that one, in a built checkout: family 25,
model 17 is Zen 4. [levels.md](levels.md) compares the levels of the kernels (`--levels`).

![How many times as fast as each peer](bench.png)
""",
    (
        Reason(
            "Small networks, one row",
            r"forward (4-32-32-2 relu, (one row|in the kernel)|64-64-64-8 relu, in the kernel)$",
            """\
A pass has 1190 instructions. Code that knew the sizes would need less than half of them: the
others are for arguments, strides and the ends of parts. On a Zen 4 processor the kernel took 103 ns
and the call 215 ns before these were tried:

- Parts side by side saved 12 ns (kept).
- Whole groups, without a search for a shorter last part, saved 3 ns (kept).
- Half registers for two outputs saved 2 ns at v4 (kept).
- The vectorcall protocol saved the tuple of arguments, 25 ns of a call (kept).
- The row's tile in line was slower.
- Registers instead of `memcpy`, to copy the result, changed nothing.
""",
        ),
        Reason(
            "`matvec` of larger matrices",
            r"matvec ",
            """\
The matrix is row-major and the parts of a sum are contiguous, so the kernel transposes rows in
registers on the way. For 64 numbers that takes 8 loads, 8 inserts and 16 shuffles. NumPy sums in
another order, which takes 8 loads. Tried, with the speed as a multiple of the former:

- Three registers of rows: 1.3 in float64 (kept). Two and four were slower. At level v3 float32 lost
  15 % at 2048 against the version before, whose second register lagged.
- Four parts of a row side by side: 0.8 in cache and 0.4 beyond it. The prefetchers do not follow
  32 streams.
- A cache line of a register at a time, where rows share cache sets: 0.65. Two parts side by side
  are better there (kept).
- Transposes of 512 bits, from 16-byte pieces: 0.5 on Zen 4.
- On Zen 5, in float32 at level v4: pieces of 32 bytes that are loaded under a mask, two registers
  of 16 rows: 1.03 to 1.17 where rows do not share cache sets, 0.5 to 0.9 where they do; one such
  register there, 1.05 to 1.18; the same with prefetches, 0.8 to 1.0; rows copied to a buffer first,
  0.4 to 0.9. None was kept: on Zen 4, where a shuffle of 512 bits takes two cycles, they were not
  measured.
""",
        ),
        Reason(
            "Small matrices beside formulas by hand",
            r"(inv|det) 100,000 of \dx\d, float",
            """\
The formula in numba has a fixed size, no pivoting and no check: LLVM makes a loop over slices of
it that only memory slows. Here each slice is scaled, pivoted and judged: the result is NaN or 0,
with a warning, where the formula gives a number that means nothing. Tried:

- A lane for each slice, and closed sizes up to four: 2 to 20 ns a slice, from 90 to 160 (kept).
- The inverse in the place of the matrix, without the columns of the identity (kept).
- Tolerances set up once for all groups: 5 to 10 % (kept).
- On Zen 4 at level v4, in float64, these together (kept): a bound on pivots that needs no norm and
  no root; powers of two from the bits of a number, without a division; doubtful slices sought once
  for eight groups; results written in blocks, also of half a register; products of pivots in
  registers. `inv` went from 6.4 to 4.1 ns at 2x2, from 11.8 to 9.3 at 3x3 and from 20.3 to 19.0 at
  4x4; `det` from 4.2 to 1.9, from 7.8 to 4.4 and from 16.1 to 14.1. The formula takes 4.7, 9.5 and
  16.6 for `inv`; 1.35, 5.9 and 11.5 for `det`. Both reuse the memory of the former result.
- Numbers fetched two kB ahead, and no exchange of the scales of rows: `det` of 4x4 from 14.1 to 8.6
  ns there (kept); `inv` did not change.
- The pivot row chosen by the comparisons that find the pivot, without the wait for its number, up
  to four rows (kept): `inv` took 0.94 of the time at 4x4 and 0.93 at 3x3, `det` 0.90 and 0.92; at
  level v3 0.99, 0.92, 0.93 and 0.94; at the baseline 1.00, 0.90, 0.93 and 0.97. The same from five
  rows on: 1.05 for `inv` and 1.07 for `det` of 8x8.
- The differences of those entries kept instead of both: 0.97 for `inv` of 4x4 and 0.98 for 3x3 at
  level v3, 0.97 for `det` of 4x4, 1.04 for 8x8.
- Rows of the inverse scaled at its end: 1.02 at 4x4, 1.05 at 3x3 and 1.06 at 2x2, at level v3.

On an Intel processor (family 6, model 167), in cache, as parts of the former time of `inv`, 4x4 in
float64 where nothing else is said:

- The columns of an inverse were exchanged by 48 choices between registers. Now the exchanges are
  made in one row of places, and one shuffle moves the four numbers of a row as it is stored: 0.81
  at v4, 0.80 at v3, 0.82 at the baseline in float32. There a register has two float64, so they are
  stored number by number: 0.78 (kept). For 3x3 that took 0.87 at v3 and 0.98 at the baseline.
- Four results of 2x2 in float32 transposed in registers: 0.4 at v4, 0.7 at v3 (kept).
- Comparisons that GCC can see through. It had added a comparison of integers to each one that a
  choice takes: 0.93 at v3 and 0.95 at the baseline (kept).
- Rows exchanged by exclusive or: 1.15 at v4, 1.00 at v3, 1.04 at the baseline.
- Rows marked by equal numbers, not by a difference below one half: 1.00, 1.1 and 1.03.
- Quotients as products with the reciprocal of the pivot and two corrections, which have the bits of
  a division: 1.04 at v4 and 1.2 at v3. Instructions are what is short, not divisions.
- At the baseline, a matrix at a time with its rows in registers, exchanged by their addresses:
  `solve` of 4x4 took 26.4 ns instead of 25.1.
- Numbers fetched one, four or eight kB ahead: within 2 %. Twelve ways to have GCC assign registers
  and order instructions: none was faster at both levels.

What is left is `det` of 2x2 and `inv` of 3x3 and 4x4 in float64. Eight determinants of 2x2 take
about 100 instructions on registers, most of them to transpose, scale and judge. A group of 4x4
inverses takes 624 instructions at v4, 692 at v3 and 931 at the baseline, for eight, four and two
matrices.
""",
        ),
        Reason(
            "`lstsq` of wide matrices",
            r"lstsq 10x100",
            """\
x is refined with residuals in doubled precision. With a condition of 1e11, 10 x 100, its largest
error is 1e-16 of the result, and 2e-5 from NumPy. For that the columns are factored six times or
more; no factor is kept from one call of the kernel to the next. Tried on a Zen 4 processor, where
NumPy takes 30 us:

- The second correction only where the first is not small: 0.82 to 0.87 of the time for conditions
  up to 1e6, about 125 us (kept).
- No correction: 80 us, and an error of 4e-7 with that condition.
- A single QR factorisation without refinement: 26 us, and an error of 2e-6.
""",
        ),
    ),
    """\
## When it was measured

Small systems, factors, stacked products, exact stacks and the newer activations were measured some
hours after the other rows, with other work on the second core. Networks were measured before they
had normalisations and residuals; beside the older kernel, one row then took 1.00 to 1.01 of the
time, and 64 rows 0.99 to 1.04.

Training, derivatives and states of orbits were measured a day later, in short samples (`--quick`),
with other work on both cores. At level v4 training meets all of its 26 targets. At level v3 it
meets 25: beside JAX's vmap, one of 1000 networks took 1 / 1.88 of the time, and 1 / 2 is the
target.

## Groups with two x

polars-ds gives coefficients alone here, and does less than half of the work of its report with all
tests. Standard errors and R^2 are always there in mathwork; t and p-values took 0.2 ms more. To
read the 64 MB takes 2.0 ms on a Zen 4 processor. Tried there at level v4, in ms for 10 and 1000
groups, the result not included:

- Rows wait as they are given, 32 a group, and go into sums in registers: 8.2 and 11.4. 8, 16 and 64
  rows: 10.3 and 15.5, 8.5 and 12.8, 8.7 and 11.3.
- The same with look-up and waiting in one loop: 6.3 and 11.0 (kept).
- Columns apart while they wait: 8.6 and 12.8. Four numbers a row, and a transpose in registers: 8.7
  and 12.9.
- Blocks of 4096 rows, sorted by their groups: 9.4 and 15.5.
- The place of a row fetched ahead: 9.2 and 11.6. For 100,000 groups all lines of the sums are.
- Pointers in registers, which a store had made the compiler load anew for each row: 0.85 and 0.89
  of the time (kept). Beside it, X and y fetched 256 rows ahead: 1.03 and 0.94.

## One line, and robust errors

A fit of a line keeps its points, for the residuals. So ten points took 1.11 of the time that they
had taken before, on a Zen 4 processor at level v4. Tried there, as parts of that former time:

- A short row is fitted in registers, without the blocks of long rows: 0.88 (kept).
- No check of the types of arrays that were checked: 0.87 beside 0.88 (kept).
- Two fields of the object less: 0.84. Each takes 4 ns, because it counts references to None until
  it is used. They are needed.

`cov="HC1"` of 20,000 rows took 1.6 of the time of a plain fit of 3 columns, mostly for questions
that only frames need. Plain arrays are not asked them any more: 1.4 for 3 and for 10 columns, 1.5
for 20. Partial sums that are added by half registers took 0.95 of the time of 20 columns and 0.98
of 10 (kept); eight sums at once, by a transpose in memory, took 1.12 and 1.04.

## The wheel

It has 5.6 MB, and 3 is the limit. Compressed, the three levels of networks and matrices take 2.1
MB, regression 1.0, training 0.7, orbits 0.5, exact arithmetic 0.35, and Python 0.6. Training,
planes of groups and windows, robust errors and states of orbits are new. Tried: inverses and
solutions of five rows and more share one loop (0.2 MB, kept); no typed memoryviews in training,
whose support code is large (0.2 MB, kept); the generator of weights without a module of its own
(0.1 MB, kept); no names of functions (0.05 MB, kept); no tables for unwinding the stack (0.13 MB; a
thread that ends inside a kernel while Python exits needs them); `-O2` with peeled loops (0.5 MB;
networks took up to 1.8 times as long); the same loops for `rref` (0.1 MB; 8 x 9 took 1.4 times as
long).

## Other processors

On a Zen 4 processor (family 25, model 17) at level v4, all 160 rows of networks had a ratio of at
least 1.0 beside ONNX Runtime and OpenVINO; `matmul` of float64 had 0.985 at 96 and 0.92 at 1536;
`matvec` fell short from 200 on, as here. At level v3 there, 153 of the 160 rows of networks had at
least 1.0. The other seven have 1024 rows. gelu had 0.96 with
64-64-64-8, 0.997 with 784-128-10, and 0.97 and 0.99 with 256-256-256-256. relu, tanh and sigmoid
with 256-256-256-256 were within 0.5 % of 1; there both sides run at 97 % of the multiply-adds that
the processor can do. `sigmoid` of float64 had 1.19 beside torch, where 1.3 is the target.

In small products each part of a sum costs an addition an output. At 1536 a slice of the right
matrix has 6 MB, and every block of rows reads it from the third-level cache. Nine pairs of slice
and block sizes were tried, and more that [levels.md](levels.md#the-512-bit-registers) names.

### Stacks of small systems at each level

Nanoseconds for one matrix of a stack on an Intel processor (family 6, model 167), then the speed
beside NumPy and beside the formula in numba; 100,000 matrices, 20,000 of 8x8, from an installed
wheel. 8 ns are wanted at 2x2, 20 at 3x3 and 4x4, and 3 times the speed of NumPy at 8x8.

| work | v4, ns | NumPy | numba | v3, ns | NumPy | numba | baseline, ns | NumPy | numba |
|---|---|---|---|---|---|---|---|---|---|
| inv 2x2 float64 | 3.6 | 28 | 1.1 | 4.3 | 34 | 0.93 | 5.6 | 26 | 0.76 |
| det 2x2 float64 | 1.8 | 30 | 1 | 2.4 | 30 | 0.71 | 3.6 | 19.8 | 0.51 |
| solve 2x2 float64 | 2.9 | 21 | 2.1 | 4.1 | 20 | 1.5 | 5.5 | 13.6 | 1.1 |
| inv 2x2 float32 | 1.6 | 70 | 2.3 | 2.2 | 64 | 1.7 | 3.1 | 46 | 1.2 |
| det 2x2 float32 | 1.1 | 57 | 1.2 | 1.3 | 47 | 0.89 | 2.0 | 33 | 0.61 |
| solve 2x2 float32 | 1.8 | 46 | 3.3 | 2.1 | 36 | 2.7 | 3.1 | 22 | 1.9 |
| inv 3x3 float64 | 10.7 | 25 | 0.86 | 11.1 | 27 | 0.8 | 16.4 | 19.7 | 0.6 |
| det 3x3 float64 | 4.0 | 19.1 | 1.4 | 5.9 | 17.4 | 0.92 | 9.1 | 13.3 | 0.6 |
| solve 3x3 float64 | 7.9 | 14.2 | 1.5 | 8.1 | 15.8 | 1.4 | 11.7 | 11.0 | 1 |
| inv 3x3 float32 | 5.3 | 45 | 1.6 | 6.5 | 46 | 1.3 | 8.9 | 34 | 0.99 |
| det 3x3 float32 | 2.6 | 32 | 2 | 3.7 | 27 | 1.3 | 5.7 | 18.8 | 0.92 |
| solve 3x3 float32 | 5.4 | 21 | 2 | 5.0 | 23 | 2.2 | 7.5 | 15.4 | 1.5 |
| inv 4x4 float64 | 17.9 | 17.2 | 0.85 | 20.6 | 16.9 | 0.73 | 33.6 | 11.6 | 0.45 |
| det 4x4 float64 | 7.6 | 15.6 | 1.5 | 10.8 | 13.1 | 1 | 18.3 | 9.8 | 0.61 |
| solve 4x4 float64 | 11.3 | 16.1 | 1.7 | 13.4 | 11.4 | 1.4 | 22.7 | 7.9 | 0.89 |
| inv 4x4 float32 | 8.1 | 38 | 2.1 | 10.4 | 32 | 1.5 | 18.0 | 19.8 | 0.91 |
| det 4x4 float32 | 4.0 | 33 | 2.7 | 6.6 | 21 | 1.8 | 10.9 | 13.9 | 1.1 |
| solve 4x4 float32 | 5.0 | 26 | 4 | 7.5 | 20 | 2.9 | 11.6 | 14.6 | 1.6 |
| inv 8x8 float64 | 165 | 7 | - | 250 | 4.7 | - | 332 | 3.6 | - |
| det 8x8 float64 | 73.6 | 7 | - | 95.5 | 5.2 | - | 133 | 3.8 | - |
| solve 8x8 float64 | 82.5 | 6.6 | - | 109 | 5.2 | - | 166 | 3.5 | - |
| inv 8x8 float32 | 78.7 | 14.2 | - | 133 | 8.6 | - | 169 | 6.7 | - |
| det 8x8 float32 | 37.1 | 10.9 | - | 51.8 | 8.4 | - | 73.4 | 5.5 | - |
| solve 8x8 float32 | 44.3 | 10.1 | - | 64.4 | 7.6 | - | 85.1 | 5.1 | - |

In float64 `inv` and `solve` of 4x4 miss 20 ns at the baseline; at v3 `inv` of 4x4 took 19.3 to 21.8
ns in six runs. Every other row meets what is wanted. On a Zen 4 processor, before the last
changes, `inv` of 4x4 took 19 ns at v4, 22 at v3 and 47 at the baseline.

In stacks `det` of 5x5 to 8x8 multiplies the pivots in registers. Before, it wrote an echelon form
that nobody reads, and multiplied number by number: 8x8 in float64 takes 0.4 to 0.5 of that time at
v4, and 0.6 at the baseline. Rows 17 registers apart instead of 16 took 1.03 of the time for `det`,
1.09 for `inv` and 0.90 for `solve` at v4 (not kept).

The baseline has registers of 16 bytes and no fused multiply-add, and the formula in numba is
compiled for the processor. 3x3 and 4x4 in float64 take twice as long there as at v3.

### One small matrix

A third of a call of `rref` with one 3x4 in float64 is arithmetic; the rest is the call, the new
array and the result. The arithmetic waits more than it computes: each column waits for its pivot,
a division, a product, and for numbers on their way through memory. On that Zen 4 processor the
call takes 323 ns at level v4 and 286 at v3; 337 and 300 before the first change below. `ref` went
from 356 to 317 and from 314 to 299. The kernel of the first day, alone, has the speed of today's,
within 3 %. A single call takes, in ns, at v4 and v3:

| | ref | solve | det | inv | rank |
|---|---|---|---|---|---|
| 3x3 | 436, 388 | 723, 698 | 452, 413 | 426, 393 | 262, 251 |
| 4x4 | 480, 425 | 764, 770 | 478, 469 | 497, 500 | 298, 295 |

These went through one more function of Python. Tried:

- A public class of results without the collector of cycles: 14 to 40 ns less (kept).
- The check of scales column by column, so that GCC makes no vectors of it: 60 instructions fewer of
  1413, and no faster.
- The same, and a row of one register that is known when the kernel is compiled: 1163 instructions,
  and 10 % longer.
- Rows exchanged by registers, not by numbers: the same at v3, 10 % longer at v4.
- Only the rows of the matrix scaled, not those that fill the registers: `rref` the same, `ref` 4 %
  faster, and 8x9 3 % slower.

v4 takes 10 to 13 % longer than v3 there. A row of four numbers is half of its register, a matrix is
filled up to eight rows, and both levels wait for the same chain.
""",
)

LEVELS = Page(
    "The levels of the kernels beside each other",
    """\
Each row is the same work at two levels, in two processes that take turns on one processor. Their
results are compared first: levels with fused multiply-add owe each other equal bits. A ratio is
the time at the lower level over the time at the higher, so above 1 the higher level is faster. A/A
is one level in two processes. [benchmarks.md](benchmarks.md) compares mathwork with other
libraries, and says how a ratio is measured.
""",
    (
        Reason(
            "`relu` of an array, and activations as simple",
            r"(relu|relu6|hardtanh|clip|hardsigmoid|hardswish|softsign), 1e5",
            """\
x and the result take 0.8 or 1.6 MB, which lie in the second cache. The arithmetic is a few
instructions a number, so that both levels wait for the cache; a division of 512 bits, in softsign,
takes as long as two of 256.
""",
        ),
        Reason(
            "`LU.solve` of one vector",
            r"lu solve (\d+x\d+, 1 of b|100,000 of 3x3)",
            """\
Up to 64 rows both levels go number by number. Beyond that a vector is one lane of a register: of
eight at v4 and of four at v3. So its working memory is twice as large: 64 kB for 1000 rows, more
than the first cache of 48 kB. Tried, with the ratio of v4 to v3 for 20,000 of 8x8:

- Results written from registers as they are found, not by a loop afterwards, which had loaded eight
  numbers together that were still on their way to memory one by one: 0.83 became 0.98. v4 takes
  0.76 of its time before, v3 0.89 (kept).
""",
        ),
    ),
    """\
## The 512-bit registers

A Zen 4 core does one 512-bit multiply-add a cycle, or two of 256 bits. Level v4 can win there only
by fewer instructions and by more registers: networks were 1.0 to 1.1 times as fast as at v3. A Zen
5 core does two of 512 bits, and the same tile is up to twice as fast there. So does the core of an
Intel server processor (family 6, model 207), whose rows stand here: of 345 rows, 29 are below their
marks, and the geometric mean of all ratios is 1.29. On Zen 5, of the 213 rows that there were on
2026-11-29, 12 were below: `rref` of 3x4 (0.90) and of stacks of 12x13 (0.91), `circular_speed` of
10 radii (0.89), `relu` (0.94), `matvec` of 100 and 1500 (0.95), `fit_line` of ten points (0.95);
the mean was 1.44.

On Zen 4, 22 of 159 rows were below their marks: stacks of small systems (0.80 to 0.96), one small
system (0.94 to 0.96), `fit_linear` of a million rows (0.91). What was tried there:

- The tile has 6 rows of two registers at both levels. With 12 rows v4 had 0.85 to 0.94 of the
  speed of v3: a slice had 174 terms instead of 349, so sums were loaded and stored twice as often,
  and panels straddled cache lines. With 6 rows the totals of finished parts stay in the registers
  that are left.
- Slices have 98 kB, and rows are read where they lie. Slices of 30, 49 and 64 kB and row blocks of
  98, 262, 393 and 524 kB were no better. A copy of the rows of a block was slower, except for
  float64 beyond 1500. To prefetch all lines of the next sums gained 3 to 8 % at 1000 (kept).
- Half registers serve where the outputs fill half of one: 64-64-64-8 at 1024 rows gained 6 %. They
  serve in `matvec` too, because a transpose of 512 bits takes longer than two of 256: 2.2 times the
  speed at 1024 in float32.
- GCC spilled a dozen addresses around each tile, and put a weight on the stack in every step, in
  spite of 32 registers. With `-fira-region=all`, and pointers that GCC cannot look through, no loop
  touches the stack. When sums came in parts, 64-64-64-8 fell to 0.82 of its speed; this brought it
  back to 0.99.
- Stacks of lines fetch the next rows while these are fitted: 100,000 lines of 20 points went from
  0.73 to 1.0 of the speed of v3 (kept).
- Reductions hold one matrix a lane, and transpose it into 512-bit registers and out of them. To
  transpose only the columns that a matrix has: 8 x 9 went from 4.1 ms to 3.6 (kept). To join pieces
  by halves: 17 % of a transpose saved (kept). Whole rows, and three stages of shuffles: the same as
  by halves.
""",
)
