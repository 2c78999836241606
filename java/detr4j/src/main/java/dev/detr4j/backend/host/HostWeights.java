package dev.detr4j.backend.host;

import dev.detr4j.runtime.WorkerPool;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The weights of one detector in the layouts of its kernels, each packed once and shared by all
 * plans and sessions. Equal weights are one, so that plans of further sizes add nothing but layouts
 * that no size before them took.
 *
 * <p>Thread-safe. Packed memory lives until {@link #close}, which the backend calls. Packing runs
 * on the threads of the backend and on no others.
 */
public final class HostWeights implements AutoCloseable {
  /** Fills packed memory; {@code weight} holds the values of the weight, row-major. */
  @FunctionalInterface
  public interface Packer {
    /** Writes the packed form; {@code packed} is zeroed. */
    void pack(MemorySegment weight, MemorySegment packed);
  }

  /** Fills packed memory part by part; parts are independent of each other. */
  @FunctionalInterface
  public interface PartPacker {
    /** Writes one part of the packed form; {@code packed} is the whole, zeroed at first. */
    void pack(int part, MemorySegment weight, MemorySegment packed);
  }

  private static final long CHUNK_BYTES = 8L << 20;

  private static final long SMALLEST_STAGE = 1L << 20;

  private record Key(Weight weight, String layout) {}

  /** A packed form that changes with the values of its weight. */
  private record Changing(MemorySegment memory, int parts, PartPacker packer) {}

  private final WorkerPool pool;

  /** Tiles have scratch, packers need none. */
  private final MemorySegment[] noScratch;

  private final Arena arena = Arena.ofShared();
  private final Map<Key, MemorySegment> packed = new HashMap<>();

  /** What is packed from the values of each weight that changes. */
  private final Map<Weight, List<Changing>> changing = new LinkedHashMap<>();

  private MemorySegment chunk = MemorySegment.NULL;
  private long chunkUsed;

  // Shared, because packers read it from several threads.
  private @Nullable Arena staging;
  private MemorySegment staged = MemorySegment.NULL;
  private long bytes;

  /**
   * No weights yet.
   *
   * @param pool the threads that pack; it is not closed
   */
  public HostWeights(WorkerPool pool) {
    this.pool = pool;
    noScratch = new MemorySegment[pool.threads()];
    Arrays.fill(noScratch, MemorySegment.NULL);
  }

  /**
   * The packed form of a weight, made on first use.
   *
   * @param layout names the layout with everything it depends on, such as the panel width
   * @param packedBytes the size of the packed form
   */
  public MemorySegment packed(Weight weight, String layout, long packedBytes, Packer packer) {
    return packed(
        weight, layout, packedBytes, 1, (part, values, memory) -> packer.pack(values, memory));
  }

  /**
   * As above, by all threads of the backend.
   *
   * @param parts parts that the packer writes
   */
  public MemorySegment packed(
      Weight weight, String layout, long packedBytes, int parts, PartPacker packer) {
    return packed(weight, weight, layout, packedBytes, parts, packer);
  }

  /**
   * As above, of a weight that may be another one {@link Weight#swapped}.
   *
   * @param swapped writes the same from the values of that other one
   */
  MemorySegment packed(
      Weight weight,
      String layout,
      long packedBytes,
      int parts,
      PartPacker packer,
      PartPacker swapped) {
    Weight other = weight.swapped();
    return other == null
        ? packed(weight, weight, layout, packedBytes, parts, packer)
        : packed(weight, other, layout, packedBytes, parts, swapped);
  }

  private synchronized MemorySegment packed(
      Weight weight, Weight from, String layout, long packedBytes, int parts, PartPacker packer) {
    Key key = new Key(weight, layout);
    MemorySegment known = packed.get(key);
    if (known != null) {
      return known;
    }
    // Read first: a weight that is refused would leave its room behind with each plan that fails.
    MemorySegment values = staged(4 * from.shape().elements());
    from.read(values);
    MemorySegment memory = room(Math.max(packedBytes, 4));
    pack(weight, values, memory, parts, packer);
    if (weight.changes()) {
      changing
          .computeIfAbsent(from, each -> new ArrayList<>())
          .add(new Changing(memory, parts, packer));
    }
    packed.put(key, memory);
    bytes += packedBytes;
    return memory;
  }

  private void pack(
      Weight weight, MemorySegment values, MemorySegment memory, int parts, PartPacker packer) {
    pool.run(
        (part, scratch) -> packer.pack(part, values, memory),
        parts,
        noScratch,
        "packing of " + weight.name());
  }

  /**
   * Packs every weight that changes anew, where it lies: kernels hold its address. What a packer
   * leaves alone, because it is zero at first, stays so. Each thread reads a weight and writes all
   * that is packed from it, the largest weights first.
   */
  synchronized void packChanged() {
    if (changing.isEmpty()) {
      return;
    }
    List<Weight> weights = new ArrayList<>(changing.keySet());
    weights.sort(Comparator.comparingLong(this::packedBytes).reversed());
    long largest = 4;
    for (Weight each : weights) {
      largest = Math.max(largest, 4 * each.shape().elements());
    }
    MemorySegment all = staged((largest + 127 & -64L) * noScratch.length);
    MemorySegment[] ofThread = new MemorySegment[noScratch.length];
    for (int i = 0; i < ofThread.length; i++) {
      ofThread[i] = all.asSlice((largest + 127 & -64L) * i, largest);
    }
    pool.run(
        (tile, scratch) -> packChanged(weights.get(tile), scratch),
        weights.size(),
        ofThread,
        "packing of changed weights");
  }

  private long packedBytes(Weight weight) {
    return changing.getOrDefault(weight, List.of()).stream()
        .mapToLong(each -> each.memory.byteSize())
        .sum();
  }

  private void packChanged(Weight weight, MemorySegment scratch) {
    MemorySegment values = weight.inMemory();
    if (values == null) {
      values = scratch.asSlice(0, 4 * weight.shape().elements());
      weight.read(values);
    }
    for (Changing each : changing.getOrDefault(weight, List.of())) {
      for (int part = 0; part < each.parts; part++) {
        each.packer.pack(part, values, each.memory);
      }
    }
  }

  /** Memory for the values of a weight until they are packed; the next weight gets the same. */
  private MemorySegment staged(long size) {
    if (staging == null || staged.byteSize() < size) {
      unstage();
      staging = Arena.ofShared();
      staged = HostMemory.allocate(staging, Math.max(size, SMALLEST_STAGE), "packing weights");
    }
    return staged.asSlice(0, Math.max(size, 4));
  }

  /**
   * Frees what was needed to pack weights; called when a program has all of its own. Freeing it
   * after each weight would stop every thread of the JVM for each.
   */
  synchronized void unstage() {
    if (staging != null) {
      staging.close();
      staging = null;
      staged = MemorySegment.NULL;
    }
  }

  /** Memory for one packed weight: a part of a chunk, so that small weights share huge pages. */
  private MemorySegment room(long size) {
    long rounded = (size + 63) & -64L;
    if (chunkUsed + rounded > chunk.byteSize()) {
      chunk = HostMemory.allocate(arena, Math.max(rounded, CHUNK_BYTES), "packed weights");
      chunkUsed = 0;
    }
    MemorySegment memory = chunk.asSlice(chunkUsed, size);
    chunkUsed += rounded;
    return memory;
  }

  /** A weight as it is, row-major. */
  public MemorySegment plain(Weight weight) {
    long size = 4 * weight.shape().elements();
    return packed(
        weight, "plain", size, (values, memory) -> MemorySegment.copy(values, 0, memory, 0, size));
  }

  /** Packed forms so far. */
  public synchronized int count() {
    return packed.size();
  }

  /** Bytes of packed memory so far. */
  public synchronized long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    unstage();
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
