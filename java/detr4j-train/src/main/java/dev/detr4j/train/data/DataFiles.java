package dev.detr4j.train.data;

import dev.detr4j.error.OneLine;
import dev.detr4j.json.OutsideFile;
import dev.detr4j.train.TrainingException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Files of a data set: bounded reads, names that stay below their folder. */
final class DataFiles {
  /** The longest text file: a list of a million images. */
  private static final int LONGEST_TEXT = 1 << 28;

  private static final int MOST_FILES = 2_000_000;
  private static final Set<String> IMAGES =
      Set.of("jpg", "jpeg", "png", "bmp", "dib", "gif", "webp");

  private DataFiles() {}

  /** The text of a file, UTF-8, without a byte order mark. */
  static String text(Path file) {
    try {
      String oddity = OutsideFile.oddity(file);
      if (oddity != null) {
        throw new TrainingException(name(file) + " " + oddity + ", expected a file");
      }
      byte[] bytes = OutsideFile.read(file, LONGEST_TEXT + 1);
      if (bytes.length > LONGEST_TEXT) {
        throw new TrainingException(
            name(file) + " is longer than " + LONGEST_TEXT + " bytes, expected annotations");
      }
      if (OutsideFile.isLfsPointer(bytes)) {
        throw new TrainingException(name(file) + " is " + OutsideFile.LFS_POINTER);
      }
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return text.startsWith("\uFEFF") ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw new TrainingException(name(file) + " is not UTF-8 text", e);
    } catch (IOException e) {
      throw new TrainingException(name(file) + " cannot be read: " + OneLine.of(e), e);
    }
  }

  /** The lines of a file's text. */
  static List<String> lines(Path file) {
    return text(file).lines().toList();
  }

  /** A path for messages. */
  static String name(Path file) {
    return OneLine.of(file.toString());
  }

  /** The files and folders of a folder, sorted; empty where there is none. */
  static List<Path> list(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().limit(MOST_FILES).toList();
    } catch (IOException e) {
      throw new TrainingException(name(folder) + " cannot be listed: " + OneLine.of(e), e);
    }
  }

  /** The image files below a folder, sorted. */
  static List<Path> imagesBelow(Path folder) {
    // Data folders are often links to other disks.
    try (Stream<Path> entries = Files.walk(folder, 16, FileVisitOption.FOLLOW_LINKS)) {
      return entries.filter(DataFiles::isImage).sorted().limit(MOST_FILES).toList();
    } catch (UncheckedIOException e) {
      throw new TrainingException(
          name(folder) + " cannot be listed: " + OneLine.of(String.valueOf(e.getMessage())), e);
    } catch (IOException e) {
      throw new TrainingException(name(folder) + " cannot be listed: " + OneLine.of(e), e);
    }
  }

  /** Whether a name ends like an image that can be read. */
  static boolean isImage(Path file) {
    return IMAGES.contains(ending(file));
  }

  /** What follows the last dot, in small letters. */
  static String ending(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
  }

  /** The name of a file without its ending. */
  static String stem(Path file) {
    String name = String.valueOf(file.getFileName());
    int dot = name.lastIndexOf('.');
    return dot < 0 ? name : name.substring(0, dot);
  }

  /** The file of this name below a folder, or null for a name that leads elsewhere. */
  static @Nullable Path below(Path folder, String name) {
    try {
      Path root = folder.toAbsolutePath().normalize();
      Path file = root.resolve(name.replace('\\', '/')).normalize();
      return file.startsWith(root) && !file.equals(root) ? file : null;
    } catch (InvalidPathException e) {
      return null;
    }
  }
}
