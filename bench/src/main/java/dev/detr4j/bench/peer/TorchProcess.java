package dev.detr4j.bench.peer;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * PyTorch eager in a Python process of its own, which loads the model once and then runs it when it
 * is asked to: {@code peers/python/torch_contender.py}. Its own clock counts, so that the way there
 * and back does not.
 */
public final class TorchProcess implements Contender {
  private static final int LONGEST_LINE = 10_000;

  private final Process process;
  private final InputStream answers;
  private final OutputStream requests;
  private final String name;
  private long nanos = -1;
  private long cpuNanos = -1;

  /**
   * Starts a process and waits until its model is loaded.
   *
   * @param command a program that speaks as the script does
   * @throws ComparisonException when it cannot be started or cannot load the model; its own words
   *     are in the message
   */
  public TorchProcess(List<String> command) {
    try {
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    } catch (IOException e) {
      throw new ComparisonException(
          "PyTorch: %s cannot be started: %s; name a Python with torch and transformers by --python (set-up: %sREADME.md)"
              .formatted(command.getFirst(), e.getMessage(), ModelFolder.SCRIPTS),
          e);
    }
    answers = new BufferedInputStream(process.getInputStream());
    requests = process.getOutputStream();
    try {
      name = after("ready ", answer());
    } catch (IOException e) {
      close();
      throw new ComparisonException(
          "PyTorch: %s: %s; --python names another Python (set-up: %sREADME.md)"
              .formatted(command.getFirst(), e.getMessage(), ModelFolder.SCRIPTS),
          e);
    }
  }

  /**
   * The script on a model, with the pixels that all contenders have.
   *
   * @param options further options of the script
   */
  static TorchProcess of(
      PeerTools tools, ModelFolder model, int threads, FormulaPixels pixels, List<String> options) {
    List<String> command =
        new ArrayList<>(
            List.of(
                tools.python(),
                tools.home().resolve(ModelFolder.SCRIPTS + "torch_contender.py").toString(),
                model.path().toString(),
                "--threads",
                Integer.toString(threads),
                "--height",
                Integer.toString(pixels.height()),
                "--width",
                Integer.toString(pixels.width())));
    command.addAll(options);
    return new TorchProcess(command);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public long pid() {
    return process.pid();
  }

  @Override
  public void run() {
    try {
      long[] figures = numbers(ask("run"));
      nanos = figures[0];
      cpuNanos = figures[1];
    } catch (IOException e) {
      throw failed(e);
    }
  }

  @Override
  public long ownNanos() {
    return nanos;
  }

  @Override
  public long ownCpuNanos() {
    return cpuNanos;
  }

  @Override
  public RawOutputs outputs() {
    try {
      long[] sizes = numbers(ask("outputs"));
      int queries = Math.toIntExact(sizes[0]);
      int classes = Math.toIntExact(sizes[1]);
      float[] logits = floats(Math.multiplyExact(queries, classes));
      return new RawOutputs(queries, logits, floats(4 * queries));
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** The answer to a word of the script's own. */
  public String told(String request) {
    try {
      return ask(request);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private static ComparisonException failed(IOException e) {
    return new ComparisonException("PyTorch failed: " + e.getMessage(), e);
  }

  private String ask(String request) throws IOException {
    requests.write((request + "\n").getBytes(StandardCharsets.UTF_8));
    requests.flush();
    return answer();
  }

  /** A line; bytes may follow it, so a reader of characters would take too much. */
  private String answer() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = answers.read(); next != '\n'; next = answers.read()) {
      if (next < 0) {
        throw new EOFException("the process ended" + ending());
      }
      if (line.size() == LONGEST_LINE) {
        throw new IOException("its answer has no end");
      }
      line.write(next);
    }
    String text = line.toString(StandardCharsets.UTF_8).strip();
    if (text.startsWith("error ")) {
      throw new IOException(after("error ", text));
    }
    return text;
  }

  private String ending() {
    try {
      return " with code " + process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }

  private static String after(String word, String line) throws IOException {
    if (!line.startsWith(word)) {
      throw new IOException(
          "answered \"" + line + "\" where \"" + word.strip() + "\" was expected");
    }
    return line.substring(word.length());
  }

  private static long[] numbers(String line) throws IOException {
    String[] fields = line.split(" ", -1);
    try {
      return new long[] {Long.parseLong(fields[0]), Long.parseLong(fields[fields.length - 1])};
    } catch (NumberFormatException e) {
      throw new IOException("answered \"" + line + "\" where two numbers were expected", e);
    }
  }

  private float[] floats(int count) throws IOException {
    byte[] bytes = answers.readNBytes(Math.multiplyExact(Float.BYTES, count));
    if (bytes.length != Float.BYTES * count) {
      throw new EOFException("the process ended" + ending());
    }
    float[] values = new float[count];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  /** The end of its input is the end of the process. */
  @Override
  public void close() {
    try {
      requests.close();
    } catch (IOException e) {
      // It has ended already, which is what is wanted.
    }
    process.destroy();
  }
}
