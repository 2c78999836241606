package dev.detr4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.UUID;

/** What tells a file from others, and from its earlier content, without reading it. Stateless. */
final class FileFingerprint {
  private FileFingerprint() {}

  /** A word made of place, size and time. */
  static String of(Path file) throws IOException {
    var attributes = Files.readAttributes(file, BasicFileAttributes.class);
    String known =
        file.toRealPath()
            + " "
            + attributes.size()
            + " "
            + attributes.lastModifiedTime().toMillis();
    return UUID.nameUUIDFromBytes(known.getBytes(StandardCharsets.UTF_8)).toString();
  }
}
