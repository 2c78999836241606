/**
 * Reading what the source projects publish: weight containers, configurations, and the names of the
 * tensors in them.
 *
 * <p>Three layers, each ignorant of the one above. A {@link dev.detr4j.checkpoint.Checkpoint} is a
 * set of named, typed tensors in some container: {@link dev.detr4j.checkpoint.SafetensorsFile},
 * {@link dev.detr4j.checkpoint.TorchCheckpoint}, or a {@link
 * dev.detr4j.checkpoint.ShardedCheckpoint} of either. {@link dev.detr4j.model.names.TensorNames}
 * says under which names one source stores what the model builders ask for. A {@link
 * dev.detr4j.model.family.WeightSource} joins the two and keeps strict accounts: a missing,
 * misshapen or left-over tensor is an error. {@link dev.detr4j.checkpoint.HuggingFaceDirectory}
 * opens a folder of Hugging Face files through all three.
 *
 * <p>All of them read a {@link dev.detr4j.checkpoint.ModelFile}: a file at a path, or one of a
 * {@link dev.detr4j.checkpoint.FileSet} in memory, in streams, among resources or in an archive.
 *
 * <p>Every file is hostile until checked: sizes are computed with overflow checks, ranges must lie
 * inside the file, and a message never repeats more than a short, printable part of what a file
 * contains. What a file may cost in time and memory is bounded before it is spent, and nothing that
 * one file leaves in a parser is seen by the next.
 */
@NullMarked
package dev.detr4j.checkpoint;

import org.jspecify.annotations.NullMarked;
