package dev.detr4j.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LibrarySettingsTest {
  private static final Map<String, String> ENVIRONMENT = Map.of("DETR4J_NATIVE_PATH", " /env ");

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
        Map.of("user.home", "/home/a", "user.name", "a b", "java.io.tmpdir", "/tmp");
    Path temporary = Path.of("/tmp/detr4j-a_b");
    assertEquals(
        List.of(Path.of("/home/a/.cache/detr4j"), temporary),
        LibrarySettings.caches(user::get, Map.of("XDG_CACHE_HOME", "relative")::get));
    assertEquals(
        List.of(Path.of("/xdg/detr4j"), temporary),
        LibrarySettings.caches(user::get, Map.of("XDG_CACHE_HOME", "/xdg")::get));
    Map<String, String> nobody =
        Map.of("user.home", "?", "user.name", "?", "java.io.tmpdir", "/tmp");
    assertEquals(
        List.of(Path.of("/named"), Path.of("/tmp/detr4j-_")),
        LibrarySettings.caches(nobody::get, Map.of("DETR4J_NATIVE_CACHE", "/named")::get));
  }
}
