package dev.detr4j.backend.c;

import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.detr4j_conv2d;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How bf16 products of a tier compare with fp32 ones on this processor, measured.
 *
 * <p>The peaks do not tell it: where dot products of bf16 pairs are hardly faster than fp32
 * multiply-adds, rounding and the larger number of products that Winograd has in bf16 make them
 * slower. So two layers run in both forms, as a ResNet has them: 1x1 on 28 x 28 pixels and 256
 * channels, and 3x3 on 64 channels, whose time is about a seventh of the first.
 *
 * <p>Thread-safe; a tier is measured once in a JVM, in some ten milliseconds.
 */
final class Bf16Speed {
  private static final int EDGE = 28;
  private static final int ROUNDS = 8;
  private static final Map<Integer, Double> KNOWN = new ConcurrentHashMap<>();

  private Bf16Speed() {}

  /** The time of fp32 over the time of bf16; above 1, bf16 is the faster one. */
  static double beside(CpuTier tier) {
    return KNOWN.computeIfAbsent(tier.id(), _ -> measured(tier));
  }

  /** What a user should know of it, in a few words. */
  static String words(CpuTier tier) {
    double ratio = beside(tier);
    return ratio >= 1
        ? "about %.1f times as fast as fp32 here".formatted(ratio)
        : "slower than fp32 here, %.1f times its time".formatted(1 / ratio);
  }

  private static double measured(CpuTier tier) {
    try (Arena arena = Arena.ofConfined()) {
      Layer pixels = Layer.of(arena, tier, 256, 1, false);
      Layer windows = Layer.of(arena, tier, 64, 3, false);
      Layer narrowPixels = Layer.of(arena, tier, 256, 1, true);
      Layer narrowWindows = Layer.of(arena, tier, 64, 3, true);
      long wide = Long.MAX_VALUE;
      long narrow = Long.MAX_VALUE;
      for (int i = 0; i < ROUNDS; i++) {
        wide = Math.min(wide, pixels.run() + windows.run());
        narrow = Math.min(narrow, narrowPixels.run() + narrowWindows.run());
      }
      return (double) wide / narrow;
    }
  }

  /** A layer of zeros: these instructions take the same time for all numbers but subnormal ones. */
  private record Layer(
      MemorySegment p, long tiles, MemorySegment scratch, TileKernel.Function call) {
    static Layer of(Arena arena, CpuTier tier, int channels, int kernel, boolean narrow) {
      MemorySegment p = detr4j_conv2d.allocate(arena);
      int type = narrow ? Detr4jAbi.DETR4J_TYPE_BF16() : Detr4jAbi.DETR4J_TYPE_F32();
      long bytes = 4L * EDGE * EDGE * channels;
      detr4j_conv2d.tier(p, tier.id());
      detr4j_conv2d.batch(p, 1);
      detr4j_conv2d.in_h(p, EDGE);
      detr4j_conv2d.in_w(p, EDGE);
      detr4j_conv2d.in_c(p, channels);
      detr4j_conv2d.out_h(p, EDGE);
      detr4j_conv2d.out_w(p, EDGE);
      detr4j_conv2d.out_c(p, channels);
      detr4j_conv2d.kernel_h(p, kernel);
      detr4j_conv2d.kernel_w(p, kernel);
      detr4j_conv2d.stride(p, 1);
      detr4j_conv2d.padding(p, kernel / 2);
      detr4j_conv2d.dilation(p, 1);
      detr4j_conv2d.groups(p, 1);
      detr4j_conv2d.activation(p, Detr4jAbi.DETR4J_ACTIVATION_RELU());
      detr4j_conv2d.rows_per_tile(p, kernel == 1 ? 192 : 48);
      detr4j_conv2d.panels_per_tile(p, channels);
      detr4j_conv2d.x_type(p, type);
      detr4j_conv2d.out_type(p, type);
      detr4j_conv2d.x(p, arena.allocate(bytes, 64));
      detr4j_conv2d.out(p, arena.allocate(bytes, 64));
      detr4j_conv2d.x_row_stride(p, channels);
      detr4j_conv2d.x_batch_stride(p, (long) EDGE * EDGE * channels);
      detr4j_conv2d.out_row_stride(p, channels);
      detr4j_conv2d.out_batch_stride(p, (long) EDGE * EDGE * channels);
      // Enough for every layout: 36 elements of F(4x4, 3x3) for each pair of channels.
      long products = kernel == 1 ? 1 : 36;
      detr4j_conv2d.weight(p, arena.allocate(4 * products * channels * channels, 64));
      return of(arena, p, kernel == 1 || (narrow && tier.hasMatrixTiles()), narrow);
    }

    private static Layer of(Arena arena, MemorySegment p, boolean direct, boolean narrow) {
      long tiles;
      long bytes;
      TileKernel.Function call;
      if (direct) {
        tiles =
            narrow ? Detr4jAbi.detr4j_conv2d_bf16_tiles(p) : Detr4jAbi.detr4j_conv2d_f32_tiles(p);
        bytes =
            narrow
                ? Detr4jAbi.detr4j_conv2d_bf16_scratch(p)
                : Detr4jAbi.detr4j_conv2d_f32_scratch(p);
        call = narrow ? Detr4jAbi::detr4j_conv2d_bf16 : Detr4jAbi::detr4j_conv2d_f32;
      } else if (narrow) {
        tiles = Detr4jAbi.detr4j_winograd_conv2d_bf16_tiles(p);
        bytes = Detr4jAbi.detr4j_winograd_conv2d_bf16_scratch(p);
        call = Detr4jAbi::detr4j_winograd_conv2d_bf16;
      } else {
        tiles = Detr4jAbi.detr4j_winograd4_conv2d_f32_tiles(p);
        bytes = Detr4jAbi.detr4j_winograd4_conv2d_f32_scratch(p);
        call = Detr4jAbi::detr4j_winograd4_conv2d_f32;
      }
      return new Layer(p, tiles, arena.allocate(Math.max(1, bytes), 64), call);
    }

    /** Its time in nanoseconds. */
    long run() {
      long start = System.nanoTime();
      for (long tile = 0; tile < tiles; tile++) {
        call.run(p, tile, scratch);
      }
      return System.nanoTime() - start;
    }
  }
}
