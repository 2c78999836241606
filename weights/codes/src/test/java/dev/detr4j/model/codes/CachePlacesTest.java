package dev.detr4j.model.codes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the model is written when the user's cache cannot be written, or there is none. */
final class CachePlacesTest {
  @TempDir private Path folder;

  private static CachePlaces places(String home, String xdg) {
    return CachePlaces.of(
        Map.of("user.home", home, "user.name", "a b", "java.io.tmpdir", "/tmp")::get,
        Map.of("XDG_CACHE_HOME", xdg)::get);
  }

  @Test
  void theUsersCacheOrElseATemporaryFolder() {
    Path temporary = Path.of("/tmp/detr4j-a_b");
    assertEquals(new CachePlaces(Path.of("/xdg/detr4j"), temporary), places("/home/a", "/xdg"));
    assertEquals(
        new CachePlaces(Path.of("/home/a/.cache/detr4j"), temporary), places("/home/a", "xdg"));
    assertEquals(new CachePlaces(null, temporary), places("?", ""));
  }

  @Test
  void whatCannotBeWrittenIsPassedOver() throws IOException {
    Path cache = Files.writeString(folder.resolve("file"), "").resolve("detr4j");
    Path temporary = folder.resolve("temporary");
    for (Path first : new Path[] {cache, null}) {
      Path model = CodesModel.folderIn(new CachePlaces(first, temporary));
      assertEquals(temporary, model.getParent());
      assertTrue(Files.exists(model.resolve("config.json")));
    }
    assertEquals(
        "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(temporary)));
    Path used = CodesModel.folderIn(new CachePlaces(folder.resolve("home/.cache"), temporary));
    assertEquals(folder.resolve("home/.cache"), used.getParent());
  }

  @Test
  void aFolderThatOthersCanWriteToIsNotTrusted() throws IOException {
    Path cache = Files.writeString(folder.resolve("file"), "").resolve("detr4j");
    Path open = Files.createDirectory(folder.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    String message =
        assertThrows(
                UncheckedIOException.class, () -> CodesModel.folderIn(new CachePlaces(cache, open)))
            .getMessage();
    assertTrue(message.startsWith(cache + ": "), message);
    assertTrue(message.contains("; " + open + ": "), message);
    assertTrue(message.endsWith("others may write to it"), message);
    assertEquals(1, message.lines().count());
    try (var files = Files.list(open)) {
      assertFalse(files.findAny().isPresent());
    }
  }
}
