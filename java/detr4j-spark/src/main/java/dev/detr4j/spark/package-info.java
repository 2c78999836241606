/** Detection in Apache Spark: a column of a Dataset, and a function of SQL. */
@NullMarked
package dev.detr4j.spark;

import org.jspecify.annotations.NullMarked;
