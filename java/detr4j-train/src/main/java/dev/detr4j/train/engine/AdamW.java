package dev.detr4j.train.engine;

import dev.detr4j.runtime.WorkerPool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * AdamW (Loshchilov and Hutter 2019) with clipping by the norm of all gradients and, where one is
 * kept, a moving average of the weights, in one pass over the memory of the parameters.
 *
 * <p>For the gradient g, after clipping, at the t-th step of a tensor: {@code p *= 1 - rate decay;
 * m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p -= rate / (1 - b1^t) m / (sqrt(v) / sqrt(1 -
 * b2^t) + epsilon)}, then {@code average = e average + (1 - e) p}. A tensor that no gradient
 * reached is left alone, decay included; only its average moves. Parts of tensors are independent
 * of each other, and the norm is summed in a fixed order: results do not depend on the number of
 * threads.
 */
public final class AdamW {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT;

  /** Numbers of a part: five arrays of them fit the second cache. */
  private static final int PART = 1 << 13;

  private record Part(int tensor, long at, int count) {}

  /** Arrays of one thread. */
  private static final class Arrays5 {
    final float[] p = new float[PART];
    final float[] g = new float[PART];
    final float[] m = new float[PART];
    final float[] v = new float[PART];
    final float[] e = new float[PART];
  }

  private static final ThreadLocal<Arrays5> OF_THREAD = ThreadLocal.withInitial(Arrays5::new);

  private final ParameterMemory memory;
  private final WorkerPool pool;
  private final MemorySegment[] noScratch;
  private final List<Parameter> parameters;
  private final int[] groups;
  private final long[] steps;
  private final List<Part> parts = new ArrayList<>();
  private final double[] squares;

  /**
   * The optimizer of parameters.
   *
   * @param group the index of a parameter's group in {@link OptimizerSettings#groups}
   */
  public AdamW(
      ParameterMemory memory,
      WorkerPool pool,
      List<Parameter> parameters,
      ToIntFunction<Parameter> group) {
    this.memory = memory;
    this.pool = pool;
    this.parameters = parameters;
    noScratch = new MemorySegment[pool.threads()];
    Arrays.fill(noScratch, MemorySegment.NULL);
    groups = parameters.stream().mapToInt(group).toArray();
    steps = new long[parameters.size()];
    for (int i = 0; i < parameters.size(); i++) {
      long place = memory.place(parameters.get(i)) / Float.BYTES;
      long count = parameters.get(i).shape().elements();
      for (long at = 0; at < count; at += PART) {
        parts.add(new Part(i, place + at, (int) Math.min(PART, count - at)));
      }
    }
    squares = new double[parts.size()];
  }

  /** How many steps each parameter has made. */
  long[] steps() {
    return steps;
  }

  /** The L2 norm of all gradients there are; not finite where one of them is not. */
  public double norm() {
    MemorySegment gradients = memory.gradients();
    pool.run(
        (tile, scratch) -> {
          Part part = parts.get(tile);
          if (memory.isReached(parameters.get(part.tensor))) {
            float[] g = OF_THREAD.get().g;
            MemorySegment.copy(gradients, F32, 4 * part.at, g, 0, part.count);
            squares[tile] = squares(g, part.count);
          } else {
            squares[tile] = 0;
          }
        },
        parts.size(),
        noScratch,
        "gradient norm");
    double sum = 0;
    for (double each : squares) {
      sum += each;
    }
    return Math.sqrt(sum);
  }

  private static double squares(float[] values, int count) {
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
    int i = 0;
    for (; i + 4 <= count; i += 4) {
      a += (double) values[i] * values[i];
      b += (double) values[i + 1] * values[i + 1];
      c += (double) values[i + 2] * values[i + 2];
      d += (double) values[i + 3] * values[i + 3];
    }
    for (; i < count; i++) {
      a += (double) values[i] * values[i];
    }
    return a + b + (c + d);
  }

  /**
   * Makes a step.
   *
   * @param norm what {@link #norm} returned
   */
  public void step(OptimizerSettings settings, double norm) {
    float clip = settings.clip() > 0 ? (float) Math.min(1, settings.clip() / (norm + 1e-6)) : 1;
    for (int i = 0; i < steps.length; i++) {
      if (memory.isReached(parameters.get(i))) {
        steps[i]++;
      }
    }
    pool.run(
        (tile, scratch) -> part(parts.get(tile), settings, clip),
        parts.size(),
        noScratch,
        "optimizer step");
  }

  private void part(Part part, OptimizerSettings settings, float clip) {
    Arrays5 a = OF_THREAD.get();
    long at = 4 * part.at;
    int count = part.count;
    MemorySegment.copy(memory.values(), F32, at, a.p, 0, count);
    if (memory.isReached(parameters.get(part.tensor))) {
      OptimizerSettings.Group group = settings.groups().get(groups[part.tensor]);
      long t = steps[part.tensor];
      MemorySegment.copy(memory.gradients(), F32, at, a.g, 0, count);
      MemorySegment.copy(memory.firstMoments(), F32, at, a.m, 0, count);
      MemorySegment.copy(memory.secondMoments(), F32, at, a.v, 0, count);
      update(
          a,
          count,
          clip,
          (float) settings.beta1(),
          (float) settings.beta2(),
          (float) (1 - settings.beta1()),
          (float) (1 - settings.beta2()),
          (float) (1 - group.rate() * group.decay()),
          (float) (group.rate() / (1 - Math.pow(settings.beta1(), (double) t))),
          (float) (1 / Math.sqrt(1 - Math.pow(settings.beta2(), (double) t))),
          (float) settings.epsilon());
      MemorySegment.copy(a.p, 0, memory.values(), F32, at, count);
      MemorySegment.copy(a.m, 0, memory.firstMoments(), F32, at, count);
      MemorySegment.copy(a.v, 0, memory.secondMoments(), F32, at, count);
    }
    if (memory.hasAverage() && settings.averageDecay() >= 0) {
      MemorySegment.copy(memory.averages(), F32, at, a.e, 0, count);
      average(a, count, (float) (1 - settings.averageDecay()));
      MemorySegment.copy(a.e, 0, memory.averages(), F32, at, count);
    }
  }

  private static void update(
      Arrays5 a,
      int count,
      float clip,
      float beta1,
      float beta2,
      float more1,
      float more2,
      float keep,
      float rate,
      float scale,
      float epsilon) {
    float[] p = a.p;
    float[] g = a.g;
    float[] m = a.m;
    float[] v = a.v;
    for (int i = 0; i < count; i++) {
      float gradient = g[i] * clip;
      float first = beta1 * m[i] + more1 * gradient;
      float second = beta2 * v[i] + more2 * gradient * gradient;
      m[i] = first;
      v[i] = second;
      p[i] = p[i] * keep - rate * first / ((float) Math.sqrt(second) * scale + epsilon);
    }
  }

  /** As a difference, which is exactly zero where the weights stand still. */
  private static void average(Arrays5 a, int count, float more) {
    float[] p = a.p;
    float[] e = a.e;
    if (more == 1) {
      System.arraycopy(p, 0, e, 0, count);
      return;
    }
    for (int i = 0; i < count; i++) {
      e[i] += more * (p[i] - e[i]);
    }
  }
}
