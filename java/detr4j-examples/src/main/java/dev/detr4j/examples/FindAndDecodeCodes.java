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
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Prints the text of the codes on photos: {@code FindAndDecodeCodes MODEL_FOLDER PHOTO...}. The
 * detector says where a code is, ZXing reads what lies there, with a margin as a quiet zone.
 */
public final class FindAndDecodeCodes {
  private static final double MARGIN = 0.1;

  private FindAndDecodeCodes() {}

  /** Finds and decodes, or prints in one line why not and ends with exit code 1. */
  public static void main(String[] arguments) {
    if (arguments.length < 2) {
      System.err.println("usage: FindAndDecodeCodes MODEL_FOLDER PHOTO...");
      System.exit(2);
    }
    try (Detector detector = Detector.builder(Path.of(arguments[0])).build();
        DetectorSession session = detector.newSession()) {
      Detections found = session.newDetections();
      for (String photo : List.of(arguments).subList(1, arguments.length)) {
        ImageView image = new ImageDecoder().decode(Path.of(photo));
        session.detect(image, found);
        String alone = decode(image, 0, 0, image.width(), image.height());
        System.out.printf("%s: %d found; ZXing alone: %s%n", photo, found.size(), alone);
        for (int i = 0; i < found.size(); i++) {
          System.out.printf("  %s %.2f: ", found.label(i), found.score(i));
          System.out.println(decode(image, found, i));
        }
      }
    } catch (Detr4jException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }

  private static String decode(ImageView image, Detections found, int i) {
    double width = found.xMax(i) - found.xMin(i);
    double height = found.yMax(i) - found.yMin(i);
    int left = (int) Math.max(0, found.xMin(i) - MARGIN * width);
    int top = (int) Math.max(0, found.yMin(i) - MARGIN * height);
    int right = (int) Math.min(image.width(), found.xMax(i) + MARGIN * width + 1);
    int bottom = (int) Math.min(image.height(), found.yMax(i) + MARGIN * height + 1);
    return decode(image, left, top, right - left, bottom - top);
  }

  /** The text of the code in a part of the image, or that there is none. */
  static String decode(ImageView image, int left, int top, int width, int height) {
    if (width < 1 || height < 1) {
      return "(outside of the image)";
    }
    int[] pixels = new int[width * height];
    for (int i = 0; i < pixels.length; i++) {
      long at = (top + i / width) * image.rowStride() + 3L * (left + i % width);
      for (int channel = 0; channel < 3; channel++) {
        int value = image.pixels().get(ValueLayout.JAVA_BYTE, at + channel) & 0xff;
        pixels[i] = pixels[i] << 8 | value;
      }
    }
    BinaryBitmap bitmap =
        new BinaryBitmap(new HybridBinarizer(new RGBLuminanceSource(width, height, pixels)));
    try {
      Map<DecodeHintType, ?> hints = Map.of(DecodeHintType.TRY_HARDER, true);
      // Anybody can print a code: no control characters of it reach a terminal.
      return new MultiFormatReader().decode(bitmap, hints).getText().replaceAll("\\p{Cc}", "?");
    } catch (NotFoundException e) {
      return "(not readable)";
    }
  }
}
