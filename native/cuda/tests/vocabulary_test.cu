// Every function of device.h and tensor_cores.h on one warp and random registers, against plain loops of the host. Built by g++
// it tests the emulation, built by nvcc the PTX: the first test to run on a device.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include "../elementary.h"
#include "../launch.h"
#include "../tensor_cores.h"

namespace {

constexpr int IN = 16, OUT = 48, ROUNDS = 200;

struct Shared {
  unsigned words[WARP_LANES][4], copied[WARP_LANES][4], lonely[WARP_LANES];
};

// Small whole numbers, whose products and sums are exact in every type; and any numbers in -1 .. 1.
__host__ __device__ float whole(unsigned u) { return (float)((int)(u % 17u) - 8); }
__host__ __device__ float any(unsigned u) { return (float)(int)(u >> 8) * 1.1920929e-7f - 1.0f; }

template <bool WHOLE>
DETR4J_DEVICE void products(const unsigned* mine, unsigned* out) {
  auto number = [&](int i) { return WHOLE ? whole(mine[i % IN]) : any(mine[i % IN]); };
  unsigned a[1][4], b[1][2];
  float c[1][1][4];
  for (int i = 0; i < 4; i++) a[0][i] = pack_bf16(number(i), number(i + 4)), c[0][0][i] = number(i + 8);
  for (int i = 0; i < 2; i++) b[0][i] = pack_bf16(number(i + 9), number(i + 13));
  mma_bf16<1, 1>(c, a, b);
  for (int i = 0; i < 4; i++) out[i] = __float_as_uint(c[0][0][i]);
  for (int i = 0; i < 4; i++) a[0][i] = float_to_tf32(number(i)), c[0][0][i] = number(i + 8);
  for (int i = 0; i < 2; i++) b[0][i] = float_to_tf32(number(i + 9));
  mma_tf32<1, 1>(c, a, b);
  for (int i = 0; i < 4; i++) out[4 + i] = __float_as_uint(c[0][0][i]);
}

__global__ void vocabulary(const unsigned* in, unsigned* out) {
  Shared& s = shared_memory<Shared>();
  const int lane = (int)threadIdx.x;
  const unsigned* mine = in + lane * IN;
  unsigned* o = out + lane * OUT;
  for (int i = 0; i < 4; i++) s.words[lane][i] = mine[i];
  __syncwarp();
  unsigned d[1][4];
  const void* const rows[1] = {s.words[lane]};
  ldmatrix_x4<1>(d, rows);
  for (int i = 0; i < 4; i++) o[i] = d[0][i];
  products<true>(mine, o + 4);
  products<false>(mine, o + 12);
  for (int i = 0; i < 4; i++) o[20 + i] = float_to_tf32(__uint_as_float(mine[i])), o[24 + i] = float_to_bf16(__uint_as_float(mine[i + 4]));
  cp_async<16>(s.copied[lane], in + lane * 7 % WARP_LANES * IN + 4, lane % 3 != 0);
  cp_async<4>(&s.lonely[lane], in + lane * 5 % WARP_LANES * IN + 3, lane % 4 != 1);
  cp_async_commit();
  cp_async_wait<0>();
  __syncwarp();
  for (int i = 0; i < 4; i++) o[28 + i] = s.copied[(lane + 5) % WARP_LANES][i];
  o[32] = s.lonely[(lane + 9) % WARP_LANES];
  o[33] = __shfl_xor_sync(ALL_LANES, mine[0], 5);
  o[34] = __shfl_sync(ALL_LANES, mine[1], lane * 3);
  o[35] = __shfl_down_sync(ALL_LANES, mine[2], 3);
  o[36] = __shfl_up_sync(ALL_LANES, mine[2], 3);
  o[37] = __ballot_sync(ALL_LANES, mine[3] & 1);
  o[38] = __float_as_uint(warp_sum(whole(mine[4])));
  o[39] = __float_as_uint(warp_largest(any(mine[5])));
  o[40] = __float_as_uint(__fmaf_rn(any(mine[0]), any(mine[1]), any(mine[2])));
  o[41] = __float_as_uint(any(mine[4]) / (any(mine[5]) + 3.0f));
  o[42] = __float_as_uint(__fsqrt_rn(any(mine[6]) + 1.5f));
  o[43] = __float_as_uint(exp_f32(8.0f * any(mine[7])));
  o[44] = __float_as_uint(log_f32(any(mine[8]) + 1.5f));
  o[45] = __float_as_uint(sine_f32(100.0f * any(mine[9]), lane & 1));
  o[46] = __float_as_uint(gelu_f32(4.0f * any(mine[10])));
  o[47] = (unsigned)bf16_to_float((bf16_t)(mine[11] & 0x3fff));
}

// ---- what the host expects, by the PTX manual's fragments ----

float rounded_to_bf16(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  u = (u + 0x7fff + (u >> 16 & 1)) & 0xffff0000u;
  memcpy(&f, &u, 4);
  return f;
}
float rounded_to_tf32(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  if (f - f == 0.0f) u = (u + 0x1000) & 0xffffe000u;
  memcpy(&f, &u, 4);
  return f;
}
float as_float(unsigned u) {
  float f;
  memcpy(&f, &u, 4);
  return f;
}

struct Test {
  std::vector<unsigned> in, out;
  int failures = 0;

  unsigned given(int lane, int i) const { return in[(size_t)(lane * IN + i % IN)]; }
  unsigned got(int lane, int i) const { return out[(size_t)(lane * OUT + i)]; }
  void fail(const char* what, int lane, double expected, double actual) {
    if (failures++ < 20) printf("FAIL %s, lane %d: %.9g, expected %.9g\n", what, lane, actual, expected);
  }
  void same(const char* what, int lane, int at, unsigned expected) {
    const float e = as_float(expected), a = as_float(got(lane, at));
    if (got(lane, at) != expected && !(e != e && a != a)) fail(what, lane, expected, got(lane, at));
  }
  void close(const char* what, int lane, int at, double expected, double tolerance) {
    const double actual = (double)as_float(got(lane, at));
    if (!(std::fabs(actual - expected) <= tolerance)) fail(what, lane, expected, actual);
  }

  // One product of a tile, bf16 or tf32, from `number`.
  template <class Number>
  void check_products(const char* what, int at, bool bf16, double tolerance, Number number) {
    const int depth = bf16 ? 16 : 8;
    float a[16][16] = {}, b[16][8] = {};
    for (int lane = 0; lane < WARP_LANES; lane++) {
      const int g = lane / 4, t = lane % 4;
      for (int q = 0; q < 4; q++) {
        const int row = g + 8 * (q % 2), k = (bf16 ? 2 * t : t) + (q / 2) * depth / 2;
        a[row][k] = bf16 ? rounded_to_bf16(number(lane, q)) : rounded_to_tf32(number(lane, q));
        if (bf16) a[row][k + 1] = rounded_to_bf16(number(lane, q + 4));
      }
      for (int q = 0; q < 2; q++) {
        const int k = (bf16 ? 2 * t : t) + q * depth / 2;
        b[k][g] = bf16 ? rounded_to_bf16(number(lane, q + 9)) : rounded_to_tf32(number(lane, q + 9));
        if (bf16) b[k + 1][g] = rounded_to_bf16(number(lane, q + 13));
      }
    }
    for (int lane = 0; lane < WARP_LANES; lane++) {
      for (int q = 0; q < 4; q++) {
        const int row = lane / 4 + 8 * (q / 2), column = lane % 4 * 2 + q % 2;
        double sum = (double)number(lane, q + 8);
        for (int k = 0; k < depth; k++) sum += (double)a[row][k] * (double)b[k][column];
        close(what, lane, at + q, sum, tolerance);
      }
    }
  }

  void check() {
    auto whole_number = [&](int lane, int i) { return whole(given(lane, i)); };
    auto any_number = [&](int lane, int i) { return any(given(lane, i)); };
    check_products("mma_bf16, whole numbers", 4, true, 0, whole_number);
    check_products("mma_tf32, whole numbers", 8, false, 0, whole_number);
    check_products("mma_bf16", 12, true, 4e-6, any_number);
    check_products("mma_tf32", 16, false, 4e-6, any_number);
    unsigned yes = 0;
    float sum = 0, largest = -2;
    for (int lane = 0; lane < WARP_LANES; lane++) {
      yes |= (given(lane, 3) & 1) << lane;
      sum += whole(given(lane, 4));
      largest = std::fmax(largest, any(given(lane, 5)));
    }
    for (int lane = 0; lane < WARP_LANES; lane++) {
      for (int i = 0; i < 4; i++) {
        same("ldmatrix_x4", lane, i, given(8 * i + lane / 4, lane % 4));
        uint32_t u;
        const float tf32 = rounded_to_tf32(as_float(given(lane, i))), bf16 = rounded_to_bf16(as_float(given(lane, i + 4)));
        memcpy(&u, &tf32, 4);
        same("float_to_tf32", lane, 20 + i, u);
        memcpy(&u, &bf16, 4);
        same("float_to_bf16", lane, 24 + i, std::isnan(as_float(given(lane, i + 4))) ? 0x7fff : u >> 16);
        const int from = (lane + 5) % WARP_LANES;
        same("cp_async<16>", lane, 28 + i, from % 3 != 0 ? given(from * 7 % WARP_LANES, 4 + i) : 0);
      }
      const int from = (lane + 9) % WARP_LANES;
      same("cp_async<4>", lane, 32, from % 4 != 1 ? given(from * 5 % WARP_LANES, 3) : 0);
      same("__shfl_xor_sync", lane, 33, given(lane ^ 5, 0));
      same("__shfl_sync", lane, 34, given(lane * 3 % WARP_LANES, 1));
      same("__shfl_down_sync", lane, 35, given(lane + 3 < WARP_LANES ? lane + 3 : lane, 2));
      same("__shfl_up_sync", lane, 36, given(lane >= 3 ? lane - 3 : lane, 2));
      same("__ballot_sync", lane, 37, yes);
      close("warp_sum", lane, 38, (double)sum, 0);
      close("warp_largest", lane, 39, (double)largest, 0);
      close("__fmaf_rn", lane, 40, (double)std::fma(any(given(lane, 0)), any(given(lane, 1)), any(given(lane, 2))), 0);
      close("quotient", lane, 41, (double)(any(given(lane, 4)) / (any(given(lane, 5)) + 3.0f)), 0);
      close("__fsqrt_rn", lane, 42, (double)std::sqrt(any(given(lane, 6)) + 1.5f), 0);
      close("exp_f32", lane, 43, std::exp((double)(8.0f * any(given(lane, 7)))), 4e-4);
      close("log_f32", lane, 44, std::log((double)(any(given(lane, 8)) + 1.5f)), 2e-7);
      const double angle = (double)(100.0f * any(given(lane, 9)));
      close("sine_f32", lane, 45, lane & 1 ? std::cos(angle) : std::sin(angle), 1e-7);
      const double x = (double)(4.0f * any(given(lane, 10)));
      close("gelu_f32", lane, 46, 0.5 * x * std::erfc(-x / std::sqrt(2.0)), 2e-6);
      same("bf16_to_float", lane, 47, (unsigned)as_float((given(lane, 11) & 0x3fff) << 16));
    }
  }
};

// The bits of all rounds in one number: equal on every device for what uses no tensor core. Which NaN it is may differ.
uint64_t with_bits(uint64_t hash, const Test& test) {
  for (int lane = 0; lane < WARP_LANES; lane++) {
    for (int i = 20; i < OUT; i++) {
      const float f = as_float(test.got(lane, i));
      hash = (hash ^ (f == f ? test.got(lane, i) : 0x7fc00000u)) * 0x100000001b3u;
    }
  }
  return hash;
}
constexpr uint64_t EXPECTED_BITS = 0x4d9ab27e78893cdeu;

}  // namespace

int main() {
  Test test;
  test.in.resize(WARP_LANES * IN);
  test.out.resize(WARP_LANES * OUT);
  const size_t in_bytes = test.in.size() * 4, out_bytes = test.out.size() * 4;
  void *in, *out;
  cudaStream_t stream;
  cudaError_t error = cudaMalloc(&in, in_bytes);
  if (error == cudaSuccess) error = cudaMalloc(&out, out_bytes);
  if (error == cudaSuccess) error = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  uint64_t state = 20261129, hash = 0xcbf29ce484222325u;
  for (int round = 0; round < ROUNDS && error == cudaSuccess; round++) {
    for (unsigned& u : test.in) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      u = (unsigned)(state >> 32);
    }
    error = cudaMemcpyAsync(in, test.in.data(), in_bytes, cudaMemcpyHostToDevice, stream);
    if (error == cudaSuccess) {
      error = launch({"vocabulary", dim3(1), dim3(WARP_LANES), sizeof(Shared), stream}, vocabulary, static_cast<const unsigned*>(in), static_cast<unsigned*>(out));
    }
    if (error == cudaSuccess) error = cudaMemcpyAsync(test.out.data(), out, out_bytes, cudaMemcpyDeviceToHost, stream);
    if (error == cudaSuccess) error = cudaStreamSynchronize(stream);
    if (error != cudaSuccess) break;
    test.check();
    hash = with_bits(hash, test);
  }
  if (error != cudaSuccess) {
    printf("FAIL: %s\n", cudaGetErrorString(error));
    return 1;
  }
  cudaStreamDestroy(stream);
  cudaFree(in), cudaFree(out);
  if (hash != EXPECTED_BITS) {
    printf("FAIL bits of what uses no tensor core: %#llx, expected %#llx\n", (unsigned long long)hash, (unsigned long long)EXPECTED_BITS);
    return 1;
  }
  printf("%d failures in %d rounds\n", test.failures, ROUNDS);
  return test.failures != 0;
}
