package dev.detr4j.checkpoint;

import dev.detr4j.error.Detr4jException;
import dev.detr4j.error.OneLine;
import dev.detr4j.json.OutsideFile;
import java.util.function.Function;

/** A file of a {@link FileSet}, or the folder that all of its files are in. */
final class SetFile extends ModelFile {
  private final FileSet set;
  private final String name;

  /**
   * The file of that name.
   *
   * @param name empty for the folder
   */
  SetFile(FileSet set, String name) {
    this.set = set;
    this.name = name;
  }

  @Override
  public String name() {
    return isFolder() ? set.toString() : name;
  }

  @Override
  public String toString() {
    return isFolder() ? set.toString() : name + " of " + set;
  }

  @Override
  boolean exists() {
    return isFolder() || isRegular();
  }

  @Override
  boolean isListed() {
    return exists();
  }

  @Override
  boolean isFolder() {
    return name.isEmpty();
  }

  @Override
  boolean isRegular() {
    return set.has(name);
  }

  @Override
  ModelFile child(String child) {
    return new SetFile(set, child);
  }

  @Override
  ModelFile folder() {
    return new SetFile(set, "");
  }

  @Override
  MappedFile map(String expected) {
    return set.open(name, toString());
  }

  @Override
  byte[] text(Function<String, ? extends Detr4jException> error) {
    byte[] text = set.text(name, toString(), error);
    if (OutsideFile.isLfsPointer(text)) {
      throw error.apply(OneLine.of(name) + " is " + OutsideFile.LFS_POINTER);
    }
    return text;
  }
}
