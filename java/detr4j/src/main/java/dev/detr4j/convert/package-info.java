/** Checkpoints of all projects as Hugging Face model folders. */
@NullMarked
package dev.detr4j.convert;

import org.jspecify.annotations.NullMarked;
