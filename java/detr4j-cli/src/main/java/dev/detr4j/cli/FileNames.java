package dev.detr4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Files by their names on the command line, which reach a Java program as text. Bytes that are none
 * in the encoding of the locale have become U+FFFD by then; the names that a folder lists keep
 * theirs. Stateless.
 */
final class FileNames {
  private static final String LOST = "\ufffd";

  private FileNames() {}

  /**
   * The file that is meant: where bytes were lost, the one file whose name reads the same.
   *
   * @throws InvalidPathException with the reason why no file can have the name, or none has, or
   *     several have
   */
  static Path of(String argument) {
    Path path;
    try {
      path = Path.of(argument);
    } catch (InvalidPathException e) {
      throw new InvalidPathException(
          argument,
          argument.indexOf('\0') >= 0
              ? "is no valid file name"
              : "cannot be a file name in the locale's encoding, which is "
                  + System.getProperty("sun.jnu.encoding"));
    }
    if (!argument.contains(LOST) || Files.exists(path)) {
      return path;
    }
    Path found = path.getRoot() == null ? Path.of("") : path.getRoot();
    for (Path name : path) {
      found = name.toString().contains(LOST) ? only(found, name, argument) : found.resolve(name);
    }
    return found;
  }

  private static Path only(Path folder, Path name, String argument) {
    List<Path> same = List.of();
    try (Stream<Path> files = Files.list(folder)) {
      same = files.filter(file -> file.getFileName().toString().equals(name.toString())).toList();
    } catch (IOException e) {
      // As where there is no such folder: there is no such file either.
    }
    if (same.size() != 1) {
      throw new InvalidPathException(
          argument,
          "the name has bytes that are not text in the locale's encoding, and "
              + (same.isEmpty() ? "no file has it" : same.size() + " files may be meant"));
    }
    return same.getFirst();
  }

  /** For options and parameters. */
  static final class Converter implements ITypeConverter<Path> {
    Converter() {}

    @Override
    public Path convert(String value) {
      try {
        return FileNames.of(value);
      } catch (InvalidPathException e) {
        throw new TypeConversionException("'" + value + "': " + e.getReason());
      }
    }
  }
}
