package dev.detr4j.cli;

import dev.detr4j.evaluation.Annotations;
import dev.detr4j.evaluation.Box;
import dev.detr4j.evaluation.CocoId;
import dev.detr4j.evaluation.EvaluationException;
import dev.detr4j.evaluation.ScoredBox;
import dev.detr4j.json.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The detections of {@code evaluate} so far, in a {@link Journal}. Images and classes are known by
 * their places among those of the annotations, which are the same in every run that may go on.
 * Lines of images whose files have changed since count for nothing. Not thread-safe.
 */
final class DetectionJournal implements AutoCloseable {
  private final Annotations annotations;
  private final Map<CocoId, List<ScoredBox>> images;
  private final Journal journal;

  private DetectionJournal(
      Annotations annotations, Map<CocoId, List<ScoredBox>> images, Journal journal) {
    this.annotations = annotations;
    this.images = images;
    this.journal = journal;
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
    Map<CocoId, List<ScoredBox>> images = new ConcurrentHashMap<>();
    Journal journal =
        Journal.open(
            file,
            run,
            restart,
            EvaluationException::new,
            line -> read(line, annotations, fingerprints, images));
    return new DetectionJournal(annotations, images, journal);
  }

  private static void read(
      JsonObject stored,
      Annotations annotations,
      Function<CocoId, String> fingerprints,
      Map<CocoId, List<ScoredBox>> images) {
    CocoId image =
        annotations.images().get(stored.integer("image", 0, annotations.images().size() - 1)).id();
    List<ScoredBox> boxes = new ArrayList<>();
    for (List<Double> row : stored.numberLists("detections")) {
      if (row.size() != 6 || !isCategory(row.getFirst(), annotations)) {
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

  private static boolean isCategory(double place, Annotations annotations) {
    return place >= 0 && place < annotations.categories().size() && place == Math.rint(place);
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
    journal.append(
        found.stream()
            .map(this::row)
            .collect(
                Collectors.joining(
                    ",",
                    "{\"image\":%s,\"file\":\"%s\",\"detections\":["
                        .formatted(annotations.imageIndex(image), fingerprint),
                    "]}")));
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

  Path file() {
    return journal.file();
  }

  /** Removes the file: the run is complete. */
  void remove() {
    journal.remove();
  }

  @Override
  public void close() throws IOException {
    journal.close();
  }
}
