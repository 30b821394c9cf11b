"""The activations of the kernels as scalar C: written by tools/c_formulas.py."""
# fmt: off
# ruff: noqa: E501

FORMULAS = {
    "float": {
        "MW_TANH_PIECES": """\
static const float MW_TANH_PIECES[9][8] = {
    {-0.9171692f, -1.5371077f, -2.4603076f, -3.6911385f,
     -5.5232f, -7.971323f, 0.0f, -0.45650768f},
    {-0.7245555f, -0.9116331f, -0.98551637f, -0.9987564f,
     -0.9999681f, -0.99999976f, 0.0f, -0.4272336f},
    {0.47501934f, 0.16892514f, 0.028757539f, 0.002485635f,
     6.3765314e-05f, 4.7667515e-07f, 1.0f, 0.81747144f},
    {0.34417978f, 0.15399753f, 0.028340127f, 0.0024826368f,
     6.3973435e-05f, 4.7819316e-07f, 2.263841e-07f, 0.34925124f},
    {0.09103751f, 0.08408111f, 0.01834314f, 0.0016509518f,
     4.259225e-05f, 3.1813468e-07f, -0.33332196f, -0.123278685f},
    {-0.048865657f, 0.025329847f, 0.0086429315f, 0.0008201343f,
     2.0602965e-05f, 1.5406518e-07f, 0.00021241725f, -0.16907655f},
    {-0.05515746f, -0.0011941252f, 0.0030433757f, 0.0003249242f,
     8.32175e-06f, 6.264996e-08f, 0.13518627f, -0.0129702445f},
    {-0.0143311685f, -0.006298104f, 0.00069541036f, 0.00011133358f,
     3.500496e-06f, 2.6180262e-08f, 0.00790725f, 0.0579468f},
    {0.00823803f, -0.0036296106f, 2.8182832e-05f, 3.018865e-05f,
     9.634927e-07f, 7.035922e-09f, -0.03974387f, 0.02429985f},
};
""",
        "MW_GELU_PIECES": """\
static const float MW_GELU_PIECES[9][8] = {
    {-1.45005f, -2.4862f, -3.9909f, -5.9881f,
     -8.9892f, -12.9944f, 0.0f, -0.7366f},
    {-0.3050602f, -0.35294944f, -0.3775585f, -0.38863793f,
     -0.39417806f, -0.39662042f, 0.0f, -0.2228777f},
    {0.0742454f, 0.027616005f, 0.009264315f, 0.003198229f,
     0.0010236797f, 0.00035126248f, 0.5f, 0.17288713f},
    {0.040052537f, 0.011663407f, 0.0028973971f, 0.000728697f,
     0.00016319282f, 3.9635303e-05f, 0.39894184f, 0.11239028f},
    {0.01776271f, 0.004142161f, 0.0007779249f, 0.00014462143f,
     2.2882252e-05f, 3.953737e-06f, 0.24998641f, 0.058847956f},
    {0.006906757f, 0.0013127116f, 0.00018914936f, 2.6373307e-05f,
     2.9642993e-06f, 3.673514e-07f, 0.13281722f, 0.026624437f},
    {0.0024430025f, 0.00038259194f, 4.2969565e-05f, 4.5383244e-06f,
     3.6606463e-07f, 3.2615073e-08f, 0.06154618f, 0.010791493f},
    {0.00082494545f, 0.00010743611f, 1.0051422e-05f, 7.839764e-07f,
     4.872065e-08f, 2.9660263e-09f, 0.023657482f, 0.0040554954f},
    {0.00022830759f, 2.7078762e-05f, 2.0652033e-06f, 1.2351464e-07f,
     5.6928715e-09f, 2.5024524e-10f, 0.0056302724f, 0.0013618829f},
};
""",
        "mw_clipped": """\
static float mw_clipped(float x, float low, float high)
{
    x = mw_larger(low, x);
    return mw_pick(x, high, high, x);
}
""",
        "mw_in_one_step_clip": """\
static float mw_in_one_step_clip(float x, float first, float second)
{
    return mw_clipped(x, first, second);
}
""",
        "mw_act_clip": """\
static float mw_act_clip(float x, float first, float second)
{
    return mw_in_one_step_clip(x, first, second);
}
""",
        "mw_hardsigmoid": """\
static float mw_hardsigmoid(float x)
{
    return mw_clipped(x + 3.0f, 0.0f, 6.0f) / 6.0f;
}
""",
        "mw_in_one_step_hardsigmoid": """\
static float mw_in_one_step_hardsigmoid(float x, float first, float second)
{
    (void)first;
    (void)second;
    return mw_hardsigmoid(x);
}
""",
        "mw_act_hardsigmoid": """\
static float mw_act_hardsigmoid(float x, float first, float second)
{
    return mw_in_one_step_hardsigmoid(x, first, second);
}
""",
        "mw_hardswish": """\
static float mw_hardswish(float x)
{
    return mw_larger(-3.0f, x) * mw_hardsigmoid(x);
}
""",
        "mw_in_one_step_hardswish": """\
static float mw_in_one_step_hardswish(float x, float first, float second)
{
    (void)first;
    (void)second;
    return mw_hardswish(x);
}
""",
        "mw_act_hardswish": """\
static float mw_act_hardswish(float x, float first, float second)
{
    return mw_in_one_step_hardswish(x, first, second);
}
""",
        "mw_in_one_step_identity": """\
static float mw_in_one_step_identity(float x, float first, float second)
{
    (void)first;
    (void)second;
    return x;
}
""",
        "mw_act_identity": """\
static float mw_act_identity(float x, float first, float second)
{
    return mw_in_one_step_identity(x, first, second);
}
""",
        "mw_leaky_relu": """\
static float mw_leaky_relu(float x, float slope)
{
    return mw_pick(x, 0.0f, x, slope * x);
}
""",
        "mw_in_one_step_leaky_relu": """\
static float mw_in_one_step_leaky_relu(float x, float first, float second)
{
    (void)second;
    return mw_leaky_relu(x, first);
}
""",
        "mw_act_leaky_relu": """\
static float mw_act_leaky_relu(float x, float first, float second)
{
    return mw_in_one_step_leaky_relu(x, first, second);
}
""",
        "mw_relu": """\
static float mw_relu(float x)
{
    return mw_larger(0.0f, x) + 0.0f;
}
""",
        "mw_in_one_step_relu": """\
static float mw_in_one_step_relu(float x, float first, float second)
{
    (void)first;
    (void)second;
    return mw_relu(x);
}
""",
        "mw_act_relu": """\
static float mw_act_relu(float x, float first, float second)
{
    return mw_in_one_step_relu(x, first, second);
}
""",
        "mw_in_one_step_relu6": """\
static float mw_in_one_step_relu6(float x, float first, float second)
{
    (void)first;
    (void)second;
    return mw_relu(mw_clipped(x, 0.0f, 6.0f));
}
""",
        "mw_act_relu6": """\
static float mw_act_relu6(float x, float first, float second)
{
    return mw_in_one_step_relu6(x, first, second);
}
""",
        "mw_not_below": """\
static float mw_not_below(double floor32, double floor64, float x)
{
    (void)floor64;
    return mw_larger((float)(floor32), x);
}
""",
        "mw_minus_absolute": """\
static float mw_minus_absolute(float x)
{
    return mw_with_sign(x, -0.0f);
}
""",
        "mw_softsign": """\
static float mw_softsign(float x)
{
    float minus_a;
    minus_a = mw_not_below(-1000000000.0, -1e+18, mw_minus_absolute(x));
    return mw_with_sign(mw_absolute(minus_a / (1.0f - minus_a)), x);
}
""",
        "mw_in_one_step_softsign": """\
static float mw_in_one_step_softsign(float x, float first, float second)
{
    (void)first;
    (void)second;
    return mw_softsign(x);
}
""",
        "mw_act_softsign": """\
static float mw_act_softsign(float x, float first, float second)
{
    return mw_in_one_step_softsign(x, first, second);
}
""",
        "mw_reduced_by": """\
static float mw_reduced_by(float magic, float x, float *scale)
{
    float n, t;
    t = mw_mul_add(x, 0x1.7154760000000p+0f, magic);
    n = t - magic;
    scale[0] = mw_power_of_two(t);
    x = mw_minus_mul(n, 0x1.62e4000000000p-1f, x);
    return mw_minus_mul(n, 0x1.7f7d1c0000000p-20f, x);
}
""",
        "mw_rounder": """\
static float mw_rounder(float like, double sign)
{
    (void)like;
    return (float)(12582912.0 + sign * 64 + 127);
}
""",
        "mw_reduced": """\
static float mw_reduced(float x, float *scale)
{
    return mw_reduced_by(mw_rounder(x, 1), x, scale);
}
""",
        "mw_prepared_celu": """\
static float mw_prepared_celu(float x, float parameter, float *scale)
{
    x = mw_minus_absolute(x);
    parameter = mw_larger(0x1.0000000000000p-126f, parameter);
    x = x / parameter;
    return mw_reduced(mw_not_below(-110, -760, x), scale);
}
""",
        "mw_power": """\
static float mw_power(float r)
{
    float s, p, p0, p2;
    s = r * r;
    p2 = mw_mul_add(0x1.6a23f00000000p-10f, r, 0x1.123a0a0000000p-7f);
    p0 = mw_mul_add(0x1.5558f20000000p-5f, r, 0x1.5554920000000p-3f);
    p = mw_mul_add(mw_mul_add(p2, s, p0), r, 0x1.fffffc0000000p-2f);
    return mw_mul_add(p, s, r);
}
""",
        "mw_exponential_step_celu": """\
static float mw_exponential_step_celu(float r, float scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_celu": """\
static float mw_factor_step_celu(float x, float scale)
{
    (void)x;
    return scale;
}
""",
        "mw_one_less": """\
static float mw_one_less(float q, float scale, float *low)
{
    float whole, result;
    whole = scale - 1;
    result = mw_mul_add(scale, q, whole);
    low[0] = mw_mul_add(scale, q, whole - result) + (scale - (whole + 1));
    return result;
}
""",
        "mw_unshift": """\
static float mw_unshift(float like)
{
    (void)like;
    return 0x1.0000000000000p-64f;
}
""",
        "mw_kept": """\
static float mw_kept(float low)
{
    return (MW_FUSED ? low : mw_pick((float)INFINITY, mw_absolute(low), low, 0.0f));
}
""",
        "mw_remainder": """\
static float mw_remainder(float c, float a, float b)
{
    float product, splitter, a_high, b_high, a_low, b_low;
    if (MW_FUSED) {
        return mw_minus_mul(a, b, c);
    }
    product = a * b;
    splitter = 4097.0f;
    a_high = splitter * a - (splitter * a - a);
    b_high = splitter * b - (splitter * b - b);
    a_low = a - a_high;
    b_low = b - b_high;
    return c - product - (a_high * b_high - product + a_high * b_low + a_low * b_high + a_low * b_low);
}
""",
        "mw_celu_of": """\
static float mw_celu_of(float x, float q, float scale, float alpha)
{
    float low, nearly, v, product, minus_a, z, rest;
    nearly = -0x1.0000000000000p-25f;
    v = mw_one_less(q, scale * mw_unshift(x), &low);
    product = alpha * v;
    minus_a = mw_minus_absolute(x);
    z = minus_a / alpha;
    rest = mw_pick(z, -760.0f, mw_kept(mw_remainder(minus_a, z, alpha)), 0.0f);
    rest = mw_mul_add(rest, v + 1.0f, -mw_kept(mw_remainder(product, alpha, v)));
    low = mw_mul_add(alpha, low, rest);
    return mw_pick(alpha * nearly, x, mw_with_sign(mw_absolute(product + low), x), x);
}
""",
        "mw_last_step_celu": """\
static float mw_last_step_celu(float x, float q, float scale, float parameter)
{
    return mw_celu_of(x, q, scale, parameter);
}
""",
        "mw_act_celu": """\
static float mw_act_celu(float x, float first, float second)
{
    float scale, q = mw_prepared_celu(x, first, &scale);
    q = mw_exponential_step_celu(q, scale);
    scale = mw_factor_step_celu(x, scale);
    (void)second;
    return mw_last_step_celu(x, q, scale, first);
}
""",
        "mw_prepared_elu": """\
static float mw_prepared_elu(float x, float parameter, float *scale)
{
    (void)parameter;
    x = mw_minus_absolute(x);
    return mw_reduced(mw_not_below(-110, -760, x), scale);
}
""",
        "mw_exponential_step_elu": """\
static float mw_exponential_step_elu(float r, float scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_elu": """\
static float mw_factor_step_elu(float x, float scale)
{
    (void)x;
    return scale;
}
""",
        "mw_elu_of": """\
static float mw_elu_of(float x, float q, float scale, float alpha)
{
    float low, v;
    v = mw_one_less(q, scale * mw_unshift(x), &low);
    return mw_pick(x, 0.0f, x, alpha * mw_with_sign(mw_absolute(v + low), x));
}
""",
        "mw_last_step_elu": """\
static float mw_last_step_elu(float x, float q, float scale, float parameter)
{
    return mw_elu_of(x, q, scale, parameter);
}
""",
        "mw_act_elu": """\
static float mw_act_elu(float x, float first, float second)
{
    float scale, q = mw_prepared_elu(x, first, &scale);
    q = mw_exponential_step_elu(q, scale);
    scale = mw_factor_step_elu(x, scale);
    (void)second;
    return mw_last_step_elu(x, q, scale, first);
}
""",
        "mw_exp_argument": """\
static float mw_exp_argument(float x, float *scale)
{
    float most;
    most = 90.0f;
    x = mw_not_below(-110, -760, mw_pick(x, most, most, x));
    return mw_reduced_by(mw_pick(x, 0.0f, mw_rounder(x, -1), mw_rounder(x, 1)), x, scale);
}
""",
        "mw_prepared_exp": """\
static float mw_prepared_exp(float x, float parameter, float *scale)
{
    (void)parameter;
    return mw_exp_argument(x, scale);
}
""",
        "mw_exponential_step_exp": """\
static float mw_exponential_step_exp(float r, float scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_exp": """\
static float mw_factor_step_exp(float x, float scale)
{
    (void)x;
    return scale;
}
""",
        "mw_exp_of": """\
static float mw_exp_of(float x, float q, float scale)
{
    float shift;
    shift = 0x1.0000000000000p+64f;
    return mw_mul_add(scale, q, scale) * mw_pick(x, 0.0f, shift, mw_unshift(x));
}
""",
        "mw_last_step_exp": """\
static float mw_last_step_exp(float x, float q, float scale, float parameter)
{
    (void)parameter;
    return mw_exp_of(x, q, scale);
}
""",
        "mw_act_exp": """\
static float mw_act_exp(float x, float first, float second)
{
    float scale, q = mw_prepared_exp(x, first, &scale);
    q = mw_exponential_step_exp(q, scale);
    scale = mw_factor_step_exp(x, scale);
    (void)second;
    return mw_last_step_exp(x, q, scale, first);
}
""",
        "mw_gelu_argument": """\
static float mw_gelu_argument(float x, float *low)
{
    float minus_a, half, result;
    minus_a = mw_not_below(-14.9, -40, mw_minus_absolute(x));
    half = 0x1.0000000000000p-1f * minus_a;
    result = half * minus_a;
    low[0] = mw_remainder(result, half, minus_a);
    return -result;
}
""",
        "mw_prepared_gelu": """\
static float mw_prepared_gelu(float x, float parameter, float *scale)
{
    float r, low;
    (void)parameter;
    r = mw_gelu_argument(x, &low);
    return mw_reduced(r, scale) + low;
}
""",
        "mw_exponential_step_gelu": """\
static float mw_exponential_step_gelu(float r, float scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_from_pieces": """\
static float mw_from_pieces(const float *table, float chosen, float a)
{
    float p;
    int k;
    p = mw_lookup_f32(table + 64, chosen);
    a = a - mw_lookup_f32(table, chosen);
    for (k = 7; k > 0; k--) {
        p = mw_mul_add(p, a, mw_lookup_f32(table + 8 * k, chosen));
    }
    return p;
}
""",
        "mw_factor_step_gelu": """\
static float mw_factor_step_gelu(float x, float scale)
{
    x = mw_not_below(-14.9, 0, mw_minus_absolute(x));
    return scale * mw_from_pieces(&MW_GELU_PIECES[0][0], 1 - x, x);
}
""",
        "mw_gelu_of": """\
static float mw_gelu_of(float x, float q, float scale)
{
    scale = mw_mul_add(scale, q, scale);
    return mw_with_sign(mw_absolute(mw_mul_add(scale, mw_unshift(x), mw_larger(0.0f, x))), x);
}
""",
        "mw_last_step_gelu": """\
static float mw_last_step_gelu(float x, float q, float scale, float parameter)
{
    (void)parameter;
    return mw_gelu_of(x, q, scale);
}
""",
        "mw_act_gelu": """\
static float mw_act_gelu(float x, float first, float second)
{
    float scale, q = mw_prepared_gelu(x, first, &scale);
    q = mw_exponential_step_gelu(q, scale);
    scale = mw_factor_step_gelu(x, scale);
    (void)second;
    return mw_last_step_gelu(x, q, scale, first);
}
""",
        "mw_gelu_tanh_argument": """\
static float mw_gelu_tanh_argument(float x, float *low)
{
    float c1, c1_low, c3, c3_low, minus_a, square, square_low, cubic, cubic_low, factor, part, factor_low, result;
    c1 = 0x1.9884540000000p+0f;
    c1_low = -0x1.8579360000000p-25f;
    c3 = 0x1.2444f20000000p-4f;
    c3_low = 0x1.49b16a0000000p-29f;
    minus_a = mw_not_below(-11, -22, mw_minus_absolute(x));
    square = minus_a * minus_a;
    square_low = -mw_remainder(square, minus_a, minus_a);
    cubic = c3 * square;
    cubic_low = mw_mul_add(c3, square_low, mw_mul_add(c3_low, square, -mw_remainder(cubic, c3, square)));
    factor = c1 + cubic;
    part = factor - c1;
    factor_low = c1 - (factor - part) + (cubic - part) + (c1_low + cubic_low);
    result = minus_a * factor;
    low[0] = mw_mul_add(minus_a, factor_low, -mw_remainder(result, minus_a, factor));
    return result;
}
""",
        "mw_prepared_gelu_tanh": """\
static float mw_prepared_gelu_tanh(float x, float parameter, float *scale)
{
    float r, low;
    (void)parameter;
    r = mw_gelu_tanh_argument(x, &low);
    return mw_reduced(r, scale) + low;
}
""",
        "mw_exponential_step_gelu_tanh": """\
static float mw_exponential_step_gelu_tanh(float r, float scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_gelu_tanh": """\
static float mw_factor_step_gelu_tanh(float x, float scale)
{
    (void)x;
    return scale;
}
""",
        "mw_one_more": """\
static float mw_one_more(float q, float *low)
{
    float result;
    result = q + 1;
    low[0] = q - (result - 1);
    return result;
}
""",
        "mw_fraction": """\
static float mw_fraction(float high, float low, float scale, double k, float *rest, float *slope)
{
    float whole, d, d_low, result;
    whole = (float)(k);
    d = mw_mul_add(high, scale, whole);
    d_low = mw_mul_add(low, scale, mw_mul_add(high, scale, whole - d));
    result = high / d;
    rest[0] = mw_minus_mul(result, d_low, low) + mw_remainder(high, result, d);
    slope[0] = mw_minus_mul(result, scale * (float)(1 / k), (float)(1 / k));
    return result;
}
""",
        "mw_gated_of": """\
static float mw_gated_of(double floor32, double floor64, float x, float q, float scale)
{
    float low, rest, slope, p, minus_a, w, product;
    p = mw_one_more(q, &low);
    minus_a = mw_not_below(floor32, floor64, mw_minus_absolute(x)) * scale;
    w = mw_fraction(p, low, scale * mw_unshift(x), 1, &rest, &slope);
    product = minus_a * w;
    rest = mw_mul_add(minus_a, rest * slope, -mw_remainder(product, minus_a, w));
    return mw_with_sign(mw_absolute(mw_mul_add(product + rest, mw_unshift(x), mw_larger(0.0f, x))), x);
}
""",
        "mw_last_step_gelu_tanh": """\
static float mw_last_step_gelu_tanh(float x, float q, float scale, float parameter)
{
    (void)parameter;
    return mw_gated_of(-11, -22, x, q, scale);
}
""",
        "mw_act_gelu_tanh": """\
static float mw_act_gelu_tanh(float x, float first, float second)
{
    float scale, q = mw_prepared_gelu_tanh(x, first, &scale);
    q = mw_exponential_step_gelu_tanh(q, scale);
    scale = mw_factor_step_gelu_tanh(x, scale);
    (void)second;
    return mw_last_step_gelu_tanh(x, q, scale, first);
}
""",
        "mw_prepared_mish": """\
static float mw_prepared_mish(float x, float parameter, float *scale)
{
    (void)parameter;
    x = mw_minus_absolute(x);
    return mw_reduced(mw_not_below(-110, -760, x), scale);
}
""",
        "mw_exponential_step_mish": """\
static float mw_exponential_step_mish(float r, float scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_mish": """\
static float mw_factor_step_mish(float x, float scale)
{
    (void)x;
    return scale;
}
""",
        "mw_mish_of": """\
static float mw_mish_of(float x, float q, float scale)
{
    float low, rest, zero, unit, minus_a, k, p, t, t_low, n, n_low, d, d_low, m, m_low, slope, w, product;
    zero = 0.0f;
    unit = scale * mw_unshift(x);
    minus_a = mw_not_below(-110, -760, mw_minus_absolute(x)) * scale;
    k = mw_pick(x, zero, 1.0f, 2.0f);
    p = mw_one_more(q, &low);
    t = mw_mul_add(p, unit, k);
    t_low = mw_mul_add(low, unit, mw_mul_add(p, unit, k - t));
    p = (3 - k) * p;
    low = (3 - k) * low;
    n = p * t;
    n_low = mw_mul_add(low, t, mw_mul_add(p, t_low, -mw_remainder(n, p, t)));
    d = mw_mul_add(n, unit, k);
    d_low = mw_mul_add(n_low, unit, mw_mul_add(n, unit, k - d));
    m = n - mw_pick(x, zero, p, zero);
    m_low = n_low - mw_pick(x, zero, low, zero);
    slope = 1 / d;
    w = m * slope;
    product = minus_a * w;
    rest = mw_minus_mul(w, d_low, m_low) + mw_remainder(m, w, d);
    rest = mw_mul_add(minus_a, rest * slope, -mw_remainder(product, minus_a, w));
    return mw_with_sign(mw_absolute(mw_mul_add(product + rest, mw_unshift(x), mw_larger(zero, x))), x);
}
""",
        "mw_last_step_mish": """\
static float mw_last_step_mish(float x, float q, float scale, float parameter)
{
    (void)parameter;
    return mw_mish_of(x, q, scale);
}
""",
        "mw_act_mish": """\
static float mw_act_mish(float x, float first, float second)
{
    float scale, q = mw_prepared_mish(x, first, &scale);
    q = mw_exponential_step_mish(q, scale);
    scale = mw_factor_step_mish(x, scale);
    (void)second;
    return mw_last_step_mish(x, q, scale, first);
}
""",
        "mw_prepared_scaled_softplus": """\
static float mw_prepared_scaled_softplus(float x, float parameter, float *scale)
{
    float r, low;
    x = mw_minus_absolute(x);
    parameter = mw_absolute(parameter);
    r = parameter * x;
    low = mw_kept(-mw_remainder(r, parameter, x));
    low = mw_pick(r, -110.0f, low, 0.0f);
    return mw_reduced(mw_not_below(-110, -760, r), scale) + low;
}
""",
        "mw_exponential_step_scaled_softplus": """\
static float mw_exponential_step_scaled_softplus(float r, float scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_scaled_softplus": """\
static float mw_factor_step_scaled_softplus(float x, float scale)
{
    (void)x;
    return scale;
}
""",
        "mw_log_polynomial": """\
static float mw_log_polynomial(float v, float *lost)
{
    float p, pair, cubic, minus_half, square;
    minus_half = -0x1.0000000000000p-1f * v;
    square = v * v;
    p = 0x1.2a8e9e0000000p-9f;
    pair = mw_mul_add(-0x1.e156840000000p-7f, v, 0x1.6b03760000000p-5f);
    p = mw_mul_add(p, square, pair);
    pair = mw_mul_add(-0x1.5ffe1c0000000p-4f, v, 0x1.03b3dc0000000p-3f);
    p = mw_mul_add(p, square, pair);
    pair = mw_mul_add(-0x1.4c5e320000000p-3f, v, 0x1.9818120000000p-3f);
    p = mw_mul_add(p, square, pair);
    pair = mw_mul_add(-0x1.ffdd060000000p-3f, v, 0x1.5554b40000000p-2f);
    p = mw_mul_add(p, square, pair);
    cubic = square * p;
    p = mw_mul_add(square, p, minus_half);
    lost[0] = cubic - (p - minus_half);
    return p;
}
""",
        "mw_scaled_softplus_of": """\
static float mw_scaled_softplus_of(float x, float q, float scale, float beta)
{
    float total, low, lost, top, rest, zero, z, unit, factor, factor_low, base, v, p, half, to_v;
    zero = 0.0f;
    z = beta * x;
    unit = scale * mw_unshift(x);
    factor = 1.0f / beta;
    factor_low = mw_remainder(1.0f, factor, beta) * factor;
    base = mw_pick(z, zero, x, zero);
    v = mw_mul_add(unit, q, unit);
    p = mw_log_polynomial(v, &lost);
    half = 0x1.0000000000000p-32f;
    to_v = mw_mul_add(0x1.0000000000000p-1f, v, -1.0f) * v;
    scale = scale * half;
    v = mw_mul_add(scale, q, scale);
    rest = mw_mul_add(scale, q, scale - v);
    top = scale * factor * half;
    total = top + base;
    low = mw_mul_add(unit, factor_low, base - (total - top));
    rest = mw_mul_add(v, p, mw_mul_add(v, lost, mw_mul_add(rest, to_v, scale * q)));
    if (!MW_FUSED) {
        rest = rest - mw_remainder(v * p, v, p);
    }
    low = mw_mul_add(rest, factor * half, low);
    return mw_with_sign(mw_absolute(mw_pick(50.0f, z, total + low, x)), beta);
}
""",
        "mw_last_step_scaled_softplus": """\
static float mw_last_step_scaled_softplus(float x, float q, float scale, float parameter)
{
    return mw_scaled_softplus_of(x, q, scale, parameter);
}
""",
        "mw_act_scaled_softplus": """\
static float mw_act_scaled_softplus(float x, float first, float second)
{
    float scale, q = mw_prepared_scaled_softplus(x, first, &scale);
    q = mw_exponential_step_scaled_softplus(q, scale);
    scale = mw_factor_step_scaled_softplus(x, scale);
    (void)second;
    return mw_last_step_scaled_softplus(x, q, scale, first);
}
""",
        "mw_prepared_selu": """\
static float mw_prepared_selu(float x, float parameter, float *scale)
{
    (void)parameter;
    x = mw_minus_absolute(x);
    return mw_reduced(mw_not_below(-110, -760, x), scale);
}
""",
        "mw_exponential_step_selu": """\
static float mw_exponential_step_selu(float r, float scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_selu": """\
static float mw_factor_step_selu(float x, float scale)
{
    (void)x;
    return scale;
}
""",
        "mw_selu_of": """\
static float mw_selu_of(float x, float q, float scale)
{
    float low, v;
    v = mw_absolute(mw_one_less(q, scale * mw_unshift(x), &low));
    v = mw_pick(x, 0.0f, 0x1.0cfabe0000000p+0f * x, 0x1.c212cc0000000p+0f * v);
    return mw_with_sign(mw_absolute(v), x);
}
""",
        "mw_last_step_selu": """\
static float mw_last_step_selu(float x, float q, float scale, float parameter)
{
    (void)parameter;
    return mw_selu_of(x, q, scale);
}
""",
        "mw_act_selu": """\
static float mw_act_selu(float x, float first, float second)
{
    float scale, q = mw_prepared_selu(x, first, &scale);
    q = mw_exponential_step_selu(q, scale);
    scale = mw_factor_step_selu(x, scale);
    (void)second;
    return mw_last_step_selu(x, q, scale, first);
}
""",
        "mw_prepared_sigmoid": """\
static float mw_prepared_sigmoid(float x, float parameter, float *scale)
{
    (void)parameter;
    x = mw_minus_absolute(x);
    return mw_reduced(mw_not_below(-110, -760, x), scale);
}
""",
        "mw_exponential_step_sigmoid": """\
static float mw_exponential_step_sigmoid(float r, float scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_sigmoid": """\
static float mw_factor_step_sigmoid(float x, float scale)
{
    (void)x;
    return scale;
}
""",
        "mw_sigmoid_of": """\
static float mw_sigmoid_of(float x, float q, float scale)
{
    float unit, v, b, d;
    unit = scale * mw_unshift(x);
    v = mw_mul_add(unit, q, unit);
    b = mw_pick(0.0f, x, v, 1.0f);
    d = v + 1.0f;
    return mw_absolute(mw_minus_mul(v / d, b, b));
}
""",
        "mw_last_step_sigmoid": """\
static float mw_last_step_sigmoid(float x, float q, float scale, float parameter)
{
    (void)parameter;
    return mw_sigmoid_of(x, q, scale);
}
""",
        "mw_act_sigmoid": """\
static float mw_act_sigmoid(float x, float first, float second)
{
    float scale, q = mw_prepared_sigmoid(x, first, &scale);
    q = mw_exponential_step_sigmoid(q, scale);
    scale = mw_factor_step_sigmoid(x, scale);
    (void)second;
    return mw_last_step_sigmoid(x, q, scale, first);
}
""",
        "mw_prepared_silu": """\
static float mw_prepared_silu(float x, float parameter, float *scale)
{
    (void)parameter;
    x = mw_minus_absolute(x);
    return mw_reduced(mw_not_below(-110, -760, x), scale);
}
""",
        "mw_exponential_step_silu": """\
static float mw_exponential_step_silu(float r, float scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_silu": """\
static float mw_factor_step_silu(float x, float scale)
{
    (void)x;
    return scale;
}
""",
        "mw_last_step_silu": """\
static float mw_last_step_silu(float x, float q, float scale, float parameter)
{
    (void)parameter;
    return mw_gated_of(-110, -760, x, q, scale);
}
""",
        "mw_act_silu": """\
static float mw_act_silu(float x, float first, float second)
{
    float scale, q = mw_prepared_silu(x, first, &scale);
    q = mw_exponential_step_silu(q, scale);
    scale = mw_factor_step_silu(x, scale);
    (void)second;
    return mw_last_step_silu(x, q, scale, first);
}
""",
        "mw_prepared_softplus": """\
static float mw_prepared_softplus(float x, float parameter, float *scale)
{
    (void)parameter;
    x = mw_minus_absolute(x);
    return mw_reduced(mw_not_below(-110, -760, x), scale);
}
""",
        "mw_exponential_step_softplus": """\
static float mw_exponential_step_softplus(float r, float scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_softplus": """\
static float mw_factor_step_softplus(float x, float scale)
{
    (void)x;
    return scale;
}
""",
        "mw_softplus_of": """\
static float mw_softplus_of(float x, float q, float scale)
{
    float total, low, lost, base, unit, v, p;
    base = mw_larger(0.0f, x);
    unit = scale * mw_unshift(x);
    v = mw_mul_add(unit, q, unit);
    p = mw_log_polynomial(v, &lost);
    total = unit + base;
    low = mw_mul_add(unit, q, base - (total - unit));
    if (!MW_FUSED) {
        low = low - mw_remainder(v * p, v, p) + v * lost;
    }
    p = total + mw_mul_add(v, p, low);
    return mw_absolute(mw_pick(x, 50.0f, x, p));
}
""",
        "mw_last_step_softplus": """\
static float mw_last_step_softplus(float x, float q, float scale, float parameter)
{
    (void)parameter;
    return mw_softplus_of(x, q, scale);
}
""",
        "mw_act_softplus": """\
static float mw_act_softplus(float x, float first, float second)
{
    float scale, q = mw_prepared_softplus(x, first, &scale);
    q = mw_exponential_step_softplus(q, scale);
    scale = mw_factor_step_softplus(x, scale);
    (void)second;
    return mw_last_step_softplus(x, q, scale, first);
}
""",
        "mw_prepared_tanh": """\
static float mw_prepared_tanh(float x, float parameter, float *scale)
{
    (void)parameter;
    x = mw_minus_absolute(x);
    x = mw_not_below(-9.2, 0, x);
    scale[0] = mw_minus_mul(x, 0x1.a000000000000p+0f, 1.0f);
    return x;
}
""",
        "mw_exponential_step_tanh": """\
static float mw_exponential_step_tanh(float r, float scale)
{
    return mw_from_pieces(&MW_TANH_PIECES[0][0], scale, r);
}
""",
        "mw_factor_step_tanh": """\
static float mw_factor_step_tanh(float x, float scale)
{
    (void)x;
    return scale;
}
""",
        "mw_tanh_of": """\
static float mw_tanh_of(float x, float q, float scale)
{
    (void)scale;
    return mw_with_sign(mw_absolute(q), x);
}
""",
        "mw_last_step_tanh": """\
static float mw_last_step_tanh(float x, float q, float scale, float parameter)
{
    (void)parameter;
    return mw_tanh_of(x, q, scale);
}
""",
        "mw_act_tanh": """\
static float mw_act_tanh(float x, float first, float second)
{
    float scale, q = mw_prepared_tanh(x, first, &scale);
    q = mw_exponential_step_tanh(q, scale);
    scale = mw_factor_step_tanh(x, scale);
    (void)second;
    return mw_last_step_tanh(x, q, scale, first);
}
""",
        "mw_exponential_below": """\
static float mw_exponential_below(float v, float top)
{
    float scale, bottom, distance, part_of_top, low, whole;
    bottom = -110.0f;
    distance = v - top;
    part_of_top = distance - v;
    low = v - (distance - part_of_top) - (top + part_of_top);
    low = mw_pick(distance, bottom, low, 0.0f);
    whole = 1.0f + mw_power(mw_reduced(mw_larger(bottom, distance), &scale) + low);
    return whole * scale * mw_unshift(v);
}
""",
    },
    "double": {
        "mw_clipped": """\
static double mw_clipped(double x, double low, double high)
{
    x = mw_larger(low, x);
    return mw_pick(x, high, high, x);
}
""",
        "mw_in_one_step_clip": """\
static double mw_in_one_step_clip(double x, double first, double second)
{
    return mw_clipped(x, first, second);
}
""",
        "mw_act_clip": """\
static double mw_act_clip(double x, double first, double second)
{
    return mw_in_one_step_clip(x, first, second);
}
""",
        "mw_hardsigmoid": """\
static double mw_hardsigmoid(double x)
{
    return mw_clipped(x + 3.0, 0.0, 6.0) / 6.0;
}
""",
        "mw_in_one_step_hardsigmoid": """\
static double mw_in_one_step_hardsigmoid(double x, double first, double second)
{
    (void)first;
    (void)second;
    return mw_hardsigmoid(x);
}
""",
        "mw_act_hardsigmoid": """\
static double mw_act_hardsigmoid(double x, double first, double second)
{
    return mw_in_one_step_hardsigmoid(x, first, second);
}
""",
        "mw_hardswish": """\
static double mw_hardswish(double x)
{
    return mw_larger(-3.0, x) * mw_hardsigmoid(x);
}
""",
        "mw_in_one_step_hardswish": """\
static double mw_in_one_step_hardswish(double x, double first, double second)
{
    (void)first;
    (void)second;
    return mw_hardswish(x);
}
""",
        "mw_act_hardswish": """\
static double mw_act_hardswish(double x, double first, double second)
{
    return mw_in_one_step_hardswish(x, first, second);
}
""",
        "mw_in_one_step_identity": """\
static double mw_in_one_step_identity(double x, double first, double second)
{
    (void)first;
    (void)second;
    return x;
}
""",
        "mw_act_identity": """\
static double mw_act_identity(double x, double first, double second)
{
    return mw_in_one_step_identity(x, first, second);
}
""",
        "mw_leaky_relu": """\
static double mw_leaky_relu(double x, double slope)
{
    return mw_pick(x, 0.0, x, slope * x);
}
""",
        "mw_in_one_step_leaky_relu": """\
static double mw_in_one_step_leaky_relu(double x, double first, double second)
{
    (void)second;
    return mw_leaky_relu(x, first);
}
""",
        "mw_act_leaky_relu": """\
static double mw_act_leaky_relu(double x, double first, double second)
{
    return mw_in_one_step_leaky_relu(x, first, second);
}
""",
        "mw_relu": """\
static double mw_relu(double x)
{
    return mw_larger(0.0, x) + 0.0;
}
""",
        "mw_in_one_step_relu": """\
static double mw_in_one_step_relu(double x, double first, double second)
{
    (void)first;
    (void)second;
    return mw_relu(x);
}
""",
        "mw_act_relu": """\
static double mw_act_relu(double x, double first, double second)
{
    return mw_in_one_step_relu(x, first, second);
}
""",
        "mw_in_one_step_relu6": """\
static double mw_in_one_step_relu6(double x, double first, double second)
{
    (void)first;
    (void)second;
    return mw_relu(mw_clipped(x, 0.0, 6.0));
}
""",
        "mw_act_relu6": """\
static double mw_act_relu6(double x, double first, double second)
{
    return mw_in_one_step_relu6(x, first, second);
}
""",
        "mw_not_below": """\
static double mw_not_below(double floor32, double floor64, double x)
{
    (void)floor32;
    return mw_larger((double)(floor64), x);
}
""",
        "mw_minus_absolute": """\
static double mw_minus_absolute(double x)
{
    return mw_with_sign(x, -0.0);
}
""",
        "mw_softsign": """\
static double mw_softsign(double x)
{
    double minus_a;
    minus_a = mw_not_below(-1000000000.0, -1e+18, mw_minus_absolute(x));
    return mw_with_sign(mw_absolute(minus_a / (1.0 - minus_a)), x);
}
""",
        "mw_in_one_step_softsign": """\
static double mw_in_one_step_softsign(double x, double first, double second)
{
    (void)first;
    (void)second;
    return mw_softsign(x);
}
""",
        "mw_act_softsign": """\
static double mw_act_softsign(double x, double first, double second)
{
    return mw_in_one_step_softsign(x, first, second);
}
""",
        "mw_reduced_by": """\
static double mw_reduced_by(double magic, double x, double *scale)
{
    double n, t;
    t = mw_mul_add(x, 0x1.71547652b82fep+0, magic);
    n = t - magic;
    scale[0] = mw_power_of_two(t);
    x = mw_minus_mul(n, 0x1.62e42fee00000p-1, x);
    return mw_minus_mul(n, 0x1.a39ef35793c76p-33, x);
}
""",
        "mw_rounder": """\
static double mw_rounder(double like, double sign)
{
    (void)like;
    return (double)(6755399441055744.0 + sign * 256 + 1023);
}
""",
        "mw_reduced": """\
static double mw_reduced(double x, double *scale)
{
    return mw_reduced_by(mw_rounder(x, 1), x, scale);
}
""",
        "mw_prepared_celu": """\
static double mw_prepared_celu(double x, double parameter, double *scale)
{
    x = mw_minus_absolute(x);
    parameter = mw_larger(0x1.0000000000000p-1022, parameter);
    x = x / parameter;
    return mw_reduced(mw_not_below(-110, -760, x), scale);
}
""",
        "mw_power": """\
static double mw_power(double r)
{
    double s, p, p0, p2, p4, p6, p8;
    s = r * r;
    p0 = mw_mul_add(0x1.5555555555559p-3, r, 0x1.0000000000000p-1);
    p2 = mw_mul_add(0x1.111111110f6cep-7, r, 0x1.5555555555559p-5);
    p4 = mw_mul_add(0x1.a01a01afdc0a4p-13, r, 0x1.6c16c16c14a65p-10);
    p6 = mw_mul_add(0x1.71ddf8645fba4p-19, r, 0x1.a01a01af6d830p-16);
    p8 = mw_mul_add(0x1.af5eaa3b8f10bp-26, r, 0x1.27e4c7af7c936p-22);
    p8 = mw_mul_add(0x1.1f92dfe8c5fb3p-29, s, p8);
    p = mw_mul_add(mw_mul_add(mw_mul_add(p8, s, p6), s, p4), s, p2);
    return mw_mul_add(mw_mul_add(p, s, p0), s, r);
}
""",
        "mw_exponential_step_celu": """\
static double mw_exponential_step_celu(double r, double scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_celu": """\
static double mw_factor_step_celu(double x, double scale)
{
    (void)x;
    return scale;
}
""",
        "mw_one_less": """\
static double mw_one_less(double q, double scale, double *low)
{
    double whole, result;
    whole = scale - 1;
    result = mw_mul_add(scale, q, whole);
    low[0] = mw_mul_add(scale, q, whole - result) + (scale - (whole + 1));
    return result;
}
""",
        "mw_unshift": """\
static double mw_unshift(double like)
{
    (void)like;
    return 0x1.0000000000000p-256;
}
""",
        "mw_kept": """\
static double mw_kept(double low)
{
    return (MW_FUSED ? low : mw_pick((double)INFINITY, mw_absolute(low), low, 0.0));
}
""",
        "mw_remainder": """\
static double mw_remainder(double c, double a, double b)
{
    double product, splitter, a_high, b_high, a_low, b_low;
    if (MW_FUSED) {
        return mw_minus_mul(a, b, c);
    }
    product = a * b;
    splitter = 0x1.0000002000000p+27;
    a_high = splitter * a - (splitter * a - a);
    b_high = splitter * b - (splitter * b - b);
    a_low = a - a_high;
    b_low = b - b_high;
    return c - product - (a_high * b_high - product + a_high * b_low + a_low * b_high + a_low * b_low);
}
""",
        "mw_celu_of": """\
static double mw_celu_of(double x, double q, double scale, double alpha)
{
    double low, nearly, v, product, minus_a, z, rest;
    nearly = -0x1.0000000000000p-54;
    v = mw_one_less(q, scale * mw_unshift(x), &low);
    product = alpha * v;
    minus_a = mw_minus_absolute(x);
    z = minus_a / alpha;
    rest = mw_pick(z, -760.0, mw_kept(mw_remainder(minus_a, z, alpha)), 0.0);
    rest = mw_mul_add(rest, v + 1.0, -mw_kept(mw_remainder(product, alpha, v)));
    low = mw_mul_add(alpha, low, rest);
    return mw_pick(alpha * nearly, x, mw_with_sign(mw_absolute(product + low), x), x);
}
""",
        "mw_last_step_celu": """\
static double mw_last_step_celu(double x, double q, double scale, double parameter)
{
    return mw_celu_of(x, q, scale, parameter);
}
""",
        "mw_act_celu": """\
static double mw_act_celu(double x, double first, double second)
{
    double scale, q = mw_prepared_celu(x, first, &scale);
    q = mw_exponential_step_celu(q, scale);
    scale = mw_factor_step_celu(x, scale);
    (void)second;
    return mw_last_step_celu(x, q, scale, first);
}
""",
        "mw_prepared_elu": """\
static double mw_prepared_elu(double x, double parameter, double *scale)
{
    (void)parameter;
    x = mw_minus_absolute(x);
    return mw_reduced(mw_not_below(-110, -760, x), scale);
}
""",
        "mw_exponential_step_elu": """\
static double mw_exponential_step_elu(double r, double scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_elu": """\
static double mw_factor_step_elu(double x, double scale)
{
    (void)x;
    return scale;
}
""",
        "mw_elu_of": """\
static double mw_elu_of(double x, double q, double scale, double alpha)
{
    double low, v;
    v = mw_one_less(q, scale * mw_unshift(x), &low);
    return mw_pick(x, 0.0, x, alpha * mw_with_sign(mw_absolute(v + low), x));
}
""",
        "mw_last_step_elu": """\
static double mw_last_step_elu(double x, double q, double scale, double parameter)
{
    return mw_elu_of(x, q, scale, parameter);
}
""",
        "mw_act_elu": """\
static double mw_act_elu(double x, double first, double second)
{
    double scale, q = mw_prepared_elu(x, first, &scale);
    q = mw_exponential_step_elu(q, scale);
    scale = mw_factor_step_elu(x, scale);
    (void)second;
    return mw_last_step_elu(x, q, scale, first);
}
""",
        "mw_exp_argument": """\
static double mw_exp_argument(double x, double *scale)
{
    double most;
    most = 711.0;
    x = mw_not_below(-110, -760, mw_pick(x, most, most, x));
    return mw_reduced_by(mw_pick(x, 0.0, mw_rounder(x, -1), mw_rounder(x, 1)), x, scale);
}
""",
        "mw_prepared_exp": """\
static double mw_prepared_exp(double x, double parameter, double *scale)
{
    (void)parameter;
    return mw_exp_argument(x, scale);
}
""",
        "mw_exponential_step_exp": """\
static double mw_exponential_step_exp(double r, double scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_exp": """\
static double mw_factor_step_exp(double x, double scale)
{
    (void)x;
    return scale;
}
""",
        "mw_exp_of": """\
static double mw_exp_of(double x, double q, double scale)
{
    double shift;
    shift = 0x1.0000000000000p+256;
    return mw_mul_add(scale, q, scale) * mw_pick(x, 0.0, shift, mw_unshift(x));
}
""",
        "mw_last_step_exp": """\
static double mw_last_step_exp(double x, double q, double scale, double parameter)
{
    (void)parameter;
    return mw_exp_of(x, q, scale);
}
""",
        "mw_act_exp": """\
static double mw_act_exp(double x, double first, double second)
{
    double scale, q = mw_prepared_exp(x, first, &scale);
    q = mw_exponential_step_exp(q, scale);
    scale = mw_factor_step_exp(x, scale);
    (void)second;
    return mw_last_step_exp(x, q, scale, first);
}
""",
        "mw_gelu_argument": """\
static double mw_gelu_argument(double x, double *low)
{
    double minus_a, half, result;
    minus_a = mw_not_below(-14.9, -40, mw_minus_absolute(x));
    half = 0x1.0000000000000p-1 * minus_a;
    result = half * minus_a;
    low[0] = mw_remainder(result, half, minus_a);
    return -result;
}
""",
        "mw_prepared_gelu": """\
static double mw_prepared_gelu(double x, double parameter, double *scale)
{
    double r, low;
    (void)parameter;
    r = mw_gelu_argument(x, &low);
    return mw_reduced(r, scale) + low;
}
""",
        "mw_exponential_step_gelu": """\
static double mw_exponential_step_gelu(double r, double scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_gelu": """\
static double mw_factor_step_gelu(double x, double scale)
{
    (void)x;
    return scale;
}
""",
        "mw_gelu_f64": """\
static double mw_gelu_f64(double x, double q, double scale)
{
    double a, c, d, d_low, reciprocal, rest, double_c, t, t_low, square, p, even, odd, slope, high, low, last;
    a = -mw_not_below(0, -40, mw_minus_absolute(x));
    c = 0x1.c000000000000p+1;
    d = a + c;
    d_low = a - (d - c);
    reciprocal = 1 / d;
    rest = mw_minus_mul(reciprocal, d_low, mw_remainder(1.0, reciprocal, d));
    double_c = 2 * c * reciprocal;
    t = 1 - double_c;
    t_low = mw_remainder(double_c, 2 * c, reciprocal) * (0x1.2492492492492p-3 * d);
    square = t * t;
    last = 0x1.7d241a953a614p-1;
    even = mw_mul_add(0x1.50be312e8b240p-28, square, -0x1.37ab4804ee136p-25);
    even = mw_mul_add(even, square, 0x1.09d13cc3db316p-23);
    even = mw_mul_add(even, square, -0x1.33289b697de68p-23);
    even = mw_mul_add(even, square, -0x1.38c5e663d8d13p-20);
    even = mw_mul_add(even, square, 0x1.8219dd6b72ffdp-17);
    even = mw_mul_add(even, square, -0x1.3d06701e62c57p-14);
    even = mw_mul_add(even, square, 0x1.f3cfaafac4c08p-12);
    even = mw_mul_add(even, square, -0x1.a200796acba0bp-9);
    even = mw_mul_add(even, square, 0x1.1d35bdee172c3p-6);
    even = mw_mul_add(even, square, 0x1.42fec3680aca9p-2);
    odd = mw_mul_add(0x1.96103501b89cfp-30, square, -0x1.05b1cd89a9a4fp-28);
    odd = mw_mul_add(odd, square, -0x1.03683f640ea58p-25);
    odd = mw_mul_add(odd, square, 0x1.3c2e6b9321337p-22);
    odd = mw_mul_add(odd, square, -0x1.8d10dad745adbp-20);
    odd = mw_mul_add(odd, square, 0x1.7b4b1f9aabd13p-18);
    odd = mw_mul_add(odd, square, -0x1.3b39b141133d9p-16);
    odd = mw_mul_add(odd, square, 0x1.1928625bdb2ccp-14);
    odd = mw_mul_add(odd, square, -0x1.d2a141115cb5cp-12);
    odd = mw_mul_add(odd, square, 0x1.a86cec766ccdap-8);
    odd = mw_mul_add(odd, square, -0x1.db5837f7f5540p-4);
    p = mw_mul_add(mw_mul_add(odd, t, even), t, -0x1.2191517fa27b8p-1);
    slope = mw_mul_add(mw_mul_add(0x1.0e5604189374cp-3, t, -0x1.e0c49ba5e353fp-1), t, 0x1.c3d70a3d70a3dp+0);
    high = mw_mul_add(p, t, last);
    low = mw_mul_add(p, t, last - high);
    p = high * reciprocal;
    low = mw_mul_add(low, reciprocal, -mw_remainder(p, high, reciprocal));
    a = a * scale;
    high = a * p;
    low = mw_mul_add(a, low, -mw_remainder(high, a, p));
    rest = mw_mul_add(rest - t_low, slope, t_low);
    low = mw_mul_add(low, 1 + q, high * mw_mul_add(rest, 1 + q, q));
    return mw_with_sign(mw_absolute(mw_minus_mul(high + low, mw_unshift(x), mw_larger(0.0, x))), x);
}
""",
        "mw_gelu_of": """\
static double mw_gelu_of(double x, double q, double scale)
{
    return mw_gelu_f64(x, q, scale);
}
""",
        "mw_last_step_gelu": """\
static double mw_last_step_gelu(double x, double q, double scale, double parameter)
{
    (void)parameter;
    return mw_gelu_of(x, q, scale);
}
""",
        "mw_act_gelu": """\
static double mw_act_gelu(double x, double first, double second)
{
    double scale, q = mw_prepared_gelu(x, first, &scale);
    q = mw_exponential_step_gelu(q, scale);
    scale = mw_factor_step_gelu(x, scale);
    (void)second;
    return mw_last_step_gelu(x, q, scale, first);
}
""",
        "mw_gelu_tanh_argument": """\
static double mw_gelu_tanh_argument(double x, double *low)
{
    double c1, c1_low, c3, c3_low, minus_a, square, square_low, cubic, cubic_low, factor, part, factor_low, result;
    c1 = 0x1.9884533d43651p+0;
    c1_low = -0x1.cbc0d30ebfd15p-54;
    c3 = 0x1.2444f2a4d8b4bp-4;
    c3_low = -0x1.6c843a29d1c70p-61;
    minus_a = mw_not_below(-11, -22, mw_minus_absolute(x));
    square = minus_a * minus_a;
    square_low = -mw_remainder(square, minus_a, minus_a);
    cubic = c3 * square;
    cubic_low = mw_mul_add(c3, square_low, mw_mul_add(c3_low, square, -mw_remainder(cubic, c3, square)));
    factor = c1 + cubic;
    part = factor - c1;
    factor_low = c1 - (factor - part) + (cubic - part) + (c1_low + cubic_low);
    result = minus_a * factor;
    low[0] = mw_mul_add(minus_a, factor_low, -mw_remainder(result, minus_a, factor));
    return result;
}
""",
        "mw_prepared_gelu_tanh": """\
static double mw_prepared_gelu_tanh(double x, double parameter, double *scale)
{
    double r, low;
    (void)parameter;
    r = mw_gelu_tanh_argument(x, &low);
    return mw_reduced(r, scale) + low;
}
""",
        "mw_exponential_step_gelu_tanh": """\
static double mw_exponential_step_gelu_tanh(double r, double scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_gelu_tanh": """\
static double mw_factor_step_gelu_tanh(double x, double scale)
{
    (void)x;
    return scale;
}
""",
        "mw_one_more": """\
static double mw_one_more(double q, double *low)
{
    double result;
    result = q + 1;
    low[0] = q - (result - 1);
    return result;
}
""",
        "mw_fraction": """\
static double mw_fraction(double high, double low, double scale, double k, double *rest, double *slope)
{
    double whole, d, d_low, result;
    whole = (double)(k);
    d = mw_mul_add(high, scale, whole);
    d_low = mw_mul_add(low, scale, mw_mul_add(high, scale, whole - d));
    result = high / d;
    rest[0] = mw_minus_mul(result, d_low, low) + mw_remainder(high, result, d);
    slope[0] = mw_minus_mul(result, scale * (double)(1 / k), (double)(1 / k));
    return result;
}
""",
        "mw_gated_of": """\
static double mw_gated_of(double floor32, double floor64, double x, double q, double scale)
{
    double low, rest, slope, p, minus_a, w, product;
    p = mw_one_more(q, &low);
    minus_a = mw_not_below(floor32, floor64, mw_minus_absolute(x)) * scale;
    w = mw_fraction(p, low, scale * mw_unshift(x), 1, &rest, &slope);
    product = minus_a * w;
    rest = mw_mul_add(minus_a, rest * slope, -mw_remainder(product, minus_a, w));
    return mw_with_sign(mw_absolute(mw_mul_add(product + rest, mw_unshift(x), mw_larger(0.0, x))), x);
}
""",
        "mw_last_step_gelu_tanh": """\
static double mw_last_step_gelu_tanh(double x, double q, double scale, double parameter)
{
    (void)parameter;
    return mw_gated_of(-11, -22, x, q, scale);
}
""",
        "mw_act_gelu_tanh": """\
static double mw_act_gelu_tanh(double x, double first, double second)
{
    double scale, q = mw_prepared_gelu_tanh(x, first, &scale);
    q = mw_exponential_step_gelu_tanh(q, scale);
    scale = mw_factor_step_gelu_tanh(x, scale);
    (void)second;
    return mw_last_step_gelu_tanh(x, q, scale, first);
}
""",
        "mw_prepared_mish": """\
static double mw_prepared_mish(double x, double parameter, double *scale)
{
    (void)parameter;
    x = mw_minus_absolute(x);
    return mw_reduced(mw_not_below(-110, -760, x), scale);
}
""",
        "mw_exponential_step_mish": """\
static double mw_exponential_step_mish(double r, double scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_mish": """\
static double mw_factor_step_mish(double x, double scale)
{
    (void)x;
    return scale;
}
""",
        "mw_mish_of": """\
static double mw_mish_of(double x, double q, double scale)
{
    double low, rest, zero, unit, minus_a, k, p, t, t_low, n, n_low, d, d_low, m, m_low, slope, w, product;
    zero = 0.0;
    unit = scale * mw_unshift(x);
    minus_a = mw_not_below(-110, -760, mw_minus_absolute(x)) * scale;
    k = mw_pick(x, zero, 1.0, 2.0);
    p = mw_one_more(q, &low);
    t = mw_mul_add(p, unit, k);
    t_low = mw_mul_add(low, unit, mw_mul_add(p, unit, k - t));
    p = (3 - k) * p;
    low = (3 - k) * low;
    n = p * t;
    n_low = mw_mul_add(low, t, mw_mul_add(p, t_low, -mw_remainder(n, p, t)));
    d = mw_mul_add(n, unit, k);
    d_low = mw_mul_add(n_low, unit, mw_mul_add(n, unit, k - d));
    m = n - mw_pick(x, zero, p, zero);
    m_low = n_low - mw_pick(x, zero, low, zero);
    slope = 1 / d;
    w = m * slope;
    product = minus_a * w;
    rest = mw_minus_mul(w, d_low, m_low) + mw_remainder(m, w, d);
    rest = mw_mul_add(minus_a, rest * slope, -mw_remainder(product, minus_a, w));
    return mw_with_sign(mw_absolute(mw_mul_add(product + rest, mw_unshift(x), mw_larger(zero, x))), x);
}
""",
        "mw_last_step_mish": """\
static double mw_last_step_mish(double x, double q, double scale, double parameter)
{
    (void)parameter;
    return mw_mish_of(x, q, scale);
}
""",
        "mw_act_mish": """\
static double mw_act_mish(double x, double first, double second)
{
    double scale, q = mw_prepared_mish(x, first, &scale);
    q = mw_exponential_step_mish(q, scale);
    scale = mw_factor_step_mish(x, scale);
    (void)second;
    return mw_last_step_mish(x, q, scale, first);
}
""",
        "mw_prepared_scaled_softplus": """\
static double mw_prepared_scaled_softplus(double x, double parameter, double *scale)
{
    double r, low;
    x = mw_minus_absolute(x);
    parameter = mw_absolute(parameter);
    r = parameter * x;
    low = mw_kept(-mw_remainder(r, parameter, x));
    low = mw_pick(r, -760.0, low, 0.0);
    return mw_reduced(mw_not_below(-110, -760, r), scale) + low;
}
""",
        "mw_exponential_step_scaled_softplus": """\
static double mw_exponential_step_scaled_softplus(double r, double scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_scaled_softplus": """\
static double mw_factor_step_scaled_softplus(double x, double scale)
{
    (void)x;
    return scale;
}
""",
        "mw_log_polynomial": """\
static double mw_log_polynomial(double v, double *lost)
{
    double p, pair, cubic, minus_half, square;
    minus_half = -0x1.0000000000000p-1 * v;
    square = v * v;
    p = mw_mul_add(-0x1.24a3726d1f95bp-16, v, 0x1.b5380cb6b4b4dp-13);
    pair = mw_mul_add(-0x1.368b0b4c62d28p-10, v, 0x1.185df9281e7ffp-8);
    p = mw_mul_add(p, square, pair);
    pair = mw_mul_add(-0x1.6bc579ff4dadbp-7, v, 0x1.6cca564d42787p-6);
    p = mw_mul_add(p, square, pair);
    pair = mw_mul_add(-0x1.2a536a04134cep-5, v, 0x1.a0d88d2f760d9p-5);
    p = mw_mul_add(p, square, pair);
    pair = mw_mul_add(-0x1.03f32365363f3p-4, v, 0x1.2d87941b9e1c2p-4);
    p = mw_mul_add(p, square, pair);
    pair = mw_mul_add(-0x1.50c2aa57f9b19p-4, v, 0x1.73201d5bb394fp-4);
    p = mw_mul_add(p, square, pair);
    pair = mw_mul_add(-0x1.9955d2fab154fp-4, v, 0x1.c711396647778p-4);
    p = mw_mul_add(p, square, pair);
    pair = mw_mul_add(-0x1.fffe994927a65p-4, v, 0x1.249238d66708cp-3);
    p = mw_mul_add(p, square, pair);
    pair = mw_mul_add(-0x1.5555544ee4869p-3, v, 0x1.9999998f0ee0cp-3);
    p = mw_mul_add(p, square, pair);
    pair = mw_mul_add(-0x1.ffffffffc3bbep-3, v, 0x1.55555555550fcp-2);
    p = mw_mul_add(p, square, pair);
    cubic = square * p;
    p = mw_mul_add(square, p, minus_half);
    lost[0] = cubic - (p - minus_half);
    return p;
}
""",
        "mw_scaled_softplus_of": """\
static double mw_scaled_softplus_of(double x, double q, double scale, double beta)
{
    double total, low, lost, top, rest, zero, z, unit, factor, factor_low, base, v, p, half, to_v;
    zero = 0.0;
    z = beta * x;
    unit = scale * mw_unshift(x);
    factor = 1.0 / beta;
    factor_low = mw_remainder(1.0, factor, beta) * factor;
    base = mw_pick(z, zero, x, zero);
    v = mw_mul_add(unit, q, unit);
    p = mw_log_polynomial(v, &lost);
    half = 0x1.0000000000000p-128;
    to_v = mw_mul_add(0x1.0000000000000p-1, v, -1.0) * v;
    scale = scale * half;
    v = mw_mul_add(scale, q, scale);
    rest = mw_mul_add(scale, q, scale - v);
    top = scale * factor * half;
    total = top + base;
    low = mw_mul_add(unit, factor_low, base - (total - top));
    rest = mw_mul_add(v, p, mw_mul_add(v, lost, mw_mul_add(rest, to_v, scale * q)));
    if (!MW_FUSED) {
        rest = rest - mw_remainder(v * p, v, p);
    }
    low = mw_mul_add(rest, factor * half, low);
    return mw_with_sign(mw_absolute(mw_pick(50.0, z, total + low, x)), beta);
}
""",
        "mw_last_step_scaled_softplus": """\
static double mw_last_step_scaled_softplus(double x, double q, double scale, double parameter)
{
    return mw_scaled_softplus_of(x, q, scale, parameter);
}
""",
        "mw_act_scaled_softplus": """\
static double mw_act_scaled_softplus(double x, double first, double second)
{
    double scale, q = mw_prepared_scaled_softplus(x, first, &scale);
    q = mw_exponential_step_scaled_softplus(q, scale);
    scale = mw_factor_step_scaled_softplus(x, scale);
    (void)second;
    return mw_last_step_scaled_softplus(x, q, scale, first);
}
""",
        "mw_prepared_selu": """\
static double mw_prepared_selu(double x, double parameter, double *scale)
{
    (void)parameter;
    x = mw_minus_absolute(x);
    return mw_reduced(mw_not_below(-110, -760, x), scale);
}
""",
        "mw_exponential_step_selu": """\
static double mw_exponential_step_selu(double r, double scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_selu": """\
static double mw_factor_step_selu(double x, double scale)
{
    (void)x;
    return scale;
}
""",
        "mw_selu_of": """\
static double mw_selu_of(double x, double q, double scale)
{
    double low, v;
    v = mw_absolute(mw_one_less(q, scale * mw_unshift(x), &low));
    v = mw_pick(x, 0.0, 0x1.0cfabd6a91132p+0 * x, 0x1.c212cc640f031p+0 * v);
    return mw_with_sign(mw_absolute(v), x);
}
""",
        "mw_last_step_selu": """\
static double mw_last_step_selu(double x, double q, double scale, double parameter)
{
    (void)parameter;
    return mw_selu_of(x, q, scale);
}
""",
        "mw_act_selu": """\
static double mw_act_selu(double x, double first, double second)
{
    double scale, q = mw_prepared_selu(x, first, &scale);
    q = mw_exponential_step_selu(q, scale);
    scale = mw_factor_step_selu(x, scale);
    (void)second;
    return mw_last_step_selu(x, q, scale, first);
}
""",
        "mw_prepared_sigmoid": """\
static double mw_prepared_sigmoid(double x, double parameter, double *scale)
{
    (void)parameter;
    x = mw_minus_absolute(x);
    return mw_reduced(mw_not_below(-110, -760, x), scale);
}
""",
        "mw_exponential_step_sigmoid": """\
static double mw_exponential_step_sigmoid(double r, double scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_sigmoid": """\
static double mw_factor_step_sigmoid(double x, double scale)
{
    (void)x;
    return scale;
}
""",
        "mw_sigmoid_of": """\
static double mw_sigmoid_of(double x, double q, double scale)
{
    double unit, v, b, d;
    unit = scale * mw_unshift(x);
    v = mw_mul_add(unit, q, unit);
    b = mw_pick(0.0, x, v, 1.0);
    d = v + 1.0;
    return mw_absolute(mw_minus_mul(v / d, b, b));
}
""",
        "mw_last_step_sigmoid": """\
static double mw_last_step_sigmoid(double x, double q, double scale, double parameter)
{
    (void)parameter;
    return mw_sigmoid_of(x, q, scale);
}
""",
        "mw_act_sigmoid": """\
static double mw_act_sigmoid(double x, double first, double second)
{
    double scale, q = mw_prepared_sigmoid(x, first, &scale);
    q = mw_exponential_step_sigmoid(q, scale);
    scale = mw_factor_step_sigmoid(x, scale);
    (void)second;
    return mw_last_step_sigmoid(x, q, scale, first);
}
""",
        "mw_prepared_silu": """\
static double mw_prepared_silu(double x, double parameter, double *scale)
{
    (void)parameter;
    x = mw_minus_absolute(x);
    return mw_reduced(mw_not_below(-110, -760, x), scale);
}
""",
        "mw_exponential_step_silu": """\
static double mw_exponential_step_silu(double r, double scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_silu": """\
static double mw_factor_step_silu(double x, double scale)
{
    (void)x;
    return scale;
}
""",
        "mw_last_step_silu": """\
static double mw_last_step_silu(double x, double q, double scale, double parameter)
{
    (void)parameter;
    return mw_gated_of(-110, -760, x, q, scale);
}
""",
        "mw_act_silu": """\
static double mw_act_silu(double x, double first, double second)
{
    double scale, q = mw_prepared_silu(x, first, &scale);
    q = mw_exponential_step_silu(q, scale);
    scale = mw_factor_step_silu(x, scale);
    (void)second;
    return mw_last_step_silu(x, q, scale, first);
}
""",
        "mw_prepared_softplus": """\
static double mw_prepared_softplus(double x, double parameter, double *scale)
{
    (void)parameter;
    x = mw_minus_absolute(x);
    return mw_reduced(mw_not_below(-110, -760, x), scale);
}
""",
        "mw_exponential_step_softplus": """\
static double mw_exponential_step_softplus(double r, double scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_softplus": """\
static double mw_factor_step_softplus(double x, double scale)
{
    (void)x;
    return scale;
}
""",
        "mw_softplus_of": """\
static double mw_softplus_of(double x, double q, double scale)
{
    double total, low, lost, base, unit, v, p;
    base = mw_larger(0.0, x);
    unit = scale * mw_unshift(x);
    v = mw_mul_add(unit, q, unit);
    p = mw_log_polynomial(v, &lost);
    total = unit + base;
    low = mw_mul_add(unit, q, base - (total - unit));
    if (!MW_FUSED) {
        low = low - mw_remainder(v * p, v, p) + v * lost;
    }
    p = total + mw_mul_add(v, p, low);
    return mw_absolute(mw_pick(x, 50.0, x, p));
}
""",
        "mw_last_step_softplus": """\
static double mw_last_step_softplus(double x, double q, double scale, double parameter)
{
    (void)parameter;
    return mw_softplus_of(x, q, scale);
}
""",
        "mw_act_softplus": """\
static double mw_act_softplus(double x, double first, double second)
{
    double scale, q = mw_prepared_softplus(x, first, &scale);
    q = mw_exponential_step_softplus(q, scale);
    scale = mw_factor_step_softplus(x, scale);
    (void)second;
    return mw_last_step_softplus(x, q, scale, first);
}
""",
        "mw_prepared_tanh": """\
static double mw_prepared_tanh(double x, double parameter, double *scale)
{
    (void)parameter;
    x = mw_minus_absolute(x);
    x = x + x;
    return mw_reduced(mw_not_below(-110, -760, x), scale);
}
""",
        "mw_exponential_step_tanh": """\
static double mw_exponential_step_tanh(double r, double scale)
{
    (void)scale;
    return mw_power(r);
}
""",
        "mw_factor_step_tanh": """\
static double mw_factor_step_tanh(double x, double scale)
{
    (void)x;
    return scale;
}
""",
        "mw_tanh_of": """\
static double mw_tanh_of(double x, double q, double scale)
{
    double low, rest, slope, v;
    v = mw_one_less(q, scale * mw_unshift(x), &low);
    v = mw_fraction(v, low, 1.0, 2, &rest, &slope);
    return mw_with_sign(mw_absolute(mw_mul_add(rest, slope, v)), x);
}
""",
        "mw_last_step_tanh": """\
static double mw_last_step_tanh(double x, double q, double scale, double parameter)
{
    (void)parameter;
    return mw_tanh_of(x, q, scale);
}
""",
        "mw_act_tanh": """\
static double mw_act_tanh(double x, double first, double second)
{
    double scale, q = mw_prepared_tanh(x, first, &scale);
    q = mw_exponential_step_tanh(q, scale);
    scale = mw_factor_step_tanh(x, scale);
    (void)second;
    return mw_last_step_tanh(x, q, scale, first);
}
""",
        "mw_exponential_below": """\
static double mw_exponential_below(double v, double top)
{
    double scale, bottom, distance, part_of_top, low, whole;
    bottom = -760.0;
    distance = v - top;
    part_of_top = distance - v;
    low = v - (distance - part_of_top) - (top + part_of_top);
    low = mw_pick(distance, bottom, low, 0.0);
    whole = 1.0 + mw_power(mw_reduced(mw_larger(bottom, distance), &scale) + low);
    return whole * scale * mw_unshift(v);
}
""",
    },
}
