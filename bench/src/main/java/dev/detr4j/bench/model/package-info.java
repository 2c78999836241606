/** Benchmarks of whole models: from the bytes of an image to detections. */
@NullMarked
package dev.detr4j.bench.model;

import org.jspecify.annotations.NullMarked;
