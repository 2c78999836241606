package dev.detr4j.cli;

import dev.detr4j.Detections;
import dev.detr4j.DetectorSession;
import dev.detr4j.error.ImageException;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.ImageView;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Detects on one image after the other, and passes on what a journal has already. Not thread-safe.
 */
final class DetectRun {
  private final List<ImageInputs.Input> inputs;
  private final ImageDecoder decoder;
  private final LabelFilter filter;
  private final DetectOutputs outputs;
  private final EngineOptions engine;
  private final @Nullable FoundJournal journal;

  DetectRun(
      List<ImageInputs.Input> inputs,
      ImageDecoder decoder,
      LabelFilter filter,
      DetectOutputs outputs,
      EngineOptions engine,
      @Nullable FoundJournal journal) {
    this.inputs = inputs;
    this.decoder = decoder;
    this.filter = filter;
    this.outputs = outputs;
    this.engine = engine;
    this.journal = journal;
  }

  /**
   * Processes every image.
   *
   * @param file what {@code out} writes to, or null for standard output
   * @return how many images failed; each has had its line
   */
  int detect(DetectorSession session, Writer out, @Nullable ReplacedFile file, PrintWriter err)
      throws IOException {
    // Results on the same terminal are progress enough, and the line would get between them.
    boolean progressShown =
        Terminal.errorIsTerminal() && (file != null || !Terminal.outputIsTerminal());
    if (journal != null && journal.size() > 0) {
      err.println(
          "detr4j: resuming an interrupted run: %d images are done".formatted(journal.size()));
      err.flush();
    }
    Detections detections = session.newDetections();
    int failed = 0;
    try (ProgressLine progress = new ProgressLine(err, inputs.size(), progressShown);
        Interruption interruption = new Interruption(progress, this::kept)) {
      try {
        for (int i = 0; i < inputs.size() && !outputs.closed(); i++) {
          progress.update(i, inputs.get(i).name());
          failed += detect(inputs.get(i), session, detections, out, file, progress) ? 0 : 1;
        }
      } finally {
        outputs.end();
      }
      interruption.completed();
    }
    return failed;
  }

  /** Whether an image gave its results; else it has had its line. */
  private boolean detect(
      ImageInputs.Input input,
      DetectorSession session,
      Detections detections,
      Writer out,
      @Nullable ReplacedFile file,
      ProgressLine progress)
      throws IOException {
    String fingerprint = journal == null ? null : fingerprint(input);
    FoundJournal.Kept kept =
        journal == null || fingerprint == null ? null : journal.of(fingerprint);
    FoundJournal.Kept result = kept;
    String about = ""; // what cannot be read is named by the decoder
    try (Arena arena = Arena.ofConfined()) {
      ImageView image = result == null || outputs.needPixels() ? read(input, arena) : null;
      about = input.name() + ": ";
      if (result == null && image != null) {
        session.detect(image, detections);
        String warning = engine.takeWarning();
        if (warning != null) {
          progress.message("detr4j: " + Terminal.printable(input.name()) + ": " + warning);
        }
        result = new FoundJournal.Kept(image.width(), image.height(), Found.of(detections, filter));
      }
      outputs.write(input, Objects.requireNonNull(result), image, out);
    } catch (ImageException e) {
      if (file != null && file.broken()) {
        throw e; // not the image's fault, and there is nowhere to write the others to
      }
      progress.message("detr4j: " + Terminal.printable(about + e.getMessage()));
      return false;
    }
    // Here, because a full disk is no fault of the image either.
    if (kept == null && journal != null && fingerprint != null) {
      journal.add(fingerprint, result);
    }
    return true;
  }

  private static @Nullable String fingerprint(ImageInputs.Input input) {
    try {
      return input.file() == null ? null : FileFingerprint.of(input.file());
    } catch (IOException e) {
      return null; // reading the image will fail too, and say why
    }
  }

  private ImageView read(ImageInputs.Input input, Arena arena) throws IOException {
    if (input.fault() != null) {
      throw new ImageException(input.name() + ": " + input.fault());
    }
    if (input.file() != null) {
      return decoder.decode(input.file(), arena);
    }
    InputStream in = System.in;
    return decoder.decode(in, "standard input");
  }

  private @Nullable String kept() {
    return journal == null
        ? null
        : Interruption.kept(journal.size(), inputs.size(), journal.file());
  }
}
