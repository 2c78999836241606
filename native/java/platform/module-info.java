/** The C library of detr4j for ${detr4j.platform}. */
@SuppressWarnings("module") // the processor's name ends with digits
module dev.detr4j.natives.${detr4j.platform.module} {
  requires dev.detr4j.natives;

  provides dev.detr4j.natives.PlatformFiles with
      dev.detr4j.natives.${detr4j.platform.module}.Library;
}
