package dev.detr4j.ffi;

import dev.detr4j.ffi.generated.Detr4jAbi;

/**
 * Main class of the child JVMs of {@link NativeLibraryTest}: loads the library and prints what came
 * of it.
 */
public final class LoadOnce {
  private LoadOnce() {}

  /**
   * Prints {@code loaded …} and {@code refused …} lines, or one {@code reason …} line for each
   * place that failed.
   */
  public static void main(String[] arguments) {
    System.out.print(report());
  }

  /** The lines that {@link #main} prints; public so that a class loader of a test can call it. */
  public static String report() {
    StringBuilder lines = new StringBuilder();
    try {
      NativeLibrary library = NativeLibrary.load();
      lines.append("loaded ").append(library).append('\n');
      library.refused().forEach(line -> lines.append("refused ").append(line).append('\n'));
      boolean bound = Detr4jAbi.detr4j_abi_hash() == AbiLayout.hash(AbiLayout.fields());
      lines.append("bindings ").append(bound ? "work" : "differ").append('\n');
      lines.append("tiers ").append(CpuTier.available(library)).append('\n');
    } catch (NativeLibraryException e) {
      e.reasons().forEach(reason -> lines.append("reason ").append(reason).append('\n'));
    }
    return lines.toString();
  }
}
