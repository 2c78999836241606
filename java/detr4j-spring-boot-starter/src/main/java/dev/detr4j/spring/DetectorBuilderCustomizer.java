package dev.detr4j.spring;

import dev.detr4j.DetectorBuilder;

/**
 * Changes the detector that the properties describe before it is opened. Every bean of this type is
 * asked, in Spring's order.
 */
@FunctionalInterface
public interface DetectorBuilderCustomizer {
  /** Sets what it wants set. */
  void customize(DetectorBuilder builder);
}
