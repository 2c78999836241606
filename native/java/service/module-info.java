/**
 * What a natives jar offers to the loader of the C library.
 *
 * <p>Each platform has a module of its own, as in {@code dev.detr4j.natives.linux.x86_64}, which
 * provides {@link dev.detr4j.natives.PlatformFiles}. The loader uses that service, so a JVM
 * resolves every natives jar on its module path by itself, and several lie side by side.
 */
module dev.detr4j.natives {
  requires static transitive org.jspecify;

  exports dev.detr4j.natives;
}
