package dev.detr4j.train.recipe;

import java.util.List;
import java.util.regex.Pattern;

/**
 * Which tensors stay as they are, by the names of Hugging Face files. Batch normalisation is frozen
 * always: its statistics are wrong for small batches.
 */
public enum Freezing {
  /** Everything learns but batch normalisation. */
  NOTHING,
  /** The stem (detrex). */
  STEM,
  /** Stem and first stage (DETR, Deformable DETR, mmdetection). */
  FIRST_STAGE,
  /** The whole backbone: for fewer than about 500 images. */
  BACKBONE,
  /** Everything but class and box heads: for tens of images. */
  ALL_BUT_HEADS,
  /**
   * What transformers 5.18 freezes: stem and first stage of timm backbones and, as the names that
   * it looks for do not occur there, the whole of its own ResNet.
   */
  TRANSFORMERS;

  private static final String BACKBONE_PREFIX = "model.backbone.";
  private static final Pattern BATCH_NORM =
      Pattern.compile("\\.normalization\\.|\\.bn\\d+\\.|\\.downsample\\.1\\.");
  private static final Pattern STATISTICS =
      Pattern.compile("\\.(running_mean|running_var|num_batches_tracked)$");
  private static final Pattern STEM_NAMES =
      Pattern.compile("\\.(embedder|embeddings|conv1|bn1)\\.|\\.stem[._]");
  private static final Pattern FIRST_STAGE_NAMES =
      Pattern.compile("\\.(encoder\\.stages\\.0|layer1|stages[._]0)\\.");
  private static final List<String> HEADS =
      List.of("class_embed.", "bbox_embed.", "class_labels_classifier.", "bbox_predictor.");

  /** Whether the tensor of this name learns. */
  public boolean trains(String name) {
    if (STATISTICS.matcher(name).find()) {
      return false;
    }
    if (!name.startsWith(BACKBONE_PREFIX)) {
      return this != ALL_BUT_HEADS || HEADS.stream().anyMatch(name::contains);
    }
    if (BATCH_NORM.matcher(name).find()) {
      return false;
    }
    return switch (this) {
      case NOTHING -> true;
      case STEM -> !isStem(name);
      case FIRST_STAGE -> !isStem(name) && !FIRST_STAGE_NAMES.matcher(name).find();
      case BACKBONE, ALL_BUT_HEADS -> false;
      case TRANSFORMERS ->
          name.contains(".layer2.") || name.contains(".layer3.") || name.contains(".layer4.");
    };
  }

  /** Blocks of timm's ResNet have a conv1 too. */
  private static boolean isStem(String name) {
    return STEM_NAMES.matcher(name).find() && !name.contains(".layer") && !name.contains(".stages");
  }

  /** The tensors that learn, in their order. */
  public List<String> trained(List<String> names) {
    return names.stream().filter(this::trains).toList();
  }
}
