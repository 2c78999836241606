package dev.detr4j.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.detr4j.ffi.TestLibrary.Fault;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each way in which the library can be found, or not, in a JVM of its own. */
class NativeLibraryTest {
  @TempDir Path folder;
  private Path cache;
  private Path home;

  @BeforeEach
  void makeFolders() throws Exception {
    cache = folder.resolve("cache");
    home = Files.createDirectory(folder.resolve("home"));
  }

  @Test
  void namedFileIsLoaded() throws Exception {
    Path library = TestLibrary.build(folder.resolve("good"), Fault.NONE);
    String report = load(List.of(), "-Ddetr4j.native.path=" + library);
    assertTrue(report.contains("loaded " + library.toRealPath() + " (detr4j.native.path)"), report);
    assertTrue(report.contains("bindings work"), report);
    assertTrue(
        report.contains("tiers [CpuTier[id=0, name=baseline], CpuTier[id=1, name=x86-64-v3]]"),
        report);
  }

  @Test
  void namedFolderIsLookedInto() throws Exception {
    Path library = TestLibrary.build(folder.resolve("good"), Fault.NONE);
    String report = load(List.of(), "-Ddetr4j.native.path=" + library.getParent());
    assertTrue(report.contains("loaded " + library.toRealPath()), report);
  }

  @Test
  void namedFileThatIsAbsentIsFinal() throws Exception {
    Path good = TestLibrary.build(folder.resolve("good"), Fault.NONE);
    Path absent = folder.resolve("absent.so");
    String report =
        load(
            List.of(resourceFolder(Files.readAllBytes(good))),
            "-Ddetr4j.native.path=" + absent,
            "-Djava.library.path=" + good.getParent());
    assertEquals("reason detr4j.native.path = " + absent + ": no file " + absent + "\n", report);
  }

  @Test
  void otherAbiVersionIsRefused() throws Exception {
    Path library = TestLibrary.build(folder.resolve("old"), Fault.VERSION);
    String report = load(List.of(), "-Ddetr4j.native.path=" + library);
    assertEquals(
        "reason detr4j.native.path: "
            + library.toRealPath()
            + ": library built for abi 9, bindings expect 1; remove it or rebuild it\n",
        report);
  }

  @Test
  void otherLayoutIsRefusedAndTheFieldNamed() throws Exception {
    Path library = TestLibrary.build(folder.resolve("other"), Fault.LAYOUT);
    String report = load(List.of(), "-Ddetr4j.native.path=" + library);
    assertTrue(
        report.contains(
            "library has detr4j_add at byte 0 with 104 bytes, bindings have detr4j_add at byte 0 with 96 bytes"),
        report);
  }

  @Test
  void missingFunctionsAreNamed() throws Exception {
    Path library = TestLibrary.build(folder.resolve("other"), Fault.EXPORT);
    String report = load(List.of(), "-Ddetr4j.native.path=" + library);
    assertTrue(
        report.contains("library lacks detr4j_max_pool_bf16, detr4j_max_pool_bf16_tiles,"), report);
  }

  @Test
  void wrongSumIsRefused() throws Exception {
    Path library = TestLibrary.build(folder.resolve("wrong"), Fault.SUM);
    String report = load(List.of(), "-Ddetr4j.native.path=" + library);
    assertTrue(report.contains("self test failed: 1.5 + 2.25 gave -0.75 and status 0"), report);
  }

  @Test
  void fileThatIsNoLibraryKeepsTheSystemsReason() throws Exception {
    Path corrupt = folder.resolve("corrupt.so");
    Files.writeString(corrupt, "this is not a shared library ".repeat(100));
    String report = load(List.of(), "-Ddetr4j.native.path=" + corrupt);
    // HotSpot prints warnings of its own about such a file, so only our line is looked at.
    String line =
        report.lines().filter(text -> text.startsWith("reason ")).findFirst().orElseThrow();
    assertTrue(
        line.startsWith("reason detr4j.native.path: " + corrupt.toRealPath() + ": "), report);
    assertTrue(report.contains("invalid ELF header") || !isLinux(), report);
  }

  @Test
  void nothingAnywhereNamesEveryPlace() throws Exception {
    String report = load(List.of(), "-Djava.library.path=" + folder);
    assertTrue(report.contains("reason java.library.path: no usable "), report);
    assertTrue(report.contains("reason natives jar: no resource dev/detr4j/natives/"), report);
    assertEquals(2, report.lines().count(), report);
  }

  @Test
  void deniedNativeAccessNamesTheOption() throws Exception {
    Path library = TestLibrary.build(folder.resolve("good"), Fault.NONE);
    String report =
        load(
            List.of(),
            "--enable-native-access=java.base",
            "--illegal-native-access=deny",
            "-Ddetr4j.native.path=" + library);
    assertEquals(
        "reason this JVM denies native access; start Java with --enable-native-access=ALL-UNNAMED\n",
        report);
  }

  @Test
  void badFileOnTheLibraryPathIsReportedAndTheJarServes() throws Exception {
    Path old = TestLibrary.build(folder.resolve("old"), Fault.VERSION);
    Path good = TestLibrary.build(folder.resolve("good"), Fault.NONE);
    String report =
        load(
            List.of(resourceFolder(Files.readAllBytes(good))),
            "-Djava.library.path=" + old.getParent());
    assertTrue(report.contains("loaded " + cache.toRealPath()), report);
    assertTrue(report.contains("(natives jar)"), report);
    assertTrue(report.contains("refused java.library.path: " + old.toRealPath()), report);
    assertTrue(report.contains("library built for abi 9"), report);
  }

  @Test
  void unpackedFileIsReusedAndRepaired() throws Exception {
    byte[] content = Files.readAllBytes(TestLibrary.build(folder.resolve("good"), Fault.NONE));
    Path resources = resourceFolder(content);
    load(List.of(resources));
    Path unpacked = onlyFile(cache);
    Object firstKey = Files.readAttributes(unpacked, BasicFileAttributes.class).fileKey();
    load(List.of(resources));
    assertEquals(
        firstKey,
        Files.readAttributes(unpacked, BasicFileAttributes.class).fileKey(),
        "an equal file is left alone");
    Files.write(unpacked, Arrays.copyOf(content, content.length / 2));
    String report = load(List.of(resources));
    assertTrue(report.contains("bindings work"), report);
    assertEquals(onlyFile(cache), unpacked);
    assertEquals(
        -1,
        Files.mismatch(unpacked, folder.resolve("good").resolve(System.mapLibraryName("detr4j"))));
  }

  @Test
  void folderThatOthersMayWriteToIsPassedOver() throws Exception {
    assumeTrue(isPosix(), "no POSIX permissions here");
    byte[] content = Files.readAllBytes(TestLibrary.build(folder.resolve("good"), Fault.NONE));
    Files.createDirectory(cache);
    Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxrwxrwx"));
    String report = load(List.of(resourceFolder(content)));
    assertTrue(report.contains("loaded " + home.resolve(".cache/detr4j").toRealPath()), report);
    assertTrue(report.contains("other users can write to it (rwxrwxrwx)"), report);
    assertEquals(
        "rwx------",
        PosixFilePermissions.toString(
            Files.getPosixFilePermissions(home.resolve(".cache/detr4j"))));
  }

  @Test
  void noexecFolderLeadsToTheNext() throws Exception {
    assumeTrue(isLinux(), "noexec is tested on Linux");
    byte[] content = Files.readAllBytes(TestLibrary.build(folder.resolve("good"), Fault.NONE));
    NoexecFolder noexec = NoexecFolder.find(folder);
    assumeTrue(
        noexec != null, "no noexec mount is writable here and mounting one is not permitted");
    try (noexec) {
      cache = noexec.path();
      String report = load(List.of(resourceFolder(content)));
      assertTrue(report.contains("loaded " + home.resolve(".cache/detr4j").toRealPath()), report);
      assertTrue(report.contains("failed to map segment from shared object"), report);
      assertTrue(report.contains(" is mounted noexec: set DETR4J_NATIVE_CACHE to "), report);
    }
  }

  /** Users without an entry in passwd, as containers have them; no folder "?" appears either. */
  @Test
  void namelessUsersShareNoFolder() throws Exception {
    assumeTrue(isLinux() && mayBecomeOthers(), "only root with setpriv can become other users");
    byte[] content = Files.readAllBytes(TestLibrary.build(folder.resolve("good"), Fault.NONE));
    List<String> classPath = classPath(List.of(resourceFolder(content)));
    Path open = Files.createDirectory(folder.resolve("open"));
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    for (int user : new int[] {712345, 712346}) {
      for (String home : new String[] {null, "/", "/root"}) {
        String report = nameless(user, home, open, classPath);
        Path own = open.resolve("detr4j-uid-" + user);
        assertTrue(report.contains("loaded " + own.toRealPath()), report);
        assertEquals(user, Files.getAttribute(own, "unix:uid"));
        assertEquals(
            "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(own)));
      }
    }
    assertEquals(2, files(open).size(), files(open).toString());
    // Somebody else was there before.
    Path taken = Files.createDirectory(open.resolve("detr4j-uid-712347"));
    String report = nameless(712347, null, open, classPath);
    assertTrue(
        report.contains("reason natives jar: " + taken + ": cannot hold the library: "), report);
  }

  /** Whether this user may become another, who can then read the classes. */
  private static boolean mayBecomeOthers() throws Exception {
    List<String> command =
        new ArrayList<>(List.of("setpriv", "--reuid=712345", "--clear-groups", "ls"));
    command.add(placeOf(NativeLibrary.class));
    command.add(placeOf(NativeLibraryTest.class));
    try {
      return new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static String nameless(int user, String home, Path temporary, List<String> classPath)
      throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
                "setpriv",
                "--reuid=" + user,
                "--regid=" + user,
                "--clear-groups",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.io.tmpdir=" + temporary,
                "-cp",
                String.join(File.pathSeparator, classPath),
                LoadOnce.class.getName())
            .directory(temporary.toFile())
            .redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.matches("DETR4J_.*|XDG_.*|HOME"));
    if (home != null) {
      builder.environment().put("HOME", home);
    }
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output;
  }

  @Test
  void secondClassLoaderGetsItsOwnCopy() throws Exception {
    byte[] content = Files.readAllBytes(TestLibrary.build(folder.resolve("good"), Fault.NONE));
    List<String> classPath = classPath(List.of(resourceFolder(content)));
    String report =
        java(classPath, TwoLoaders.class.getName(), String.join(File.pathSeparator, classPath));
    List<String> loaded = report.lines().filter(line -> line.startsWith("loaded ")).toList();
    assertEquals(2, loaded.size(), report);
    assertTrue(loaded.get(0).endsWith("(natives jar)"), report);
    assertTrue(loaded.get(1).endsWith("(natives jar, private copy)"), report);
    assertEquals(2, report.lines().filter("bindings work"::equals).count(), report);
    assertEquals(1, files(cache).size(), "the copy is removed once it is mapped");
  }

  /** Both reasons are told: why the JVM refuses the file, and why there is no copy. */
  @Test
  void secondClassLoaderWithoutAPlaceForACopyIsRefused() throws Exception {
    Path library = TestLibrary.build(folder.resolve("good"), Fault.NONE);
    Path file = Files.writeString(folder.resolve("file"), "no folder");
    List<String> classPath = classPath(List.of());
    String report =
        java(
            classPath,
            TwoLoaders.class.getName(),
            new String[] {String.join(File.pathSeparator, classPath)},
            new String[] {
              "-Ddetr4j.native.path=" + library,
              "-Ddetr4j.native.cache=" + file,
              "-Duser.home=" + file,
              "-Djava.io.tmpdir=" + file
            });
    List<String> lines = report.lines().filter(line -> line.matches("(loaded|reason) .*")).toList();
    assertEquals(2, lines.size(), report);
    assertTrue(lines.get(0).endsWith("(detr4j.native.path)"), report);
    assertTrue(lines.get(1).contains(": the JVM does not load it ("), report);
    assertTrue(lines.get(1).contains("), and no folder takes a copy: " + file + ": "), report);
  }

  @Test
  void realLibraryIsInTheNativesJarAndPasses() throws Exception {
    String required = System.getProperty("detr4j.test.requireBackends", "");
    assumeTrue(
        Arrays.asList(required.split(",", -1)).contains("c"), "backend c is not required here");
    String report = java(List.of(System.getProperty("java.class.path")), LoadOnce.class.getName());
    assertTrue(report.contains("(natives jar)"), report);
    assertTrue(report.contains("bindings work"), report);
  }

  /** Loads through two class loaders that share nothing of ours. */
  public static final class TwoLoaders {
    private TwoLoaders() {}

    /** Prints both reports; the argument is the class path. */
    public static void main(String[] arguments) throws Exception {
      List<URL> urls = new ArrayList<>();
      for (String entry : arguments[0].split(File.pathSeparator, -1)) {
        urls.add(Path.of(entry).toUri().toURL());
      }
      for (int i = 0; i < 2; i++) {
        // Not closed: the class loaders are to live side by side until the JVM ends.
        @SuppressWarnings("resource")
        URLClassLoader loader =
            new URLClassLoader(urls.toArray(new URL[0]), ClassLoader.getPlatformClassLoader());
        Object report = loader.loadClass(LoadOnce.class.getName()).getMethod("report").invoke(null);
        System.out.print(report);
      }
    }
  }

  private String load(List<Path> more, String... options) throws Exception {
    return java(classPath(more), LoadOnce.class.getName(), new String[0], options);
  }

  private String java(List<String> classPath, String main, String... arguments) throws Exception {
    return java(classPath, main, arguments, new String[0]);
  }

  private String java(List<String> classPath, String main, String[] arguments, String[] options)
      throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    if (Arrays.stream(options).noneMatch(option -> option.startsWith("--enable-native-access"))) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.add("-Ddetr4j.native.cache=" + cache);
    command.add("-Duser.home=" + home);
    command.add("-Djava.io.tmpdir=" + folder);
    command.addAll(List.of(options));
    command.add("-cp");
    command.add(String.join(File.pathSeparator, classPath));
    command.add(main);
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.startsWith("DETR4J_") || name.equals("XDG_CACHE_HOME"));
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output;
  }

  private List<String> classPath(List<Path> more) throws Exception {
    List<String> entries = new ArrayList<>();
    entries.add(placeOf(NativeLibrary.class));
    entries.add(ServiceModule.copyTo(folder.resolve("service")).toString());
    entries.add(placeOf(NativeLibraryTest.class));
    more.forEach(path -> entries.add(path.toString()));
    return entries;
  }

  private static String placeOf(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
  }

  /** A class path entry with a library where the natives jar has it. */
  private Path resourceFolder(byte[] library) throws Exception {
    Path root = folder.resolve("resources");
    Path file = root.resolve(NativePlatform.current().resource("detr4j"));
    Files.createDirectories(file.getParent());
    Files.write(file, library);
    return root;
  }

  private static Path onlyFile(Path path) throws Exception {
    List<Path> files = files(path);
    assertEquals(1, files.size(), files.toString());
    return files.get(0);
  }

  private static List<Path> files(Path path) throws Exception {
    try (Stream<Path> files = Files.list(path)) {
      return files.toList();
    }
  }

  private static boolean isLinux() {
    return System.getProperty("os.name").equals("Linux");
  }

  private boolean isPosix() {
    return folder.getFileSystem().supportedFileAttributeViews().contains("posix");
  }
}
