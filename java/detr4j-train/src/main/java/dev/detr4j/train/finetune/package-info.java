/** Fine-tuning as a whole: from a model and annotated images to a model of their classes. */
@NullMarked
package dev.detr4j.train.finetune;

import org.jspecify.annotations.NullMarked;
