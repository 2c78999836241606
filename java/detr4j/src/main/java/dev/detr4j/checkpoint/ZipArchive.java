package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A zip archive that holds a model, within the bounds of {@link ZipDirectory}. It is opened for
 * each file that is read from it, so that nobody has to close it. Immutable and thread-safe.
 */
final class ZipArchive {
  /** What the Finder of macOS adds to archives. */
  private static final String APPLE_DOUBLE = "__MACOSX/";

  private static final String TITLE = "(zip archive)";
  private static final String CONFIG = "config.json";

  private final Supplier<MappedFile> opener;

  ZipArchive(Path path) {
    this.opener = () -> MappedFile.open(path, "a zip archive");
  }

  ZipArchive(MemorySegment bytes) {
    this.opener = () -> new MappedFile(TITLE, Arena.ofShared(), bytes);
  }

  /** Reads a stream to its end; the memory goes with the archive. */
  static ZipArchive of(InputStream in) {
    // Never closed: garbage collection frees the copy, so that nobody has to close the archive.
    Arena kept = Arena.ofAuto();
    try {
      return new ZipArchive(NativeCopy.of(in, TITLE, kept));
    } catch (IOException e) {
      throw new CheckpointException(
          "checkpoint %s: cannot be read: %s".formatted(TITLE, OneLine.of(e)), e);
    }
  }

  /** The files of the model's folder, or the only file. */
  FileSet files(String title) {
    try (MappedFile file = opener.get()) {
      List<String> names =
          new ZipDirectory(file)
              .names().stream()
                  .filter(name -> !name.endsWith("/") && !name.startsWith(APPLE_DOUBLE))
                  .toList();
      List<String> folders =
          names.stream()
              .filter(name -> name.equals(CONFIG) || name.endsWith("/" + CONFIG))
              .map(name -> name.substring(0, name.length() - CONFIG.length()))
              .toList();
      if (folders.size() > 1) {
        throw file.wrong("there are " + folders.size() + " files config.json, expected one model");
      }
      if (folders.isEmpty() && names.size() != 1) {
        throw file.wrong(
            "there are %d files and no config.json, expected a model folder or one checkpoint"
                .formatted(names.size()));
      }
      String folder =
          folders.isEmpty()
              ? names.getFirst().substring(0, names.getFirst().lastIndexOf('/') + 1)
              : folders.getFirst();
      Map<String, FileContent> contents = new LinkedHashMap<>();
      for (String name : names) {
        String plain = name.startsWith(folder) ? name.substring(folder.length()) : "";
        if (!plain.isEmpty() && plain.indexOf('/') < 0 && plain.indexOf('\\') < 0) {
          contents.put(plain, new FileContent.Zipped(this, name));
        }
      }
      if (contents.isEmpty()) {
        throw file.wrong("the only file has no plain name: " + names.getFirst());
      }
      return new FileSet(title, contents);
    }
  }

  /** An entry; a stored one of an archive that is mapped stays where it is. */
  MappedFile open(String name, String container) {
    MappedFile file = opener.get();
    boolean opened = false;
    try {
      ZipDirectory zip = new ZipDirectory(file);
      ZipDirectory.Entry entry = entry(file, zip, name);
      MemorySegment content = zip.content(entry);
      MappedFile result =
          new MappedFile(
              container,
              file.arena(),
              entry.deflated() || content.isMapped()
                  ? content
                  : NativeCopy.of(content, container, file.arena()));
      opened = true;
      return result;
    } finally {
      if (!opened) {
        file.close();
      }
    }
  }

  byte[] text(String name, int most) {
    try (MappedFile file = opener.get()) {
      ZipDirectory zip = new ZipDirectory(file);
      MemorySegment content = zip.content(entry(file, zip, name));
      return content.asSlice(0, Math.min(content.byteSize(), most)).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private static ZipDirectory.Entry entry(MappedFile file, ZipDirectory zip, String name) {
    return zip.find(name)
        .orElseThrow(() ->
            new CheckpointException(
                "checkpoint %s: the archive was changed: there is no %s any more"
                    .formatted(file.container(), OneLine.of(name))));
  }
}
