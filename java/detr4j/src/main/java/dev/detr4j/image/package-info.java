/**
 * From an image file to the network's input, pixel for pixel as the original projects do it.
 *
 * <table>
 * <caption>What is where</caption>
 * <tr><th>to change</th><th>go to</th></tr>
 * <tr><td>which files can be read, and their limits</td><td>{@link dev.detr4j.image.ImageDecoder}</td></tr>
 * <tr><td>the size of the network's input</td><td>{@link dev.detr4j.image.ResizeRule}, one record per project</td></tr>
 * <tr><td>the arithmetic of a resize</td><td>{@link dev.detr4j.image.ResamplingRule}, one class per library; it makes a
 *     {@link dev.detr4j.image.ResamplingPlan} of two {@link dev.detr4j.op.ResamplingTable}s</td></tr>
 * <tr><td>how a plan is carried out</td><td>{@link dev.detr4j.image.PlainResampler} is the oracle; the backends have
 *     kernels of their own</td></tr>
 * <tr><td>from bytes to fp32, padding</td><td>{@link dev.detr4j.image.Normalisation}</td></tr>
 * <tr><td>what one checkpoint asks for</td><td>{@link dev.detr4j.image.Preprocessing}</td></tr>
 * </table>
 *
 * <p>The tests compare with stored outputs of Pillow, torchvision, OpenCV and transformers ({@code
 * src/test/resources/golden/prepost}); {@code src/test/golden-scripts} makes the smaller ones
 * again.
 */
@NullMarked
package dev.detr4j.image;

import org.jspecify.annotations.NullMarked;
