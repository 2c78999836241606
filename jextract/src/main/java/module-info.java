/**
 * The native library as Java sees it: generated bindings and the loader.
 *
 * <p>The only module that calls restricted methods: start the JVM with {@code
 * --enable-native-access=dev.detr4j.ffi}, or {@code ALL-UNNAMED} on a class path.
 */
@SuppressWarnings("module") // the module of the qualified export is compiled after this one
module dev.detr4j.ffi {
  requires dev.detr4j.natives;
  requires static transitive org.jspecify;

  uses dev.detr4j.natives.PlatformFiles; // resolves every natives jar on the module path

  exports dev.detr4j.ffi;
  exports dev.detr4j.ffi.generated to
      dev.detr4j;
}
