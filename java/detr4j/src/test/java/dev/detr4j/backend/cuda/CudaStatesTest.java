package dev.detr4j.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendSelection;
import dev.detr4j.backend.BackendSettings;
import dev.detr4j.backend.parity.EmulatedDevice;
import dev.detr4j.error.BackendException;
import dev.detr4j.ffi.CudaLibrary;
import dev.detr4j.ffi.NativePlatform;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the library for a device says in each state of a machine, and when an automatic choice takes
 * it. Each in a JVM of its own, where the emulated library poses as the one for a device.
 */
class CudaStatesTest {
  private static final String POSES = "DETR4J_EMULATION_POSES";
  private static final String DEVICE = "DETR4J_EMULATION_DEVICE";
  private static final String BY_NAME = "backend cuda asked for by name (option) cannot be used: ";
  private static final String FILE = System.mapLibraryName("detr4j_cuda");

  @TempDir Path folder;
  private Path posing;

  @BeforeEach
  void copyTheEmulatedLibrary() throws Exception {
    String reason = EmulatedDevice.unavailable();
    Assumptions.assumeTrue(reason == null, reason);
    posing = Files.createDirectory(folder.resolve("posing"));
    Files.copy(
        EmulatedDevice.folder().resolve(System.mapLibraryName("detr4j_cuda_emulated")),
        posing.resolve(FILE));
  }

  @Test
  void eachFailureIsOneSentence() throws Exception {
    assertOpening("no-driver", BY_NAME + "no NVIDIA driver is installed");
    assertOpening(
        "old-driver",
        BY_NAME + "the NVIDIA driver is too old: it serves CUDA 12.2, this library needs 13.0");
    assertOpening("no-device", BY_NAME + "the NVIDIA driver shows no device");
    assertOpening(
        "old-device",
        BY_NAME
            + "emulation on the CPU has compute capability 7.5, this library has kernels from 8.0"
            + " on");
    assertOpening(
        "no-kernels",
        BY_NAME
            + "this library has no kernels for emulation on the CPU with compute capability 9.0: no"
            + " kernel image is available for execution on the device");
    assertOpening("present", "cuda: sm_90 on emulation on the CPU");
  }

  private void assertOpening(String state, String sentence) throws Exception {
    Map<String, String> environment = Map.of(POSES, "1", DEVICE, state);
    assertEquals(
        sentence, ask("cuda", environment, null, "-Ddetr4j.cuda.path=" + posing).getFirst());
  }

  @Test
  void aDeviceIsChosenByNumber() throws Exception {
    Map<String, String> environment =
        Map.of(POSES, "1", "DETR4J_EMULATION_DEVICES", "2", "DETR4J_CUDA_DEVICE", "1");
    String path = "-Ddetr4j.cuda.path=" + posing;
    assertEquals(
        "cuda: sm_90 on emulation on the CPU, device 1",
        ask("cuda", environment, null, path).getFirst());
    assertEquals(
        BY_NAME
            + "detr4j.cuda.device = 2: there is no device 2; the driver shows 2, counted from 0",
        ask("cuda", environment, null, path, "-Ddetr4j.cuda.device=2").getFirst());
  }

  @Test
  void tooLittleMemoryNamesDeviceNeedAndFreeMemory() throws Exception {
    Map<String, String> environment = Map.of(POSES, "1", "DETR4J_EMULATION_MEMORY", "100000");
    assertEquals(
        "emulation on the CPU has 100000 of 100000 bytes free, 1000000 are needed",
        ask("cuda", environment, null, "-Ddetr4j.cuda.path=" + posing).getLast());
  }

  @Test
  void withoutALibraryTheJarIsNamed() throws Exception {
    String classifier = NativePlatform.current().name() + "-cuda13";
    assertEquals(
        BY_NAME
            + "native library detr4j_cuda cannot be used: java.library.path: no usable "
            + FILE
            + " in its folders; natives jar: no resource dev/detr4j/natives/"
            + classifier
            + "/"
            + FILE
            + " on the class path or module path, which the jar detr4j-natives with classifier "
            + classifier
            + " has",
        ask("cuda", Map.of(), null).getFirst());
  }

  @Test
  void theJarOfTheLibraryServes() throws Exception {
    Path jar = folder.resolve("jar");
    Path place =
        jar.resolve("dev/detr4j/natives/" + NativePlatform.current().name() + "-cuda13/" + FILE);
    Files.createDirectories(place.getParent());
    Files.copy(posing.resolve(FILE), place);
    assertEquals(
        "cuda: sm_90 on emulation on the CPU",
        ask("cuda", Map.of(POSES, "1"), jar, "-Ddetr4j.native.cache=" + folder.resolve("cache"))
            .getFirst());
  }

  /** Nothing but the setting loads the emulated library. */
  @Test
  void anEmulationIsNoDevice() throws Exception {
    assertEquals(
        BY_NAME
            + "native library detr4j_cuda cannot be used: detr4j.cuda.path: "
            + posing.toRealPath().resolve(FILE)
            + ": only emulates a device",
        ask("cuda", Map.of(), null, "-Ddetr4j.cuda.path=" + posing).getFirst());
  }

  /**
   * The library that nvcc made, where it is: on a machine without a driver it loads and says so.
   */
  @Test
  void theRealLibraryLoadsWithoutADriver() throws Exception {
    Path real = EmulatedDevice.folder().resolve(FILE);
    boolean required = "ON".equals(System.getProperty("detr4j.cmake.cuda"));
    Assumptions.assumeTrue(required || Files.exists(real), "nvcc built no " + real);
    Assumptions.assumeFalse(
        Files.exists(Path.of("/proc/driver/nvidia/version")), "this machine has a driver");
    assertEquals(
        BY_NAME + "no NVIDIA driver is installed",
        ask("cuda", Map.of(), null, "-Ddetr4j.cuda.path=" + real).getFirst());
  }

  @Test
  void anAutomaticChoiceTakesKernelsThatRanOnAGpu() throws Exception {
    assertEquals("cuda: sm_90 on emulation on the CPU", automatic("present", kernels()).getFirst());
  }

  @Test
  void anAutomaticChoiceLeavesOthers() throws Exception {
    assertTrue(
        automatic("present", null)
            .contains(
                "cuda: no GPU has run its kernels yet; all their tests ran on an emulated device;"
                    + " used when requested by name"));
    assertTrue(
        automatic("present", "0123456789abcdef")
            .contains(
                "cuda: no GPU has run its kernels "
                    + kernels()
                    + " yet, which an emulated device ran; GPU A ran kernels 0123456789abcdef on"
                    + " 2026-01-02; used when requested by name"));
    assertTrue(automatic("no-driver", kernels()).contains("cuda: no NVIDIA driver is installed"));
  }

  /** What AUTO takes, with a made-up row for these kernels in front of the real table. */
  private List<String> automatic(String state, String kernels) throws Exception {
    Path table = folder.resolve("table").resolve("dev/detr4j/backend/cuda");
    Files.createDirectories(table);
    String rows =
        kernels == null ? "" : "| 2026-01-02 | GPU A | 580.1 | 01 | " + kernels + " | bits |\n";
    Files.writeString(
        table.resolve("VERIFIED.md"),
        "| date | GPU | driver | commit | kernels | suites |\n|---|\n" + rows);
    return ask(
        "auto",
        Map.of(POSES, "1", DEVICE, state),
        folder.resolve("table"),
        "-Ddetr4j.cuda.path=" + posing);
  }

  /** What the library says of its kernels. */
  private String kernels() throws Exception {
    String digest =
        ask("cuda", Map.of(POSES, "1"), null, "-Ddetr4j.cuda.path=" + posing).stream()
            .filter(line -> line.startsWith(Asking.KERNELS))
            .findFirst()
            .orElseThrow()
            .substring(Asking.KERNELS.length());
    assertTrue(digest.matches("[0-9a-f]{16}"), digest);
    return digest;
  }

  /** The lines of {@link Asking} in a JVM with these settings and nothing of this one's. */
  private static List<String> ask(
      String backend, Map<String, String> environment, Path inFront, String... options)
      throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    command.add("--add-modules=jdk.incubator.vector"); // AUTO has something to fall back on
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-Dstdout.encoding=UTF-8");
    command.add("-cp");
    command.add(
        (inFront == null ? "" : inFront + File.pathSeparator)
            + System.getProperty(
                "surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(Asking.class.getName());
    command.add(backend);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("DETR4J_"));
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output.lines().filter(line -> !line.startsWith("WARNING: ")).toList();
  }

  /** Opens a backend and says which, why no other, and what an allocation comes to. */
  static final class Asking {
    static final String KERNELS = "kernels ";

    private Asking() {}

    /** The argument is the backend's name. */
    public static void main(String[] arguments) {
      BackendSettings.Request request =
          new BackendSettings.Request(BackendKind.of(arguments[0]), "option");
      try {
        BackendSelection selection = BackendSelection.open(request, new BackendOptions(1, null, 0));
        try (Backend backend = selection.backend()) {
          System.out.println(
              backend.kind().id() + ": " + backend.instructionSet() + " on " + backend.device());
          selection
              .report()
              .notChosen()
              .forEach(other -> System.out.println(other.kind().id() + ": " + other.reason()));
          if (backend.kind() == BackendKind.CUDA) {
            System.out.println(KERNELS + CudaLibrary.load().kernels());
          }
          backend.allocate(1_000_000).close();
        }
      } catch (BackendException e) {
        System.out.println(e.getMessage());
      }
    }
  }
}
