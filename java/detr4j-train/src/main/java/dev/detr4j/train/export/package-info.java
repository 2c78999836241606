/** The result of a run: a Hugging Face model folder. */
@NullMarked
package dev.detr4j.train.export;

import org.jspecify.annotations.NullMarked;
