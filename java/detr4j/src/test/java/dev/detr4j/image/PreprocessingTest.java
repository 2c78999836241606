package dev.detr4j.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.error.ImageException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PreprocessingTest {

  @Test
  void defaultsAreThoseOfDetr() {
    Preprocessing standard = Preprocessing.standard();
    assertEquals(new ResizeRule.HuggingFace(800, 1333), standard.resize());
    assertEquals(new TorchvisionResampling(ResamplingFilter.BILINEAR), standard.resampling());
  }

  @Test
  void batchesArePaddedToTheLargest() {
    List<PixelSize> sizes = List.of(new PixelSize(10, 20), new PixelSize(15, 5));
    assertEquals(new PixelSize(15, 20), Preprocessing.standard().canvas(sizes));
    PixelSize fixed = new PixelSize(40, 30);
    assertEquals(fixed, padding(true, fixed).canvas(sizes));
    Preprocessing small = padding(true, new PixelSize(12, 30));
    assertThrows(ImageException.class, () -> small.canvas(sizes));
    Preprocessing unpadded = padding(false, null);
    assertThrows(ImageException.class, () -> unpadded.canvas(sizes));
    assertEquals(new PixelSize(10, 20), unpadded.canvas(sizes.subList(0, 1)));
  }

  @Test
  void aBatchIsNoLargerThanTheLargestInput() {
    List<PixelSize> crossed = List.of(new PixelSize(96_000, 640), new PixelSize(640, 96_000));
    ImageException e =
        assertThrows(ImageException.class, () -> Preprocessing.standard().canvas(crossed));
    assertEquals(
        "padding the images of this batch to 96000x96000 gives more than 67108864 pixels each: use"
            + " images of similar sizes",
        e.getMessage());
    Preprocessing huge = padding(true, new PixelSize(65_536, 65_536));
    List<PixelSize> one = List.of(new PixelSize(10, 20));
    assertThrows(ImageException.class, () -> huge.canvas(one));
  }

  private static Preprocessing padding(boolean pad, @Nullable PixelSize size) {
    Preprocessing standard = Preprocessing.standard();
    return new Preprocessing(
        standard.resize(), standard.resampling(), standard.normalisation(), pad, size);
  }
}
