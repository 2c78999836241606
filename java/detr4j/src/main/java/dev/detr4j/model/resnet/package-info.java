/** The ResNet backbone. */
@NullMarked
package dev.detr4j.model.resnet;

import org.jspecify.annotations.NullMarked;
