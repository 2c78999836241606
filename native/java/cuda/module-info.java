/** The CUDA library of detr4j for ${detr4j.platform}. */
@SuppressWarnings("module") // its parts end with digits
module dev.detr4j.natives.${detr4j.platform.module}.${detr4j.cuda.toolkit} {
  requires dev.detr4j.natives;

  provides dev.detr4j.natives.PlatformFiles with
      dev.detr4j.natives.${detr4j.platform.module}.${detr4j.cuda.toolkit}.Library;
}
