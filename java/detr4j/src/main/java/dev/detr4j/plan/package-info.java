/** From a graph to memory and kernels: the planner, the slab, the plan that runs. */
@NullMarked
package dev.detr4j.plan;

import org.jspecify.annotations.NullMarked;
