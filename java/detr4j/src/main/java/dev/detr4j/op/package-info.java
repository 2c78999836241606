/**
 * The operations of the graph: a sealed {@link dev.detr4j.op.OpSpec} and one record per fused
 * operation.
 *
 * <p>A record's Javadoc is the contract that every backend implements and the parity suite checks.
 */
@NullMarked
package dev.detr4j.op;

import org.jspecify.annotations.NullMarked;
