/** Programs that embed the library, each complete in one file and on a plain class path. */
@NullMarked
package dev.detr4j.examples;

import org.jspecify.annotations.NullMarked;
