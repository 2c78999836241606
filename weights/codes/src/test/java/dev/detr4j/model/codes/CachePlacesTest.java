package dev.detr4j.model.codes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.CheckpointException;
import java.io.IOException;
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
        Map.of("XDG_CACHE_HOME", xdg)::get,
        folder -> null);
  }

  @Test
  void theUsersCacheOrElseATemporaryFolder() {
    Path temporary = Path.of("/tmp/detr4j-a_b");
    assertEquals(
        new CachePlaces(null, Path.of("/xdg/detr4j"), temporary), places("/home/a", "/xdg"));
    assertEquals(
        new CachePlaces(null, Path.of("/home/a/.cache/detr4j"), temporary),
        places("/home/a", "xdg"));
    assertEquals(new CachePlaces(null, null, temporary), places("?", ""));
  }

  @Test
  void usersWithoutAPlainNameGoByTheirNumber() {
    for (String name : new String[] {"?", "", "a b"}) {
      CachePlaces places =
          CachePlaces.of(
              Map.of("user.home", "?", "user.name", name, "java.io.tmpdir", "/tmp")::get,
              variable -> null,
              folder -> "1234");
      assertEquals(new CachePlaces(null, null, Path.of("/tmp/detr4j-uid-1234")), places);
    }
  }

  @Test
  void theFolderThatTheUserNamesServesAlone() throws IOException {
    Map<String, String> user = Map.of("user.home", "/home/a", "detr4j.models.home", " ~/m ");
    assertEquals(Path.of("/home/a/m"), named(user, "/env"));
    assertEquals(Path.of("/env"), named(Map.of("user.home", "?"), "/env"));
    assertEquals(
        "the folder of models is ~/m, but this user has no home folder; set DETR4J_HOME to another",
        assertThrows(CheckpointException.class, () -> named(Map.of("user.home", "?"), "~/m"))
            .getMessage());
    Path file = Files.writeString(folder.resolve("file"), "");
    Path free = folder.resolve("free");
    CachePlaces places = new CachePlaces(file.resolve("below"), free, free);
    String message =
        assertThrows(CheckpointException.class, () -> CodesModel.folderIn(places)).getMessage();
    assertTrue(message.startsWith(file.resolve("below") + ": "), message);
    assertFalse(Files.exists(free));
  }

  private static Path named(Map<String, String> properties, String variable) {
    return CachePlaces.of(properties::get, Map.of("DETR4J_HOME", variable)::get, folder -> null)
        .named();
  }

  @Test
  void whatCannotBeWrittenIsPassedOver() throws IOException {
    Path cache = Files.writeString(folder.resolve("file"), "").resolve("detr4j");
    Path temporary = folder.resolve("temporary");
    for (Path first : new Path[] {cache, null}) {
      Path model = CodesModel.folderIn(new CachePlaces(null, first, temporary));
      assertEquals(temporary, model.getParent());
      assertTrue(Files.exists(model.resolve("config.json")));
    }
    assertEquals(
        "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(temporary)));
    Path used =
        CodesModel.folderIn(new CachePlaces(null, folder.resolve("home/.cache"), temporary));
    assertEquals(folder.resolve("home/.cache"), used.getParent());
  }

  @Test
  void aFolderThatOthersCanWriteToIsNotTrusted() throws IOException {
    Path cache = Files.writeString(folder.resolve("file"), "").resolve("detr4j");
    Path open = Files.createDirectory(folder.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    String message =
        assertThrows(
                CheckpointException.class,
                () -> CodesModel.folderIn(new CachePlaces(null, cache, open)))
            .getMessage();
    assertTrue(message.startsWith(cache + ": "), message);
    assertTrue(message.contains("; " + open + ": "), message);
    assertTrue(message.contains("others may write to it; DETR4J_HOME "), message);
    assertEquals(1, message.lines().count());
    try (var files = Files.list(open)) {
      assertFalse(files.findAny().isPresent());
    }
  }
}
