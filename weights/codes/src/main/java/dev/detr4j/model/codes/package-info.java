/** A model that comes as a jar; it has no dependency, not even on the library that runs it. */
@NullMarked
package dev.detr4j.model.codes;

import org.jspecify.annotations.NullMarked;
