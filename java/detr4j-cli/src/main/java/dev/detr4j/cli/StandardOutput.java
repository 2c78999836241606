package dev.detr4j.cli;

import dev.detr4j.error.OneLine;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Standard output that remembers why it failed, where {@link PrintStream} says only that it did.
 */
final class StandardOutput extends FilterOutputStream {
  private final boolean pipe;
  private volatile @Nullable IOException failure;

  /**
   * Wraps a stream.
   *
   * @param pipe whether it leads to a reader, who may leave
   */
  StandardOutput(OutputStream out, boolean pipe) {
    super(out);
    this.pipe = pipe;
  }

  /** Puts one in the place of {@link System#out}. */
  static StandardOutput install() {
    StandardOutput output =
        new StandardOutput(new FileOutputStream(FileDescriptor.out), leadsToReader());
    Charset charset =
        Charset.forName(System.getProperty("stdout.encoding", ""), Charset.defaultCharset());
    System.setOut(new PrintStream(new BufferedOutputStream(output, 1 << 13), false, charset));
    return output;
  }

  /** Where a system does not say, the reason of a failure is looked at instead. */
  private static boolean leadsToReader() {
    try {
      String to = Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString();
      return to.startsWith("pipe:") || to.startsWith("socket:");
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    try {
      out.write(bytes, offset, length);
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  /**
   * One line about output that was lost, as on a full disk. None when the reader has left, as
   * {@code head} does: it has what it wanted.
   */
  @Nullable String loss() {
    IOException why = failure;
    if (why == null || pipe) {
      return null;
    }
    String reason = OneLine.of(why);
    return reason.toLowerCase(Locale.ROOT).contains("pipe")
        ? null
        : "standard output: cannot be written: " + reason;
  }
}
