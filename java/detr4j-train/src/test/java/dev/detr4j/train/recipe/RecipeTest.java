package dev.detr4j.train.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.json.JsonObject;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.golden.Golden;
import dev.detr4j.train.loss.CriterionOptions;
import dev.detr4j.train.match.OverlapRule;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The recipes against the projects' own settings, and against the stored trajectories' groups. */
class RecipeTest {
  /**
   * Rates, decay, clip, batch, epochs, weight and cost of classes as the projects' files have them.
   */
  @ParameterizedTest
  @CsvSource({
    // name, rate, backbone, offsets, decay, clip, batch, epochs, class weight, class cost
    "deformable, 2e-4, 2e-5, 2e-5, 1e-4, 0.1, 32, 50, 2, 2",
    "detrex, 1e-4, 1e-5, 1e-4, 1e-4, 0.1, 16, 50, 1, 2",
    "mmdet, 2e-4, 2e-5, 2e-5, 1e-4, 0.1, 32, 50, 2, 2",
    "hf, 5e-5, 5e-5, 5e-5, 0, 1.0, 8, 3, 1, 1",
    "detr, 1e-4, 1e-5, 1e-4, 1e-4, 0.1, 64, 300, 1, 1",
  })
  void recipesAreTheProjects(
      String name,
      double rate,
      double backbone,
      double offsets,
      double decay,
      double clip,
      int batch,
      int epochs,
      double weight,
      double cost) {
    Recipe recipe = Recipe.named(name);
    assertEquals(rate, recipe.rate());
    assertEquals(
        backbone, rate(recipe, "model.backbone.conv_encoder.model.layer4.0.conv1.weight"), 1e-18);
    assertEquals(
        offsets, rate(recipe, "model.encoder.layers.0.self_attn.sampling_offsets.bias"), 1e-18);
    assertEquals(offsets, rate(recipe, "model.reference_points.weight"), 1e-18);
    assertEquals(rate, rate(recipe, "model.input_proj.0.0.weight"), 1e-18);
    assertEquals(decay, recipe.weightDecay().of("model.encoder.layers.0.fc1.weight"));
    assertEquals(clip, recipe.clipNorm());
    assertEquals(batch, recipe.batch());
    assertEquals(epochs, recipe.epochs());
    CriterionOptions criterion = recipe.criterion(name.equals("detr"));
    assertEquals(weight, criterion.classWeight());
    assertEquals(cost, criterion.cost().classWeight());
    assertEquals(5, criterion.boxWeight());
    assertEquals(5, criterion.cost().boxWeight());
    assertEquals(2, criterion.giouWeight());
    assertEquals(2, criterion.cost().giouWeight());
    assertFalse(recipe.average().kept());
  }

  private static double rate(Recipe recipe, String tensor) {
    return recipe.rate() * ParameterGroup.of(recipe, List.of(tensor)).getFirst().factor();
  }

  @Test
  void whatElseProjectsDoDifferently() {
    assertEquals(OverlapRule.Kind.ADDED, Recipe.DETREX.criterion(false).cost().overlap().kind());
    assertEquals(
        OverlapRule.Kind.LEAST, Recipe.MMDETECTION.criterion(false).cost().overlap().kind());
    assertEquals(OverlapRule.PLAIN, Recipe.DEFORMABLE.criterion(false).cost().overlap());
    assertTrue(Recipe.DEFORMABLE.criterion(false).encoder());
    assertFalse(Recipe.TRANSFORMERS.criterion(false).encoder());
    assertFalse(Recipe.TRANSFORMERS.criterion(true).auxiliary());
    assertTrue(Recipe.TRANSFORMERS.criterion(false).cost().replacesInvalid());
    assertEquals(0.1, Recipe.DETR.criterion(true).noObjectWeight());
    String norm = "model.encoder.layers.0.self_attn_layer_norm.weight";
    assertEquals(0, Recipe.DETREX.weightDecay().of(norm));
    assertEquals(0, Recipe.DETREX.weightDecay().of("model.input_proj.0.1.weight"));
    assertEquals(1e-4, Recipe.DETREX.weightDecay().of("model.encoder.layers.0.fc1.bias"));
    assertEquals(1e-4, Recipe.DEFORMABLE.weightDecay().of(norm));
    WeightDecay transformers = new WeightDecay(0.01, WeightDecay.Spared.BIASES_AND_LAYER_NORMS);
    assertEquals(0, transformers.of(norm));
    assertEquals(0, transformers.of("model.enc_output_norm.weight"));
    assertEquals(0, transformers.of("model.decoder.layernorm.weight"));
    assertEquals(0, transformers.of("model.encoder.layers.0.fc1.bias"));
    assertEquals(0.01, transformers.of("model.input_proj.0.1.weight"));
    assertEquals(0.01, transformers.of("model.encoder.layers.0.fc1.weight"));
  }

  @Test
  void aRecipeOfAnotherFamilySaysSo() {
    assertEquals(
        "recipe detr does not train Deformable DETR models, expected hf, deformable, detrex, mmdet or the default",
        assertThrows(TrainingException.class, () -> Recipe.DETR.criterion(false)).getMessage());
    assertEquals(
        "there is no recipe \"yolo\", expected one of hf, detr, deformable, detrex, mmdet",
        assertThrows(TrainingException.class, () -> Recipe.named("yolo")).getMessage());
  }

  /** Rates and frozen tensors of the runs whose steps are stored. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "small_detr_original",
        "small_plain_original",
        "small_refine_original",
        "small_two_stage_original"
      })
  void groupsAreThoseOfTheTrajectories(String name) {
    JsonObject run = Golden.json("trajectories/" + name + "/manifest.json");
    JsonObject expected = run.object("recipe");
    Recipe recipe = name.contains("detr_") ? Recipe.DETR : Recipe.DEFORMABLE;
    assertEquals(expected.number("clip_norm"), recipe.clipNorm());
    assertEquals(expected.number("epsilon"), Recipe.EPSILON);
    assertEquals(expected.numbers("betas"), List.of(Recipe.BETA1, Recipe.BETA2));
    Map<String, String> partOf = new HashMap<>();
    for (JsonObject each : run.objects("parameters")) {
      partOf.put(each.string("key"), each.string("part"));
    }
    List<String> names = run.objects("tensors").stream().map(each -> each.string("key")).toList();
    assertTrue(names.size() > partOf.size(), "nothing is frozen");
    List<String> trained = recipe.freezing().trained(names);
    assertEquals(partOf.size(), trained.size());
    int seen = 0;
    for (ParameterGroup group : ParameterGroup.of(recipe, trained)) {
      assertEquals(expected.number("weight_decay"), group.weightDecay());
      double rate = expected.object("rates").number(group.name());
      assertEquals(rate, recipe.rate() * group.factor(), 1e-18);
      for (String tensor : group.tensors()) {
        assertEquals(partOf.get(tensor), group.name(), tensor);
        seen++;
      }
    }
    assertEquals(partOf.size(), seen);
  }

  @Test
  void transformersFreezesItsOwnResnetWhole() {
    String own =
        "model.backbone.conv_encoder.model.encoder.stages.3.layers.0.layer.0.convolution.weight";
    String timm = "model.backbone.conv_encoder.model.layer2.0.conv1.weight";
    assertFalse(Freezing.TRANSFORMERS.trains(own));
    assertTrue(Freezing.TRANSFORMERS.trains(timm));
    assertTrue(Freezing.FIRST_STAGE.trains(own));
    assertTrue(Freezing.FIRST_STAGE.trains(timm));
    assertFalse(Freezing.FIRST_STAGE.trains(timm.replace("layer2", "layer1")));
    assertFalse(Freezing.STEM.trains("model.backbone.conv_encoder.model.conv1.weight"));
    assertTrue(Freezing.STEM.trains(timm.replace("layer2", "layer1")));
    assertFalse(Freezing.NOTHING.trains(timm.replace("conv1", "bn1")));
    assertFalse(Freezing.BACKBONE.trains(timm));
    assertTrue(Freezing.BACKBONE.trains("model.input_proj.0.0.weight"));
    assertTrue(Freezing.ALL_BUT_HEADS.trains("model.decoder.class_embed.0.bias"));
    assertFalse(Freezing.ALL_BUT_HEADS.trains("model.decoder.layers.0.fc1.weight"));
  }

  @Test
  void schedulesAreFunctionsOfTheStep() {
    Schedule drop = Recipe.DEFORMABLE.schedule();
    // 50 epochs of 10 steps: StepLR after 40 epochs.
    assertEquals(1, drop.factor(1, 500));
    assertEquals(1, drop.factor(400, 500));
    assertEquals(0.1, drop.factor(401, 500));
    assertEquals(1, Recipe.DETREX.schedule().factor(300_000, 375_000));
    assertEquals(0.1, Recipe.DETREX.schedule().factor(300_001, 375_000));
    // get_linear_schedule_with_warmup(optimizer, 0, 4): 1, 0.75, 0.5, 0.25.
    Schedule linear = Recipe.TRANSFORMERS.schedule();
    assertEquals(1, linear.factor(1, 4));
    assertEquals(0.25, linear.factor(4, 4));
    // With 2 warm-up steps of 4: 0, 0.5, 1, 0.5.
    assertEquals(0, new Schedule.Linear(2).factor(1, 4));
    assertEquals(0.5, new Schedule.Linear(2).factor(2, 4));
    assertEquals(1, new Schedule.Linear(2).factor(3, 4));
    assertEquals(0.5, new Schedule.Linear(2).factor(4, 4));
    Schedule falling = new Schedule.Falling(50, 0.35, 0.03);
    assertEquals(0.02, falling.factor(1, 1000));
    assertEquals(1, falling.factor(50, 1000));
    assertEquals(1, falling.factor(650, 1000));
    assertEquals(0.5, falling.factor(825, 1000), 1e-12);
    assertEquals(0.03, falling.factor(1000, 1000));
  }

  @Test
  void averages() {
    assertEquals(2.0 / 21, new MovingAverage.Rising(0.9985).decay(1));
    assertEquals(0.9985, new MovingAverage.Rising(0.9985).decay(100_000));
    assertEquals(
        0.993 * (1 - Math.exp(-1)), new MovingAverage.Saturating(0.993, 100).decay(100), 1e-15);
    assertFalse(MovingAverage.Constant.NONE.kept());
    assertTrue(Recipe.FINE_TUNING.average().kept());
  }

  @Test
  void stoppingCountsEvaluationsWithoutGain() {
    EarlyStopping stopping = new EarlyStopping(new EarlyStopping.Rule(2, 0.01));
    assertTrue(stopping.add(0, 0));
    assertTrue(stopping.add(1, 0.30));
    assertFalse(stopping.add(2, 0.305));
    assertEquals(1, stopping.bestEpoch());
    assertFalse(stopping.stops());
    EarlyStopping again =
        new EarlyStopping(
            new EarlyStopping.Rule(2, 0.01),
            stopping.best(),
            stopping.bestEpoch(),
            stopping.waited());
    assertFalse(again.add(3, Double.NaN));
    assertTrue(again.stops());
    assertEquals(0.30, again.best());
    EarlyStopping never = new EarlyStopping(EarlyStopping.Rule.NEVER);
    for (int epoch = 0; epoch < 100; epoch++) {
      never.add(epoch, 0);
    }
    assertFalse(never.stops());
  }
}
