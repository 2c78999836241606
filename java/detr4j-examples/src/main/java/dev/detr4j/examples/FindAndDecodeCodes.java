package dev.detr4j.examples;

import com.google.zxing.BinaryBitmap;
import com.google.zxing.DecodeHintType;
import com.google.zxing.MultiFormatReader;
import com.google.zxing.NotFoundException;
import com.google.zxing.RGBLuminanceSource;
import com.google.zxing.common.HybridBinarizer;
import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.error.Detr4jException;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.ImageView;
import dev.detr4j.model.codes.CodesModel;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Prints the text of the codes on photos: {@code FindAndDecodeCodes PHOTO...}. The detector finds
 * the codes. ZXing reads each box, enlarged by a tenth and framed. The last line compares the
 * number of photos that ZXing reads this way with the number that it reads without the detector.
 */
public final class FindAndDecodeCodes {
  /** Pixels around a crop that repeat its edge: ZXing needs a quiet zone. */
  private static final int QUIET = 40;

  private FindAndDecodeCodes() {}

  /** Finds and decodes. An error is one line and exit code 1. */
  public static void main(String[] photos) {
    if (photos.length == 0) {
      System.err.println("usage: FindAndDecodeCodes PHOTO...");
      System.exit(2);
    }
    int alone = 0;
    int best = 0;
    try (Detector detector = Detector.builder(CodesModel.folder()).build();
        DetectorSession session = detector.newSession()) {
      Detections found = session.newDetections();
      for (String photo : photos) {
        ImageView image = new ImageDecoder().decode(Path.of(photo));
        Optional<String> text = decode(image, 0, 0, image.width(), image.height(), 0);
        System.out.printf("%s: ZXing alone reads %s%n", photo, text.orElse("nothing"));
        alone += text.isPresent() ? 1 : 0;
        session.detect(image, found);
        for (int i = 0; i < found.size(); i++) {
          double x = 0.05 * (found.xMax(i) - found.xMin(i));
          double y = 0.05 * (found.yMax(i) - found.yMin(i));
          int right = (int) Math.min(image.width(), found.xMax(i) + x + 1);
          int bottom = (int) Math.min(image.height(), found.yMax(i) + y + 1);
          int left = (int) Math.clamp(found.xMin(i) - x, 0, right - 1);
          int top = (int) Math.clamp(found.yMin(i) - y, 0, bottom - 1);
          text = decode(image, left, top, right - left, bottom - top, QUIET);
          System.out.printf("  %s %.2f: ", found.label(i), found.score(i));
          System.out.println(text.orElse("nothing"));
          best += i == 0 && text.isPresent() ? 1 : 0;
        }
      }
      System.out.printf("%d photos; with a text: ZXing alone %d, ", photos.length, alone);
      System.out.printf("in the best detection %d%n", best);
    } catch (Detr4jException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }

  /** The text of the code in a part of the image; empty if ZXing reads none. */
  static Optional<String> decode(
      ImageView image, int left, int top, int width, int height, int quiet) {
    int columns = width + 2 * quiet;
    int[] pixels = new int[columns * (height + 2 * quiet)];
    for (int i = 0; i < pixels.length; i++) {
      int x = left + Math.clamp(i % columns - quiet, 0, width - 1);
      int y = top + Math.clamp(i / columns - quiet, 0, height - 1);
      for (int channel = 0; channel < 3; channel++) {
        long at = y * image.rowStride() + 3L * x + channel;
        pixels[i] = pixels[i] << 8 | (image.pixels().get(ValueLayout.JAVA_BYTE, at) & 0xff);
      }
    }
    var source = new RGBLuminanceSource(columns, height + 2 * quiet, pixels);
    var bitmap = new BinaryBitmap(new HybridBinarizer(source));
    try {
      var result = new MultiFormatReader().decode(bitmap, Map.of(DecodeHintType.TRY_HARDER, true));
      // Anybody can print a code: no control characters of it reach a terminal.
      return Optional.of(result.getText().replaceAll("\\p{Cc}", "?"));
    } catch (NotFoundException e) {
      return Optional.empty();
    }
  }
}
