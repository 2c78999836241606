package dev.detr4j.train.recipe;

import dev.detr4j.train.TrainingException;
import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.loss.CriterionOptions;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How a project trains, as data. Optimizer is AdamW everywhere (betas 0.9 and 0.999, epsilon 1e-8).
 *
 * @param name of the option {@code --recipe}
 * @param rate of tensors that no rule names
 * @param clipNorm the L2 norm of all gradients together is cut to this
 * @param batch images an optimizer step
 * @param dropout that the project trains with; empty for what the model's configuration says. Steps
 *     have none yet: {@link Fault#WITHOUT_DROPOUT} is found where it is not 0
 * @param deformable losses of Deformable DETR, or null where the project has no such model
 * @param detr losses of DETR, or null
 */
public record Recipe(
    String name,
    double rate,
    List<RateRule> rates,
    WeightDecay weightDecay,
    double clipNorm,
    Schedule schedule,
    int batch,
    int epochs,
    OptionalDouble dropout,
    MovingAverage average,
    EarlyStopping.Rule stopping,
    Freezing freezing,
    @Nullable CriterionOptions deformable,
    @Nullable CriterionOptions detr) {
  /** Weight of the gradient's running mean. */
  public static final double BETA1 = 0.9;

  /** Weight of the running mean of its square. */
  public static final double BETA2 = 0.999;

  /** Keeps the quotient of the two finite. */
  public static final double EPSILON = 1e-8;

  private static final WeightDecay ALL_DECAY = new WeightDecay(1e-4, WeightDecay.Spared.NONE);
  private static final EarlyStopping.Rule PATIENT = new EarlyStopping.Rule(10, 0.001);

  /** facebookresearch/detr: {@code main.py}. */
  public static final Recipe DETR =
      new Recipe(
          "detr",
          1e-4,
          List.of(RateRule.backbone(0.1)),
          ALL_DECAY,
          0.1,
          new Schedule.Drop(200, 300, 0.1),
          64,
          300,
          OptionalDouble.of(0.1),
          MovingAverage.Constant.NONE,
          EarlyStopping.Rule.NEVER,
          Freezing.FIRST_STAGE,
          null,
          CriterionOptions.ORIGINAL_DETR);

  /** fundamentalvision/Deformable-DETR: {@code main.py}. */
  public static final Recipe DEFORMABLE =
      new Recipe(
          "deformable",
          2e-4,
          List.of(RateRule.backbone(0.1), RateRule.offsets(0.1)),
          ALL_DECAY,
          0.1,
          new Schedule.Drop(40, 50, 0.1),
          32,
          50,
          OptionalDouble.of(0.1),
          MovingAverage.Constant.NONE,
          EarlyStopping.Rule.NEVER,
          Freezing.FIRST_STAGE,
          CriterionOptions.ORIGINAL_DEFORMABLE,
          null);

  /** detrex: {@code projects/deformable_detr}. */
  public static final Recipe DETREX =
      new Recipe(
          "detrex",
          1e-4,
          List.of(RateRule.backbone(0.1)),
          new WeightDecay(1e-4, WeightDecay.Spared.NORMS),
          0.1,
          new Schedule.Drop(300, 375, 0.1),
          16,
          50,
          OptionalDouble.of(0.1),
          MovingAverage.Constant.NONE,
          EarlyStopping.Rule.NEVER,
          Freezing.STEM,
          CriterionOptions.DETREX_DEFORMABLE,
          null);

  /** mmdetection 3.x: {@code configs/deformable_detr}. */
  public static final Recipe MMDETECTION =
      new Recipe(
          "mmdet",
          2e-4,
          List.of(RateRule.backbone(0.1), RateRule.offsets(0.1)),
          ALL_DECAY,
          0.1,
          new Schedule.Drop(40, 50, 0.1),
          32,
          50,
          OptionalDouble.of(0.1),
          MovingAverage.Constant.NONE,
          EarlyStopping.Rule.NEVER,
          Freezing.FIRST_STAGE,
          CriterionOptions.MMDETECTION_DEFORMABLE,
          null);

  /**
   * transformers' Trainer with its defaults: the last layer alone has losses, as {@code
   * auxiliary_loss} is false by default, and no proposals learn.
   */
  public static final Recipe TRANSFORMERS =
      new Recipe(
          "hf",
          5e-5,
          List.of(),
          new WeightDecay(0, WeightDecay.Spared.BIASES_AND_LAYER_NORMS),
          1.0,
          new Schedule.Linear(0),
          8,
          3,
          OptionalDouble.empty(),
          MovingAverage.Constant.NONE,
          EarlyStopping.Rule.NEVER,
          Freezing.TRANSFORMERS,
          CriterionOptions.TRANSFORMERS_DEFORMABLE.withAuxiliary(false),
          CriterionOptions.TRANSFORMERS_DETR.withAuxiliary(false));

  /** Ours, for a hundred to a few thousand images and a model of the size of ResNet-50's. */
  public static final Recipe FINE_TUNING =
      new Recipe(
          "default",
          1e-4,
          List.of(RateRule.backbone(0.2), RateRule.offsets(0.1)),
          ALL_DECAY,
          0.1,
          new Schedule.Falling(50, 1 / 3.0, 0.03),
          8,
          50,
          OptionalDouble.of(0),
          new MovingAverage.Rising(0.9985),
          PATIENT,
          Freezing.FIRST_STAGE,
          CriterionOptions.ORIGINAL_DEFORMABLE,
          CriterionOptions.ORIGINAL_DETR);

  /** Ours, for small models, such as the default model: four times the rate. */
  public static final Recipe FINE_TUNING_SMALL =
      new Recipe(
          "default",
          4e-4,
          List.of(RateRule.backbone(0.3), RateRule.offsets(0.1)),
          ALL_DECAY,
          1.0,
          new Schedule.Falling(50, 1 / 3.0, 0.03),
          8,
          50,
          OptionalDouble.of(0),
          new MovingAverage.Rising(0.9985),
          PATIENT,
          Freezing.NOTHING,
          CriterionOptions.ORIGINAL_DEFORMABLE,
          CriterionOptions.ORIGINAL_DETR);

  /** The recipes of other projects, by name. */
  public static final List<Recipe> NAMED =
      List.of(TRANSFORMERS, DETR, DEFORMABLE, DETREX, MMDETECTION);

  /** A model with fewer parameters is small. */
  private static final long SMALL = 20_000_000;

  /** Copies the list. */
  public Recipe {
    rates = List.copyOf(rates);
  }

  /**
   * The recipe of a project.
   *
   * @throws TrainingException for a name that is not known, with those that are
   */
  public static Recipe named(String name) {
    return NAMED.stream()
        .filter(recipe -> recipe.name().equals(name.toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(() ->
            new TrainingException(
                "there is no recipe \"%s\", expected one of %s"
                    .formatted(
                        name, NAMED.stream().map(Recipe::name).collect(Collectors.joining(", ")))));
  }

  /** Ours, by the number of parameters of the model. */
  public static Recipe fineTuning(long parameters) {
    return parameters < SMALL ? FINE_TUNING_SMALL : FINE_TUNING;
  }

  /**
   * The losses for a model.
   *
   * @param softmax whether it has a column for no object, as DETR has; else it is Deformable DETR
   * @throws TrainingException when the project does not train such models
   */
  public CriterionOptions criterion(boolean softmax) {
    CriterionOptions options = softmax ? detr : deformable;
    if (options == null) {
      throw new TrainingException(
          "recipe %s does not train %s models, expected %s"
              .formatted(
                  name,
                  softmax ? "DETR" : "Deformable DETR",
                  softmax
                      ? "hf, detr or the default"
                      : "hf, deformable, detrex, mmdet or the default"));
    }
    return options;
  }
}
