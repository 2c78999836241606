package dev.detr4j.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class NativePlatformTest {
  @Test
  void resourceFollowsTheConventionsOfTheSystem() {
    assertEquals(
        "dev/detr4j/natives/linux-x86_64/libdetr4j.so",
        NativePlatform.of("Linux", "amd64").resource("detr4j"));
    assertEquals(
        "dev/detr4j/natives/macos-aarch64/libdetr4j.dylib",
        NativePlatform.of("Mac OS X", "aarch64").resource("detr4j"));
    assertEquals(
        "dev/detr4j/natives/windows-x86_64/detr4j.dll",
        NativePlatform.of("Windows 11", "amd64").resource("detr4j"));
  }

  @Test
  void requiredLibraryIsInTheNativesJar() {
    String required = System.getProperty("detr4j.test.requireBackends", "");
    if (Arrays.asList(required.split(",", -1)).contains("c")) {
      String resource = NativePlatform.current().resource("detr4j");
      assertNotNull(getClass().getClassLoader().getResource(resource), resource);
    }
  }
}
