package dev.detr4j.model.dfine;

import dev.detr4j.model.names.HeadNames;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What transformers calls the tensors of D-FINE outside the backbone, where it has several names:
 * the transformer of the encoder is {@code encoder.encoder} in files and {@code encoder.aifi} in
 * memory of 5.x, {@code fc1} is {@code mlp.layers.0} there, and the decoder's heads are members of
 * the model as well. 5.x declares heads of all layers tied, but keeps those apart that differ, as
 * they do in all published files.
 */
final class DFineHeadNames implements HeadNames {
  static final DFineHeadNames NAMES = new DFineHeadNames();

  private static final String AIFI = "model.encoder.aifi.";
  private static final String DECODER = "model.decoder.";
  private static final List<String> HEADS = List.of("class_embed.", "bbox_embed.");
  private static final Pattern UNUSED =
      Pattern.compile(
          "model\\.denoising_class_embed\\.weight|model\\.decoder\\.layers\\.\\d{1,3}\\.encoder_attn\\.num_points_scale");

  private DFineHeadNames() {}

  @Override
  public List<String> candidates(String canonicalName) {
    String inMemory =
        canonicalName.replace(".mlp.fc1.", ".mlp.layers.0.").replace(".mlp.fc2.", ".mlp.layers.1.");
    if (canonicalName.startsWith(AIFI)) {
      String inFile = "model.encoder.encoder." + canonicalName.substring(AIFI.length());
      return List.of(inFile, canonicalName, inMemory);
    }
    for (String head : HEADS) {
      if (canonicalName.startsWith(DECODER + head)) {
        return List.of(canonicalName, canonicalName.substring(DECODER.length()));
      }
    }
    return List.of(canonicalName, inMemory);
  }

  @Override
  public String published(String canonicalName) {
    return candidates(canonicalName).getFirst();
  }

  /** Labels of training's noisy boxes, and a scale that follows from the number of points. */
  @Override
  public boolean unused(String fileName) {
    return UNUSED.matcher(fileName).matches();
  }
}
