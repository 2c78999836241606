package dev.detr4j.cli;

import dev.detr4j.error.Detr4jException;
import dev.detr4j.json.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The file that keeps what a long run has done, so that an interruption costs one image: a line
 * that says which run it is, then lines of the run's own, in JSON. A last line without an end is
 * dropped when the file is opened again. One process at a time may hold it. Not thread-safe.
 */
final class Journal implements AutoCloseable {
  /** Many times what a hundred detections on each of COCO's images take. */
  private static final long LONGEST = Integer.MAX_VALUE - 16;

  private final Path file;
  private final FileChannel channel;
  private final Function<String, ? extends Detr4jException> error;

  private Journal(
      Path file, FileChannel channel, Function<String, ? extends Detr4jException> error) {
    this.file = file;
    this.channel = channel;
    this.error = error;
  }

  /**
   * Opens the file, or begins it.
   *
   * @param run what the run depends on, by name; a journal of another run is refused
   * @param restart forgets what an earlier run left
   * @param error makes the exception for a file that is refused
   * @param lines receives each line of an earlier run after the first
   */
  static Journal open(
      Path file,
      Map<String, String> run,
      boolean restart,
      Function<String, ? extends Detr4jException> error,
      Consumer<JsonObject> lines) {
    try {
      FileChannel channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      Journal journal = new Journal(file, channel, error);
      try {
        journal.begin(run, restart, lines);
        return journal;
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw ReplacedFile.unwritable(file, e);
    }
  }

  private void begin(Map<String, String> run, boolean restart, Consumer<JsonObject> lines)
      throws IOException {
    lock();
    if (restart) {
      channel.truncate(0);
    }
    String text = content();
    int whole = text.lastIndexOf('\n') + 1;
    List<String> kept = text.substring(0, whole).lines().toList();
    if (kept.isEmpty()) {
      channel.truncate(0);
      append(header(run));
      return;
    }
    check(kept.getFirst(), run);
    for (int i = 1; i < kept.size(); i++) {
      lines.accept(parse(i + 1, kept.get(i)));
    }
    long bytes = text.substring(0, whole).getBytes(StandardCharsets.UTF_8).length;
    channel.truncate(bytes);
    channel.position(bytes);
  }

  private void lock() throws IOException {
    boolean free;
    try {
      free = channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      free = false;
    }
    if (!free) {
      throw error.apply(file + ": another run is writing here");
    }
  }

  private String content() throws IOException {
    long size = channel.size();
    if (size > LONGEST) {
      throw broken("%s: has %d bytes, expected at most %d".formatted(file, size, LONGEST));
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) size);
    while (bytes.hasRemaining() && channel.read(bytes) >= 0) {}
    return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
  }

  private static String header(Map<String, String> run) {
    return run.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(entry -> "\"" + entry.getKey() + "\":\"" + entry.getValue() + "\"")
        .collect(Collectors.joining(",", "{", "}"));
  }

  private void check(String line, Map<String, String> run) {
    JsonObject stored = parse(1, line);
    for (Map.Entry<String, String> entry : run.entrySet()) {
      if (!stored.string(entry.getKey(), "").equals(entry.getValue())) {
        throw broken("%s: was started with another value of %s".formatted(file, entry.getKey()));
      }
    }
  }

  private JsonObject parse(int number, String line) {
    return JsonObject.parse(
        file + ", line " + number, line.getBytes(StandardCharsets.UTF_8), this::broken);
  }

  private Detr4jException broken(String message) {
    return error.apply(message + "; --restart starts over");
  }

  Path file() {
    return file;
  }

  /** Writes one line, which is an object in JSON. */
  void append(String line) {
    ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
    try {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    } catch (IOException e) {
      throw ReplacedFile.unwritable(file, e);
    }
  }

  /** Removes the file: the run is complete. */
  void remove() {
    try {
      channel.close();
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw ReplacedFile.unwritable(file, e);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
