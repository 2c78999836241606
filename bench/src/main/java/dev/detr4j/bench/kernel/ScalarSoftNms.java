package dev.detr4j.bench.kernel;

import dev.detr4j.op.SoftNms;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Soft-NMS in plain scalar C, {@code bench/peers/c/soft_nms.c}, compiled with -O3 when this is
 * made.
 */
final class ScalarSoftNms implements AutoCloseable {
  /** The name of the variant that leaves the exponential out where boxes do not meet. */
  static final String SKIPPING = "scalar C, skipping";

  private static final List<String> FLAGS = List.of("-O3", "-std=c11", "-shared", "-fPIC");
  private static final int ENTRY_BYTES = 28;

  private final Arena arena = Arena.ofConfined();
  private final SymbolLookup library;
  private final String words;

  /**
   * Compiles and loads.
   *
   * @throws IllegalStateException when the compiler is missing or fails
   */
  @SuppressWarnings("restricted") // a library that we have just built
  ScalarSoftNms(String compiler, Path source) {
    if (!Files.isReadable(source)) {
      throw new IllegalStateException(
          "%s is not here; start from the root of the repository".formatted(source));
    }
    try {
      Path folder = Files.createTempDirectory("detr4j-bench-c");
      Path file = folder.resolve("libsoft_nms.so");
      try {
        List<String> command = new ArrayList<>(List.of(compiler));
        command.addAll(FLAGS);
        command.addAll(List.of("-o", file.toString(), source.toString(), "-lm"));
        run(command);
        words = run(List.of(compiler, "--version")).lines().findFirst().orElse(compiler) + ", -O3";
        library = SymbolLookup.libraryLookup(file, arena);
      } finally {
        // Once it is loaded the file is not needed any more.
        Files.deleteIfExists(file);
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new IllegalStateException(
          "%s cannot be started: %s; --cc names another C compiler, --peers leaves this one out"
              .formatted(compiler, e.getMessage()),
          e);
    }
  }

  private static String run(List<String> command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    try {
      if (process.waitFor() != 0) {
        throw new IllegalStateException(
            "%s failed: %s".formatted(String.join(" ", command), output));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while compiling", e);
    }
    return output;
  }

  /** The compiler and its flags. */
  String words() {
    return words;
  }

  /**
   * A case.
   *
   * @param skipping whether the exponential is left out where boxes do not meet
   */
  KernelContender contender(KernelCase kernel, boolean skipping) {
    return new ScalarKernel(kernel, skipping);
  }

  private final class ScalarKernel extends KernelContender {
    private final Arena memory = Arena.ofConfined();
    private final MethodHandle function;
    private final SoftNms op;
    private final int count;
    private final MemorySegment boxes;
    private final MemorySegment scores;
    private final MemorySegment labels;
    private final MemorySegment keptScores;
    private final MemorySegment kept;
    private final MemorySegment scratch;
    private int selected;

    @SuppressWarnings("restricted") // as above
    ScalarKernel(KernelCase kernel, boolean skipping) {
      super(skipping ? SKIPPING : "scalar C");
      op = (SoftNms) kernel.op();
      count = kernel.inputs().get(0).shape().get(1);
      boxes = filled(kernel.inputs().get(0));
      scores = filled(kernel.inputs().get(1));
      labels = filled(kernel.inputs().get(2));
      keptScores = memory.allocate(4L * count, 64);
      kept = memory.allocate(4L * count, 64);
      scratch = memory.allocate((long) ENTRY_BYTES * count, 64);
      function =
          Linker.nativeLinker()
              .downcallHandle(
                  library.findOrThrow(skipping ? "soft_nms_skipping" : "soft_nms"),
                  FunctionDescriptor.of(
                      ValueLayout.JAVA_INT,
                      ValueLayout.JAVA_INT,
                      ValueLayout.ADDRESS,
                      ValueLayout.ADDRESS,
                      ValueLayout.ADDRESS,
                      ValueLayout.JAVA_FLOAT,
                      ValueLayout.JAVA_FLOAT,
                      ValueLayout.ADDRESS,
                      ValueLayout.ADDRESS,
                      ValueLayout.ADDRESS));
    }

    private MemorySegment filled(KernelInput input) {
      MemorySegment segment = memory.allocate(input.byteSize(), 64);
      input.fill().fill(segment);
      return segment;
    }

    @Override
    void run(int times) {
      try {
        for (int i = 0; i < times; i++) {
          selected =
              (int)
                  function.invokeExact(
                      count,
                      boxes,
                      scores,
                      labels,
                      op.sigma(),
                      op.scoreThreshold(),
                      keptScores,
                      kept,
                      scratch);
        }
      } catch (Throwable e) {
        throw new IllegalStateException("the scalar Soft-NMS failed", e);
      }
    }

    @Override
    float[] output() {
      run(1);
      return keptScores.asSlice(0, 4L * selected).toArray(ValueLayout.JAVA_FLOAT);
    }

    @Override
    public void close() {
      memory.close();
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
