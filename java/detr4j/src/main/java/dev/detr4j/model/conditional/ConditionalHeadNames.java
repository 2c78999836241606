package dev.detr4j.model.conditional;

import dev.detr4j.model.names.HeadNames;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What transformers 4.x, and so the published files, call the projections of the decoder: {@code
 * sa_qcontent_proj} for {@code self_attn.q_content_proj}, {@code ca_qpos_sine_proj} for {@code
 * encoder_attn.q_pos_sine_proj}. 5.x writes these names as well.
 */
final class ConditionalHeadNames implements HeadNames {
  static final ConditionalHeadNames NAMES = new ConditionalHeadNames();

  private static final Pattern PROJECTION =
      Pattern.compile(
          "(model\\.decoder\\.layers\\.\\d{1,3}\\.)(self|encoder)_attn\\.([qkv])(_content|_pos|_pos_sine|)(_proj\\..+)");

  private ConditionalHeadNames() {}

  @Override
  public List<String> candidates(String canonicalName) {
    Matcher projection = PROJECTION.matcher(canonicalName);
    if (!projection.matches()) {
      return List.of(canonicalName);
    }
    String published =
        projection.group(1)
            + (projection.group(2).equals("self") ? "sa_" : "ca_")
            + projection.group(3)
            + projection.group(4).replaceFirst("_", "")
            + projection.group(5);
    return List.of(published, canonicalName);
  }

  @Override
  public String published(String canonicalName) {
    return candidates(canonicalName).getFirst();
  }

  @Override
  public boolean unused(String fileName) {
    return false;
  }
}
