/** Table Transformer: DETR that normalises first. */
@NullMarked
package dev.detr4j.model.tabletransformer;

import org.jspecify.annotations.NullMarked;
