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
import dev.detr4j.Detr4jException;
import dev.detr4j.ImageView;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.model.codes.CodesModel;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Prints the text of the codes on photos: {@code FindAndDecodeCodes PHOTO...}. The detector says
 * where a code is, ZXing reads what lies there, enlarged by a tenth and framed; at the end, how
 * many photos ZXing reads so, and how many without being told where to look.
 */
public final class FindAndDecodeCodes {
  /** On each side, as a part of the box. */
  private static final double MARGIN = 0.05;

  /** Pixels around what was cut out that repeat its edge: ZXing wants a quiet zone. */
  private static final int QUIET = 40;

  private FindAndDecodeCodes() {}

  /** Finds and decodes, or prints in one line why not and ends with exit code 1. */
  public static void main(String[] photos) {
    if (photos.length == 0) {
      System.err.println("usage: FindAndDecodeCodes PHOTO...");
      System.exit(2);
    }
    int alone = 0;
    int best = 0;
    int any = 0;
    try (Detector detector = Detector.builder(CodesModel.folder()).build();
        DetectorSession session = detector.newSession()) {
      Detections found = session.newDetections();
      for (String photo : photos) {
        ImageView image = new ImageDecoder().decode(Path.of(photo));
        String text = decode(image, 0, 0, image.width(), image.height(), 0);
        System.out.printf("%s: ZXing alone reads %s%n", photo, shown(text));
        alone += text != null ? 1 : 0;
        session.detect(image, found);
        boolean read = false;
        for (int i = 0; i < found.size(); i++) {
          text = decode(image, found, i);
          System.out.printf("  %s %.2f: %s%n", found.label(i), found.score(i), shown(text));
          best += i == 0 && text != null ? 1 : 0;
          read |= text != null;
        }
        any += read ? 1 : 0;
      }
      System.out.printf("%d photos; with a text: ZXing alone %d, ", photos.length, alone);
      System.out.printf("in the best detection %d, in any detection %d%n", best, any);
    } catch (Detr4jException | UncheckedIOException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }

  private static String shown(@Nullable String text) {
    return text == null ? "(nothing)" : text;
  }

  private static @Nullable String decode(ImageView image, Detections found, int i) {
    double marginX = MARGIN * (found.xMax(i) - found.xMin(i));
    double marginY = MARGIN * (found.yMax(i) - found.yMin(i));
    int left = (int) Math.max(0, found.xMin(i) - marginX);
    int top = (int) Math.max(0, found.yMin(i) - marginY);
    int right = (int) Math.min(image.width(), found.xMax(i) + marginX + 1);
    int bottom = (int) Math.min(image.height(), found.yMax(i) + marginY + 1);
    return decode(image, left, top, right - left, bottom - top, QUIET);
  }

  /** The text of the code in a part of the image; null where there is none that can be read. */
  static @Nullable String decode(
      ImageView image, int left, int top, int width, int height, int quiet) {
    if (width < 1 || height < 1) {
      return null;
    }
    int columns = width + 2 * quiet;
    int rows = height + 2 * quiet;
    int[] pixels = new int[columns * rows];
    for (int i = 0; i < pixels.length; i++) {
      int x = left + Math.clamp(i % columns - quiet, 0, width - 1);
      int y = top + Math.clamp(i / columns - quiet, 0, height - 1);
      long at = y * image.rowStride() + 3L * x;
      for (int channel = 0; channel < 3; channel++) {
        int value = image.pixels().get(ValueLayout.JAVA_BYTE, at + channel) & 0xff;
        pixels[i] = pixels[i] << 8 | value;
      }
    }
    BinaryBitmap bitmap =
        new BinaryBitmap(new HybridBinarizer(new RGBLuminanceSource(columns, rows, pixels)));
    try {
      Map<DecodeHintType, ?> hints = Map.of(DecodeHintType.TRY_HARDER, true);
      // Anybody can print a code: no control characters of it reach a terminal.
      return new MultiFormatReader().decode(bitmap, hints).getText().replaceAll("\\p{Cc}", "?");
    } catch (NotFoundException e) {
      return null;
    }
  }
}
