package dev.detr4j.train.augment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.PillowResampling;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.image.ResamplingFilter;
import dev.detr4j.train.data.Dataset;
import dev.detr4j.train.data.LabelledBox;
import dev.detr4j.train.data.TrainingImage;
import dev.detr4j.train.random.CounterRandom;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pictures of one red rectangle on blue: the box must lie where the red is. */
class AugmentationTest {
  private static final PillowResampling BILINEAR = new PillowResampling(ResamplingFilter.BILINEAR);

  @TempDir Path folder;
  private final List<TrainingImage> images = new ArrayList<>();

  @BeforeEach
  void pictures() throws IOException {
    for (int i = 0; i < 7; i++) {
      int width = 500 + 40 * i;
      int height = 640 - 30 * i;
      BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
      Graphics2D graphics = image.createGraphics();
      graphics.setColor(new Color(0, 0, 255));
      graphics.fillRect(0, 0, width, height);
      graphics.setColor(new Color(255, 0, 0));
      graphics.fillRect(200, 150, 180, 200);
      graphics.dispose();
      Path file = folder.resolve(i + ".png");
      ImageIO.write(image, "png", file.toFile());
      LabelledBox box = new LabelledBox(0, 200, 150, 180, 200, Double.NaN, false, "");
      images.add(new TrainingImage(i + ".png", file, width, height, false, List.of(box)));
    }
  }

  private BatchMaker maker(Augmentation augmentation, int batch) {
    Dataset dataset = new Dataset("", folder, List.of("red"), images);
    return new BatchMaker(dataset, new ImageDecoder(), augmentation, 5, batch);
  }

  /** Red pixels must be inside, blue ones outside, away from the edges, which the resize blurs. */
  private static void assertBoxesLieOnRed(Scene scene, double blur) {
    int red = 0;
    for (int y = 0; y < scene.height(); y++) {
      for (int x = 0; x < scene.width(); x++) {
        boolean inside = false;
        boolean near = false;
        for (int i = 0; i < scene.boxes().count(); i++) {
          double dx =
              Math.min(x + 0.5 - scene.boxes().corner(i, 0), scene.boxes().corner(i, 2) - x - 0.5);
          double dy =
              Math.min(y + 0.5 - scene.boxes().corner(i, 1), scene.boxes().corner(i, 3) - y - 0.5);
          inside |= Math.min(dx, dy) > blur;
          near |= Math.min(dx, dy) > -blur;
        }
        long at = y * scene.pixels().rowStride() + 3L * x;
        int r = scene.pixels().pixels().get(ValueLayout.JAVA_BYTE, at) & 0xff;
        int b = scene.pixels().pixels().get(ValueLayout.JAVA_BYTE, at + 2) & 0xff;
        if (inside) {
          red++;
          assertTrue(r > b, "blue within a box at " + x + ", " + y);
        } else if (!near) {
          assertFalse(r > b + 200, "red beyond every box at " + x + ", " + y);
        }
      }
    }
    assertTrue(scene.boxes().count() == 0 || red > 0);
  }

  @Test
  void boxesFollowTheOriginalsTransforms() {
    check(new DetrAugmentation(), 4);
  }

  @Test
  void boxesFollowLightChanges() {
    check(new LightAugmentation(Preprocessing.standard(), true), 4);
  }

  @Test
  void boxesFollowZooms() {
    check(new FixedAugmentation(new PixelSize(384, 320), BILINEAR, true, 0), 3);
  }

  private void check(Augmentation augmentation, double blur) {
    BatchMaker maker = maker(augmentation, 3);
    int boxes = 0;
    for (int step = 0; step < maker.steps(); step++) {
      try (Arena arena = Arena.ofConfined()) {
        for (Scene scene : maker.make(0, step, arena).scenes()) {
          assertBoxesLieOnRed(scene, blur);
          boxes += scene.boxes().count();
        }
      }
    }
    assertTrue(boxes > 0);
  }

  @Test
  void aMosaicHasTheBoxesOfFour() {
    BatchMaker maker = maker(new FixedAugmentation(new PixelSize(384, 384), BILINEAR, true, 1), 7);
    try (Arena arena = Arena.ofConfined()) {
      List<Scene> scenes = maker.make(0, 0, arena).scenes();
      assertTrue(scenes.stream().anyMatch(scene -> scene.boxes().count() > 1));
      for (Scene scene : scenes) {
        assertEquals(384, scene.width());
        for (int i = 0; i < scene.boxes().count(); i++) {
          assertTrue(scene.boxes().corner(i, 0) >= 0 && scene.boxes().corner(i, 2) <= 384);
        }
      }
    }
  }

  @Test
  void anyStepCanBeMadeAgain() {
    Augmentation augmentation = new FixedAugmentation(new PixelSize(96, 64), BILINEAR, true, 0.3);
    byte[] first = values(maker(augmentation, 3), 4, 1);
    values(maker(augmentation, 3), 0, 0);
    assertArrayEquals(first, values(maker(augmentation, 3), 4, 1));
    assertFalse(Arrays.equals(first, values(maker(augmentation, 3), 5, 1)));
  }

  private static byte[] values(BatchMaker maker, int epoch, int step) {
    try (Arena arena = Arena.ofConfined()) {
      Batch batch = maker.make(epoch, step, arena);
      long bytes = 12 * batch.canvas().pixels();
      MemorySegment all = arena.allocate(bytes * batch.size());
      for (int i = 0; i < batch.size(); i++) {
        batch.write(i, Preprocessing.standard().normalisation(), all.asSlice(i * bytes, bytes));
      }
      return all.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  @Test
  void everyImageComesOnceAnEpoch() {
    boolean[] seen = new boolean[20];
    EpochOrder order = new EpochOrder(1, 3, 20, 6);
    for (int step = 0; step < EpochOrder.batches(20, 6); step++) {
      for (int image : order.batch(step)) {
        assertFalse(seen[image]);
        seen[image] = true;
      }
    }
    assertEquals(3, EpochOrder.batches(20, 6));
    assertEquals(1, EpochOrder.batches(4, 6));
    assertEquals(4, new EpochOrder(1, 0, 4, 6).batch(0).length);
    assertFalse(Arrays.equals(order.batch(0), new EpochOrder(1, 4, 20, 6).batch(0)));
  }

  @Test
  void paddingIsZeroAfterNormalisation() {
    BatchMaker maker = maker(new LightAugmentation(Preprocessing.standard(), true), 7);
    try (Arena arena = Arena.ofConfined()) {
      Batch batch = maker.make(0, 0, arena);
      PixelSize canvas = batch.canvas();
      MemorySegment target = arena.allocate(12 * canvas.pixels());
      for (int i = 0; i < batch.size(); i++) {
        PixelSize valid = batch.valid(i);
        batch.write(i, Preprocessing.standard().normalisation(), target);
        for (int y = 0; y < canvas.height(); y += 50) {
          for (int x = 0; x < canvas.width(); x += 50) {
            float value =
                target.getAtIndex(ValueLayout.JAVA_FLOAT, 3L * (y * canvas.width() + x) + 2);
            boolean padded = x >= valid.width() || y >= valid.height();
            assertEquals(padded, value == 0, x + ", " + y);
          }
        }
      }
    }
  }

  @Test
  void aBatchIsDrawn() {
    BatchMaker maker = maker(new DetrAugmentation(), 3);
    try (Arena arena = Arena.ofConfined()) {
      Batch batch = maker.make(0, 0, arena);
      BufferedImage picture = BatchPicture.draw(batch, List.of("red"));
      assertEquals(2 * batch.canvas().width(), picture.getWidth());
      assertEquals(2 * batch.canvas().height(), picture.getHeight());
    }
  }

  /** Roughly uniform, and the same again for the same keys. */
  @Test
  void randomNumbersAreSpreadAndFunctionsOfTheirKeys() {
    CounterRandom random = new CounterRandom(1, 2, 3);
    double sum = 0;
    int[] counts = new int[7];
    for (int i = 0; i < 70_000; i++) {
      sum += random.nextDouble();
      counts[random.wholeBetween(0, 6)]++;
    }
    // The mean of 70,000 numbers has a deviation of 0.0011, a count of 10,000 one of 93.
    assertEquals(0.5, sum / 70_000, 0.006);
    for (int count : counts) {
      assertEquals(10_000, count, 500);
    }
    assertEquals(new CounterRandom(1, 2, 3).nextLong(), CounterRandom.at(1, 2, 3));
    assertFalse(CounterRandom.at(1, 2, 3) == CounterRandom.at(1, 3, 2));
  }
}
