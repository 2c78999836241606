package dev.detr4j.natives.${detr4j.platform.module}.${detr4j.cuda.toolkit};

import dev.detr4j.natives.PlatformFiles;
import java.io.InputStream;

/** The CUDA library of detr4j for ${detr4j.platform}. */
public final class Library implements PlatformFiles {
  /** What {@link java.util.ServiceLoader} calls. */
  public Library() {}

  @Override
  public String platform() {
    return "${detr4j.cuda.platform}";
  }

  @Override
  public InputStream open(String file) {
    return Library.class.getResourceAsStream("/dev/detr4j/natives/${detr4j.cuda.platform}/" + file);
  }
}
