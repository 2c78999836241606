package dev.detr4j.cli;

import dev.detr4j.ImageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The images that arguments stand for: files as they are, folders as the images in them, sorted by
 * path, {@code -} as standard input.
 */
final class ImageInputs {
  private static final Set<String> ENDINGS = Set.of("jpg", "jpeg", "png", "gif", "bmp", "webp");
  private static final int DEEPEST = 64;

  /**
   * One image.
   *
   * @param name what to call it in results and messages
   * @param file where it is, or null for standard input
   * @param relative its place below the folder that was named, or its file name
   */
  record Input(String name, @Nullable Path file, Path relative) {}

  private ImageInputs() {}

  /**
   * Lists the images.
   *
   * @throws ImageException when a folder holds none or cannot be listed
   */
  static List<Input> of(List<String> arguments, boolean recursive) {
    List<Input> inputs = new ArrayList<>();
    for (String argument : arguments) {
      if (argument.equals("-")) {
        inputs.add(new Input("-", null, Path.of("stdin")));
        continue;
      }
      Path path = path(argument);
      if (Files.isDirectory(path)) {
        inputs.addAll(inFolder(path, recursive));
      } else {
        Path name = path.getFileName();
        inputs.add(new Input(argument, path, name == null ? path : name));
      }
    }
    return inputs;
  }

  /** Whether these arguments stand for one image, whatever it is called. */
  static boolean isSingle(List<String> arguments) {
    return arguments.size() == 1
        && (arguments.getFirst().equals("-") || !Files.isDirectory(path(arguments.getFirst())));
  }

  private static Path path(String argument) {
    try {
      return Path.of(argument);
    } catch (InvalidPathException e) {
      throw new ImageException(argument + ": is no valid file name", e);
    }
  }

  private static List<Input> inFolder(Path folder, boolean recursive) {
    List<Input> found;
    try (Stream<Path> files =
        Files.walk(folder, recursive ? DEEPEST : 1, FileVisitOption.FOLLOW_LINKS)) {
      found =
          files
              .filter(file -> isImage(folder.relativize(file)) && Files.isRegularFile(file))
              .sorted(Comparator.comparing(Path::toString))
              .map(file -> new Input(file.toString(), file, folder.relativize(file)))
              .toList();
    } catch (IOException | UncheckedIOException e) {
      throw new ImageException(folder + ": cannot be listed: " + e.getMessage(), e);
    }
    if (found.isEmpty()) {
      throw new ImageException(
          folder
              + ": there is no image in this folder (jpg, png, gif, bmp or webp)"
              + (recursive ? "" : "; --recursive looks into its subfolders too"));
    }
    return found;
  }

  private static boolean isImage(Path relative) {
    for (Path part : relative) {
      if (part.toString().startsWith(".")) {
        return false;
      }
    }
    String name = relative.getFileName().toString();
    int dot = name.lastIndexOf('.');
    return dot >= 0 && ENDINGS.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
  }
}
