/**
 * What a model family is: its {@linkplain dev.detr4j.model.family.ModelFamily contract}, the
 * configurations it reads, and the projects that publish checkpoints of it. Knows no family; {@link
 * dev.detr4j.model.ModelFamilies} lists them.
 */
@NullMarked
package dev.detr4j.model.family;

import org.jspecify.annotations.NullMarked;
