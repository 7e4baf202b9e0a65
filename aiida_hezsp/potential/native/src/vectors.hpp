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
static inline Vec clamp(Vec x) {
    return (Vec)_mm512_min_ps(_mm512_max_ps((__m512)x, _mm512_set1_ps(-87.f)), _mm512_set1_ps(87.f));
}
// 14 bits and one step of Newton's: as good as a division at a third of its time.
static inline Vec reciprocal(Vec x) {
    Vec y = (Vec)_mm512_rcp14_ps((__m512)x);
    return y * (2.f - x * y);
}
static inline float total(Vec v) { return _mm512_reduce_add_ps((__m512)v); }
#elif LANES == 8
static inline Vec clamp(Vec x) {
    return (Vec)_mm256_min_ps(_mm256_max_ps((__m256)x, _mm256_set1_ps(-87.f)), _mm256_set1_ps(87.f));
}
static inline Vec reciprocal(Vec x) { return 1.f / x; }
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
static inline Vec reciprocal(Vec x) { return 1.f / x; }
static inline float total(Vec v) {
    float a[LANES];
    store(a, v);
    return (a[0] + a[2]) + (a[1] + a[3]);
}
#endif

// e^x for |x| <= 87: x = n ln 2 + r, and the polynomial of Cephes' expf for e^r.
static inline Vec exponential(Vec x) {
    const float magic = 12582912.f;  // 1.5 * 2^23: adding it rounds to an integer, kept in the low bits
    Vec t = x * 1.44269504088896341f + magic;
    Vec n = t - magic;
    Vec r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    Vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.f;
    return (Vec)((IVec)p + ((IVec)t << 23));
}

static inline Vec sigmoid(Vec x) { return reciprocal(1.f + exponential(clamp(-x))); }
