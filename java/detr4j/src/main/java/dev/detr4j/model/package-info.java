/** Networks as graphs: values, nodes, and one builder for each published architecture. */
@NullMarked
package dev.detr4j.model;

import org.jspecify.annotations.NullMarked;
