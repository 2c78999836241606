package dev.detr4j.cli;

import dev.detr4j.Detector;
import dev.detr4j.cli.registry.LocalModel;
import dev.detr4j.evaluation.EvaluationException;
import dev.detr4j.image.Orientation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What the detections of a run depend on, in a form that can be compared with that of another run.
 * Not thread-safe.
 */
final class RunIdentity {
  /** Larger files are known by size and time: weights take seconds to read whole. */
  private static final long READ_WHOLE = 64L << 20;

  private final Map<String, String> parts = new LinkedHashMap<>();

  /** Adds a setting; its value is a plain word or number. */
  RunIdentity with(String name, String value) {
    parts.put(name, value);
    return this;
  }

  /** Adds a setting of any length and content. */
  RunIdentity withText(String name, String text) {
    parts.put(name, hex(sha256().digest(text.getBytes(StandardCharsets.UTF_8))));
    return this;
  }

  /** Adds a file by its content, or a folder by the content of its files. */
  RunIdentity with(String name, Path path) {
    try {
      MessageDigest digest = sha256();
      if (Files.isDirectory(path)) {
        for (Path file : files(path)) {
          digest.update(file.getFileName().toString().getBytes(StandardCharsets.UTF_8));
          add(digest, file);
        }
      } else {
        add(digest, path);
      }
      parts.put(name, hex(digest.digest()));
      return this;
    } catch (IOException e) {
      throw new EvaluationException(path + ": cannot be read: " + Main.explained(e), e);
    }
  }

  /**
   * Adds a detector and how it is asked: what {@code detect} and {@code evaluate} have in common.
   *
   * @param used where the model came from
   * @param turned the orientation rule in use
   */
  RunIdentity with(
      LocalModel used,
      ModelOptions modelOptions,
      SoftNmsOption softNms,
      Detector detector,
      float threshold,
      Orientation turned,
      long maxPixels) {
    return with("model", used.path())
        .withText("source", detector.model().source() + " " + detector.model().variant())
        .with("proposals", modelOptions.proposals())
        .with("heads", modelOptions.heads())
        .withText("labels", String.join("\n", detector.labels()))
        .with("threshold", Float.toString(threshold))
        .with("soft-nms", softNms.asked() ? "birder" : "none")
        .with("precision", detector.precision().id())
        .with("orientation", turned.name())
        .with("max-pixels", Long.toString(maxPixels));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  private static String hex(byte[] digest) {
    return HexFormat.of().formatHex(digest);
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static void add(MessageDigest digest, Path file) throws IOException {
    long size = Files.size(file);
    if (size > READ_WHOLE) {
      String known = size + " " + Files.getLastModifiedTime(file).toMillis();
      digest.update(known.getBytes(StandardCharsets.UTF_8));
      return;
    }
    byte[] chunk = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
        digest.update(chunk, 0, read);
      }
    }
  }

  Map<String, String> parts() {
    return Map.copyOf(parts);
  }
}
