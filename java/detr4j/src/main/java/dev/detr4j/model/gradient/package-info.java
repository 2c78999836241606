/**
 * Gradients of graphs: {@link dev.detr4j.model.gradient.GradientRules} has a rule for each
 * operation, {@link dev.detr4j.model.gradient.WeightRuleGradients} one for each rule of a derived
 * weight, and {@link dev.detr4j.model.gradient.TrainingGraph} applies them.
 */
@NullMarked
package dev.detr4j.model.gradient;

import org.jspecify.annotations.NullMarked;
