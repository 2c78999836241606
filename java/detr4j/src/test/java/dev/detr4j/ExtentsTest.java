package dev.detr4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.error.ImageException;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelFormat;
import dev.detr4j.image.PixelValues;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whether {@link ImageView} and {@link PixelValues} know what fits their memory. */
class ExtentsTest {
  private static final MemorySegment BYTES = MemorySegment.ofArray(new byte[60]);

  @ParameterizedTest
  @CsvSource({"4, 5, 12", "1, 2, 57", "20, 1, 9223372036854775807"})
  void pixelsThatFitAreTaken(int width, int height, long rowStride) {
    assertEquals(height, new ImageView(BYTES, PixelFormat.RGB, width, height, rowStride).height());
  }

  @ParameterizedTest
  @CsvSource({
    "4, 6, 12",
    "1, 2, 58",
    "1, 3, 4611686018427387905",
    "2147483647, 2147483647, 6442450941"
  })
  void pixelsThatDoNotFitAreRefused(int width, int height, long rowStride) {
    assertThrows(
        ImageException.class,
        () -> new ImageView(BYTES, PixelFormat.RGB, width, height, rowStride));
  }

  @Test
  void valuesThatDoNotFitAreRefused() {
    assertEquals(5, new PixelValues(BYTES, 5, 1, 7, 8).width());
    assertThrows(ImageException.class, () -> new PixelValues(BYTES, 2, 3, 7, 8));
    int most = Integer.MAX_VALUE;
    assertThrows(ImageException.class, () -> new PixelValues(BYTES, most, most, 7, 8));
  }
}
