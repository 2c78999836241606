/**
 * What users need, as a program on detr4j and on its peers: {@code NeedsTest} counts the lines for
 * the table of docs/embedding.md. Each class has a method for each need, and below them what those
 * methods share. The peers run DETR exported by {@code bench/peers/python}, and are compiled and
 * not run here.
 */
@NullMarked
package dev.detr4j.bench.needs;

import org.jspecify.annotations.NullMarked;
