// Products with D x D matrices, by blocks of rows whose results stay in registers.
#if LANES == 16
constexpr int BLOCK_ROWS = 6, BLOCK_VECTORS = 4;
#elif LANES == 8
constexpr int BLOCK_ROWS = 6, BLOCK_VECTORS = 2;
#else
constexpr int BLOCK_ROWS = 4, BLOCK_VECTORS = 2;
#endif

template <int N>
static inline void product_block(const float* in, int in_stride, const float* matrix, const float* bias, bool add,
                                 float* out, int out_stride) {
    for (int column = 0; column < D; column += BLOCK_VECTORS * LANES) {
        Vec sum[N][BLOCK_VECTORS];
#pragma GCC unroll 8
        for (int i = 0; i < N; ++i)
#pragma GCC unroll 8
            for (int v = 0; v < BLOCK_VECTORS; ++v) {
                const int at = column + v * LANES;
                sum[i][v] = add ? load(out + i * out_stride + at) : bias ? load(bias + at) : Vec{};
            }
        const float* row = matrix + column;
        for (int k = 0; k < D; ++k, row += D) {
            Vec w[BLOCK_VECTORS];
#pragma GCC unroll 8
            for (int v = 0; v < BLOCK_VECTORS; ++v) w[v] = load(row + v * LANES);
#pragma GCC unroll 8
            for (int i = 0; i < N; ++i) {
                const float x = in[i * in_stride + k];
#pragma GCC unroll 8
                for (int v = 0; v < BLOCK_VECTORS; ++v) sum[i][v] += x * w[v];
            }
        }
#pragma GCC unroll 8
        for (int i = 0; i < N; ++i)
#pragma GCC unroll 8
            for (int v = 0; v < BLOCK_VECTORS; ++v) store(out + i * out_stride + column + v * LANES, sum[i][v]);
    }
}

static void multiply(const float* in, int in_stride, const float* matrix, const float* bias, bool add, float* out,
                     int out_stride, int rows) {
    int i = 0;
    for (; i + BLOCK_ROWS <= rows; i += BLOCK_ROWS)
        product_block<BLOCK_ROWS>(in + int64_t{i} * in_stride, in_stride, matrix, bias, add, out + int64_t{i} * out_stride, out_stride);
    for (; i < rows; ++i)
        product_block<1>(in + int64_t{i} * in_stride, in_stride, matrix, bias, add, out + int64_t{i} * out_stride, out_stride);
}

// out (rows, DD) = both halves of in (rows, DD) times a matrix of their own.
static inline void multiply_halves(const float* in, const float* core, const float* gate, const float* bias,
                                   float* out, int rows) {
    multiply(in, DD, core, bias, false, out, DD, rows);
    multiply(in + D, DD, gate, bias ? bias + D : nullptr, false, out + D, DD, rows);
}
