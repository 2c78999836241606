package dev.detr4j.train.prepare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.image.Orientation;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.image.ResizeRule;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.augment.DetrAugmentation;
import dev.detr4j.train.augment.FixedAugmentation;
import dev.detr4j.train.augment.PlainAugmentation;
import dev.detr4j.train.data.SampleFiles;
import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.Findings;
import dev.detr4j.train.head.HeadPolicy;
import dev.detr4j.train.recipe.Freezing;
import dev.detr4j.train.recipe.Recipe;
import dev.detr4j.train.recipe.Schedule;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which settings a run gets from its options, its model and its data. */
class PreparationTest {
  @TempDir Path folder;
  private final Findings findings = new Findings();

  @BeforeEach
  void files() {
    SampleFiles.text(
        folder.resolve("data.yaml"), "train: images/train\nval: images/val\nnames: [cat, dog]\n");
    for (int i = 0; i < 20; i++) {
      String name = i < 16 ? "train/" + i : "val/" + i;
      SampleFiles.picture(folder.resolve("images/" + name + ".png"), 80, 60, i + 1);
      SampleFiles.text(
          folder.resolve("labels/" + name + ".txt"), "0 0.5 0.5 0.5 0.5\n1 0.3 0.3 0.4 0.2\n");
    }
  }

  private static ModelDescription model(ResizeRule resize, boolean softmax, long parameters) {
    Preprocessing standard = Preprocessing.standard();
    return new ModelDescription(
        "m",
        "d",
        List.of("dog"),
        100,
        6,
        !softmax,
        softmax,
        new Preprocessing(resize, standard.resampling(), standard.normalisation(), true, null),
        Orientation.IGNORE,
        parameters);
  }

  private Preparation prepare(TrainingOptions options, ModelDescription model) {
    return Preparation.of(options, model, findings, (_, _) -> _ -> {});
  }

  @Test
  void ourDefaultsFollowTheModel() {
    ModelDescription small = model(new ResizeRule.Fixed(384, 384), false, 2_000_000);
    Preparation run = prepare(TrainingOptions.of(folder), small);
    assertEquals("", findings.toString());
    assertEquals(Recipe.FINE_TUNING_SMALL, run.recipe());
    assertEquals(0.25, assertInstanceOf(FixedAugmentation.class, run.augmentation()).mosaic());
    assertEquals(8, run.batch());
    assertEquals(List.of(-1, 0), run.heads().oldRow());
    assertEquals(2, run.batches().steps());
    // 50 epochs of 2 steps: a tenth of them.
    assertEquals(10, assertInstanceOf(Schedule.Falling.class, run.plan().schedule()).warmUp());
    ModelDescription large = model(new ResizeRule.HuggingFace(800, 1333), true, 40_000_000);
    Preparation other = prepare(TrainingOptions.of(folder), large);
    assertEquals(Recipe.FINE_TUNING, other.recipe());
    assertInstanceOf(DetrAugmentation.class, other.augmentation());
    assertEquals(0.1, other.criterion().noObjectWeight());
  }

  @Test
  void optionsComeFirst() {
    TrainingOptions options =
        new TrainingOptions(
            folder,
            null,
            null,
            0,
            "deformable",
            TrainingOptions.Kind.NONE,
            false,
            Freezing.BACKBONE,
            HeadPolicy.NEW,
            3,
            4,
            1e-3,
            9,
            2);
    Preparation run = prepare(options, model(new ResizeRule.Fixed(384, 384), false, 2_000_000));
    assertEquals(Recipe.DEFORMABLE, run.recipe());
    assertEquals(1, findings.count(Fault.WITHOUT_DROPOUT));
    assertInstanceOf(PlainAugmentation.class, run.augmentation());
    assertEquals(Freezing.BACKBONE, run.freezing());
    assertEquals(3, run.plan().epochs());
    assertEquals(1e-3, run.plan().rate());
    assertEquals(4, run.batch());
    assertEquals(List.of(-1, -1), run.heads().oldRow());
  }

  @Test
  void aFixedAugmentationNeedsAFixedSize() {
    TrainingOptions all = TrainingOptions.of(folder);
    TrainingOptions options =
        new TrainingOptions(
            all.data(),
            null,
            null,
            0,
            null,
            TrainingOptions.Kind.FIXED,
            true,
            null,
            HeadPolicy.BY_NAME,
            null,
            null,
            null,
            1,
            1);
    ModelDescription model = model(new ResizeRule.HuggingFace(800, 1333), true, 1);
    assertThrows(TrainingException.class, () -> prepare(options, model));
  }

  @Test
  void theIdentityIsTheSameAgainAndAnotherForOtherData() {
    ModelDescription model = model(new ResizeRule.Fixed(384, 384), false, 2_000_000);
    TrainingOptions options = TrainingOptions.of(folder);
    var first = prepare(options, model).identity(model, "c", 2, "1").parts();
    assertEquals(first, prepare(options, model).identity(model, "c", 2, "1").parts());
    SampleFiles.text(folder.resolve("labels/train/3.txt"), "0 0.5 0.5 0.5 0.4\n");
    var other = prepare(options, model).identity(model, "c", 2, "1").parts();
    assertNotEquals(first.get("annotations digest"), other.get("annotations digest"));
    assertEquals(first.get("training images digest"), other.get("training images digest"));
  }
}
