package dev.detr4j.model.codes;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A two-stage Deformable DETR that finds {@code qr_code}, {@code data_matrix}, {@code aztec},
 * {@code pdf417} and {@code barcode} (1-D) in photos. {@code weights/codes/README.md} of the
 * project describes how it was made and what it finds.
 *
 * <pre>{@code
 * try (Detector detector = Detector.builder(CodesModel.folder()).build()) { ... }
 * }</pre>
 *
 * <p>Mapping the weights into memory needs a file. The first use writes the model to a folder whose
 * name contains its checksum; later processes find it there. Thread-safe.
 */
public final class CodesModel {
  /** The name of the model in options and messages. */
  public static final String NAME = "detr4j-model-codes";

  private static final List<String> FILES =
      List.of("config.json", "preprocessor_config.json", "model.safetensors");

  private CodesModel() {}

  /**
   * The folder of the model in the user's cache: below {@code XDG_CACHE_HOME}, or {@code .cache} of
   * the home folder; where that cannot be written, or the user has no home, in a folder of this
   * user below {@code java.io.tmpdir}.
   *
   * @throws UncheckedIOException when neither can be written; the message names both
   */
  public static Path folder() {
    return folderIn(CachePlaces.ofProcess());
  }

  static Path folderIn(CachePlaces places) {
    UncheckedIOException refused = null;
    if (places.cache() != null) {
      try {
        return folderIn(places.cache());
      } catch (UncheckedIOException e) {
        refused = e;
      }
    }
    try {
      places.openTemporary();
      return folderIn(places.temporary());
    } catch (IOException e) {
      throw both(refused, unwritable(places.temporary(), e));
    } catch (UncheckedIOException e) {
      throw both(refused, e);
    }
  }

  private static UncheckedIOException both(
      @Nullable UncheckedIOException first, UncheckedIOException second) {
    if (first == null) {
      return second;
    }
    UncheckedIOException both =
        new UncheckedIOException(
            first.getMessage() + "; " + second.getMessage(), second.getCause());
    both.addSuppressed(first);
    return both;
  }

  /**
   * The folder of the model below another one, which is created if needed. Existing files are used
   * only if they equal those of this jar, byte for byte.
   *
   * @throws UncheckedIOException when it cannot be written
   */
  public static Path folderIn(Path parent) {
    try {
      List<byte[]> contents = List.of(read(FILES.get(0)), read(FILES.get(1)), read(FILES.get(2)));
      Path model = parent.resolve(NAME + "-" + checksum(contents));
      if (!holds(model, contents)) {
        write(parent, model, contents);
      }
      return model;
    } catch (IOException e) {
      throw unwritable(parent, e);
    }
  }

  private static UncheckedIOException unwritable(Path parent, IOException e) {
    return new UncheckedIOException(
        parent + ": the model of " + NAME + " cannot be written there: " + reason(e), e);
  }

  private static String reason(IOException e) {
    return switch (e) {
      case AccessDeniedException denied -> "permission denied for " + denied.getFile();
      case NoSuchFileException missing -> "there is no " + missing.getFile();
      case FileSystemException file when file.getReason() != null -> file.getReason();
      default ->
          e.getMessage() == null || e instanceof FileSystemException
              ? e.toString()
              : e.getMessage();
    };
  }

  private static boolean holds(Path model, List<byte[]> contents) throws IOException {
    for (int i = 0; i < FILES.size(); i++) {
      Path file = model.resolve(FILES.get(i));
      byte[] content = contents.get(i);
      if (!Files.isRegularFile(file)
          || Files.size(file) != content.length
          || !Arrays.equals(Files.readAllBytes(file), content)) {
        return false;
      }
    }
    return true;
  }

  /** Each file is written aside and renamed: no half of one is ever found under its name. */
  private static void write(Path parent, Path model, List<byte[]> contents) throws IOException {
    Files.createDirectories(model);
    Path aside = Files.createTempDirectory(parent, NAME + "-");
    try {
      for (int i = 0; i < FILES.size(); i++) {
        Path file = Files.write(aside.resolve(FILES.get(i)), contents.get(i));
        Files.move(
            file,
            model.resolve(FILES.get(i)),
            StandardCopyOption.ATOMIC_MOVE,
            StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (FileSystemException e) {
      // Where open files cannot be replaced, another process may have been faster with the same.
      if (!holds(model, contents)) {
        throw e;
      }
    } finally {
      remove(aside);
    }
  }

  private static void remove(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  private static String checksum(List<byte[]> contents) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      contents.forEach(digest::update);
      return HexFormat.of().formatHex(digest.digest(), 0, 6);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  private static byte[] read(String name) throws IOException {
    try (@Nullable InputStream in = CodesModel.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException(name + " is missing from the " + NAME + " jar");
      }
      return in.readAllBytes();
    }
  }
}
