package dev.detr4j.cli;

import dev.detr4j.error.ImageException;
import dev.detr4j.error.OneLine;
import java.io.File;
import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * The images that arguments stand for: files as they are, folders as the images in them and
 * patterns as the images that match, both sorted by path, {@code -} as standard input.
 *
 * <p>In a pattern {@code *} and {@code ?} stand for any characters of a name, <code>{jpg,png}
 * </code> for either, {@code [0-9]} for one of these, and {@code **} for any folders or none. A
 * shell expands most patterns itself; these serve where it does not, or where there would be too
 * many names.
 */
final class ImageInputs {
  private static final Set<String> ENDINGS =
      Set.of("jpg", "jpeg", "jpe", "jfif", "png", "apng", "gif", "bmp", "dib", "webp");
  private static final int DEEPEST = 64;
  private static final String SPECIAL = "*?[{";
  private static final int MOST_ALTERNATIVES = 1000;

  /**
   * One image.
   *
   * @param name what to call it in results and messages
   * @param file where it is, or null for standard input
   * @param relative its place below the folder that was named, or its file name
   * @param fault why it cannot be read, where that is known already; null otherwise
   */
  record Input(String name, @Nullable Path file, Path relative, @Nullable String fault) {
    Input(String name, @Nullable Path file, Path relative) {
      this(name, file, relative, null);
    }
  }

  private ImageInputs() {}

  /**
   * Lists the images. An argument that stands for none is an input with a fault, beside others.
   *
   * @throws ImageException when no argument stands for an image: a folder holds none or cannot be
   *     listed, or nothing matches
   */
  static List<Input> of(List<String> arguments, boolean recursive) {
    List<Input> inputs = new ArrayList<>();
    List<NoImage> faults = new ArrayList<>();
    for (String argument : arguments) {
      try {
        inputs.addAll(of(argument, recursive));
      } catch (NoImage e) {
        faults.add(e);
        inputs.add(new Input(e.name, null, Path.of("none"), e.fault));
      }
    }
    if (faults.size() == arguments.size()) {
      NoImage first = faults.getFirst();
      throw new ImageException(first.name + ": " + first.fault, first);
    }
    return inputs;
  }

  /** An argument, or the folder that a pattern begins with, stands for no image. */
  private static final class NoImage extends Exception {
    private static final long serialVersionUID = 1L;

    private final String name;
    private final String fault;

    NoImage(Object name, String fault) {
      this(name, fault, null);
    }

    NoImage(Object name, String fault, @Nullable Exception cause) {
      super(name + ": " + fault, cause);
      this.name = name.toString();
      this.fault = fault;
    }
  }

  private static List<Input> of(String argument, boolean recursive) throws NoImage {
    if (argument.equals("-")) {
      return List.of(new Input("-", null, Path.of("stdin")));
    }
    if (argument.isEmpty()) {
      throw new NoImage("''", "an empty argument names no image; is a variable unset?");
    }
    if (isPattern(argument)) {
      return matching(argument);
    }
    Path path = path(argument);
    if (Files.isDirectory(path)) {
      return inFolder(path, recursive);
    }
    Path name = path.getFileName();
    return List.of(new Input(argument, path, name == null ? path : name));
  }

  /** Whether these arguments stand for one image, whatever it is called. */
  static boolean isSingle(List<String> arguments) {
    if (arguments.size() != 1 || isPattern(arguments.getFirst())) {
      return false;
    }
    String argument = arguments.getFirst();
    try {
      return argument.equals("-") || !Files.isDirectory(path(argument));
    } catch (NoImage e) {
      return true; // it has had its line
    }
  }

  private static Path path(String argument) throws NoImage {
    try {
      return FileNames.of(argument);
    } catch (InvalidPathException e) {
      throw new NoImage(argument, e.getReason(), e);
    }
  }

  /** Whether a file of this very name is there decides, so that every file can be named. */
  private static boolean isPattern(String argument) {
    if (argument.chars().noneMatch(c -> SPECIAL.indexOf(c) >= 0)) {
      return false;
    }
    try {
      return !Files.exists(Path.of(argument));
    } catch (InvalidPathException e) {
      return true;
    }
  }

  private static List<Input> matching(String pattern) throws NoImage {
    String text = pattern.replace(File.separatorChar, '/');
    int special = 0;
    while (SPECIAL.indexOf(text.charAt(special)) < 0) {
      special++;
    }
    int cut = text.lastIndexOf('/', special) + 1;
    Path folder = path(text.substring(0, cut));
    String rest = text.substring(cut);
    int depth =
        rest.contains("**") ? DEEPEST : (int) rest.chars().filter(c -> c == '/').count() + 1;
    List<PathMatcher> matchers = new ArrayList<>();
    try {
      for (String glob : alternatives(rest, pattern)) {
        // As in shells, no folder at all matches ** too.
        String shells = glob.replaceAll("(^|/)\\*\\*/", "$1{,**/}");
        matchers.add(FileSystems.getDefault().getPathMatcher("glob:" + shells));
      }
    } catch (PatternSyntaxException e) {
      throw new NoImage(pattern, "not a valid pattern: " + e.getDescription(), e);
    }
    List<Input> found =
        list(folder, depth, file -> matchers.stream().anyMatch(each -> each.matches(file)));
    if (found.isEmpty()) {
      throw new NoImage(pattern, "matches no image (jpg, png, gif, bmp or webp)");
    }
    return found;
  }

  /**
   * A glob for each way to choose from its braces, because Java's globs have none within others.
   * Braces that are escaped or within brackets are characters.
   */
  private static List<String> alternatives(String glob, String pattern) throws NoImage {
    int depth = 0;
    int open = -1;
    int from = 0;
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < glob.length(); i++) {
      char c = glob.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == '[' && glob.indexOf(']', i + 1) > 0) {
        i = glob.indexOf(']', i + 1);
      } else if (c == '{') {
        depth++;
        if (depth == 1) {
          open = i;
          from = i + 1;
        }
      } else if (depth > 0 && (c == '}' || c == ',')) {
        depth -= c == '}' ? 1 : 0;
        if (depth == 0 || (depth == 1 && c == ',')) {
          parts.add(glob.substring(from, i));
          from = i + 1;
        }
        if (depth == 0) {
          List<String> all = new ArrayList<>();
          for (String part : parts) {
            String one = glob.substring(0, open) + part + glob.substring(from);
            all.addAll(alternatives(one, pattern));
            if (all.size() > MOST_ALTERNATIVES) {
              throw new NoImage(pattern, "its braces expand to too many patterns");
            }
          }
          return all;
        }
      }
    }
    return List.of(glob);
  }

  private static List<Input> list(Path folder, int depth, PathMatcher matcher) throws NoImage {
    Path root = folder.toString().isEmpty() ? Path.of(".") : folder;
    if (!Files.isDirectory(root)) {
      throw new NoImage(folder, "there is no such folder");
    }
    List<Input> found = new ArrayList<>();
    try {
      Files.walkFileTree(
          root,
          Set.of(FileVisitOption.FOLLOW_LINKS),
          depth,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
              Path file = root.relativize(path);
              if (!attributes.isDirectory() && isImage(file) && matcher.matches(file)) {
                Path named = folder.resolve(file);
                found.add(new Input(named.toString(), named, file, fault(path, attributes)));
              }
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path path, IOException e) throws IOException {
              if (e instanceof FileSystemLoopException) {
                return FileVisitResult.CONTINUE; // what it leads to is listed already
              }
              if (path.equals(root)) {
                throw e;
              }
              Path place = root.relativize(path);
              if (isHidden(place)) {
                return FileVisitResult.CONTINUE;
              }
              // The others are processed, and this has its line like an image that is broken.
              String fault = "cannot be read: " + OneLine.of(e);
              found.add(
                  new Input(folder.resolve(place).toString(), folder.resolve(place), place, fault));
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new NoImage(folder, "cannot be listed: " + Main.explained(e), e);
    }
    found.sort(Comparator.comparing(Input::name));
    return found;
  }

  /**
   * Why what is called an image cannot be one; null for a file. A link is followed if it can be.
   */
  private static @Nullable String fault(Path path, BasicFileAttributes attributes) {
    if (attributes.isRegularFile()) {
      return null;
    }
    if (!attributes.isSymbolicLink()) {
      return "is no file but a pipe, a socket or a device";
    }
    try {
      return "is a link to " + Files.readSymbolicLink(path) + ", which is not there";
    } catch (IOException e) {
      return "is a link that leads nowhere";
    }
  }

  private static List<Input> inFolder(Path folder, boolean recursive) throws NoImage {
    List<Input> found = list(folder, recursive ? DEEPEST : 1, file -> true);
    if (found.isEmpty()) {
      throw new NoImage(
          folder,
          "there is no image in this folder (jpg, png, gif, bmp or webp)"
              + (recursive ? "" : "; --recursive looks into its subfolders too"));
    }
    return found;
  }

  private static boolean isHidden(Path relative) {
    for (Path part : relative) {
      if (part.toString().startsWith(".")) {
        return true;
      }
    }
    return false;
  }

  private static boolean isImage(Path relative) {
    if (isHidden(relative)) {
      return false;
    }
    String name = relative.getFileName().toString();
    int dot = name.lastIndexOf('.');
    return dot >= 0 && ENDINGS.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
  }
}
