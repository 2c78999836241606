/** Metrics of a detector's calls for Micrometer. */
module dev.detr4j.micrometer {
  requires transitive dev.detr4j;
  requires transitive micrometer.core;
  requires static transitive org.jspecify;

  exports dev.detr4j.micrometer;
}
