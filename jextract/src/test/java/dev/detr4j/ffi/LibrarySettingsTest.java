package dev.detr4j.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

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
}
