package dev.detr4j.ffi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.detr4j.ffi.TestLibrary.Fault;
import dev.detr4j.natives.PlatformFiles;
import java.io.File;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.Configuration;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Provides;
import java.lang.module.ModuleFinder;
import java.lang.module.ResolvedModule;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Natives jars as modules: made from the sources that native/pom.xml makes them from, with a small
 * library inside, for this platform and for one that does not exist.
 */
class NativesModuleTest {
  private static final NativePlatform HERE = NativePlatform.current();
  private static final NativePlatform ELSEWHERE = new NativePlatform("plan9-mips");
  private static final Path SOURCES = Path.of("../native/java/platform");
  private static final Path CUDA_NOTICE = Path.of("../native/cuda/NOTICE");
  private static final Path JDK = Path.of(System.getProperty("java.home"));

  @TempDir Path folder;
  private Path ffi;
  private Path service;
  private Path tests;
  private byte[] library;
  private Path here;
  private Path elsewhere;

  @BeforeEach
  void makeModules() throws Exception {
    ffi = placeOf(NativeLibrary.class);
    service = ServiceModule.copyTo(folder.resolve("service"));
    tests = placeOf(NativesModuleTest.class);
    library = Files.readAllBytes(TestLibrary.build(folder.resolve("good"), Fault.NONE));
    here = module(HERE, library);
    elsewhere = module(ELSEWHERE, "of another platform".getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void modulePathNeedsNoOption() throws Exception {
    assertLoaded(java(JDK, "--module-path", path(ffi, service, here, elsewhere)));
    String report = java(JDK, "--module-path", path(ffi, service, elsewhere));
    assertTrue(
        report.contains("reason natives jar: no resource " + HERE.resource("detr4j")), report);
  }

  @Test
  void classPathNeedsNoRegistration() throws Exception {
    List<String> options = List.of("-cp", path(ffi, tests, service, elsewhere, here));
    assertLoaded(run(JDK, "ALL-UNNAMED", options, LoadOnce.class.getName()));
    assertFalse(Files.exists(here.resolve("META-INF")));
  }

  /**
   * A container may give each module a class loader of its own, which sees no other's resources.
   */
  @Test
  void theServiceReachesOtherClassLoaders() throws Exception {
    ModuleLayer boot = ModuleLayer.boot();
    Configuration configuration =
        boot.configuration()
            .resolveAndBind(
                ModuleFinder.of(ffi, service, here, elsewhere),
                ModuleFinder.of(),
                Set.of("dev.detr4j.ffi"));
    assertEquals(
        Set.of("dev.detr4j.ffi", "dev.detr4j.natives", name(HERE), name(ELSEWHERE)),
        configuration.modules().stream().map(ResolvedModule::name).collect(Collectors.toSet()));
    ModuleLayer.Controller controller =
        ModuleLayer.defineModulesWithManyLoaders(
            configuration, List.of(boot), ClassLoader.getPlatformClassLoader());
    Module module = controller.layer().findModule("dev.detr4j.ffi").orElseThrow();
    assertNull(module.getClassLoader().getResource(HERE.resource("detr4j")));

    controller.addOpens(module, "dev.detr4j.ffi", NativesModuleTest.class.getModule());
    Class<?> jar = Class.forName(module, "dev.detr4j.ffi.NativesJar");
    Method current = jar.getDeclaredMethod("current", String.class);
    Method read = jar.getDeclaredMethod("read");
    current.setAccessible(true);
    read.setAccessible(true);
    assertArrayEquals(library, (byte[]) read.invoke(current.invoke(null, "detr4j")));
  }

  @Test
  void jlinkTakesTheModules() throws Exception {
    Path image = folder.resolve("image");
    tool(
        "jlink",
        "--module-path",
        path(ffi, service, here, elsewhere),
        "--add-modules",
        String.join(",", "dev.detr4j.ffi", name(HERE), name(ELSEWHERE)),
        "--output",
        image.toString());
    assertLoaded(java(image));
  }

  /** What Maven packs is the module that this test makes. */
  @Test
  void theBuiltModuleIsAlike() {
    ModuleDescriptor built =
        descriptor(Path.of("../native/target/platforms", HERE.name(), "classes"));
    assertEquals(name(HERE), built.name());
    assertFalse(built.isAutomatic());
    assertEquals(descriptor(here).provides(), built.provides());
    assertEquals(
        List.of(PlatformFiles.class.getName()),
        built.provides().stream().map(Provides::service).toList());
  }

  /** So is that of the CUDA library, which a build packs that requires nvcc. */
  @Test
  void theBuiltCudaModuleIsAlike() throws Exception {
    assumeTrue(
        "ON".equals(System.getProperty("detr4j.cmake.cuda")),
        "no CUDA jar is made without -Ddetr4j.cmake.cuda=ON");
    NativePlatform platform = HERE.with("cuda13");
    Path classes = Path.of("../native/target/platforms", platform.name(), "classes");
    ModuleDescriptor built = descriptor(classes);
    assertEquals(name(platform), built.name());
    assertEquals(
        List.of(List.of(name(platform) + ".Library")),
        built.provides().stream().map(Provides::providers).toList());
    for (String file : List.of(platform.resource("detr4j_cuda"), "META-INF/LICENSE")) {
      assertTrue(Files.isRegularFile(classes.resolve(file)), file);
    }
    assertEquals(
        Files.readString(CUDA_NOTICE),
        Files.readString(classes.resolve("META-INF/NOTICE")),
        "the jar carries the terms of the CUDA runtime");
  }

  /** What the library holds of NVIDIA's, under which terms, and each section that binds users. */
  @Test
  void theNoticeOfTheCudaLibraryNamesTheTerms() throws Exception {
    String notice = Files.readString(CUDA_NOTICE).replaceAll("\\s+", " ");
    for (String term :
        List.of(
            "libcudart_static.a",
            "Copyright NVIDIA Corporation",
            "https://docs.nvidia.com/cuda/eula/",
            "Attachment A",
            "- 1.1.2: ",
            "- 1.2: ",
            "- 1.4, 1.5: ",
            "- 1.7: ",
            "- 2.1: ")) {
      assertTrue(notice.contains(term), term);
    }
  }

  /** The module of a natives jar, as a folder. */
  private Path module(NativePlatform platform, byte[] content) throws Exception {
    Path sources = Files.createDirectories(folder.resolve("sources").resolve(platform.name()));
    Path module = folder.resolve("modules").resolve(platform.name());
    List<String> arguments = new ArrayList<>(List.of("-d", module.toString()));
    // The annotations of the service's signatures are on the class path of this test.
    arguments.addAll(List.of("--module-path", path(service, placeOf(Nullable.class))));
    for (String name : List.of("module-info.java", "Library.java")) {
      String text =
          Files.readString(SOURCES.resolve(name))
              .replace("${detr4j.platform.module}", platform.name().replace('-', '.'))
              .replace("${detr4j.platform}", platform.name());
      arguments.add(Files.writeString(sources.resolve(name), text).toString());
    }
    tool("javac", arguments.toArray(new String[0]));
    Path file = module.resolve(platform.resource("detr4j"));
    Files.createDirectories(file.getParent());
    Files.write(file, content);
    return module;
  }

  private static void tool(String name, String... arguments) {
    StringWriter output = new StringWriter();
    PrintWriter writer = new PrintWriter(output);
    int exit = ToolProvider.findFirst(name).orElseThrow().run(writer, writer, arguments);
    assertEquals(0, exit, () -> name + " " + List.of(arguments) + ": " + output);
  }

  /** Runs {@link LoadOnce} in the module of the loader. */
  private String java(Path runtime, String... options) throws Exception {
    List<String> all = new ArrayList<>(List.of(options));
    all.addAll(List.of("--patch-module", "dev.detr4j.ffi=" + tests, "-m"));
    return run(runtime, "dev.detr4j.ffi", all, "dev.detr4j.ffi/" + LoadOnce.class.getName());
  }

  private String run(Path runtime, String granted, List<String> options, String main)
      throws Exception {
    List<String> command = new ArrayList<>();
    command.add(runtime.resolve("bin/java").toString());
    command.add("--enable-native-access=" + granted);
    command.add("-Ddetr4j.native.cache=" + folder.resolve("cache"));
    command.addAll(options);
    command.add(main);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("DETR4J_"));
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output;
  }

  private void assertLoaded(String report) throws Exception {
    String cache = folder.resolve("cache").toRealPath().toString();
    assertTrue(report.startsWith("loaded " + cache), report);
    assertTrue(report.contains("(natives jar)"), report);
    assertTrue(report.contains("bindings work"), report);
  }

  private static String name(NativePlatform platform) {
    return "dev.detr4j.natives." + platform.name().replace('-', '.');
  }

  private static ModuleDescriptor descriptor(Path module) {
    return ModuleFinder.of(module).findAll().iterator().next().descriptor();
  }

  private static Path placeOf(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  private static String path(Path... entries) {
    return Stream.of(entries).map(Path::toString).collect(Collectors.joining(File.pathSeparator));
  }
}
