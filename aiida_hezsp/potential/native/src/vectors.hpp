// Vectors of floats in the compiler's own notation, and the few functions on them. Included once per instruction
// set, inside its namespace; LANES is the width.
typedef float Vec __attribute__((vector_size(LANES * 4)));
typedef int32_t IVec __attribute__((vector_size(LANES * 4)));
constexpr int VD = D / LANES;    // vectors of a row of D
constexpr int VDD = DD / LANES;

static inline Vec load(const float* p) {
    Vec v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}
static inline void store(float* p, Vec v) { __builtin_memcpy(p, &v, sizeof v); }
static inline Vec splat(float x) { return x - Vec{}; }
static inline void add_to(float* p, Vec v) { store(p, load(p) + v); }

#if LANES == 16
// 14 bits and one step of Newton's: as good as a division at a third of its time.
static inline Vec reciprocal(Vec x) {
    Vec y = (Vec)_mm512_rcp14_ps((__m512)x);
    return y * (2.f - x * y);
}

// 1 / (1 + 2^t), t = -x log2 e: 2^t by scaling a polynomial (minimax on [0, 1), relative error 2e-9) of t's fraction.
static inline Vec sigmoid(Vec x) {
    const __m512 t = _mm512_min_ps((__m512)(x * -1.44269504088896341f), _mm512_set1_ps(126.f));
    const Vec f = (Vec)_mm512_reduce_ps(t, 0x09);  // t - floor(t)
    Vec p = f * 2.1702255164e-4f + 1.2439688204e-3f;
    p = p * f + 9.6788409167e-3f;
    p = p * f + 5.5483342050e-2f;
    p = p * f + 2.4022983625e-1f;
    p = p * f + 6.9314698384e-1f;
    p = p * f + 1.f;
    return reciprocal(1.f + (Vec)_mm512_scalef_ps((__m512)p, t));
}

static inline float total(Vec v) { return _mm512_reduce_add_ps((__m512)v); }
#else
#if LANES == 8
static inline Vec clamp(Vec x) {
    return (Vec)_mm256_min_ps(_mm256_max_ps((__m256)x, _mm256_set1_ps(-87.f)), _mm256_set1_ps(87.f));
}
static inline float total(Vec v) {
    float a[LANES];
    store(a, v);
    return ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
}
#else
static inline Vec clamp(Vec x) {
    float a[LANES];
    store(a, x);
    for (float& y : a) y = y < -87.f ? -87.f : y > 87.f ? 87.f : y;
    return load(a);
}
static inline float total(Vec v) {
    float a[LANES];
    store(a, v);
    return (a[0] + a[2]) + (a[1] + a[3]);
}
#endif

// 1 / (1 + e^-x), |x| cut at 87; e^x = 2^n e^r with x = n ln 2 + r and the polynomial of Cephes' expf.
static inline Vec sigmoid(Vec x) {
    const float magic = 12582912.f;  // 1.5 * 2^23: adding it rounds to an integer, kept in the low bits
    const Vec y = clamp(-x), t = y * 1.44269504088896341f + magic, n = t - magic;
    const Vec r = y - n * 0.693359375f + n * 2.12194440e-4f;
    Vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.f;
    return 1.f / (1.f + (Vec)((IVec)p + ((IVec)t << 23)));
}
#endif
