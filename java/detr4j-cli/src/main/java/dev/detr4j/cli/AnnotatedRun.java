package dev.detr4j.cli;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.error.ImageException;
import dev.detr4j.evaluation.AnnotatedImage;
import dev.detr4j.evaluation.Annotations;
import dev.detr4j.evaluation.CocoId;
import dev.detr4j.evaluation.ScoredBox;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.ImageView;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Detects on every annotated image that a journal does not have yet. Not thread-safe. */
final class AnnotatedRun {
  private final Annotations annotations;
  private final AnnotatedFiles files;
  private final LabelCategories categories;
  private final ImageDecoder decoder;
  private final EngineOptions engine;
  private int otherSizes;
  private String firstOfOtherSize = "";
  private int warned;
  private String firstWarning = "";

  AnnotatedRun(
      Annotations annotations,
      AnnotatedFiles files,
      LabelCategories categories,
      ImageDecoder decoder,
      EngineOptions engine) {
    this.annotations = annotations;
    this.files = files;
    this.categories = categories;
    this.decoder = decoder;
    this.engine = engine;
  }

  /** Returns how many images could not be read; each has had its line. */
  int detect(Detector detector, DetectionJournal journal, PrintWriter err) {
    List<AnnotatedImage> left =
        annotations.images().stream()
            .filter(image -> !journal.images().containsKey(image.id()))
            .toList();
    int before = annotations.images().size() - left.size();
    if (before > 0) {
      err.println(
          "detr4j: resuming an interrupted run: %d of %d images are done"
              .formatted(before, annotations.images().size()));
      err.flush();
    }
    int failed = 0;
    try (DetectorSession session = detector.newSession();
        ProgressLine progress = new ProgressLine(err, left.size(), Terminal.errorIsTerminal());
        Interruption interruption = new Interruption(progress, () -> kept(journal))) {
      Detections found = session.newDetections();
      for (int i = 0; i < left.size(); i++) {
        AnnotatedImage image = left.get(i);
        progress.update(i, image.fileName());
        String file = files.fingerprint(image.id());
        try (Arena arena = Arena.ofConfined()) {
          ImageView pixels = decoder.decode(files.of(image), arena);
          compareSizes(image, pixels);
          session.detect(pixels, found);
          takeWarning(image);
          journal.add(image.id(), file, boxes(image, found));
        } catch (ImageException e) {
          failed++;
          progress.message("detr4j: " + Terminal.printable(String.valueOf(e.getMessage())));
        }
      }
      interruption.completed();
    }
    if (otherSizes > 0) {
      err.println(
          Terminal.printable(
              "detr4j: %d images differ in size from their annotations, the first is %s"
                  .formatted(otherSizes, firstOfOtherSize)));
      err.flush();
    }
    if (warned > 0) {
      err.println(
          Terminal.printable(
              "detr4j: %d images with a warning, the first is %s".formatted(warned, firstWarning)));
      err.flush();
    }
    return failed;
  }

  private @Nullable String kept(DetectionJournal journal) {
    return Interruption.kept(journal.images().size(), annotations.images().size(), journal.file());
  }

  private void takeWarning(AnnotatedImage image) {
    String warning = engine.takeWarning();
    if (warning != null) {
      warned++;
      firstWarning = firstWarning.isEmpty() ? image.fileName() + ": " + warning : firstWarning;
    }
  }

  private void compareSizes(AnnotatedImage image, ImageView pixels) {
    boolean same =
        (image.width() == 0 || image.width() == pixels.width())
            && (image.height() == 0 || image.height() == pixels.height());
    if (!same) {
      otherSizes++;
      if (otherSizes == 1) {
        firstOfOtherSize =
            "%s: %dx%d instead of %dx%d"
                .formatted(
                    image.fileName(),
                    pixels.width(),
                    pixels.height(),
                    image.width(),
                    image.height());
      }
    }
  }

  private List<ScoredBox> boxes(AnnotatedImage image, Detections found) {
    List<ScoredBox> boxes = new ArrayList<>();
    for (int i = 0; i < found.size(); i++) {
      CocoId category = categories.category(found.labelId(i));
      if (category != null) {
        boxes.add(new ScoredBox(image.id(), category, CocoBoxes.of(found, i), score(found, i)));
      }
    }
    return boxes;
  }

  private static double score(Detections found, int i) {
    return CocoBoxes.decimal(found.score(i));
  }

  /** All detections of a journal, image by image. */
  List<ScoredBox> found(DetectionJournal journal) {
    List<ScoredBox> all = new ArrayList<>();
    for (AnnotatedImage image : annotations.images()) {
      all.addAll(journal.images().getOrDefault(image.id(), List.of()));
    }
    return all;
  }
}
