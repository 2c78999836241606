package dev.detr4j.backend.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * C1 must be able to compile the vector kernels with profiling, or HotSpot never hands them to C2.
 *
 * <p>In a JVM of its own that stops at C1, where the outcome does not depend on what else is being
 * compiled.
 */
class GemmTileCompilationTest {
  @ParameterizedTest
  @ValueSource(ints = {128, 256, 512})
  void theFirstCompilerTakesEveryTile(int bits) throws Exception {
    String output =
        KernelJvm.run(Workload.class, bits, "-XX:TieredStopAtLevel=3", "-XX:+PrintCompilation");
    for (String method : List.of("rows6 ", "rows6Short ", "rows2 ", "rows4 ", "rows4Short ")) {
      assertTrue(output.contains("GemmTile::" + method), method + "was not compiled:\n" + output);
    }
    assertEquals(
        List.of(),
        output
            .lines()
            .filter(line -> line.contains("GemmTile") && line.contains("COMPILE SKIPPED"))
            .toList());
  }

  /**
   * Tiles of every height, with short and long taps, often enough to be compiled from the start and
   * inside their loops.
   */
  static final class Workload {
    private Workload() {}

    /** Runs without arguments. */
    public static void main(String[] args) {
      try (Arena arena = Arena.ofShared()) {
        int depth = 200;
        long x = arena.allocate(4L * depth, 64).address();
        long rows = arena.allocate(8L * RegisterTile.TILE_ROWS, 64).address();
        for (int r = 0; r < RegisterTile.TILE_ROWS; r++) {
          Memory.setLong(rows + 8L * r, x);
        }
        long panel = (long) depth * RegisterTile.PANEL_BYTES;
        long b = arena.allocate(2 * panel, 64).address();
        long tile = (long) RegisterTile.TILE_ROWS * RegisterTile.PANEL_BYTES;
        long out = arena.allocate(2 * tile, 64).address();
        for (int call = 0; call < 1200; call++) {
          for (int valid = 2; valid <= RegisterTile.TILE_ROWS; valid += 2) {
            GemmTile.multiply(rows, 0, 0, 1, depth, valid, b, out, RegisterTile.PANEL_BYTES);
            GemmTile.multiply(rows, 0, 0, 1, 64, valid, b, out, RegisterTile.PANEL_BYTES);
          }
          WideGemmTile.multiply(rows, 0, 0, 1, depth, b, panel, out, tile);
          WideGemmTile.multiply(rows, 0, 0, 1, 64, b, panel, out, tile);
        }
      }
    }
  }
}
