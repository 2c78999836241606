package dev.detr4j.cli;

import dev.detr4j.error.ImageException;
import dev.detr4j.json.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What {@code detect} has found so far, in a {@link Journal} beside the file of results. It is
 * there from the first image until the results are complete, so that the same command resumes a run
 * that was interrupted. Numbers are kept to the bit. Not thread-safe, except {@link #size}.
 */
final class FoundJournal implements AutoCloseable {
  private static final int NUMBERS = 6;

  /** What was found on an image of that size in pixels. */
  record Kept(int width, int height, List<Found> found) {}

  private final Map<String, Kept> images;
  private final Journal journal;

  private FoundJournal(Map<String, Kept> images, Journal journal) {
    this.images = images;
    this.journal = journal;
  }

  /** The journal of a file of results. */
  static Path beside(Path results) {
    return results.resolveSibling(results.getFileName() + ".journal");
  }

  /**
   * Opens the journal of a file of results, or begins it.
   *
   * @param run what the detections depend on; a journal of another run is refused
   * @param labels names of the labels by their numbers
   * @param restart forgets what an earlier run left
   */
  static FoundJournal open(Path results, RunIdentity run, List<String> labels, boolean restart) {
    Map<String, Kept> images = new ConcurrentHashMap<>();
    Journal journal =
        Journal.open(
            beside(results),
            run.parts(),
            restart,
            ImageException::new,
            line -> images.put(line.string("image"), kept(line, labels)));
    return new FoundJournal(images, journal);
  }

  private static Kept kept(JsonObject line, List<String> labels) {
    List<Found> found = new ArrayList<>();
    for (List<Integer> row : line.integerLists("detections")) {
      if (row.size() != NUMBERS || row.getFirst() < 0 || row.getFirst() >= labels.size()) {
        throw line.wrong("detections holds " + row + ", expected label, score and box");
      }
      found.add(
          new Found(
              labels.get(row.getFirst()),
              row.getFirst(),
              Float.intBitsToFloat(row.get(1)),
              Float.intBitsToFloat(row.get(2)),
              Float.intBitsToFloat(row.get(3)),
              Float.intBitsToFloat(row.get(4)),
              Float.intBitsToFloat(row.get(5))));
    }
    return new Kept(
        line.integer("width", 1, Integer.MAX_VALUE),
        line.integer("height", 1, Integer.MAX_VALUE),
        found);
  }

  /**
   * What was found on an image, or null when it is still to be done.
   *
   * @param fingerprint of its file; a file that has changed is another image
   */
  @Nullable Kept of(String fingerprint) {
    return images.get(fingerprint);
  }

  /** Notes that an image is done. */
  void add(String fingerprint, Kept result) {
    journal.append(
        result.found().stream()
            .map(FoundJournal::row)
            .collect(
                Collectors.joining(
                    ",",
                    "{\"image\":\"%s\",\"width\":%s,\"height\":%s,\"detections\":["
                        .formatted(fingerprint, result.width(), result.height()),
                    "]}")));
    images.put(fingerprint, result);
  }

  private static String row(Found each) {
    return "[%s,%s,%s,%s,%s,%s]"
        .formatted(
            each.labelId(),
            Float.floatToRawIntBits(each.score()),
            Float.floatToRawIntBits(each.xMin()),
            Float.floatToRawIntBits(each.yMin()),
            Float.floatToRawIntBits(each.xMax()),
            Float.floatToRawIntBits(each.yMax()));
  }

  /** How many images are done. */
  int size() {
    return images.size();
  }

  Path file() {
    return journal.file();
  }

  /** Removes the file: the results are complete. */
  void remove() {
    journal.remove();
  }

  @Override
  public void close() throws IOException {
    journal.close();
  }
}
