package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.Detr4jException;
import dev.detr4j.error.OneLine;
import dev.detr4j.json.JsonObject;
import java.nio.file.Path;
import java.util.function.Function;

/**
 * A file or folder of a model, on a file system or in a {@link FileSet}: what every reader of
 * containers and configurations reads from. Immutable and thread-safe.
 */
public abstract sealed class ModelFile permits PathFile, SetFile {
  /** The file or folder at a path of any file system. It need not exist. */
  public static ModelFile of(Path path) {
    return new PathFile(path);
  }

  /** The name without any folder, as messages about the content give it. */
  public abstract String name();

  /** Where it lies, as messages about the file itself give it. */
  @Override
  public abstract String toString();

  abstract boolean exists();

  /** As {@link #exists}, and true for a link whose target is gone. */
  abstract boolean isListed();

  abstract boolean isFolder();

  abstract boolean isRegular();

  /** A file of this folder. It need not exist. */
  abstract ModelFile child(String name);

  /** The folder that this file lies in. */
  abstract ModelFile folder();

  /** A file of the same folder as this one. It need not exist. */
  final ModelFile sibling(String name) {
    return folder().child(name);
  }

  /**
   * The whole file in memory: mapped when it lies on the default file system, else a copy outside
   * the heap. Closing it frees the memory.
   *
   * @param expected what it should be, for the message when it is no regular file
   * @throws CheckpointException when it cannot be read
   */
  abstract MappedFile map(String expected);

  /**
   * The text of a JSON file; streams give it once.
   *
   * @param error makes the exception when it cannot be read, or is longer than a configuration
   */
  abstract byte[] text(Function<String, ? extends Detr4jException> error);

  /** The JSON object that the file holds; the getters report errors as {@link #text} does. */
  final JsonObject json(Function<String, ? extends Detr4jException> error) {
    return json(text(error), error);
  }

  /** As above, of a text that was read already. */
  final JsonObject json(byte[] text, Function<String, ? extends Detr4jException> error) {
    return JsonObject.parse(OneLine.of(name()), text, error);
  }
}
