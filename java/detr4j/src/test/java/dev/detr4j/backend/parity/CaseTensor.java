package dev.detr4j.backend.parity;

import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;

/**
 * A tensor of a case, row-major.
 *
 * @param values F32 as they are; I32 and U8 as whole numbers, which fp64 holds exactly
 * @param dense whether the tensor never has gaps between rows: masks, indices and other small
 *     things that the plan places itself
 */
record CaseTensor(ElementType type, Shape shape, double[] values, boolean dense) {}
