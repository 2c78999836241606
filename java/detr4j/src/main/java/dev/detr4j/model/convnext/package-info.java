/** ConvNeXt backbones. */
@NullMarked
package dev.detr4j.model.convnext;

import org.jspecify.annotations.NullMarked;
