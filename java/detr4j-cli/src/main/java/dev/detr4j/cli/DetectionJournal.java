package dev.detr4j.cli;

import dev.detr4j.error.Detr4jException;
import dev.detr4j.evaluation.Annotations;
import dev.detr4j.evaluation.Box;
import dev.detr4j.evaluation.CocoId;
import dev.detr4j.evaluation.EvaluationException;
import dev.detr4j.evaluation.ScoredBox;
import dev.detr4j.json.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The detections of a long run so far, so that an interruption costs one image: a line that says
 * which run it is, then a line for each image, in JSON. Images and classes are known by their
 * places among those of the annotations, which are the same in every run that may go on. A last
 * line without an end is dropped when the file is opened again, and so are those of images whose
 * files have changed since. One process at a time may hold it. Not thread-safe.
 */
final class DetectionJournal implements AutoCloseable {
  /** Many times what a hundred detections on each of COCO's images take. */
  private static final long LONGEST = Integer.MAX_VALUE - 16;

  private final Path file;
  private final FileChannel channel;
  private final Annotations annotations;
  private final Function<CocoId, String> fingerprints;
  private final Map<CocoId, List<ScoredBox>> images = new HashMap<>();

  private DetectionJournal(
      Path file,
      FileChannel channel,
      Annotations annotations,
      Function<CocoId, String> fingerprints) {
    this.file = file;
    this.channel = channel;
    this.annotations = annotations;
    this.fingerprints = fingerprints;
  }

  /**
   * Opens the journal, or begins it.
   *
   * @param run what this run depends on, by name; a journal of another run is refused
   * @param fingerprints what the file of an image is known by
   * @param restart forgets what an earlier run left
   */
  static DetectionJournal open(
      Path file,
      Map<String, String> run,
      Annotations annotations,
      Function<CocoId, String> fingerprints,
      boolean restart) {
    try {
      FileChannel channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      DetectionJournal journal = new DetectionJournal(file, channel, annotations, fingerprints);
      try {
        journal.begin(run, restart);
        return journal;
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw ReplacedFile.unwritable(file, e);
    }
  }

  private void begin(Map<String, String> run, boolean restart) throws IOException {
    try {
      if (channel.tryLock() == null) {
        throw new EvaluationException(file + ": another evaluation is writing here");
      }
    } catch (OverlappingFileLockException e) {
      throw new EvaluationException(file + ": another evaluation is writing here", e);
    }
    if (restart) {
      channel.truncate(0);
    }
    String text = content();
    int whole = text.lastIndexOf('\n') + 1;
    List<String> lines = text.substring(0, whole).lines().toList();
    if (lines.isEmpty()) {
      channel.truncate(0);
      append(header(run));
      return;
    }
    check(lines.getFirst(), run);
    for (int i = 1; i < lines.size(); i++) {
      read(i + 1, lines.get(i));
    }
    long kept = text.substring(0, whole).getBytes(StandardCharsets.UTF_8).length;
    channel.truncate(kept);
    channel.position(kept);
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
        throw new EvaluationException(
            "%s: was started with another value of %s; --restart starts over"
                .formatted(file, entry.getKey()));
      }
    }
  }

  private void read(int number, String line) {
    JsonObject stored = parse(number, line);
    CocoId image =
        annotations.images().get(stored.integer("image", 0, annotations.images().size() - 1)).id();
    List<ScoredBox> boxes = new ArrayList<>();
    for (List<Double> row : stored.numberLists("detections")) {
      if (row.size() != 6 || !isCategory(row.getFirst())) {
        throw stored.wrong("detections holds " + row + ", expected class, box and score");
      }
      boxes.add(
          new ScoredBox(
              image,
              annotations.categories().get(row.getFirst().intValue()).id(),
              new Box(row.get(1), row.get(2), row.get(3), row.get(4)),
              row.get(5)));
    }
    if (stored.string("file", "unknown").equals(fingerprints.apply(image))) {
      images.put(image, List.copyOf(boxes));
    }
  }

  private boolean isCategory(double place) {
    return place >= 0 && place < annotations.categories().size() && place == Math.rint(place);
  }

  private JsonObject parse(int number, String line) {
    return JsonObject.parse(
        file + ", line " + number, line.getBytes(StandardCharsets.UTF_8), DetectionJournal::broken);
  }

  private static Detr4jException broken(String message) {
    return new EvaluationException(message + "; --restart starts over");
  }

  /** The images that are done, with their detections. */
  Map<CocoId, List<ScoredBox>> images() {
    return images;
  }

  /**
   * Notes that an image is done.
   *
   * @param fingerprint of its file, before it was read
   */
  void add(CocoId image, String fingerprint, List<ScoredBox> found) {
    images.put(image, List.copyOf(found));
    try {
      append(
          found.stream()
              .map(this::row)
              .collect(
                  Collectors.joining(
                      ",",
                      "{\"image\":%s,\"file\":\"%s\",\"detections\":["
                          .formatted(annotations.imageIndex(image), fingerprint),
                      "]}")));
    } catch (IOException e) {
      throw ReplacedFile.unwritable(file, e);
    }
  }

  /** Numbers give back the same doubles. */
  private String row(ScoredBox each) {
    Box box = each.box();
    return "[%s,%s,%s,%s,%s,%s]"
        .formatted(
            annotations.categoryIndex(each.categoryId()),
            box.x(),
            box.y(),
            box.width(),
            box.height(),
            each.score());
  }

  private void append(String line) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
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
