package dev.detr4j.ffi;

import dev.detr4j.ffi.LibraryRefused.Stage;
import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.ffi.generated.detr4j_abi_field;
import dev.detr4j.ffi.generated.detr4j_add;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Examines a library file before it is loaded for good, so that a wrong one leaves nothing behind
 * in the class loader.
 *
 * <p>The file is opened for the length of {@link #examine} only, through a lookup of its own that
 * no class loader sees.
 */
final class LibraryProbe {
  /** Far above any real table; keeps a broken library from making us read for ever. */
  private static final int MOST_FIELDS = 100_000;

  private static final int LONGEST_NAME = 256;

  /**
   * What the bindings expect of a library.
   *
   * @param prefix of the names of its functions
   * @param functions that the bindings call
   * @param version of its ABI
   * @param fields of its parameter structs
   */
  private record Expected(
      String prefix, List<String> functions, int version, List<AbiLayout.Field> fields) {
    static Expected ofKernels() {
      int version = Detr4jAbi.DETR4J_ABI_VERSION();
      return new Expected("detr4j_", LibraryProbe.functions(), version, AbiLayout.fields());
    }

    static Expected ofCuda() {
      int version = Detr4jCuda.DETR4J_CUDA_ABI_VERSION();
      List<String> functions = LibraryProbe.functions(Detr4jCuda.class);
      return new Expected("detr4j_cuda_", functions, version, AbiLayout.cudaFields());
    }
  }

  private final Path file;
  private final SymbolLookup symbols;
  private final Expected expected;

  private LibraryProbe(Path file, SymbolLookup symbols, Expected expected) {
    this.file = file;
    this.symbols = symbols;
    this.expected = expected;
  }

  /**
   * Checks exported functions, ABI version and hash, and runs a kernel on one element.
   *
   * @throws LibraryRefused when one of them is not as expected
   */
  static void examine(Path file) throws LibraryRefused {
    try (Arena arena = Arena.ofConfined()) {
      LibraryProbe probe = open(file, arena, Expected::ofKernels);
      probe.checkAbi();
      probe.runOneElement(arena);
    }
  }

  /**
   * Checks exported functions, ABI version and hash of a CUDA library, and that it is the one for a
   * device or the emulated one.
   *
   * @throws LibraryRefused when one of them is not as expected
   */
  static void examineCuda(Path file, boolean emulated) throws LibraryRefused {
    try (Arena arena = Arena.ofConfined()) {
      LibraryProbe probe = open(file, arena, Expected::ofCuda);
      probe.checkAbi();
      if ((probe.number("detr4j_cuda_emulated") == 1) != emulated) {
        throw probe.content(
            emulated ? "runs on a device and does not emulate one" : "only emulates a device");
      }
    }
  }

  /** Asks for what is expected last: without native access, the bindings cannot be touched. */
  private static LibraryProbe open(Path file, Arena arena, Supplier<Expected> expected)
      throws LibraryRefused {
    try {
      SymbolLookup symbols = SymbolLookup.libraryLookup(file, arena);
      return new LibraryProbe(file, symbols, expected.get());
    } catch (IllegalArgumentException e) {
      throw new LibraryRefused(Stage.PLACE, file + ": " + reasonNotOpened(file), e);
    }
  }

  private void checkAbi() throws LibraryRefused {
    checkVersion();
    checkExports();
    checkLayout();
  }

  /** The functions that the bindings of the C library call. */
  static List<String> functions() {
    return functions(Detr4jAbi.class);
  }

  private static List<String> functions(Class<?> bindings) {
    String mark = "$descriptor";
    return Arrays.stream(bindings.getDeclaredMethods())
        .map(Method::getName)
        .filter(name -> name.endsWith(mark))
        .map(name -> name.substring(0, name.length() - mark.length()))
        .sorted()
        .toList();
  }

  /**
   * The system's own words, which {@link SymbolLookup#libraryLookup(Path, Arena)} keeps to itself.
   */
  private static String reasonNotOpened(Path file) {
    try {
      System.load(file.toString());
    } catch (UnsatisfiedLinkError e) {
      String reason = String.valueOf(e.getMessage());
      String prefix = file + ": ";
      while (reason.startsWith(prefix)) {
        reason = reason.substring(prefix.length());
      }
      return reason.replace('\n', ' ') + NoexecMount.note(file);
    }
    return "opened only at the second attempt; something else is changing this file";
  }

  private void checkVersion() throws LibraryRefused {
    String name = expected.prefix + "abi_version";
    if (symbols.find(name).isEmpty()) {
      throw content("is not a detr4j library (it has no " + name + ")");
    }
    int version = number(name);
    if (version != expected.version) {
      throw content(
          "library built for abi "
              + Integer.toUnsignedString(version)
              + ", bindings expect "
              + expected.version
              + "; remove it or rebuild it");
    }
  }

  private void checkExports() throws LibraryRefused {
    List<String> missing =
        expected.functions.stream().filter(name -> symbols.find(name).isEmpty()).toList();
    if (!missing.isEmpty()) {
      throw content("library lacks " + String.join(", ", missing) + "; remove it or rebuild it");
    }
  }

  private void checkLayout() throws LibraryRefused {
    List<AbiLayout.Field> bindings = expected.fields;
    String name = expected.prefix + "abi_hash";
    MethodHandle handle = handle(name, FunctionDescriptor.of(ValueLayout.JAVA_LONG));
    long hash;
    try {
      hash = (long) handle.invokeExact();
    } catch (Throwable e) {
      throw failed(name, e);
    }
    if (hash != AbiLayout.hash(bindings)) {
      List<AbiLayout.Field> library = readFields();
      String difference =
          library.equals(bindings)
              ? "its own hash " + Long.toHexString(hash) + " does not fit its field table"
              : AbiLayout.difference(library, bindings);
      throw content(
          "library and bindings lay out parameters differently: " + difference + "; rebuild it");
    }
  }

  private List<AbiLayout.Field> readFields() throws LibraryRefused {
    int count = number(expected.prefix + "abi_field_count");
    if (count < 0 || count > MOST_FIELDS) {
      throw content("library states " + count + " fields in its ABI table");
    }
    String function = expected.prefix + "abi_fields";
    MethodHandle handle = handle(function, FunctionDescriptor.of(ValueLayout.ADDRESS));
    MemorySegment table;
    try {
      table = ((MemorySegment) handle.invokeExact()).reinterpret(count * detr4j_abi_field.sizeof());
    } catch (Throwable e) {
      throw failed(function, e);
    }
    List<AbiLayout.Field> fields = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      MemorySegment entry = detr4j_abi_field.asSlice(table, i);
      String name = detr4j_abi_field.name(entry).reinterpret(LONGEST_NAME).getString(0);
      fields.add(
          new AbiLayout.Field(name, detr4j_abi_field.offset(entry), detr4j_abi_field.size(entry)));
    }
    return fields;
  }

  private void runOneElement(Arena arena) throws LibraryRefused {
    int tier = number("detr4j_tier_detected");
    MemorySegment values = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1.5f, 2.25f, Float.NaN);
    MemorySegment parameters = detr4j_add.allocate(arena);
    detr4j_add.tier(parameters, tier);
    detr4j_add.batch(parameters, 1);
    detr4j_add.rows(parameters, 1);
    detr4j_add.columns(parameters, 1);
    detr4j_add.rows_per_tile(parameters, 1);
    detr4j_add.a(parameters, values);
    detr4j_add.b(parameters, values.asSlice(Float.BYTES));
    detr4j_add.out(parameters, values.asSlice(2 * Float.BYTES));
    detr4j_add.a_row_stride(parameters, 1);
    detr4j_add.b_row_stride(parameters, 1);
    detr4j_add.out_row_stride(parameters, 1);
    FunctionDescriptor tile =
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);
    MethodHandle handle = handle("detr4j_add_f32", tile);
    int status;
    try {
      status = (int) handle.invokeExact(parameters, 0L);
    } catch (Throwable e) {
      throw failed("detr4j_add_f32", e);
    }
    float sum = values.getAtIndex(ValueLayout.JAVA_FLOAT, 2);
    if (status != Detr4jAbi.DETR4J_OK() || sum != 3.75f) {
      throw content(
          "self test failed: 1.5 + 2.25 gave "
              + sum
              + " and status "
              + status
              + " in tier "
              + tier);
    }
  }

  private int number(String name) throws LibraryRefused {
    MethodHandle handle = handle(name, FunctionDescriptor.of(ValueLayout.JAVA_INT));
    try {
      return (int) handle.invokeExact();
    } catch (Throwable e) {
      throw failed(name, e);
    }
  }

  private MethodHandle handle(String name, FunctionDescriptor descriptor) throws LibraryRefused {
    Optional<MemorySegment> address = symbols.find(name);
    if (address.isEmpty()) {
      throw content("library lacks " + name + "; remove it or rebuild it");
    }
    return Linker.nativeLinker().downcallHandle(address.get(), descriptor);
  }

  private LibraryRefused failed(String name, Throwable e) {
    return new LibraryRefused(Stage.CONTENT, file + ": " + name + " failed: " + e, e);
  }

  private LibraryRefused content(String reason) {
    return new LibraryRefused(Stage.CONTENT, file + ": " + reason);
  }
}
