package dev.detr4j.backend.c;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.error.BackendException;
import dev.detr4j.ffi.generated.Detr4jAbi;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A function of the C library on one parameter struct, as the kernel of a phase.
 *
 * <p>The struct lives in the arena of the program. It is passed as a bare address: a segment of the
 * shared arena would cost two atomic operations on a common counter in every call.
 */
final class TileKernel implements HostKernel {
  /** A tile function of the library; those without scratch ignore theirs. */
  @FunctionalInterface
  interface Function {
    /** Runs a tile and returns the library's status. */
    int run(MemorySegment parameters, long tile, MemorySegment scratch);
  }

  private final String label;
  private final MemorySegment parameters;
  private final int tiles;
  private final long scratchBytes;
  private final Function function;

  private TileKernel(
      String label, MemorySegment parameters, int tiles, long scratchBytes, Function function) {
    this.label = label;
    this.parameters = parameters;
    this.tiles = tiles;
    this.scratchBytes = scratchBytes;
    this.function = function;
  }

  /**
   * A phase of a node; the list is empty when there is nothing to do.
   *
   * @param tiles what the library's {@code _tiles} function returned
   * @param scratchBytes what its {@code _scratch} function returned, or 0
   * @throws BackendException when one of the counts is an error status
   */
  static List<HostKernel> phase(
      BoundNode node, MemorySegment parameters, long tiles, long scratchBytes, Function function) {
    checkCount(node, tiles);
    checkCount(node, scratchBytes);
    if (tiles == 0) {
      return List.of();
    }
    return List.of(
        new TileKernel(
            label(node),
            MemorySegment.ofAddress(parameters.address()),
            Math.toIntExact(tiles),
            scratchBytes,
            function));
  }

  /** A count that the library returned for this node; throws when it is an error status. */
  static long checkCount(BoundNode node, long count) {
    if (count < 0) {
      throw new BackendException(
          label(node) + ": the C library refuses its parameters: " + describe((int) count));
    }
    return count;
  }

  @Override
  public int tiles() {
    return tiles;
  }

  @Override
  public long scratchBytes() {
    return scratchBytes;
  }

  @Override
  public void run(int tile, MemorySegment scratch) {
    int status = function.run(parameters, tile, scratch);
    if (status != Detr4jAbi.DETR4J_OK()) {
      throw new BackendException(
          label
              + ": the C library failed in tile "
              + tile
              + " of "
              + tiles
              + ": "
              + describe(status));
    }
  }

  private static String label(BoundNode node) {
    return node.label() + " (" + node.op().getClass().getSimpleName() + ")";
  }

  private static String describe(int status) {
    if (status == Detr4jAbi.DETR4J_ERROR_ARGUMENT()) {
      return "status " + status + ", a parameter is outside its range";
    }
    if (status == Detr4jAbi.DETR4J_ERROR_TYPE()) {
      return "status " + status + ", a tensor has an element type that this function does not take";
    }
    if (status == Detr4jAbi.DETR4J_ERROR_TIER()) {
      return "status " + status + ", the instruction set is not available";
    }
    return "status " + status;
  }
}
