package dev.detr4j.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibrarySettingsTest {
  private static final Map<String, String> ENVIRONMENT = Map.of("DETR4J_NATIVE_PATH", " /env ");

  private static String number(Path folder) {
    return "1234";
  }

  private static @Nullable String path(Map<String, String> properties) {
    return LibrarySettings.setting(LibrarySettings.PATH, properties::get, ENVIRONMENT::get);
  }

  @Test
  void thePropertyIsFirstAndWhatIsBlankIsAbsent() {
    assertEquals("/property", path(Map.of(LibrarySettings.PATH, "/property ")));
    assertEquals("/env", path(Map.of(LibrarySettings.PATH, " ")));
    assertEquals("/env", path(Map.of()));
    assertNull(LibrarySettings.setting(LibrarySettings.CACHE, name -> "", name -> null));
  }

  @Test
  void theLibraryIsUnpackedIntoTheUsersCacheOrElseATemporaryFolder() {
    Map<String, String> user =
        Map.of("user.home", "/home/a", "user.name", "a.b", "java.io.tmpdir", "/tmp");
    Path temporary = Path.of("/tmp/detr4j-a.b");
    assertEquals(
        List.of(Path.of("/home/a/.cache/detr4j"), temporary),
        LibrarySettings.caches(
            user::get, Map.of("XDG_CACHE_HOME", "relative")::get, LibrarySettingsTest::number));
    assertEquals(
        List.of(Path.of("/xdg/detr4j"), temporary),
        LibrarySettings.caches(
            user::get, Map.of("XDG_CACHE_HOME", "/xdg")::get, LibrarySettingsTest::number));
  }

  /** All users without an entry in passwd have the name "?". */
  @Test
  void usersWithoutAPlainNameGoByTheirNumber() {
    for (String name : List.of("?", "", "a b")) {
      Map<String, String> nobody =
          Map.of("user.home", "?", "user.name", name, "java.io.tmpdir", "/tmp");
      assertEquals(
          List.of(Path.of("/named"), Path.of("/tmp/detr4j-uid-1234")),
          LibrarySettings.caches(
              nobody::get,
              Map.of("DETR4J_NATIVE_CACHE", "/named")::get,
              LibrarySettingsTest::number));
    }
    Map<String, String> user = Map.of("user.name", "a b", "java.io.tmpdir", "/tmp");
    assertEquals(
        List.of(Path.of("/tmp/detr4j-a_b")),
        LibrarySettings.caches(user::get, name -> null, folder -> null));
  }

  @Test
  void theNumberIsThatOfTheOwnerOfANewFile(@TempDir Path folder) throws IOException {
    assertEquals(
        String.valueOf(Files.getAttribute(folder, "unix:uid")), PrivateFolder.userNumber(folder));
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(), left.toList());
    }
    assertNull(PrivateFolder.userNumber(folder.resolve("absent")));
  }

  @Test
  void theInnermostMountDecidesWhetherCodeIsMapped() {
    List<String> mounts =
        List.of(
            "overlay / overlay rw 0 0",
            "tmpfs /tmp tmpfs rw,noexec,nosuid 0 0",
            "tmpfs /tmp/a\\040b tmpfs rw 0 0",
            "tmpfs /twice tmpfs rw,noexec 0 0",
            "tmpfs /twice tmpfs rw 0 0");
    assertEquals(Path.of("/tmp"), NoexecMount.of(Path.of("/tmp/x/l.so"), mounts));
    assertNull(NoexecMount.of(Path.of("/tmp/a b/l.so"), mounts));
    assertNull(NoexecMount.of(Path.of("/twice/l.so"), mounts));
    assertNull(NoexecMount.of(Path.of("/home/l.so"), mounts));
  }
}
