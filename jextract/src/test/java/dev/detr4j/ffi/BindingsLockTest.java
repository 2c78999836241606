package dev.detr4j.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is committed as generated is what the headers give, untouched. */
class BindingsLockTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final String GENERATED = "jextract/src/main/java/dev/detr4j/ffi/generated";

  @Test
  void headersAndBindingsAreThoseOfTheLock() throws Exception {
    Map<String, String> locked = new TreeMap<>();
    for (String line : Files.readAllLines(ROOT.resolve("jextract/bindings.lock"))) {
      if (line.matches("[0-9a-f]{64}  .+")) {
        locked.put(line.substring(66), line.substring(0, 64));
      }
    }
    Map<String, String> present = new TreeMap<>();
    hash(present, "native/include", ".h");
    hash(present, GENERATED, ".java");
    hash(present, "native/src/abi_fields.inc", "");
    assertEquals(
        locked,
        present,
        "a header, the bindings or the field list changed: run jextract/generate.sh and commit what it writes");
  }

  private static void hash(Map<String, String> into, String path, String suffix) throws Exception {
    try (Stream<Path> files = Files.walk(ROOT.resolve(path))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (file.toString().endsWith(suffix)) {
          into.put(ROOT.relativize(file).toString().replace('\\', '/'), sha256(file));
        }
      }
    }
  }

  private static String sha256(Path file) throws Exception {
    // git may check text out with other line ends; the lock is about the text.
    String text = Files.readString(file).replace("\r\n", "\n");
    byte[] digest =
        MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(digest);
  }
}
