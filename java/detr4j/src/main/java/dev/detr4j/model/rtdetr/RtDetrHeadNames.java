package dev.detr4j.model.rtdetr;

import dev.detr4j.model.names.HeadNames;
import java.util.List;

/**
 * What transformers calls the tensors of RT-DETR outside the backbone, where it has several names:
 * the transformer of the hybrid encoder is {@code encoder.encoder} in files and {@code
 * encoder.aifi} in memory of 5.x, and the decoder's heads are members of the model as well.
 */
final class RtDetrHeadNames implements HeadNames {
  static final RtDetrHeadNames NAMES = new RtDetrHeadNames();

  private static final String AIFI = "model.encoder.aifi.";
  private static final String DECODER = "model.decoder.";
  private static final List<String> HEADS = List.of("class_embed.", "bbox_embed.");

  private RtDetrHeadNames() {}

  @Override
  public List<String> candidates(String canonicalName) {
    if (canonicalName.startsWith(AIFI)) {
      return List.of(
          "model.encoder.encoder." + canonicalName.substring(AIFI.length()), canonicalName);
    }
    for (String head : HEADS) {
      if (canonicalName.startsWith(DECODER + head)) {
        return List.of(canonicalName, canonicalName.substring(DECODER.length()));
      }
    }
    return List.of(canonicalName);
  }

  @Override
  public String published(String canonicalName) {
    return candidates(canonicalName).getFirst();
  }

  /** Labels of the noisy boxes that training adds. */
  @Override
  public boolean unused(String fileName) {
    return fileName.equals("model.denoising_class_embed.weight");
  }
}
