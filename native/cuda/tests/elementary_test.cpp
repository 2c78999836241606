// elementary.h against the C library in double, over all magnitudes: the largest errors that stand beside the functions.
#include "../elementary.h"

#include <cstdio>

namespace {

int failures;

// Units in the last place of the fp32 number next to `expected`.
double units(float actual, double expected) {
  const float whole = std::fabs((float)expected);
  return std::fabs((double)actual - expected) / ((double)std::nextafterf(whole, INFINITY) - (double)whole);
}

void report(const char* name, double worst, float at, double allowed) {
  if (!(worst <= allowed)) failures++;
  printf("%-10s %s worst %.3g at %.9g, allowed %.3g\n", name, worst <= allowed ? "ok  " : "FAIL", worst, (double)at, allowed);
}

void expect(const char* name, float actual, float expected) {
  if (actual == expected || (actual != actual && expected != expected)) return;
  failures++;
  printf("%-10s FAIL %g, expected %g\n", name, (double)actual, (double)expected);
}

// Every stride-th fp32 number from first to last, by their bits.
template <class Error>
void sweep(const char* name, float first, float last, unsigned stride, double allowed, Error error) {
  double worst = 0;
  float at = first;
  const unsigned begin = __float_as_uint(first), end = __float_as_uint(last);
  for (unsigned bits = begin; bits < end && end - bits > stride; bits += stride) {
    const float x = __uint_as_float(bits);
    const double e = error(x);
    if (!(e <= worst)) worst = e, at = x;
  }
  report(name, worst, at, allowed);
}

}  // namespace

int main() {
  auto exp_error = [](float x) { return units(exp_f32(x), std::exp((double)x)); };
  sweep("exp", 1e-9f, 88.7f, 701, 1.1, exp_error);
  sweep("exp", -1e-9f, -87.3f, 701, 1.1, exp_error);
  for (const float sign : {1.0f, -1.0f}) {
    sweep("exp_f64", sign * 1e-9f, sign * 149.9f, 701, 0x1p-51, [](float x) { return std::fabs(exp_f64((double)x) / std::exp((double)x) - 1.0); });
  }
  sweep("log", 1e-44f, 3.4e38f, 1009, 1.1, [](float x) { return x == 1.0f ? 0 : units(log_f32(x), std::log((double)x)); });
  for (const float sign : {1.0f, -1.0f}) {
    for (int odd = 0; odd < 2; odd++) {
      sweep(odd ? "cosine" : "sine", sign * 1e-6f, sign * 1e9f, 401, 1e-7,
            [odd](float x) { return std::fabs((double)sine_f32(x, odd) - (odd ? std::cos((double)x) : std::sin((double)x))); });
    }
    // Relative, because both tails keep their digits; of 1e-38 and less nothing is left to keep.
    sweep("gelu", sign * 1e-3f, sign * 12.0f, 101, 5e-6, [](float x) {
      const double e = 0.5 * (double)x * std::erfc(-(double)x / std::sqrt(2.0));
      return std::fabs((double)gelu_f32(x) - e) / (std::fabs(e) + 1e-37);
    });
  }
  expect("exp", exp_f32(-INFINITY), 0);
  expect("exp", exp_f32(-200), 0);
  expect("exp", exp_f32(INFINITY), INFINITY);
  expect("exp", exp_f32(89), INFINITY);
  expect("exp", exp_f32(NAN), NAN);
  expect("exp", exp_f32(0), 1);
  expect("exp_f64", (float)exp_f64((double)INFINITY), INFINITY);
  expect("exp_f64", (float)exp_f64(-(double)INFINITY), 0);
  expect("exp_f64", (float)exp_f64((double)NAN), NAN);
  expect("exp_f64", (float)exp_f64(0.0), 1);
  expect("log", log_f32(0), -INFINITY);
  expect("log", log_f32(-1), NAN);
  expect("log", log_f32(1), 0);
  expect("log", log_f32(INFINITY), INFINITY);
  expect("log", log_f32(NAN), NAN);
  expect("sine", sine_f32(INFINITY, 0), NAN);
  expect("sine", sine_f32(NAN, 1), NAN);
  expect("sigmoid", sigmoid_f32(-INFINITY), 0);
  expect("sigmoid", sigmoid_f32(INFINITY), 1);
  expect("gelu", gelu_f32(NAN), NAN);
  return failures != 0;
}
