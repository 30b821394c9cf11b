"""Random numbers for weights: the generator, and the way from its bits to numbers."""
import hashlib
import math

import mpmath
import numpy as np
import pytest
import reference

from mathwork.init.streams import seed_words

# philox4x32 with 10 rounds: counter, key and result, from kat_vectors of the authors' library
# Random123 (github.com/DEShawResearch/random123).
VECTORS = [
    ((0, 0, 0, 0), (0, 0), (0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8)),
    ((0xffffffff,) * 4, (0xffffffff,) * 2, (0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd)),
    ((0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344), (0xa4093822, 0x299f31d0),
     (0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1)),
]
SEED = (0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210)
UNIFORM, NORMAL, TRUNCATED = range(3)
# sha256 of 10,007 numbers of SEED. They are a promise: a later release must not change them.
SUMS = {
    ("f4", UNIFORM):
        "4edeaeda24439eab669086e38025942237ea456aa9142ebbcfc30ce861ac9cd4",
    ("f4", NORMAL):
        "45d92d60a862c0c540c25e55629cd5d86d9ccdba4013ebc2c5aa689714d44572",
    ("f4", TRUNCATED):
        "35b39de3b826ab66966bf73306ea21c5229addbc3fb6d657f5052c97aec99e30",
    ("f8", UNIFORM):
        "e038a0b0675faa5ee578d90205c879f222fbe48928b143810d58c18344d1a988",
    ("f8", NORMAL):
        "0f5f058bab8b64180a2b4b5db26e5f2b7fac042d8630481743c86abb08992d9c",
    ("f8", TRUNCATED):
        "9b3d899cad932a22c0f520542a71924533310570d45a0da21d12988e4f1beaec",
}


@pytest.mark.parametrize(("counter", "key", "words"), VECTORS)
def test_published_vectors(kernels, counter, key, words):
    assert tuple(reference.philox(counter, key)) == words
    block = counter[0] | counter[1] << 32
    assert tuple(kernels.philox_block(block, key, counter[2:])) == words


def bits_of(count, dtype):
    """The random bits of the first numbers of SEED, by the twin"""
    groups = -(-count // (64 if dtype == np.float32 else 32))
    blocks = [reference.philox((block, 0, *SEED[2:]), SEED[:2]) for block in range(16 * groups)]
    groups = np.array(blocks, np.uint64).reshape(-1, 16, 4).transpose(0, 2, 1)  # group, word, block
    if dtype == np.float32:
        return groups.reshape(-1)[:count].astype(np.uint32)
    return (groups[:, ::2] | groups[:, 1::2] << np.uint64(32)).reshape(-1)[:count]


@pytest.mark.parametrize("distribution", [UNIFORM, NORMAL, TRUNCATED])
def test_each_number_comes_from_its_own_bits(kernels, dtype, distribution):
    found = kernels.fill_random(np.empty(300, dtype), distribution, SEED, 1.0)
    bits = bits_of(300, dtype)
    assert found.tobytes() == kernels.numbers_of_bits(bits, distribution).tobytes()
    half = kernels.fill_random(np.empty(300, dtype), distribution, SEED, 0.5)
    assert half.tobytes() == (found / 2).tobytes()


@pytest.mark.parametrize("distribution", [UNIFORM, NORMAL, TRUNCATED])
def test_the_bits_are_a_promise(kernels, dtype, distribution):
    numbers = kernels.fill_random(np.empty(10_007, dtype), distribution, SEED, 1.0)
    found = hashlib.sha256(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()).hexdigest()
    assert found == SUMS[np.dtype(dtype).str[1:], distribution]


def test_uniform_numbers_are_exact(kernels):
    bits = np.array([0, 0x80000000, 0x7fffffff, 0xffffffff, 0x12345678], np.uint32)
    steps = bits.astype(np.int32) >> 8
    np.testing.assert_array_equal(kernels.numbers_of_bits(bits, UNIFORM), steps / 2.0 ** 23)
    bits = np.array([0, 2 ** 63, 2 ** 64 - 1, 0x123456789abcdef0], np.uint64)
    steps = (bits >> np.uint64(12)).astype(float) * 2.0 ** -51 - 1
    np.testing.assert_array_equal(kernels.numbers_of_bits(bits, UNIFORM), steps)


def exact_normal(share, inside=1):
    """x with P(|N(0, 1)| <= x) = share times `inside`"""
    with mpmath.workdps(40):
        share = abs(share) * inside
        if share < 0.5:
            return mpmath.sqrt(2) * mpmath.erfinv(share)
        rest = 1 - share
        start = mpmath.sqrt(-2 * mpmath.log(rest / 2))
        return mpmath.findroot(lambda x: mpmath.log(mpmath.erfc(x / mpmath.sqrt(2)))
                               - mpmath.log(rest), start - mpmath.log(start) / start)


def awkward_bits(rng, dtype):
    """Both ends, the seams of the polynomials, and numbers between them"""
    size, digits = (2 ** 32, 31) if dtype == np.float32 else (2 ** 64, 52)
    seams = [math.sqrt(-math.expm1(-w)) for w in (5.0, 6.25, 16.0)]
    places = [0, 1, 2, 3, 2 ** digits - 1, 2 ** digits - 2, 2 ** (digits - 1)]
    places += [int(seam * 2 ** digits) + step for seam in seams for step in (-1, 0, 1)]
    places += [int(k) for k in 2.0 ** rng.uniform(0, digits, 60)]
    places += [2 ** digits - 1 - int(k) for k in 2.0 ** rng.uniform(0, digits, 60)]
    places = [min(k, 2 ** digits - 1) for k in places]
    return np.array([k | sign for k in places for sign in (0, size // 2)],
                    np.uint32 if dtype == np.float32 else np.uint64)


@pytest.mark.parametrize(("distribution", "inside"),
                         [(NORMAL, 1), (TRUNCATED, mpmath.erf(mpmath.sqrt(2)))])
def test_normal_numbers_are_quantiles(kernels, rng, dtype, distribution, inside):
    digits = 31 if dtype == np.float32 else 52
    bits = awkward_bits(rng, dtype)
    for k, x in zip(bits.tolist(), kernels.numbers_of_bits(bits, distribution), strict=True):
        place, negative = k % 2 ** digits, k >> (bits.itemsize * 8 - 1)
        exact = exact_normal(mpmath.mpf(2 * place + 1) / 2 ** (digits + 1), inside)
        error = abs(abs(mpmath.mpf(float(x))) - exact) / float(np.spacing(dtype.type(float(exact))))
        assert error < 5, (k, x, exact)
        assert bool(np.signbit(x)) == bool(negative)


def test_no_block_is_used_twice(kernels):
    # 2,000 streams of neighbouring seeds, and 64 blocks of each: all different.
    streams = [tuple(seed_words(seed)) for seed in range(2000)]
    assert len(set(streams)) == 2000
    blocks = {tuple(kernels.philox_block(block, words[:2], words[2:]))
              for words in streams[:200] for block in range(64)}
    assert len(blocks) == 200 * 64
