/**
 * What each project calls the tensors of a model. Builders ask for canonical names, see {@link
 * dev.detr4j.model.names.TensorNames}; everything here translates those into names of a file.
 */
@NullMarked
package dev.detr4j.model.names;

import org.jspecify.annotations.NullMarked;
