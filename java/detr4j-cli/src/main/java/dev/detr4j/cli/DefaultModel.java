package dev.detr4j.cli;

import dev.detr4j.CheckpointException;
import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.cli.registry.LocalModel;
import dev.detr4j.cli.registry.LocalModels;
import dev.detr4j.parity.FormulaCheckpoint;
import dev.detr4j.parity.FormulaCheckpointWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The model of a command that names none: a small Deformable DETR whose weights come from a
 * formula. It shows that everything works; what it finds means nothing.
 *
 * <p>It is made once and kept in the user's cache folder, under a name that changes with its
 * description.
 */
final class DefaultModel {
  static final String NOTICE =
      "no --model given, and there is no trained default model yet: using a small one with random weights,"
          + " its detections are meaningless";

  private static final String MANIFEST = "manifest.json";
  private static final List<String> FILES =
      List.of(MANIFEST, "config.json", "preprocessor_config.json");

  private DefaultModel() {}

  /** The model of that name or path; without one the default model, and a line that says so. */
  static LocalModel orNamed(@Nullable Path model, PrintWriter err) {
    if (model != null) {
      return LocalModels.resolve(model);
    }
    err.println("detr4j: " + NOTICE);
    err.flush();
    return LocalModel.of(folder());
  }

  /**
   * The folder of the model, made if need be.
   *
   * @throws CheckpointException when it cannot be written
   */
  static Path folder() {
    Path cache = cache();
    try {
      Path model = cache.resolve("formula-model-" + version());
      if (!Files.isRegularFile(model.resolve("model.safetensors"))) {
        make(cache, model);
      }
      return model;
    } catch (IOException e) {
      throw new CheckpointException(
          cache + ": the default model cannot be written: " + Main.explained(e), e);
    }
  }

  private static Path cache() {
    String base = System.getenv("XDG_CACHE_HOME");
    return base != null && Path.of(base).isAbsolute()
        ? Path.of(base, "detr4j")
        : Path.of(System.getProperty("user.home", ""), ".cache", "detr4j").toAbsolutePath();
  }

  /** Made in a folder of its own and renamed, so that no half of it is ever found. */
  private static void make(Path cache, Path model) throws IOException {
    Files.createDirectories(cache);
    Path aside = Files.createTempDirectory(cache, "formula-model-");
    try {
      for (String name : FILES) {
        Files.write(aside.resolve(name), resource(name));
      }
      FormulaCheckpointWriter.write(
          FormulaCheckpoint.read(aside.resolve(MANIFEST)),
          aside.resolve("model.safetensors"),
          StoredType.F32);
      Files.delete(aside.resolve(MANIFEST));
      rename(aside, model);
    } finally {
      remove(aside);
    }
  }

  private static void rename(Path aside, Path model) throws IOException {
    try {
      Files.move(aside, model, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileAlreadyExistsException | DirectoryNotEmptyException e) {
      // Another process was faster; its copy is as good.
      return;
    } catch (FileSystemException e) {
      if (!Files.isRegularFile(model.resolve("model.safetensors"))) {
        throw e;
      }
    }
  }

  private static void remove(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
    }
  }

  private static String version() throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String name : FILES) {
        digest.update(resource(name));
      }
      return HexFormat.of().formatHex(digest.digest(), 0, 6);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = DefaultModel.class.getResourceAsStream("formula-model/" + name)) {
      if (in == null) {
        throw new IOException(name + " of the default model is missing from the detr4j-cli jar");
      }
      return in.readAllBytes();
    }
  }
}
