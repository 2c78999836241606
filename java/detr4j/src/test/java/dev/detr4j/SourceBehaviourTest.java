package dev.detr4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.detr4j.image.Normalisation;
import dev.detr4j.image.Orientation;
import dev.detr4j.image.PixelSize;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.SourceBehaviour;
import dev.detr4j.model.family.StoredInput;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SourceBehaviourTest {
  /** detectron2 and OpenCV turn an image when they read it; Pillow alone does not. */
  @ParameterizedTest
  @CsvSource({
    "huggingface, IGNORE, 800, 1066",
    "detr, IGNORE, 800, 1066",
    "deformable-detr, IGNORE, 800, 1066",
    "detrex, APPLY, 800, 1067",
    "mmdet, APPLY, 800, 1067",
    "birder, IGNORE, 640, 853"
  })
  void eachProjectHasItsOwn(String source, Orientation orientation, int height, int width) {
    SourceBehaviour behaviour = SourceBehaviour.of(ModelSource.of(source));
    assertEquals(orientation, behaviour.orientation());
    assertEquals(new PixelSize(width, height), behaviour.preprocessing().resize().target(640, 480));
  }

  @Test
  void theFileHasTheLastWord() {
    SourceBehaviour birder = SourceBehaviour.of(ModelSource.BIRDER);
    SourceBehaviour untold = birder.with(StoredInput.NONE);
    assertSame(birder.preprocessing().normalisation(), untold.preprocessing().normalisation());
    assertSame(birder.preprocessing().resize(), untold.preprocessing().resize());
    List<Double> mean = List.of(0.485, 0.456, 0.406);
    List<Double> std = List.of(0.229, 0.224, 0.225);
    SourceBehaviour told =
        birder.with(
            new StoredInput(
                Optional.of(new StoredInput.Statistics(mean, std)),
                Optional.of(new StoredInput.Size(512, 600, true))));
    assertArrayEquals(
        Normalisation.ofUnitRange(new Normalisation.MeanAndStd(mean, std)).table(),
        told.preprocessing().normalisation().table());
    assertEquals(new PixelSize(682, 512), told.preprocessing().resize().target(640, 480));
    SourceBehaviour fixed =
        birder.with(
            new StoredInput(Optional.empty(), Optional.of(new StoredInput.Size(512, 600, false))));
    assertEquals(new PixelSize(600, 512), fixed.preprocessing().resize().target(640, 480));
    assertEquals(birder.preprocessing().resampling(), fixed.preprocessing().resampling());
  }
}
