package dev.detr4j.natives.${detr4j.platform.module};

import dev.detr4j.natives.PlatformFiles;
import java.io.InputStream;

/** The C library of detr4j for ${detr4j.platform}. */
public final class Library implements PlatformFiles {
  /** What {@link java.util.ServiceLoader} calls. */
  public Library() {}

  @Override
  public String platform() {
    return "${detr4j.platform}";
  }

  @Override
  public InputStream open(String file) {
    return Library.class.getResourceAsStream("/dev/detr4j/natives/${detr4j.platform}/" + file);
  }
}
