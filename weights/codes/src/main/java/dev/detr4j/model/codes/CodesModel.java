package dev.detr4j.model.codes;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import java.io.IOException;
import java.io.InputStream;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
 * <p>{@link #folder} is the model as files that the system maps into memory. Its first use writes
 * the model to a folder whose name contains its checksum; later processes find it there.
 * Thread-safe.
 */
public final class CodesModel {
  /** The name of the model in options and messages. */
  public static final String NAME = "detr4j-model-codes";

  private static final List<String> FILES =
      List.of("config.json", "preprocessor_config.json", "model.safetensors");

  private CodesModel() {}

  /**
   * The folder of the model. It lies where the system property {@code detr4j.models.home} or the
   * environment variable {@code DETR4J_HOME} says. If neither is set, it lies in the user's cache:
   * below {@code XDG_CACHE_HOME}, or {@code .cache} of the home folder; where that cannot be
   * written, or the user has no home, in a folder of this user below {@code java.io.tmpdir}.
   *
   * @throws CheckpointException when none of these can be written; the message names them
   */
  public static Path folder() {
    return folderIn(CachePlaces.ofProcess());
  }

  static Path folderIn(CachePlaces places) {
    if (places.named() != null) {
      return folderIn(places.named());
    }
    CheckpointException refused = null;
    if (places.cache() != null) {
      try {
        return folderIn(places.cache());
      } catch (CheckpointException e) {
        refused = e;
      }
    }
    try {
      places.openTemporary();
      return folderIn(places.temporary());
    } catch (IOException e) {
      throw both(refused, unwritable(places.temporary(), e));
    } catch (CheckpointException e) {
      throw both(refused, e);
    }
  }

  private static CheckpointException both(
      @Nullable CheckpointException first, CheckpointException second) {
    if (first == null) {
      return second;
    }
    CheckpointException both =
        new CheckpointException(first.getMessage() + "; " + second.getMessage(), second);
    both.addSuppressed(first);
    return both;
  }

  /**
   * The files of the model by name, for programs that may write nowhere: {@code
   * Detector.builder(ModelFiles.ofBytes(CodesModel.files()))}. The arrays are new.
   */
  public static Map<String, byte[]> files() {
    Map<String, byte[]> files = new LinkedHashMap<>();
    try {
      for (String name : FILES) {
        files.put(name, read(name));
      }
    } catch (IOException e) {
      throw new CheckpointException(NAME + ": cannot be read: " + OneLine.of(e), e);
    }
    return files;
  }

  /**
   * The folder of the model below another one, which is created if needed. Existing files are used
   * only if they equal those of this jar, byte for byte.
   *
   * @throws CheckpointException when it cannot be written
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

  private static CheckpointException unwritable(Path parent, IOException e) {
    return new CheckpointException(
        parent
            + ": the model of "
            + NAME
            + " cannot be written there: "
            + OneLine.of(reason(e))
            + "; DETR4J_HOME names another folder",
        e);
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
