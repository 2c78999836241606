package dev.detr4j.model.names;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The names in Hugging Face checkpoints of the DETR family. Immutable and thread-safe.
 *
 * <p>Accepted are the names of published 4.x files ({@code backbone.conv_encoder.}, {@code fc1},
 * {@code out_proj}) and those of the 5.x modules ({@code backbone.}, {@code mlp.fc1}, {@code
 * o_proj}), mixed freely. What the backbone and the heads are called is theirs to say.
 */
public final class HuggingFaceNames implements TensorNames {
  private record Rule(Pattern canonical, String inFile) {
    Rule(String canonical, String inFile) {
      this(Pattern.compile(canonical), inFile);
    }
  }

  /** Each rule offers one more spelling; the first spelling is the one published files have. */
  private static final List<Rule> SPELLINGS =
      List.of(
          new Rule("(?<=layers\\.\\d{1,3}\\.)mlp\\.fc", "fc"),
          new Rule("\\.o_proj\\.", ".out_proj."));

  private static final String BACKBONE = "backbone.";
  private static final List<String> BACKBONE_PREFIXES =
      List.of("model.backbone.conv_encoder.model.", "model.backbone.model.");

  private final BackboneNames backbone;
  private final HeadNames heads;
  private final List<String> prefixes;

  /** The names of a model with this backbone and these heads. */
  public HuggingFaceNames(BackboneNames backbone, HeadNames heads) {
    this(backbone, heads, BACKBONE_PREFIXES);
  }

  private HuggingFaceNames(BackboneNames backbone, HeadNames heads, List<String> prefixes) {
    this.backbone = backbone;
    this.heads = heads;
    this.prefixes = prefixes;
  }

  /** The same of a model whose published files call the backbone {@code model.backbone.model.}. */
  public HuggingFaceNames withShortBackbonePrefix() {
    return new HuggingFaceNames(backbone, heads, BACKBONE_PREFIXES.reversed());
  }

  @Override
  public List<String> candidates(String canonicalName) {
    Set<String> names = new LinkedHashSet<>();
    if (canonicalName.startsWith(BACKBONE)) {
      for (String spelling : backbone.spellings(canonicalName.substring(BACKBONE.length()))) {
        prefixes.forEach(prefix -> names.add(prefix + spelling));
      }
      return List.copyOf(names);
    }
    return spellings(heads.candidates(canonicalName));
  }

  private static List<String> spellings(List<String> canonicalNames) {
    Set<String> names = new LinkedHashSet<>(canonicalNames);
    for (Rule rule : SPELLINGS) {
      List<String> more = new ArrayList<>();
      names.forEach(name -> more.add(rule.canonical.matcher(name).replaceAll(rule.inFile)));
      more.addAll(names);
      names.clear();
      names.addAll(more);
    }
    return List.copyOf(names);
  }

  /** The published spelling; of tied heads copy 0. */
  @Override
  public String published(String canonicalName) {
    return canonicalName.startsWith(BACKBONE)
        ? candidates(canonicalName).getFirst()
        : spellings(List.of(heads.published(canonicalName))).getFirst();
  }

  @Override
  public boolean unused(String fileName) {
    if (fileName.endsWith(".num_batches_tracked") || heads.unused(fileName)) {
      return true;
    }
    for (String prefix : BACKBONE_PREFIXES) {
      if (fileName.startsWith(prefix)) {
        return backbone.unused(fileName.substring(prefix.length()));
      }
    }
    return false;
  }
}
