// A forward pass whose layer sizes are known to the compiler, the way RTNeural does it: a
// stand-in for that library, which has no package that a benchmark could install.
//
// Compiled when the benchmark runs, for the very machine it runs on:
//   c++ -std=c++17 -O3 -march=native -ffast-math -DNETWORK_SIZES=4,32,32,2 ...
#include <cmath>
#include <cstddef>

namespace {

#if defined(__AVX512F__)
constexpr std::size_t vector_bytes = 64;
#elif defined(__AVX__)
constexpr std::size_t vector_bytes = 32;
#else
constexpr std::size_t vector_bytes = 16;
#endif
typedef float Lanes __attribute__((vector_size(vector_bytes)));
constexpr std::size_t lanes = vector_bytes / sizeof(float);

// Enough independent sums to keep two multiply-add units busy over their latency.
constexpr std::size_t sums_in_flight = 8;

struct Relu {
    static float apply(float value) { return value > 0.0f ? value : 0.0f; }
};

struct Sigmoid {
    static float apply(float value) { return 1.0f / (1.0f + std::exp(-value)); }
};

template <std::size_t inputs, std::size_t outputs, class Activation>
struct Dense {
    static constexpr std::size_t columns = (outputs + lanes - 1) / lanes;
    static constexpr std::size_t tile = columns < sums_in_flight ? columns : sums_in_flight;
    // A narrow layer has too few sums: each is split over several chains of inputs.
    static constexpr std::size_t wanted = sums_in_flight / tile;
    static constexpr std::size_t chains = inputs % wanted == 0 ? wanted : 1;
    static_assert(columns % tile == 0, "the outputs must fill whole tiles");

    // One input's weights lie side by side, padded to whole vectors, so that the sums of all
    // outputs grow together and none has to be folded across a register.
    Lanes weight[inputs][columns] = {};
    Lanes bias[columns] = {};

    // Reads an (outputs, inputs) matrix and its bias; returns what lies behind them.
    const float *load(const float *parameters) {
        for (std::size_t output = 0; output < outputs; ++output)
            for (std::size_t input = 0; input < inputs; ++input)
                weight[input][output / lanes][output % lanes] = *parameters++;
        for (std::size_t output = 0; output < outputs; ++output)
            bias[output / lanes][output % lanes] = *parameters++;
        return parameters;
    }

    void forward(const float *__restrict x, float *__restrict result) const {
        alignas(Lanes) float total[columns * lanes];
        for (std::size_t first = 0; first < columns; first += tile) {
            Lanes sum[chains][tile] = {};
            for (std::size_t column = 0; column < tile; ++column)
                sum[0][column] = bias[first + column];
            for (std::size_t input = 0; input < inputs; input += chains)
                for (std::size_t chain = 0; chain < chains; ++chain)
                    for (std::size_t column = 0; column < tile; ++column)
                        sum[chain][column] += weight[input + chain][first + column] * x[input + chain];
            for (std::size_t column = 0; column < tile; ++column) {
                for (std::size_t chain = 1; chain < chains; ++chain)
                    sum[0][column] += sum[chain][column];
                for (std::size_t lane = 0; lane < lanes; ++lane)
                    total[(first + column) * lanes + lane] = sum[0][column][lane];
            }
        }
        for (std::size_t output = 0; output < outputs; ++output)
            result[output] = Activation::apply(total[output]);
    }
};

template <std::size_t... sizes>
struct Network;

template <std::size_t inputs, std::size_t outputs>
struct Network<inputs, outputs> {
    Dense<inputs, outputs, Sigmoid> last;

    void load(const float *parameters) { last.load(parameters); }
    void forward(const float *x, float *result) const { last.forward(x, result); }
};

template <std::size_t inputs, std::size_t hidden, std::size_t... rest>
struct Network<inputs, hidden, rest...> {
    Dense<inputs, hidden, Relu> first;
    Network<hidden, rest...> others;

    void load(const float *parameters) { others.load(first.load(parameters)); }
    void forward(const float *x, float *result) const {
        alignas(64) float between[hidden];
        first.forward(x, between);
        others.forward(between, result);
    }
};

Network<NETWORK_SIZES> network;

}  // namespace

extern "C" void load(const float *parameters) { network.load(parameters); }

extern "C" void repeat(const float *x, float *result, long times) {
    for (long pass = 0; pass < times; ++pass) {
        network.forward(x, result);
        asm volatile("" ::: "memory");  // each pass is done anew: inputs may have changed
    }
}
