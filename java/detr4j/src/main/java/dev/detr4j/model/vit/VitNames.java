package dev.detr4j.model.vit;

import dev.detr4j.model.names.NameTable;
import dev.detr4j.model.names.TensorNames;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The names in Hugging Face checkpoints of detectors on a vision transformer: the canonical ones,
 * which transformers has in memory for RF-DETR, and those of a table.
 *
 * @param table the other names
 * @param canonicalFirst whether the canonical names are preferred
 * @param blocks of the backbone that the network has; those behind them are in the file for nothing
 */
public record VitNames(NameTable table, boolean canonicalFirst, int blocks) implements TensorNames {
  private static final Pattern BLOCK =
      Pattern.compile(
          "(?:model\\.backbone\\.backbone|backbone\\.0\\.encoder\\.encoder)\\.encoder\\.layer\\.(\\d{1,4})\\..*");
  private static final Pattern GROUP =
      Pattern.compile(
          "(?:model|transformer)\\.enc_out(?:put|put_norm|_class_embed|_bbox_embed)\\.(\\d{1,4})\\..*");
  private static final Pattern MASK =
      Pattern.compile(
          "(?:model\\.backbone\\.backbone|backbone\\.0\\.encoder\\.encoder)\\.embeddings\\.mask_token");

  @Override
  public List<String> candidates(String canonicalName) {
    Set<String> names = new LinkedHashSet<>();
    if (canonicalFirst) {
      names.add(canonicalName);
    }
    names.addAll(table.inFile(canonicalName, 0));
    names.add(canonicalName);
    return List.copyOf(names);
  }

  /** Under some names, the projections of queries, keys and values are one matrix. */
  @Override
  public RowBlock rows(String canonicalName, String fileName) {
    return fileName.equals(canonicalName) ? RowBlock.ALL : table.rows(canonicalName);
  }

  @Override
  public boolean unused(String fileName) {
    return fileName.endsWith(".num_batches_tracked")
        || MASK.matcher(fileName).matches()
        || index(BLOCK, fileName) >= blocks
        || index(GROUP, fileName) >= 1;
  }

  private static int index(Pattern pattern, String fileName) {
    Matcher matcher = pattern.matcher(fileName);
    return matcher.matches() ? Integer.parseInt(matcher.group(1)) : -1;
  }
}
