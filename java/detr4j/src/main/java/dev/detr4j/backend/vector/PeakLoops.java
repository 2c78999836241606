package dev.detr4j.backend.vector;

import dev.detr4j.backend.PeakRates;
import dev.detr4j.backend.VectorUnit;
import dev.detr4j.ffi.HostPages;
import dev.detr4j.runtime.TileTask;
import dev.detr4j.runtime.WorkerPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loops of {@link VectorPeakMeter}: one that only multiplies and adds, one that only reads.
 *
 * <p>A multiply-add takes four or five cycles and two can begin in each, so ten independent chains
 * keep the units busy; twelve and the two factors fit the sixteen registers of AVX2.
 */
final class PeakLoops {
  /** Accumulators of {@link #multiplyAdd}. */
  private static final int CHAINS = 12;

  /** Far more than the caches of today's processors hold for a few cores. */
  private static final long MEMORY_BYTES = 256L << 20;

  private static final VectorUnit VECTORS = PeakVectors.fixed();

  private static final VectorSpecies<Float> FLOATS =
      VectorSpecies.of(float.class, VectorShape.forBitSize(VECTORS.mostBits()));

  private static final boolean FUSED = VECTORS.fused();

  private static final int TURNS = 10_000;
  private static final int CHUNK_BYTES = 1 << 20;
  private static final long MEASURED_NANOSECONDS = 200_000_000L;

  /** Results go here, so that no loop is dropped as useless. */
  @SuppressWarnings("unused")
  private static volatile float sink;

  private PeakLoops() {}

  static PeakRates run(int threads) {
    try (Arena arena = Arena.ofShared();
        WorkerPool pool = WorkerPool.own(threads, "detr4j-peak")) {
      MemorySegment[] scratch = new MemorySegment[threads];
      Arrays.fill(scratch, MemorySegment.NULL);
      TileTask arithmetic = (_, _) -> sink = multiplyAdd(TURNS);
      // Many short tiles: a thread that its core's other tenant slows down takes fewer.
      double turns =
          best(pool, scratch, arithmetic, 16 * threads) * TURNS * CHAINS * FLOATS.length() * 2;

      MemorySegment memory = HostPages.allocate(arena, MEMORY_BYTES);
      int chunks = (int) (MEMORY_BYTES / CHUNK_BYTES);
      // Written by the threads, because pages that were never written are all the same one.
      pool.run(
          (tile, _) -> memory.asSlice((long) tile * CHUNK_BYTES, CHUNK_BYTES).fill((byte) 1),
          chunks,
          scratch,
          "peak");
      long address = memory.address();
      TileTask reading = (tile, _) -> sink = sum(address + (long) tile * CHUNK_BYTES, CHUNK_BYTES);
      double read = best(pool, scratch, reading, chunks) * CHUNK_BYTES;
      return new PeakRates(
          turns,
          read,
          new PeakRates.Loops(VECTORS.mostBits(), FUSED, CHAINS, threads, MEMORY_BYTES));
    }
  }

  /** Tiles a second in the fastest pass. */
  private static double best(WorkerPool pool, MemorySegment[] scratch, TileTask tile, int tiles) {
    // Compiled while it runs.
    pool.run(tile, tiles, scratch, "peak");
    double best = 0;
    long end = System.nanoTime() + MEASURED_NANOSECONDS;
    for (int pass = 0; pass < 4 || end - System.nanoTime() > 0; pass++) {
      long start = System.nanoTime();
      pool.run(tile, tiles, scratch, "peak");
      best = Math.max(best, 1e9 * tiles / (System.nanoTime() - start));
    }
    return best;
  }

  /** Twelve chains of {@code x = x * factor + 1}, which stay near 2. */
  private static float multiplyAdd(int turns) {
    FloatVector factor = FloatVector.broadcast(FLOATS, 0.5f);
    FloatVector one = FloatVector.broadcast(FLOATS, 1f);
    FloatVector a = one;
    FloatVector b = one.add(1f);
    FloatVector c = one.add(2f);
    FloatVector d = one.add(3f);
    FloatVector e = one.add(4f);
    FloatVector f = one.add(5f);
    FloatVector g = one.add(6f);
    FloatVector h = one.add(7f);
    FloatVector i = one.add(8f);
    FloatVector j = one.add(9f);
    FloatVector k = one.add(10f);
    FloatVector l = one.add(11f);
    for (int turn = 0; turn < turns; turn++) {
      a = step(a, factor, one);
      b = step(b, factor, one);
      c = step(c, factor, one);
      d = step(d, factor, one);
      e = step(e, factor, one);
      f = step(f, factor, one);
      g = step(g, factor, one);
      h = step(h, factor, one);
      i = step(i, factor, one);
      j = step(j, factor, one);
      k = step(k, factor, one);
      l = step(l, factor, one);
    }
    FloatVector low = a.add(b).add(c).add(d).add(e).add(f);
    return low.add(g).add(h).add(i).add(j).add(k).add(l).reduceLanes(VectorOperators.ADD);
  }

  private static FloatVector step(FloatVector x, FloatVector factor, FloatVector one) {
    return FUSED ? x.fma(factor, one) : x.mul(factor).add(one);
  }

  /** Adds up native memory of a multiple of four vectors. */
  private static float sum(long address, int bytes) {
    FloatVector a = FloatVector.zero(FLOATS);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    int step = FLOATS.vectorByteSize();
    for (int at = 0; at < bytes; at += 4 * step) {
      a = a.add(load(address + at));
      b = b.add(load(address + at + step));
      c = c.add(load(address + at + 2L * step));
      d = d.add(load(address + at + 3L * step));
    }
    return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
  }

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(FLOATS, Memory.ALL, address, Memory.ORDER);
  }
}
