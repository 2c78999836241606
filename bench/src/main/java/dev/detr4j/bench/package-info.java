/** The benchmarks' command line, and what its programs share. */
@NullMarked
package dev.detr4j.bench;

import org.jspecify.annotations.NullMarked;
