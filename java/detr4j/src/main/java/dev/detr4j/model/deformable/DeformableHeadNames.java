package dev.detr4j.model.deformable;

import dev.detr4j.model.names.HeadNames;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What transformers calls the heads of Deformable DETR, which the decoder shares with the model:
 *
 * <ul>
 *   <li>Without box refinement all {@code class_embed.k} are one layer, and so are all {@code
 *       bbox_embed.k}. A file may hold one or all of them. Predictions come from the last decoder
 *       layer, so its copy is preferred, then copy 0.
 *   <li>With box refinement {@code bbox_embed} is also {@code model.decoder.bbox_embed}, in
 *       two-stage models {@code class_embed} is also {@code model.decoder.class_embed}.
 *       transformers drops either name when it saves.
 * </ul>
 *
 * <p>transformers 5 leaves tied names apart when a file holds different values under them, and then
 * predicts with the last decoder layer's copy; here different values are an error.
 */
final class DeformableHeadNames implements HeadNames {
  private static final String DECODER = "model.decoder.";
  private static final Pattern HEAD = Pattern.compile("(class_embed|bbox_embed)\\.(\\d+)\\.(.+)");

  private final DeformableDetrConfig config;

  DeformableHeadNames(DeformableDetrConfig config) {
    this.config = config;
  }

  @Override
  public List<String> candidates(String canonicalName) {
    Matcher head = HEAD.matcher(canonicalName);
    if (!head.matches()) {
      return List.of(canonicalName);
    }
    if (!config.withBoxRefine()) {
      return List.of(copy(head, lastLayer()), copy(head, 0));
    }
    boolean shared = head.group(1).equals("bbox_embed") || config.twoStage();
    return shared ? List.of(DECODER + canonicalName, canonicalName) : List.of(canonicalName);
  }

  @Override
  public String published(String canonicalName) {
    Matcher head = HEAD.matcher(canonicalName);
    return !config.withBoxRefine() && head.matches()
        ? copy(head, 0)
        : candidates(canonicalName).getFirst();
  }

  /** A head of a decoder layer that only the auxiliary losses of training look at. */
  @Override
  public boolean unused(String fileName) {
    String plain = fileName.startsWith(DECODER) ? fileName.substring(DECODER.length()) : fileName;
    Matcher head = HEAD.matcher(plain);
    if (!head.matches() || head.group(2).length() > 3) {
      return false;
    }
    // With refinement every box head is used, and of the class heads the last and, in two-stage
    // models, the one after.
    boolean auxiliary = head.group(1).equals("class_embed") || !config.withBoxRefine();
    return auxiliary && Integer.parseInt(head.group(2)) < lastLayer();
  }

  private int lastLayer() {
    return config.transformer().decoderLayers() - 1;
  }

  private static String copy(Matcher head, int layer) {
    return head.group(1) + "." + layer + "." + head.group(3);
  }
}
