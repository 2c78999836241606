package dev.detr4j.model.family;

import dev.detr4j.image.FloatLinear;
import dev.detr4j.image.Normalisation;
import dev.detr4j.image.Normalisation.MeanAndStd;
import dev.detr4j.image.OpenCvLinear;
import dev.detr4j.image.Orientation;
import dev.detr4j.image.PillowResampling;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.image.ResamplingFilter;
import dev.detr4j.image.ResizeRule;
import dev.detr4j.image.TorchvisionResampling;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.postprocess.SelectionRule;
import java.util.ArrayList;
import java.util.List;

/**
 * What a project does before and after its network. The numerics inside are part of the model's
 * configuration.
 *
 * @param preprocessing from an image to the network's input
 * @param orientation what becomes of the orientation that a camera noted: detectron2 and OpenCV
 *     turn the image when they read it, Pillow and torchvision do not
 * @param selection from sigmoid scores to detections; of no use to DETR, which has softmax scores
 */
public record SourceBehaviour(
    Preprocessing preprocessing, Orientation orientation, SelectionRule selection) {
  private static final MeanAndStd IMAGENET =
      new MeanAndStd(List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225));

  /** ImageNet's in grey levels, with the digits of detectron2 and mmdetection. */
  private static final MeanAndStd IMAGENET_LEVELS =
      new MeanAndStd(List.of(123.675, 116.28, 103.53), List.of(58.395, 57.12, 57.375));

  /** What birder's trainer takes unless told otherwise. */
  private static final MeanAndStd BIRDER =
      new MeanAndStd(List.of(0.5191, 0.5306, 0.4877), List.of(0.2316, 0.2304, 0.2588));

  /** Of values in 0..1 that stay what they are. */
  private static final MeanAndStd UNIT =
      new MeanAndStd(List.of(0.0, 0.0, 0.0), List.of(1.0, 1.0, 1.0));

  private static final int RT_DETR_SIDE = 640;

  /** Of the base model; each file has its own. */
  private static final int RF_DETR_SIDE = 560;

  private static final int LW_DETR_SIDE = 640;
  private static final int SHORTEST = 800;
  private static final int LONGEST = 1333;
  private static final int BIRDER_SHORTEST = 640;

  /** What a project does by default. */
  public static SourceBehaviour of(ModelSource source) {
    return switch (source) {
      case HUGGING_FACE ->
          new SourceBehaviour(
              Preprocessing.standard(), Orientation.IGNORE, SelectionRule.DEFORMABLE_DETR);
      case DETR, DEFORMABLE_DETR, TABLE_TRANSFORMER, CONDITIONAL_DETR ->
          new SourceBehaviour(
              new Preprocessing(
                  new ResizeRule.OriginalDetr(SHORTEST, LONGEST),
                  new PillowResampling(ResamplingFilter.BILINEAR),
                  Normalisation.ofUnitRange(IMAGENET),
                  true,
                  null),
              Orientation.IGNORE,
              SelectionRule.DEFORMABLE_DETR);
      case RT_DETR, D_FINE ->
          new SourceBehaviour(
              new Preprocessing(
                  new ResizeRule.Fixed(RT_DETR_SIDE, RT_DETR_SIDE),
                  new PillowResampling(ResamplingFilter.BILINEAR),
                  Normalisation.ofUnitRange(UNIT),
                  false,
                  null),
              Orientation.IGNORE,
              SelectionRule.DEFORMABLE_DETR);
      case LW_DETR ->
          new SourceBehaviour(
              new Preprocessing(
                  new ResizeRule.Fixed(LW_DETR_SIDE, LW_DETR_SIDE),
                  new PillowResampling(ResamplingFilter.BILINEAR),
                  Normalisation.ofUnitRange(IMAGENET),
                  false,
                  null),
              Orientation.IGNORE,
              SelectionRule.DEFORMABLE_DETR);
      case RF_DETR ->
          new SourceBehaviour(
              new Preprocessing(
                  new ResizeRule.Fixed(RF_DETR_SIDE, RF_DETR_SIDE),
                  new FloatLinear(),
                  Normalisation.ofUnitRange(IMAGENET),
                  false,
                  null),
              Orientation.IGNORE,
              SelectionRule.DEFORMABLE_DETR);
      case DETREX ->
          new SourceBehaviour(
              new Preprocessing(
                  new ResizeRule.Detectron2(SHORTEST, LONGEST),
                  new PillowResampling(ResamplingFilter.BILINEAR),
                  Normalisation.fused(null, IMAGENET_LEVELS),
                  true,
                  null),
              Orientation.APPLY,
              SelectionRule.DETREX);
      case MMDETECTION ->
          new SourceBehaviour(
              new Preprocessing(
                  new ResizeRule.MmDetection(SHORTEST, LONGEST),
                  new OpenCvLinear(),
                  Normalisation.fused(null, IMAGENET_LEVELS),
                  true,
                  null),
              Orientation.APPLY,
              SelectionRule.MMDETECTION);
      case BIRDER ->
          new SourceBehaviour(
              new Preprocessing(
                  new ResizeRule.ShortestEdge(BIRDER_SHORTEST),
                  new TorchvisionResampling(ResamplingFilter.BICUBIC),
                  Normalisation.ofUnitRange(BIRDER),
                  true,
                  null),
              Orientation.IGNORE,
              SelectionRule.BIRDER);
    };
  }

  /** The same with another pre-processing. */
  public SourceBehaviour with(Preprocessing other) {
    return new SourceBehaviour(other, orientation, selection);
  }

  /** The same with what the checkpoint file says of its images. */
  public SourceBehaviour with(StoredInput input) {
    Normalisation normalisation =
        input
            .statistics()
            .map(stored -> Normalisation.ofUnitRange(new MeanAndStd(stored.mean(), stored.std())))
            .orElse(preprocessing.normalisation());
    ResizeRule resize =
        input
            .size()
            .<ResizeRule>map(size ->
                size.dynamic()
                    ? new ResizeRule.ShortestEdge(Math.min(size.height(), size.width()))
                    : new ResizeRule.Fixed(size.width(), size.height()))
            .orElse(preprocessing.resize());
    return with(
        new Preprocessing(
            resize,
            preprocessing.resampling(),
            normalisation,
            preprocessing.pad(),
            preprocessing.padSize()));
  }

  /** The post-processing of one session. */
  public Postprocessing newPostprocessing(ModelConfig config) {
    return config.newPostprocessing(selection);
  }

  /** The label id of the first class. */
  public int firstLabel(ModelConfig config) {
    return config.firstLabel(selection);
  }

  /** The class names by the labels of detections; what stands before the first is background. */
  public List<String> labels(ModelConfig config) {
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < firstLabel(config); i++) {
      labels.add("background");
    }
    labels.addAll(config.labels());
    return List.copyOf(labels);
  }
}
