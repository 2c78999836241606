package dev.detr4j.model.description;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * The projects whose checkpoints detr4j reads. Each has its own tensor names, numerics, pre- and
 * post-processing.
 */
public enum ModelSource {
  /** transformers: facebook/detr-*, SenseTime/deformable-detr*, PekingU/rtdetr_* and others. */
  HUGGING_FACE("huggingface"),
  /** facebookresearch/detr. */
  DETR("detr"),
  /** fundamentalvision/Deformable-DETR. */
  DEFORMABLE_DETR("deformable-detr"),
  /** IDEA-Research/detrex, trained there or converted. */
  DETREX("detrex"),
  /** open-mmlab/mmdetection, 2.x and 3.x. */
  MMDETECTION("mmdet"),
  /** birder-project/birder. */
  BIRDER("birder"),
  /** microsoft/table-transformer. */
  TABLE_TRANSFORMER("table-transformer"),
  /** Atten4Vis/ConditionalDETR. */
  CONDITIONAL_DETR("conditional-detr"),
  /** lyuwenyu/RT-DETR. */
  RT_DETR("rt-detr"),
  /** Peterande/D-FINE, and DEIM, which trains its network. */
  D_FINE("d-fine"),
  /** roboflow/rf-detr. */
  RF_DETR("rf-detr"),
  /** Atten4Vis/LW-DETR. */
  LW_DETR("lw-detr");

  private final String id;

  ModelSource(String id) {
    this.id = id;
  }

  /** The name in options and tables. */
  public String id() {
    return id;
  }

  /**
   * The source with this {@link #id}.
   *
   * @throws IllegalArgumentException when there is none; the message lists all
   */
  public static ModelSource of(String id) {
    for (ModelSource source : values()) {
      if (source.id.equals(id)) {
        return source;
      }
    }
    throw new IllegalArgumentException(
        "source is \""
            + id
            + "\", expected one of "
            + Arrays.stream(values()).map(ModelSource::id).collect(Collectors.joining(", ")));
  }
}
