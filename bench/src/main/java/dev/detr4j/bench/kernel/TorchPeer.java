package dev.detr4j.bench.kernel;

import dev.detr4j.bench.kernel.ResNetConvolution.Geometry;
import dev.detr4j.op.LevelShape;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * PyTorch in a Python process, {@code bench/peers/python/time_kernels.py}, asked line by line; it
 * times its runs by its own clock.
 */
final class TorchPeer implements AutoCloseable {
  /** The name of grid_sample and the weighted sum alone. */
  static final String CORE = "PyTorch core";

  private final Process process;
  private final BufferedReader answers;
  private final Writer requests;
  private final String versions;

  /**
   * Starts Python.
   *
   * @param python the interpreter
   * @param script the path of time_kernels.py
   * @throws IllegalStateException when it does not start or cannot import what it needs
   */
  TorchPeer(String python, Path script) {
    if (!Files.isReadable(script)) {
      throw new IllegalStateException(
          "%s is not here; start from the root of the repository".formatted(script));
    }
    try {
      process =
          new ProcessBuilder(python, script.toString())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      throw new IllegalStateException(
          "%s cannot be started: %s; --python names another interpreter, --peers none goes without"
              .formatted(python, e.getMessage()),
          e);
    }
    answers = process.inputReader(StandardCharsets.UTF_8);
    requests = process.outputWriter(StandardCharsets.UTF_8);
    String[] words = read();
    if (!words[0].equals("ready")) {
      close();
      throw new IllegalStateException(
          "%s lacks what the peers need: %s; bench/peers/python/README.md has the set-up, --python names another interpreter, --peers none goes without"
              .formatted(python, words.length > 1 ? words[1] : "it said " + words[0]));
    }
    versions = words[1];
  }

  /** What runs there, with versions. */
  String versions() {
    return versions;
  }

  void threads(int count) {
    ask("threads", count);
  }

  /**
   * oneDNN's convolution.
   *
   * @param how {@code eager}: as PyTorch calls it; {@code packed}: with the weights in oneDNN's
   *     layout beforehand
   */
  KernelContender convolution(Geometry geometry, String how) {
    return contender(
        "PyTorch " + how,
        name ->
            ask(
                "convolution",
                name,
                geometry.plain().name(),
                geometry.in(),
                geometry.out(),
                geometry.kernel(),
                geometry.stride(),
                geometry.height(),
                geometry.width(),
                how));
  }

  /**
   * Deformable attention of the encoder.
   *
   * @param how {@code whole}: from the same inputs as ours; {@code core}: grid_sample and the
   *     weighted sum alone
   */
  KernelContender deformable(KernelCase kernel, List<LevelShape> levels, String how) {
    return contender(
        "PyTorch " + how,
        name ->
            ask(
                "deformable",
                name,
                kernel.name(),
                MsDeformAttentionBenchmark.REACH,
                MsDeformAttentionBenchmark.HEADS,
                MsDeformAttentionBenchmark.POINTS,
                levels.stream()
                    .map(level -> level.height() + "x" + level.width())
                    .collect(Collectors.joining(",")),
                how));
  }

  private interface Preparation {
    void prepare(String name);
  }

  private KernelContender contender(String name, Preparation preparation) {
    preparation.prepare(name);
    return new TorchKernel(name);
  }

  private final class TorchKernel extends KernelContender {
    private long nanos = -1;

    TorchKernel(String name) {
      super(name);
    }

    @Override
    void run(int times) {
      nanos = Long.parseLong(ask("run", name(), times));
    }

    @Override
    public long ownNanos() {
      return nanos;
    }

    @Override
    float[] output() {
      try {
        Path file = Files.createTempFile("detr4j-bench-torch", ".f32");
        try {
          ask("save", name(), file);
          FloatBuffer values =
              ByteBuffer.wrap(Files.readAllBytes(file))
                  .order(ByteOrder.LITTLE_ENDIAN)
                  .asFloatBuffer();
          float[] output = new float[values.remaining()];
          values.get(output);
          return output;
        } finally {
          Files.delete(file);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() {
      // Where the process has ended, that is the error to report, not this.
      if (process.isAlive()) {
        ask("forget", name());
      }
    }
  }

  private String ask(Object... request) {
    StringBuilder line = new StringBuilder();
    for (Object word : request) {
      line.append(line.isEmpty() ? "" : "\t").append(word);
    }
    try {
      requests.append(line).append('\n').flush();
    } catch (IOException e) {
      throw new UncheckedIOException("PyTorch's process has ended", e);
    }
    String[] words = read();
    if (!words[0].equals("ok")) {
      throw new IllegalStateException(
          "PyTorch failed at \"%s\": %s"
              .formatted(
                  line.toString().replace('\t', ' '), words.length > 1 ? words[1] : words[0]));
    }
    return words.length > 1 ? words[1] : "";
  }

  private String[] read() {
    try {
      String line = answers.readLine();
      return line == null ? new String[] {"nothing and ended"} : line.split("\t", -1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    // It ends when its input does; a request that hangs is no reason to wait.
    process.destroy();
  }
}
