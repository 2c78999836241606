package dev.detr4j.train.check;

import dev.detr4j.error.ImageException;
import dev.detr4j.error.OneLine;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.ImageView;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.data.Dataset;
import dev.detr4j.train.data.LabelledBox;
import dev.detr4j.train.data.TrainingImage;
import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.Findings;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Decodes every image of a set once: whether it can be read, its true size, its digest, what is
 * unusual about its pixels. Then clips the boxes to their pictures, as the originals do before
 * anything else.
 */
public final class ImageScan {
  /** Rounding of the programs that write annotations. */
  private static final double HALF_PIXEL = 0.5;

  private ImageScan() {}

  private record Seen(
      int width,
      int height,
      String digest,
      @Nullable String unusual,
      @Nullable Fault fault,
      String reason) {
    static Seen faulty(Fault fault, String reason) {
      return new Seen(0, 0, "", null, fault, reason);
    }
  }

  /**
   * Reads all files.
   *
   * @param decoder with the orientation that the model's images have
   * @param threads that decode at the same time
   * @param progress is told how many images are done, from this thread
   */
  public static ScannedSet scan(
      Dataset dataset, ImageDecoder decoder, int threads, Findings findings, IntConsumer progress) {
    List<TrainingImage> images = dataset.images();
    List<TrainingImage> kept = new ArrayList<>(images.size());
    List<String> digests = new ArrayList<>(images.size());
    long[] counts = new long[2];
    try (ExecutorService pool =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().daemon().name("detr4j-scan-", 0).factory())) {
      List<Future<Seen>> scans = new ArrayList<>(images.size());
      for (TrainingImage image : images) {
        scans.add(pool.submit(() -> look(image, decoder)));
      }
      for (int i = 0; i < images.size(); i++) {
        TrainingImage image = images.get(i);
        Seen seen = result(scans.get(i));
        if (seen.fault() != null) {
          findings.add(seen.fault(), image.name() + ": " + seen.reason());
        } else if (sizeAgrees(image, seen, findings)) {
          if (seen.unusual() != null) {
            findings.add(Fault.UNUSUAL_PIXELS, image.name() + ": " + seen.unusual());
          }
          kept.add(clean(image.sized(seen.width(), seen.height()), counts, findings));
          digests.add(seen.digest());
        }
        progress.accept(i + 1);
      }
    }
    if (counts[1] > 0.05 * counts[0]) {
      findings.add(Fault.LEAVES_PICTURE, counts[1] + " of " + counts[0] + " boxes");
    }
    return new ScannedSet(
        new Dataset(dataset.description(), dataset.source(), dataset.classes(), kept), digests);
  }

  private static Seen result(Future<Seen> scan) {
    try {
      return scan.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrainingException("interrupted while images were read", e);
    } catch (ExecutionException e) {
      throw new TrainingException("an image could not be looked at: " + e.getCause(), e);
    }
  }

  private static Seen look(TrainingImage image, ImageDecoder decoder) {
    if (!Files.isRegularFile(image.file())) {
      return Seen.faulty(Fault.FILE_MISSING, OneLine.of(image.file().toString()));
    }
    try (Arena arena = Arena.ofConfined()) {
      byte[] bytes = Files.readAllBytes(image.file());
      ImageView view =
          decoder.decode(bytes, OneLine.of(String.valueOf(image.file().getFileName())), arena);
      String digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
      return new Seen(view.width(), view.height(), digest, PixelKind.unusual(bytes), null, "");
    } catch (ImageException e) {
      return Seen.faulty(Fault.FILE_UNREADABLE, e.getMessage());
    } catch (IOException e) {
      return Seen.faulty(Fault.FILE_UNREADABLE, OneLine.of(e));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  private static boolean sizeAgrees(TrainingImage image, Seen seen, Findings findings) {
    if (image.width() == 0 || image.height() == 0) {
      return true;
    }
    if (image.width() == seen.width() && image.height() == seen.height()) {
      return true;
    }
    boolean turned = image.width() == seen.height() && image.height() == seen.width();
    findings.add(
        Fault.OTHER_SIZE,
        "%s has %dx%d pixels, stated %dx%d%s"
            .formatted(
                image.name(),
                seen.width(),
                seen.height(),
                image.width(),
                image.height(),
                turned ? ", as if its EXIF orientation were another" : ""));
    return false;
  }

  private static TrainingImage clean(TrainingImage image, long[] counts, Findings findings) {
    List<LabelledBox> kept = new ArrayList<>(image.boxes().size());
    for (LabelledBox box : image.boxes()) {
      counts[0]++;
      LabelledBox clipped = clean(image, box, counts, findings);
      if (clipped != null) {
        kept.add(clipped);
      }
    }
    return image.withBoxes(kept);
  }

  private static @Nullable LabelledBox clean(
      TrainingImage image, LabelledBox box, long[] counts, Findings findings) {
    String place = image.name() + ", " + box.place();
    if (box.width() < 0 || box.height() < 0) {
      findings.add(Fault.NEGATIVE_SIZE, "%s: %s x %s".formatted(place, box.width(), box.height()));
      counts[1]++;
      return null;
    }
    if (box.crowd()) {
      findings.add(Fault.CROWD, place);
    }
    double right = box.x() + box.width();
    double bottom = box.y() + box.height();
    double x1 = Math.clamp(box.x(), 0, image.width());
    double y1 = Math.clamp(box.y(), 0, image.height());
    double x2 = Math.clamp(right, 0, image.width());
    double y2 = Math.clamp(bottom, 0, image.height());
    double moved =
        Math.max(Math.max(x1 - box.x(), y1 - box.y()), Math.max(right - x2, bottom - y2));
    if (x2 <= x1 || y2 <= y1) {
      findings.add(Fault.NO_AREA, place);
      counts[1] += moved > HALF_PIXEL ? 1 : 0;
      return null;
    }
    if (moved > HALF_PIXEL) {
      counts[1]++;
      findings.add(
          Fault.CLIPPED,
          "%s: [%s, %s, %s, %s] in %dx%d"
              .formatted(
                  place,
                  box.x(),
                  box.y(),
                  box.width(),
                  box.height(),
                  image.width(),
                  image.height()));
    }
    double whole = box.width() * box.height();
    // 0 stands for "not known" in files made at home; outlines cover less than their box.
    if (box.area() < 0
        || box.area() > 1.05 * whole + 1
        || (box.area() > 0 && box.area() < 0.01 * whole)) {
      findings.add(Fault.OTHER_AREA, "%s: area %s, box %s".formatted(place, box.area(), whole));
    }
    if (moved <= 0) {
      return box;
    }
    return new LabelledBox(
        box.label(), x1, y1, x2 - x1, y2 - y1, box.area(), box.crowd(), box.place());
  }
}
