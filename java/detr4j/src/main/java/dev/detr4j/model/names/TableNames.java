package dev.detr4j.model.names;

import java.util.List;

/**
 * The names of a source that has a {@link NameTable}. Immutable and thread-safe.
 *
 * <p>The copies of a head that a source ties to one layer are all asked for and must be equal; so
 * must the names under which a head is a member of the decoder as well.
 */
public final class TableNames implements TensorNames {
  private final NameTable table;
  private final int tiedCopies;
  private final String prefix;

  /**
   * The names of one model.
   *
   * @param tiedCopies how many copies of a head are one layer; 0 when each is its own
   * @param prefix what stands before every name of the file; often empty, {@code module.} where a
   *     model was saved inside its wrapper for several devices
   */
  public TableNames(NameTable table, int tiedCopies, String prefix) {
    this.table = table;
    this.tiedCopies = tiedCopies;
    this.prefix = prefix;
  }

  @Override
  public List<String> candidates(String canonicalName) {
    return table.inFile(canonicalName, tiedCopies).stream().map(prefix::concat).toList();
  }

  @Override
  public RowBlock rows(String canonicalName, String fileName) {
    return table.rows(canonicalName);
  }

  @Override
  public boolean unused(String fileName) {
    return fileName.startsWith(prefix) && table.unused(fileName.substring(prefix.length()));
  }
}
