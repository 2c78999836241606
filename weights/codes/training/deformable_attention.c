// Multi-scale deformable attention for training on a CPU, forward and backward (Zhu et al. 2021, eq. 3), one image and one head a call.
// PyTorch's grid_sample path writes every sample to memory several times; here a sample lives in registers.
//
// value [S][heads][dim], locations [Q][heads][L][P][2] in 0..1, weights [Q][heads][L][P], out [Q][heads][dim]; levels: (height, width) pairs.
// A sample at (x, y) reads the four cells around (x * width - 0.5, y * height - 0.5); cells outside count as zero.

#include <math.h>

enum { DIM = HEAD_DIM };

typedef struct {
  const float *value;
  float *value_grad;
  int width, height;
  long stride;  // floats from one cell to the next
} Level;

typedef struct {
  int offset[4];  // cells; -1 outside
  float share[4];
  float share_x[4], share_y[4];  // derivatives of the shares by the pixel position
} Corners;

static inline int corners(const Level *level, float x, float y, Corners *c) {
  float px = x * (float)level->width - 0.5f, py = y * (float)level->height - 0.5f;
  if (!(px > -1 && py > -1 && px < (float)level->width && py < (float)level->height)) return 0;
  float fx = floorf(px), fy = floorf(py);
  int ix = (int)fx, iy = (int)fy;
  float bx = px - fx, by = py - fy, ax = 1 - bx, ay = 1 - by;
  const float share[4] = {ax * ay, bx * ay, ax * by, bx * by};
  const float share_x[4] = {-ay, ay, -by, by}, share_y[4] = {-ax, -bx, ax, bx};
  for (int i = 0; i < 4; i++) {
    int cx = ix + (i & 1), cy = iy + (i >> 1);
    c->offset[i] = cx < 0 || cy < 0 || cx >= level->width || cy >= level->height ? -1 : cy * level->width + cx;
    c->share[i] = share[i];
    c->share_x[i] = share_x[i];
    c->share_y[i] = share_y[i];
  }
  return 1;
}

static void levels_of(Level *levels, const long *shapes, int count, const float *value, float *value_grad, int heads, int head) {
  long start = 0, stride = (long)heads * DIM;
  for (int l = 0; l < count; l++) {
    levels[l] = (Level){value + start * stride + (long)head * DIM, value_grad ? value_grad + start * stride + (long)head * DIM : 0,
                        (int)shapes[2 * l + 1], (int)shapes[2 * l], stride};
    start += shapes[2 * l] * shapes[2 * l + 1];
  }
}

void deformable_forward(const float *value, const long *shapes, const float *locations, const float *weights, float *out, int queries, int heads,
                        int level_count, int points, int head) {
  Level levels[8];
  levels_of(levels, shapes, level_count, value, 0, heads, head);
  int samples = level_count * points;
  for (int q = 0; q < queries; q++) {
    long base = ((long)q * heads + head) * samples;
    float sum[DIM] = {0};
    for (int s = 0; s < samples; s++) {
      const Level *level = &levels[s / points];
      Corners c;
      if (!corners(level, locations[2 * (base + s)], locations[2 * (base + s) + 1], &c)) continue;
      for (int i = 0; i < 4; i++) {
        if (c.offset[i] < 0) continue;
        const float *cell = level->value + c.offset[i] * level->stride;
        float factor = weights[base + s] * c.share[i];
        for (int d = 0; d < DIM; d++) sum[d] += factor * cell[d];
      }
    }
    float *target = out + ((long)q * heads + head) * DIM;
    for (int d = 0; d < DIM; d++) target[d] = sum[d];
  }
}

// Adds to value_grad, writes locations_grad and weights_grad.
void deformable_backward(const float *value, const long *shapes, const float *locations, const float *weights, const float *out_grad, float *value_grad,
                         float *locations_grad, float *weights_grad, int queries, int heads, int level_count, int points, int head) {
  Level levels[8];
  levels_of(levels, shapes, level_count, value, value_grad, heads, head);
  int samples = level_count * points;
  for (int q = 0; q < queries; q++) {
    long base = ((long)q * heads + head) * samples;
    const float *grad = out_grad + ((long)q * heads + head) * DIM;
    for (int s = 0; s < samples; s++) {
      const Level *level = &levels[s / points];
      float *location_grad = locations_grad + 2 * (base + s);
      Corners c;
      location_grad[0] = location_grad[1] = weights_grad[base + s] = 0;
      if (!corners(level, locations[2 * (base + s)], locations[2 * (base + s) + 1], &c)) continue;
      float by_weight = 0, by_x = 0, by_y = 0, weight = weights[base + s];
      for (int i = 0; i < 4; i++) {
        if (c.offset[i] < 0) continue;
        const float *cell = level->value + c.offset[i] * level->stride;
        float *cell_grad = level->value_grad + c.offset[i] * level->stride;
        float factor = weight * c.share[i], dot = 0;
        for (int d = 0; d < DIM; d++) {
          cell_grad[d] += factor * grad[d];
          dot += cell[d] * grad[d];
        }
        by_weight += c.share[i] * dot;
        by_x += c.share_x[i] * dot;
        by_y += c.share_y[i] * dot;
      }
      weights_grad[base + s] = by_weight;
      location_grad[0] = weight * by_x * (float)level->width;
      location_grad[1] = weight * by_y * (float)level->height;
    }
  }
}
