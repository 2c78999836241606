package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.Detr4jException;
import dev.detr4j.error.OneLine;
import dev.detr4j.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The files of one model by name, from somewhere that is no folder: memory, streams, class path
 * resources or a zip archive. {@link #model} is what the readers take.
 *
 * <p>Nothing is written to disk. A weight file is copied once into memory outside the heap, which
 * the checkpoint owns and frees when it is closed; a stored entry of an archive on the default file
 * system is mapped where it lies. {@link Checkpoint#unload} keeps copies: weights may be read
 * again, and what they came from may be gone by then. Immutable and thread-safe but for streams,
 * which are read once.
 */
public final class FileSet {
  private final String title;
  private final Map<String, FileContent> contents;

  FileSet(String title, Map<String, FileContent> contents) {
    this.title = title;
    this.contents = contents;
    if (contents.isEmpty()) {
      throw new IllegalArgumentException("a model needs at least one file");
    }
    for (String name : contents.keySet()) {
      if (name.isEmpty() || name.indexOf('/') >= 0 || name.indexOf('\\') >= 0) {
        throw new IllegalArgumentException(
            "\"" + OneLine.of(name) + "\" is not the plain name of a file");
      }
    }
  }

  /** Files in memory. The arrays are neither copied nor changed. */
  public static FileSet ofBytes(Map<String, byte[]> files) {
    Map<String, FileContent> contents = new LinkedHashMap<>();
    files.forEach((name, bytes) -> contents.put(name, new FileContent.Bytes(bytes)));
    return new FileSet("(files in memory)", contents);
  }

  /** Files of streams. Each is read once, when it is needed, and left open. */
  public static FileSet ofStreams(Map<String, ? extends InputStream> files) {
    Map<String, FileContent> contents = new LinkedHashMap<>();
    files.forEach((name, stream) -> contents.put(name, new FileContent.Stream(stream)));
    return new FileSet("(files of streams)", contents);
  }

  /**
   * Resources, found as {@link Class#getResource} finds them.
   *
   * @param folder where they lie, from the package of the anchor on, or from the root if it begins
   *     with a slash; empty for the package itself
   * @throws CheckpointException when one of them is not there, or is not open to this module
   */
  public static FileSet ofResources(Class<?> anchor, String folder, List<String> names) {
    String begin = folder.isEmpty() || folder.endsWith("/") ? folder : folder + "/";
    Map<String, FileContent> contents = new LinkedHashMap<>();
    for (String name : names) {
      contents.put(name, FileContent.Resource.of(anchor, begin + name));
    }
    return new FileSet("(resources of " + anchor.getName() + ")", contents);
  }

  /**
   * A zip archive that holds a model folder, at its root or deeper, or a single weight file.
   *
   * @throws CheckpointException when it cannot be read, or holds no model or several
   */
  public static FileSet ofZip(Path archive) {
    return new ZipArchive(archive).files(OneLine.of(archive.toString()));
  }

  /** As above, in memory. The array is neither copied nor changed. */
  public static FileSet ofZip(byte[] archive) {
    return new ZipArchive(MemorySegment.ofArray(archive)).files("(zip archive in memory)");
  }

  /** As above, of a stream, which is read to its end now and left open. */
  public static FileSet ofZip(InputStream archive) {
    return ZipArchive.of(archive).files("(zip archive of a stream)");
  }

  /**
   * The folder of these files; or the only one of them, if that is no {@code config.json}: then it
   * is a checkpoint without a configuration.
   */
  public ModelFile model() {
    String only = contents.size() == 1 ? contents.keySet().iterator().next() : "";
    return new SetFile(this, only.equals("config.json") ? "" : only);
  }

  boolean has(String name) {
    return contents.containsKey(name);
  }

  private FileContent content(String name, String place) {
    FileContent content = contents.get(name);
    if (content == null) {
      throw new CheckpointException("checkpoint " + OneLine.of(place) + ": there is no such file");
    }
    return content;
  }

  MappedFile open(String name, String place) {
    return content(name, place).open(OneLine.of(name), place);
  }

  byte[] text(String name, String place, Function<String, ? extends Detr4jException> error) {
    byte[] text;
    try {
      text = content(name, place).text(JsonObject.LONGEST + 1);
    } catch (IOException e) {
      throw error.apply("%s cannot be read: %s".formatted(OneLine.of(place), OneLine.of(e)));
    }
    if (text.length > JsonObject.LONGEST) {
      throw error.apply(
          "%s has more than %d bytes, which no configuration has"
              .formatted(OneLine.of(place), JsonObject.LONGEST));
    }
    return text;
  }

  /** What messages call the set. */
  @Override
  public String toString() {
    return title;
  }
}
