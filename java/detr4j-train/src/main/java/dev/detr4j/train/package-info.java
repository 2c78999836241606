/** What every part of fine-tuning shares. */
@NullMarked
package dev.detr4j.train;

import org.jspecify.annotations.NullMarked;
